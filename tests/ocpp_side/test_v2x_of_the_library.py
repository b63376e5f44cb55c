"""The `ocpp` package's charge points of 2.0.1 and 2.1 at the real gateway, and frames it never sends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import ocpp.v21
import ocpp.v201
import pytest
import websockets
from ocpp.routing import on
from ocpp.v201 import call, call_result
from ocpp.v201.enums import BootReasonEnumType, ConnectorStatusEnumType

from gateway.bootstrap import Gateway
from gateway.domain.commands import ClearCache, Outcome, RemoteStart, RemoteStop
from gateway.domain.errors import ChargerRefused
from gateway.domain.events import IdToken, PlugStatus
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.version import Version
from tests.fakes_ocpp import RecordingCharging, basic, charger_side
from tests.ocpp_side.test_session_with_store import gateway  # noqa: F401 - the fixture

EITHER = pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.subprotocol)
CARD = {"idToken": "CARD-1", "type": "ISO14443"}
CP = ChargerId("CP-1")


class _Answers:
    """What both charge points answer."""

    @on("RequestStartTransaction")
    async def on_start(self, **_: Any) -> call_result.RequestStartTransaction:
        return call_result.RequestStartTransaction(status="Accepted")

    @on("RequestStopTransaction")
    async def on_stop(self, **_: Any) -> call_result.RequestStopTransaction:
        return call_result.RequestStopTransaction(status="Accepted")

    @on("GetVariables")
    async def on_variables(self, get_variable_data: list[Any], **_: Any) -> call_result.GetVariables:
        rows = [{**row, "attribute_status": "UnknownVariable"} for row in get_variable_data]
        return call_result.GetVariables(get_variable_result=rows)

    @on("GetBaseReport")
    async def on_report(self, **_: Any) -> call_result.GetBaseReport:
        return call_result.GetBaseReport(status="EmptyResultSet")


class Box201(_Answers, ocpp.v201.ChargePoint):
    """2.0.1."""


class Box21(_Answers, ocpp.v21.ChargePoint):
    """2.1."""


BOXES: dict[str, type[Any]] = {"ocpp2.0.1": Box201, "ocpp2.1": Box21}


@asynccontextmanager
async def dial(base: str, subprotocol: str) -> AsyncIterator[Any]:
    url = f"{base.replace('http', 'ws', 1)}/ocpp/CP-1"
    async with websockets.connect(url, subprotocols=[subprotocol], additional_headers=basic()) as socket:
        box = BOXES[subprotocol]("CP-1", socket)
        serving = asyncio.create_task(box.start())
        try:
            yield box
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def event(kind: str, number: int, at: datetime, wh: int, context: str, **more: Any) -> call.TransactionEvent:
    sampled = {"value": wh / 1000, "context": context, "unitOfMeasure": {"unit": "kWh"}}
    info = {"transaction_id": "tx-7", "charging_state": "Charging"}
    return call.TransactionEvent(
        event_type=kind,
        timestamp=at.isoformat(),
        trigger_reason="Authorized" if kind == "Started" else "MeterValuePeriodic",
        seq_no=number,
        transaction_info=info,
        meter_value=[{"timestamp": at.isoformat(), "sampledValue": [sampled]}],
        **more,
    )


@EITHER
async def test_a_whole_session(gateway: Gateway, version: Version) -> None:  # noqa: F811
    """D01 to D16: boot, state, card, start, values, end, and a remote start and stop in between; A07."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    async with dial(gateway.url, version.subprotocol) as box:
        station = {"vendorName": "V", "model": "M"}
        booted = await box.call(call.BootNotification(station, BootReasonEnumType.power_up), suppress=False)
        assert (booted.status, booted.interval) == ("Accepted", 300)
        state = call.StatusNotification(began.isoformat(), ConnectorStatusEnumType.occupied, 1, 1)
        await box.call(state, suppress=False)
        card = await box.call(call.Authorize(CARD), suppress=False)
        assert card.id_token_info["status"] == "Accepted"
        start = RemoteStart(IdToken("CARD-1", "RFID"), ConnectorNumber(1), 5)
        asked = await gateway.chargers.ask(CP, start, timedelta(seconds=5))
        assert asked.outcome is Outcome.ACCEPTED
        first = event(
            "Started", 0, began, 1000, "Transaction.Begin", id_token=CARD, evse={"id": 1, "connectorId": 1}
        )
        started = await box.call(first, suppress=False)
        assert started.id_token_info["status"] == "Accepted"
        later = event("Updated", 1, began + timedelta(minutes=10), 2500, "Sample.Periodic")
        await box.call(later, suppress=False)
        stop = RemoteStop(TransactionRef("tx-7"))
        assert (await gateway.chargers.ask(CP, stop, timedelta(seconds=5))).detail == "Accepted"
        last = event("Ended", 2, began + timedelta(minutes=20), 4000, "Transaction.End")
        await box.call(last, suppress=False)
    session = await gateway.store.read(lambda tx: tx.sessions.by_transaction(CP, TransactionRef("tx-7")))
    assert session is not None
    assert (session.energy_wh, session.started_at, session.open) == (3000, began, False)
    known = await gateway.store.read(lambda tx: tx.chargers.state(CP))
    assert known is not None
    assert (known.vendor, known.protocol) == ("V", version.subprotocol)
    plug = known.plug(ConnectorNumber(1))
    assert plug is not None
    assert plug.status is PlugStatus.OCCUPIED


