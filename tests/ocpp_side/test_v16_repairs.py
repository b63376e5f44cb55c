"""Repairs of OCPP 1.6: strict first, then by name; what came stays as it came (section 3 of the notes)."""

from typing import Any

import aiohttp
import orjson
import pytest

from gateway.domain.errors import InvalidInput
from ocpp_side.repairs.mending import Switches, mend
from ocpp_side.repairs.presets import habits_of, read_presets, shipped_presets
from ocpp_side.repairs.text import without_stray_commas
from ocpp_side.repairs.v16 import REPAIRS
from ocpp_side.v16 import V16
from tests.fakes_ocpp import RecordingCaring, RecordingCharging, basic, charger_side

WHEN = "2026-11-22T11:00:00Z"
SAMPLED = {"value": "5"}
VALUES = {"connectorId": 1, "meterValue": [{"timestamp": WHEN, "sampledValue": [SAMPLED]}]}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": WHEN}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}

TABLE: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("Q13", "BootNotification", {**BOOT, "chargeBoxSerialNumber": "S" * 40},
     {"chargeBoxSerialNumber": "S" * 25}),
    ("Q14", "StatusNotification", {**STATUS, "errorCode": "Error"},
     {"errorCode": "OtherError", "vendorErrorCode": "Error"}),
    ("Q14", "StatusNotification", {**STATUS, "status": "Occupied"}, {"status": "Occupied"}),
    ("Q21", "StartTransaction", {**START, "idTag": "X" * 21}, {"idTag": "X" * 21}),
    ("Q23", "Authorize", {"idTag": "A", "connectorId": 1}, {"idTag": "A"}),
    ("Q24", "Authorize", {"idTag": 12345}, {"idTag": "12345"}),
    ("Q25", "StartTransaction", {**START, "connectorId": "1"}, {"connectorId": 1}),
    ("Q30", "StartTransaction", {"connectorid": 1, "IdTag": "A", "meterstart": 0, "Timestamp": WHEN}, START),
    ("Q30", "MeterValues",
     {"connectorId": 1, "meterValue": [{"timestamp": WHEN, "sampledValue": [{**SAMPLED, "unit": "Hz"}]}]},
     {"connectorId": 1}),
    ("Q31", "MeterValues", {"connectorId": 1, "meterValue": VALUES["meterValue"][0]}, VALUES),  # type: ignore[index]
    ("Q31", "MeterValues",
     {"connectorId": 1, "meterValue": [{"timestamp": WHEN, "sampledValue": [{"value": 5}]}]}, VALUES),
    ("Q31", "StartTransaction", {**START, "meterStart": 1.5}, {"meterStart": 1.5}),
    ("C28", "DataTransfer", {"vendorId": "v", "data": {"a": 1}}, {"data": {"a": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("quirk", "action", "sent", "understood"), TABLE, ids=[f"{t[0]} {t[1]}" for t in TABLE]
)
def test_a_repair_by_name(quirk: str, action: str, sent: dict[str, Any], understood: dict[str, Any]) -> None:
    """Q13, Q14, Q21, Q23, Q24, Q25, Q30, Q31, C28: mended under its name, and the original is untouched."""
    before = orjson.dumps(sent)
    assert not V16.schemas.valid(action, sent)
    mended = mend(V16.schemas, REPAIRS, Switches(), action, sent)
    assert mended.violation is None
    assert quirk in mended.used
    assert {key: mended.payload.get(key) for key in understood} == understood
    assert orjson.dumps(sent) == before


def test_a_repair_that_is_off_is_not_made() -> None:
    """Q13: a preset can switch a repair off; then the rule is broken as the specification says."""
    sent = {**BOOT, "firmwareVersion": "F" * 60}
    mended = mend(V16.schemas, REPAIRS, Switches(off=frozenset({"Q13"})), "BootNotification", sent)
    assert mended.violation is not None
    assert mended.violation.code == "TypeConstraintViolation"
    assert mended.used == {}


def test_what_nobody_can_mend_stays_wrong() -> None:
    """A12: a missing card is no card."""
    mended = mend(V16.schemas, REPAIRS, Switches(), "Authorize", {})
    assert mended.violation is not None
    assert mended.violation.code == "ProtocolError"


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        (b'[2,"1","Heartbeat",{,}]', b'[2,"1","Heartbeat",{}]'),
        (b'[,2,"1","Heartbeat",{}]', b'[2,"1","Heartbeat",{}]'),
        (b'[2,"1","Heartbeat"', None),
        (b"not JSON", None),
    ],
)
def test_stray_commas(raw: bytes, mended: bytes | None) -> None:
    """Q32: only commas go; what is no JSON then either stays unreadable."""
    assert without_stray_commas(raw) == mended


def test_presets_are_about_makes() -> None:
    """Q32, Q43, Q44: by vendor, model and firmware, without case; a stranger has no habits."""
    assert shipped_presets()
    assert "Q32" in habits_of(shipped_presets(), "ZJ Beny", "BCP", "1").switches.on
    assert not habits_of(shipped_presets(), "EM2GO", "Home", "1").nudge
    assert habits_of(shipped_presets(), "Nobody", "Nothing", "").nudge
    firmware = read_presets("f", '[[preset]]\nvendor = "a"\nfirmware = "1.*"\noff = ["Q13"]')
    assert habits_of(firmware, "A", "m", "1.2").switches.off == {"Q13"}
    assert habits_of(firmware, "A", "m", "2.0").switches.off == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "[[preset",
        '[[preset]]\nmodel = "x"',
        '[[preset]]\nvendor = "x"\nwhat = 1',
        '[[preset]]\nvendor="x"\non=1',
    ],
)
def test_a_preset_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidInput, match="makes"):
        read_presets("makes", text)


async def _ask(socket: aiohttp.ClientWebSocketResponse, raw: str) -> Any:
    await socket.send_str(raw)
    return orjson.loads(await socket.receive_str(timeout=30))


async def test_repairs_are_counted_per_charger_and_the_frame_is_kept() -> None:
    """Q13, Q32: a make known for stray commas is understood; counts are stored, the raw frame is shown."""
    caring = RecordingCaring(said=("ZJ Beny", "BCP", "1"))
    async with (
        charger_side(charging=RecordingCharging(booted_before=True), caring=caring) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        assert (await _ask(socket, '[2,"1","Heartbeat",{,}]'))[0] == 3
        boot = {**BOOT, "chargePointVendor": "ZJ Beny", "firmwareVersion": "F" * 60}
        answer = await _ask(socket, orjson.dumps([2, "2", "BootNotification", boot]).decode())
        assert answer[2]["status"] == "Accepted"
        await _ask(socket, '[2,"3","Heartbeat",{}]')
    assert ("Q32", 1) in caring.log
    assert ("Q13", 1) in caring.log
    assert any("F" * 60 in text for _, direction, text in side.frames.seen if direction == "in")


async def test_another_make_gets_no_repair_of_its_json() -> None:
    """Q32: broken JSON of a charger not known for it is ignored (A13)."""
    async with (
        charger_side(charging=RecordingCharging(booted_before=True)) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        await socket.send_str('[2,"1","Heartbeat",{,}]')
        assert (await _ask(socket, '[2,"2","Heartbeat",{}]'))[1] == "2"
