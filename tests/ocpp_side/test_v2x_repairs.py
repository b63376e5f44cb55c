"""Repairs of OCPP 2.0.1 and 2.1: strict first, then by name; what came stays as it came (section 3)."""

from typing import Any

import aiohttp
import orjson
import pytest

from ocpp_side.repairs.mending import Switches, mend
from ocpp_side.repairs.v2x import REPAIRS
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.version import Version
from tests.fakes_ocpp import RecordingCaring, RecordingCharging, basic, charger_side

EITHER = pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.subprotocol)
WHEN = "2026-11-22T11:00:00Z"
CARD = {"idToken": "A", "type": "ISO14443"}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
STATUS = {"timestamp": WHEN, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
SIGNED = {
    "signedMeterData": "x", "signingMethod": "ECDSA", "encodingMethod": "OCMF", "publicKey": "",
}  # fmt: skip
LONG = {**SIGNED, "signedMeterData": "x" * 40_000}
EVENT: dict[str, Any] = {
    "eventType": "Updated", "timestamp": WHEN, "triggerReason": "Trigger", "seqNo": 3,
    "transactionInfo": {"transactionId": "tx-1"},
}  # fmt: skip


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key not in names}


def values(*sampled: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"timestamp": WHEN, "sampledValue": list(sampled), **more}]


def event(**more: Any) -> dict[str, Any]:
    return {**EVENT, **more}


LONE = {"timestamp": WHEN, "sampledValue": {"value": 5}}
WRAPPED = event(meterValue=[{"timestamp": WHEN, "sampledValue": [{"value": 5}]}])
TABLE: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("A16", "TransactionEvent", event(reservationId=None, meterValue=None), EVENT),
    ("D12", "TransactionEvent", event(triggerReason="Whim"), event(triggerReason="Whim")),
    ("D12", "TransactionEvent", event(transactionInfo={"transactionId": "t", "stoppedReason": "Whim"}), {}),
    ("E02", "Authorize", {"idToken": {"idToken": "A", "type": "Whim"}}, {}),
    ("Q13", "BootNotification", {**BOOT, "chargingStation": {"vendorName": "V" * 99, "model": "M" * 99}}, {}),
    ("Q14", "StatusNotification", {**STATUS, "connectorStatus": "Charging"}, {"connectorStatus": "Charging"}),
    ("Q14", "BootNotification", {**BOOT, "reason": "Whim"}, {}),
    ("Q20", "TransactionEvent", without(EVENT, "timestamp"), without(EVENT, "timestamp")),
    ("Q20", "StatusNotification", {**STATUS, "timestamp": 1700000000}, {}),
    ("Q21", "Authorize", {"idToken": {"idToken": "A" * 300, "type": "ISO14443"}}, {}),
    ("Q23", "Authorize", {"idToken": CARD, "connectorId": 1}, {"idToken": CARD}),
    ("Q24", "Authorize", {"idToken": {"idToken": 12345, "type": "ISO14443"}},
     {"idToken": {"idToken": "12345", "type": "ISO14443"}}),
    ("Q25", "TransactionEvent", event(seqNo="3", evse={"id": "1"}), event(seqNo=3, evse={"id": 1})),
    ("Q25", "TransactionEvent", event(transactionInfo={"transactionId": 7}),
     {"transactionInfo": {"transactionId": "7"}}),
    ("Q30", "TransactionEvent",
     {"EventType": "Updated", "TimeStamp": WHEN, "triggerreason": "Trigger", "SeqNo": 3,
      "transactioninfo": {"transactionid": "tx-1"}}, EVENT),
    ("Q30", "MeterValues", {"evseId": 1, "meterValue": values({"value": 1, "measurand": "power"})}, {}),
    ("Q31", "TransactionEvent", event(meterValue=LONE), WRAPPED),
    ("Q31", "TransactionEvent", event(meterValue=values({"value": "5.25"})), {}),
    ("Q31", "TransactionEvent", event(offline="true"), event(offline=True)),
    ("Q36", "TransactionEvent", event(meterValue=[]), {}),
    ("Q36", "TransactionEvent", event(meterValue=values()), {}),
    ("Q45", "TransactionEvent", without(EVENT, "triggerReason"), without(EVENT, "triggerReason")),
    ("Q45", "TransactionEvent", without(EVENT, "seqNo"), {}),
    ("Q45", "StatusNotification", without(STATUS, "connectorId"), {"evseId": 1}),
    ("Q47", "TransactionEvent",
     event(meterValue=values({"value": 1, "signedMeterValue": without(SIGNED, "encodingMethod")})), {}),
    ("Q47", "TransactionEvent",
     event(meterValue=values({"value": 1, "signedMeterValue": LONG})), {}),
    ("Q48", "TransactionEvent", event(transactionInfo={"transactionId": "t" * 100}),
     {"transactionInfo": {"transactionId": "t" * 100}}),
]  # fmt: skip
OPEN_IN_21 = {"E02"}
"""Closed lists of 2.0.1 that 2.1 has opened."""


