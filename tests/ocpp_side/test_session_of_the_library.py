"""A whole session by the `ocpp` package's own ChargePoint over `websockets`: code nobody here wrote."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import (
    AuthorizationStatus,
    ChargePointErrorCode,
    ChargePointStatus,
    RegistrationStatus,
    RemoteStartStopStatus,
)

from gateway.domain.commands import Outcome, RemoteStart, RemoteStop
from gateway.domain.events import (
    Booted,
    IdToken,
    Metered,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from tests.fakes_ocpp import PASSWORD, charger_side


class Wallbox(ChargePoint):
    """The library's client; accepts remote starts and stops."""

    @on("RemoteStartTransaction")
    async def on_remote_start(self, id_tag: str, **_: Any) -> call_result.RemoteStartTransaction:
        return call_result.RemoteStartTransaction(RemoteStartStopStatus.accepted)

    @on("RemoteStopTransaction")
    async def on_remote_stop(self, transaction_id: int) -> call_result.RemoteStopTransaction:
        return call_result.RemoteStopTransaction(RemoteStartStopStatus.accepted)


@asynccontextmanager
async def dial(url: str, id_: str = "CP-1") -> AsyncIterator[Wallbox]:
    """The library's client, connected to a gateway at an http:// address."""
    credentials = base64.b64encode(f"{id_}:{PASSWORD}".encode()).decode()
    async with websockets.connect(
        f"{url.replace('http', 'ws', 1)}/ocpp/{id_}",
        subprotocols=[websockets.Subprotocol("ocpp1.6")],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        box = Wallbox(id_, socket, response_timeout=30)
        reading = asyncio.create_task(box.start())
        try:
            yield box
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def test_a_whole_session() -> None:
    """C01 to C12: boot, status, card, start, values, stop, and a remote start and stop in between."""
    async with charger_side() as side, dial(f"http://127.0.0.1:{side.port}") as box:
        boot = await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
        assert boot.status == RegistrationStatus.accepted
        assert boot.interval == 300
        assert boot.current_time == "2026-11-22T12:00:00.000Z"
        await box.call(
            call.StatusNotification(1, ChargePointErrorCode.no_error, ChargePointStatus.available),
            suppress=False,
        )
        card = await box.call(call.Authorize("CARD-1"), suppress=False)
        assert card.id_tag_info["status"] == AuthorizationStatus.accepted
        charger = ChargerId("CP-1")
        asked = await side.endpoint.chargers.ask(
            charger, RemoteStart(IdToken("CARD-1"), ConnectorNumber(1)), timedelta(seconds=5)
        )
        assert asked.outcome is Outcome.ACCEPTED
        started = await box.call(
            call.StartTransaction(1, "CARD-1", 1000, "2026-11-22T11:00:00Z"), suppress=False
        )
        assert started.transaction_id == 1
        values = [{"timestamp": "2026-11-22T11:10:00Z", "sampledValue": [{"value": "2.5", "unit": "kWh"}]}]
        await box.call(call.MeterValues(1, values, started.transaction_id), suppress=False)
        stop = RemoteStop(TransactionRef("1"))
        assert (await side.endpoint.chargers.ask(charger, stop, timedelta(seconds=5))).detail == "Accepted"
        await box.call(
            call.StopTransaction(3500, "2026-11-22T11:30:00Z", started.transaction_id, "Remote", "CARD-1"),
            suppress=False,
        )
    kinds = [type(event) for event in side.charging.log if not isinstance(event, tuple)]
    assert kinds == [Booted, StatusChanged, TransactionStarted, Metered, TransactionEnded]
    (metered,) = side.charging.of(Metered)
    assert isinstance(metered, Metered)
    assert metered.samples[0].readings[0].value == Decimal(2500)
    assert side.charging.log[-1] == ("disconnected", "CP-1")
    assert {direction for _, direction, _ in side.frames.seen} == {"in", "out"}