def part(number: int, name: str, *, more: bool) -> call.NotifyReport:
    row = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": name},
        "variableAttribute": [{"value": str(number)}],
    }
    when = datetime.now(UTC).isoformat()
    return call.NotifyReport(request_id=5, generated_at=when, seq_no=number, report_data=[row], tbc=more)


@EITHER
async def test_a_device_model_in_parts(gateway: Gateway, version: Version) -> None:  # noqa: F811
    """D02: parts out of order and twice are one model, which is kept."""
    async with dial(gateway.url, version.subprotocol) as box:
        station = {"vendorName": "V", "model": "M"}
        await box.call(call.BootNotification(station, BootReasonEnumType.power_up), suppress=False)
        for number, name, more in ((1, "Power", False), (0, "Available", True), (1, "Power", False)):
            await box.call(part(number, name, more=more), suppress=False)
    found = await gateway.store.read(lambda tx: tx.variables.of(CP))
    assert [(v.path, v.value) for v in found] == [("EVSE@1/Available", "0"), ("EVSE@1/Power", "1")]


def call_frame(action: str, payload: object, id_: object = "1") -> str:
    return json.dumps([2, id_, action, payload])


EMPTY_EVENT = {"generatedAt": "x", "seqNo": 0, "eventData": []}
PARKED = {"timestamp": "x", "connectorStatus": "Parked", "evseId": 1, "connectorId": 1}
PLUG_AND_CHARGE = {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": "Nothing"}
CONTRACT = {"iso15118SchemaVersion": "1", "action": "Install", "exiRequest": "x"}
BROKEN: list[tuple[str, object]] = [
    ("nonsense", [4, "-1", "RpcFrameworkError"]),
    ("{}", [4, "-1", "RpcFrameworkError"]),
    ("[2]", [4, "-1", "RpcFrameworkError"]),
    ("[9, 1, {}]", None),
    (call_frame("Nonsense", {}), [4, "1", "NotImplemented"]),
    (call_frame("GetVariables", {}), [4, "1", "NotSupported"]),
    (call_frame("Authorize", {}), [4, "1", "ProtocolError"]),
    (call_frame("Authorize", {"idToken": 5}), [4, "1", "TypeConstraintViolation"]),
    (call_frame("NotifyEvent", EMPTY_EVENT), [4, "1", "OccurrenceConstraintViolation"]),
    (call_frame("Authorize", "text"), [4, "1", "FormatViolation"]),
    (call_frame("TransactionEvent", {}), [3, "1", {}]),
    (call_frame("TransactionEvent", "text"), [3, "1", {}]),
    (call_frame("MeterValues", {"evseId": "one", "meterValue": {}}), [3, "1", {}]),
    (call_frame("StatusNotification", PARKED), [3, "1", {}]),
    (call_frame("DataTransfer", {"vendorId": "x"}), [3, "1", {"status": "UnknownVendorId"}]),
    (call_frame("DataTransfer", PLUG_AND_CHARGE), [3, "1", {"status": "UnknownMessageId"}]),
    (call_frame("Get15118EVCertificate", CONTRACT), [3, "1"]),
    (call_frame("SecurityEventNotification", {"type": "x", "timestamp": "x"}), [3, "1", {}]),
    (call_frame("LogStatusNotification", {"status": "Uploaded", "requestId": 1}), [3, "1", {}]),
    ('[5, "1", "GenericError", "", {}]', None),
    ('[6, "1", "NotifyPeriodicEventStream", {"id": 1}]', None),
]  # fmt: skip


@EITHER
async def test_broken_frames(version: Version) -> None:
    """A12 to A14, D22 to D25, E03: the exact answer, or none; the charger is served on after each of them."""
    async with (
        charger_side() as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(version.subprotocol,), headers=basic()) as socket,
    ):
        boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
        await socket.send_str(call_frame("BootNotification", boot))
        assert (await socket.receive_json(timeout=30))[2]["status"] == "Accepted"
        for frame, expected in BROKEN:
            await socket.send_str(frame)
            await socket.send_str(call_frame("Heartbeat", {}, "after"))
            answers = [await socket.receive_json(timeout=30)]
            if answers[0][1] != "after":
                answers.append(await socket.receive_json(timeout=30))
            assert answers[-1][:2] == [3, "after"], frame
            got = answers[0] if len(answers) == 2 else None
            assert (got[: len(expected)] if got and isinstance(expected, list) else got) == expected, frame