@EITHER
@pytest.mark.parametrize(
    ("quirk", "action", "sent", "understood"), TABLE, ids=[f"{n} {t[0]} {t[1]}" for n, t in enumerate(TABLE)]
)
def test_a_repair_by_name(
    version: Version, quirk: str, action: str, sent: dict[str, Any], understood: dict[str, Any]
) -> None:
    """A16, D12, E02, Q13, Q14, Q20, Q21, Q23 to Q25, Q30, Q31, Q36, Q45, Q47, Q48: mended by name.

    The payload as it came is untouched.
    """
    before = orjson.dumps(sent)
    fine = version is V21 and quirk in OPEN_IN_21
    assert version.schemas.valid(action, sent) is fine
    mended = mend(version.schemas, version.repairs, Switches(), action, sent)
    assert mended.violation is None
    assert (quirk in mended.used) is not fine
    assert {key: mended.payload.get(key) for key in understood} == understood
    assert orjson.dumps(sent) == before


@EITHER
@pytest.mark.parametrize(
    ("action", "sent", "code"),
    [
        ("Authorize", {}, "ProtocolError"),
        ("Authorize", {"idToken": 5}, "TypeConstraintViolation"),
        ("NotifyEvent", {"generatedAt": WHEN, "seqNo": 0, "eventData": []}, "OccurrenceConstraintViolation"),
        ("StatusNotification", without(STATUS, "connectorStatus"), "ProtocolError"),
        ("FirmwareStatusNotification", {"status": "Whim"}, "PropertyConstraintViolation"),
    ],
)
def test_what_nobody_can_mend_stays_wrong(
    version: Version, action: str, sent: dict[str, Any], code: str
) -> None:
    """A12: a missing card is no card."""
    mended = mend(version.schemas, version.repairs, Switches(), action, sent)
    assert mended.violation is not None
    assert mended.violation.code == code


@EITHER
@pytest.mark.parametrize("quirk", sorted({repair.quirk for repair in REPAIRS}))
def test_each_repair_can_be_switched_off(version: Version, quirk: str) -> None:
    """A preset can switch each of them off; then the rule is broken as the specification says."""
    cases = [(action, sent) for named, action, sent, _ in TABLE if named == quirk]
    off = Switches(off=frozenset({quirk}))
    for action, sent in cases:
        mended = mend(version.schemas, version.repairs, off, action, sent)
        assert quirk not in mended.used
    assert cases


async def _ask(socket: aiohttp.ClientWebSocketResponse, action: str, payload: object) -> Any:
    await socket.send_str(orjson.dumps([2, "1", action, payload]).decode())
    return orjson.loads(await socket.receive_str(timeout=10))


@EITHER
async def test_repairs_are_counted_per_charger_and_the_frame_is_kept(version: Version) -> None:
    """Q25, Q32, Q45: counts are stored, the raw frame is shown, and what is repaired is answered as usual."""
    caring = RecordingCaring()
    async with (
        charger_side(charging=RecordingCharging(), caring=caring) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(version.subprotocol,), headers=basic()) as socket,
    ):
        boot = {**BOOT, "chargingStation": {"vendorName": "ZJ Beny", "model": "BCP"}, "reason": "Whim"}
        assert (await _ask(socket, "BootNotification", boot))[2]["status"] == "Accepted"
        status = {**without(STATUS, "connectorId"), "evseId": "1"}
        assert await _ask(socket, "StatusNotification", status) == [3, "1", {}]
        await socket.send_str('[2,"2","Heartbeat",{,}]')
        assert orjson.loads(await socket.receive_str(timeout=10))[:2] == [3, "2"]
        counted = {one[0] for one in caring.log if isinstance(one, tuple)}
        assert counted >= {"Q14", "Q25", "Q32", "Q45"}
    received = [text for _, direction, text in side.frames.seen if direction == "in"]
    assert any('"evseId":"1"' in text for text in received)