@EITHER
async def test_an_answer_that_cannot_be_read(version: Version) -> None:
    """E03, A14: it is no answer, and a charger of 2.1 is told so; the next call is not held up by it."""
    async with (
        charger_side(charging=RecordingCharging(booted_before=True)) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(version.subprotocol,), headers=basic()) as socket,
    ):
        await socket.send_str(call_frame("Heartbeat", {}))
        assert (await socket.receive_json(timeout=30))[:2] == [3, "1"]
        asking = asyncio.create_task(side.endpoint.chargers.ask(CP, ClearCache(), timedelta(seconds=10)))
        _, id_, action, _ = await socket.receive_json(timeout=30)
        assert action == "ClearCache"
        await socket.send_json([3, id_, "Accepted"])
        with pytest.raises(ChargerRefused, match="not an object"):
            await asking
        await socket.send_json([3, "somebody else", "Accepted"])
        await socket.send_str(call_frame("Heartbeat", {}, "after"))
        frames = [await socket.receive_json(timeout=30)]
        if version is V21:
            assert frames[0][:3] == [5, id_, "FormatViolation"]
            assert len(frames[0]) == 5
            frames = [await socket.receive_json(timeout=30)]
        assert frames[0][:2] == [3, "after"]


@EITHER
def test_every_action_of_a_charger_is_answered(version: Version) -> None:
    """D22, E10, E11: what a charger may send has a handler, what only the gateway sends has none."""
    ours = set(version.schemas.actions) - set(version.handlers) - set(version.sends)
    asked = {"Get", "Set", "Clear", "Request", "Send", "Cancel", "Change", "Install", "Delete", "Update"}
    others = {
        "AFRRSignal", "AdjustPeriodicEventStream", "CertificateSigned", "CostUpdated", "CustomerInformation",
        "NotifyAllowedEnergyTransfer", "PublishFirmware", "Reset", "ReserveNow", "TriggerMessage",
        "UnlockConnector", "UnpublishFirmware", "UsePriorityCharging",
    }  # fmt: skip
    assert {a for a in ours - others if not any(a.startswith(word) for word in asked)} == set()
