# ruff: noqa: E501 - a table is read along its lines
"""Broken frames and what they earn: the exact answer, or silence. Afterwards a session still completes.

A12 to A18, T9, T23 and Q13 to Q34 of the notes. Every case runs over one real socket, one after another.
"""

import json
from dataclasses import dataclass

import aiohttp
import pytest

from gateway.domain.events import Metered, StatusChanged, TransactionEnded, TransactionStarted
from ocpp_side.endpoint import ChargerSettings
from tests.fakes_ocpp import ChargerSide, RecordingCharging, basic, charger_side

SILENCE = None
ANY_NUMBER = -1
PROBE = '[2,"probe","Heartbeat",{}]'
VALUE = {"timestamp": "2026-11-22T11:00:00Z", "sampledValue": [{"value": "5"}]}
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-11-22T11:00:00Z"}
INVALID = {"idTagInfo": {"status": "Invalid"}, "transactionId": ANY_NUMBER}
ACCEPTED = {"idTagInfo": {"status": "Accepted"}, "transactionId": ANY_NUMBER}
TIME = {"currentTime": "2026-11-22T12:00:00.000Z"}


def call(action: object, payload: object, id_: object = "1") -> str:
    return json.dumps([2, id_, action, payload])


def error(code: str, description: str, id_: object = "1") -> list[object]:
    return [4, id_, code, description, {}]


def result(payload: object, id_: object = "1") -> list[object]:
    return [3, id_, payload]


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in START.items() if key != name}


@dataclass(frozen=True)
class Case:
    name: str
    sent: str | bytes
    answer: list[object] | None
    aside: int = 0


CASES = [
    # Not a message at all: 1.6 logs and ignores (A13, A14).
    Case("no JSON", "}{not json", SILENCE),
    Case("empty text", "", SILENCE),
    Case("a JSON object", '{"a":1}', SILENCE),
    Case("a JSON string", '"hello"', SILENCE),
    Case("null", "null", SILENCE),
    Case("an empty array", "[]", SILENCE),
    Case("only a type", "[2]", SILENCE),
    Case("no action", '[2,"1"]', SILENCE),
    Case("an id that is null", '[2,null,"Heartbeat",{}]', SILENCE),
    Case("an id that is a list", '[2,["1"],"Heartbeat",{}]', SILENCE),
    Case("an id that is true", '[2,true,"Heartbeat",{}]', SILENCE),
    Case("a type that is a text", '["2","1","Heartbeat",{}]', SILENCE),
    Case("an unknown type", '[99,"1","Heartbeat",{}]', SILENCE),
    Case("CALLRESULTERROR of 2.1", '[5,"1","InternalError","",{}]', SILENCE),
    Case("SEND of 2.1", '[6,"1","NotifyPeriodicEventStream",{}]', SILENCE),
    Case("an answer nobody asked for", '[3,"unknown",{}]', SILENCE),
    Case("a refusal nobody asked for", '[4,"unknown","InternalError","",{}]', SILENCE),
    Case("an answer without id", "[3]", SILENCE),
    Case("a refusal with a number as id", '[4,7,"InternalError","",{}]', SILENCE),
    Case("3000 nested arrays", "[" * 3000 + "]" * 3000, SILENCE),
    Case("40 nested arrays in a payload", '[2,"1","DataTransfer",' + "[" * 40 + "]" * 40 + "]", SILENCE),
    Case("a truncated frame", '[2,"1","Heartb', SILENCE),
    Case("NaN", '[2,"1","Heartbeat",{"a":NaN}]', SILENCE),
    Case("a leading comma (Q32)", '[,2,"1","Heartbeat",{}]', SILENCE),
    Case("binary rubbish", b"\x00\x01\x02\xff", SILENCE),
    # Readable, but not as the specification wants it (A12).
    Case("an unknown action", call("NoSuchThing", {}), error("NotImplemented", "unknown action")),
    Case("an empty action", call("", {}), error("NotImplemented", "unknown action")),
    Case("a lower-case action", call("heartbeat", {}), error("NotImplemented", "unknown action")),
    Case(
        "an action for chargers", call("Reset", {}), error("NotSupported", "not an action of a charger")
    ),
    Case(
        "an action that is a list",
        call(["Heartbeat"], {}),
        error("FormationViolation", "the action is not a text"),
    ),
    Case(
        "a payload that is a text",
        call("Heartbeat", "x"),
        error("FormationViolation", "the payload is not an object"),
    ),
    Case(
        "a payload that is a full list",
        call("Heartbeat", [1]),
        error("FormationViolation", "the payload is not an object"),
    ),
    Case(
        "a missing field",
        call("BootNotification", {"chargePointVendor": "V"}),
        error("ProtocolError", "payload: required (chargePointModel)"),
    ),
    Case(
        "a field of the wrong type",
        call("BootNotification", {"chargePointVendor": 1, "chargePointModel": "M"}),
        error("TypeConstraintViolation", "chargePointVendor: type"),
    ),
    Case(
        "a value outside an enum",
        call("FirmwareStatusNotification", {"status": "Melting"}),
        error("PropertyConstraintViolation", "status: enum"),
    ),
    Case(
        "a connector that is a text",
        call("StatusNotification", {"connectorId": "x", "errorCode": "NoError", "status": "Available"}),
        error("TypeConstraintViolation", "connectorId: type"),
    ),
    Case(
        "an empty card", call("Authorize", {"idTag": ""}), error("PropertyConstraintViolation", "idTag: is empty")
    ),
    Case("a card that is a list", call("Authorize", {"idTag": []}), error("TypeConstraintViolation", "idTag: type")),
    # Tolerated: harmless, and real chargers do it.
    Case("no payload (A16)", '[2,"1","Heartbeat"]', result(TIME)),
    Case("a null payload (A16)", '[2,"1","Heartbeat",null]', result(TIME)),
    Case("an empty array as payload (A16)", '[2,"1","Heartbeat",[]]', result(TIME)),
    Case("a fifth element", '[2,"1","Heartbeat",{},0]', result(TIME)),
    Case("a number as id", '[2,17,"Heartbeat",{}]', result(TIME, 17)),
    Case("an id of 300 characters", call("Heartbeat", {}, "x" * 300), result(TIME, "x" * 300)),
    Case("a byte order mark", b"\xef\xbb\xbf" + call("Heartbeat", {}).encode(), result(TIME)),
    Case("a field nobody knows (Q23)", call("Authorize", {"idTag": "A", "x": 1}), result({"idTagInfo": {"status": "Accepted"}})),
    Case("a card of 21 characters (Q21)", call("Authorize", {"idTag": "A" * 21}), result({"idTagInfo": {"status": "Accepted"}})),
    Case(
        "an error code nobody knows (Q14)",
        call("StatusNotification", {"connectorId": 1, "errorCode": "Error", "status": "Faulted"}),
        result({}),
    ),
    Case(
        "a state nobody knows (Q14)",
        call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Levitating"}),
        result({}),
        aside=1,
    ),
    Case("data that is an object (C28)", call("DataTransfer", {"vendorId": "V", "data": {"a": 1}}), result({"status": "UnknownVendorId"})),
    Case("invalid UTF-8 in a text (A18)", b'[2,"1","DataTransfer",{"vendorId":"\xff"}]', result({"status": "UnknownVendorId"})),
    Case("a lone surrogate", r'[2,"1","DataTransfer",{"vendorId":"\ud800"}]', result({"status": "UnknownVendorId"})),
    Case("a field twice", '[2,"1","Heartbeat",{"a":1,"a":2}]', result(TIME)),
    Case("a firmware report", call("FirmwareStatusNotification", {"status": "Idle"}), result({})),
    Case("a certificate to sign", call("SignCertificate", {"csr": "x"}), result({"status": "Rejected"})),
    Case(
        "a security event (B08)",
        call("SecurityEventNotification", {"type": "T", "timestamp": "2026-11-22T11:00:00Z"}),
        result({}),
    ),
    # Messages that carry money are never answered with an error (C06, C10).
    Case("a start without payload", '[2,"1","StartTransaction"]', result(INVALID), aside=1),
    Case("a start that is a text", call("StartTransaction", "x"), result(INVALID), aside=1),
    Case("a start without connector", call("StartTransaction", without("connectorId")), result(INVALID), aside=1),
    Case("a start below zero", call("StartTransaction", {**START, "connectorId": -1}), result(INVALID), aside=1),
    Case("a start with a list as card", call("StartTransaction", {**START, "idTag": []}), result(INVALID), aside=1),
    Case("a start without time (Q20)", call("StartTransaction", without("timestamp")), result(ACCEPTED)),
    Case("a start in 1970 (Q20)", call("StartTransaction", {**START, "timestamp": "1970-01-01T00:00:09Z"}), result(ACCEPTED)),
    Case("a start with texts for numbers", call("StartTransaction", {**START, "connectorId": "1", "meterStart": "7"}), result(ACCEPTED)),
    Case("a start with an odd meter value", call("StartTransaction", {**START, "meterStart": "n/a"}), result(ACCEPTED), aside=1),
    Case("a start with a long card (Q21)", call("StartTransaction", {**START, "idTag": "A" * 40}), result(ACCEPTED)),
    Case("a stop without anything (C10)", call("StopTransaction", {}), result({})),
    Case("a stop that is a list", call("StopTransaction", [1]), result({}), aside=1),
    Case("a stop of -1 (C09)", call("StopTransaction", {"transactionId": -1, "meterStop": 5, "timestamp": "x"}), result({})),
    Case("a stop with an odd meter value", call("StopTransaction", {"transactionId": 1, "meterStop": {}}), result({}), aside=1),
    Case("values without anything", call("MeterValues", {}), result({}), aside=1),
    Case("values as an object (Q31)", call("MeterValues", {"connectorId": 1, "meterValue": VALUE}), result({})),
    Case("values that are a number", call("MeterValues", {"connectorId": 1, "meterValue": 5}), result({}), aside=1),
    Case(
        "energy in a unit nobody knows (Q30)",
        call("MeterValues", {"connectorId": 1, "meterValue": [{**VALUE, "sampledValue": [{"value": "1", "unit": "BTU"}]}]}),
        result({}),
        aside=1,
    ),
]  # fmt: skip


async def exchange(socket: aiohttp.ClientWebSocketResponse, sent: str | bytes) -> list[list[object]]:
    """Send one frame and a probe; return what came back before the probe's answer."""
    if isinstance(sent, bytes):
        await socket.send_bytes(sent)
    else:
        await socket.send_str(sent)
    await socket.send_str(PROBE)
    answers: list[list[object]] = []
    while True:
        answer = json.loads(await socket.receive_str(timeout=30))
        if answer[1] == "probe":
            return answers
        answers.append(answer)


def same(answer: object, expected: object) -> bool:
    """Equal, except that any positive transaction number is the expected ANY_NUMBER."""
    if (
        isinstance(answer, dict)
        and isinstance(expected, dict)
        and expected.get("transactionId") == ANY_NUMBER
    ):
        number = answer.get("transactionId")
        return (
            isinstance(number, int)
            and 0 < number < 2**31
            and {**answer, "transactionId": ANY_NUMBER} == expected
        )
    return answer == expected


async def run(case: Case, side: ChargerSide, socket: aiohttp.ClientWebSocketResponse) -> str | None:
    """What is wrong with how a case was answered, or None."""
    before = len(side.charging.aside())
    answers = await exchange(socket, case.sent)
    if case.answer is SILENCE:
        fine = answers == []
    else:
        fine = len(answers) == 1 and answers[0][:2] == case.answer[:2]
        fine = fine and all(same(a, e) for a, e in zip(answers[0][2:], case.answer[2:], strict=True))
    aside = len(side.charging.aside()) - before
    return None if fine and aside == case.aside else f"{case.name}: answered {answers}, {aside} put aside"


async def test_broken_frames_and_a_session_after_them() -> None:
    """Each frame earns its exact answer or silence, nothing is dropped, nothing ends the connection."""
    assert len(CASES) >= 40
    charging = RecordingCharging(booted_before=True)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        wrong = [text for case in CASES if (text := await run(case, side, socket))]
        assert wrong == []
        charging.log.clear()
        await complete_session(socket)
        assert [type(e) for e in charging.log] == [
            StatusChanged,
            TransactionStarted,
            Metered,
            TransactionEnded,
        ]
        (line,) = side.endpoint.chargers.lines()
        assert line.counters.ignored >= 20
        assert line.counters.unmatched == 2
        assert ("Q23", 1) in side.caring.log  # stored with a heartbeat


async def complete_session(socket: aiohttp.ClientWebSocketResponse) -> None:
    """A plain session, every answer checked."""
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
    assert await exchange(socket, call("StatusNotification", status)) == [result({})]
    ((_, _, started),) = await exchange(socket, call("StartTransaction", {**START, "meterStart": 1}))
    assert isinstance(started, dict)
    number = started["transactionId"]
    values = {"connectorId": 1, "transactionId": number, "meterValue": [VALUE]}
    assert await exchange(socket, call("MeterValues", values)) == [result({})]
    stop = {"transactionId": number, "meterStop": 9, "timestamp": "2026-11-22T11:30:00Z", "idTag": "A"}
    assert await exchange(socket, call("StopTransaction", stop)) == [
        result({"idTagInfo": {"status": "Accepted"}})
    ]


async def test_a_frame_that_is_too_long_closes_with_1009() -> None:
    """A17: the charger may come back and complete a session."""
    charging = RecordingCharging(booted_before=True)
    settings = ChargerSettings(max_frame_bytes=10_000, boot_patience_s=60)
    async with charger_side(settings, charging) as side, aiohttp.ClientSession() as http:
        async with http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket:
            await socket.send_str(call("DataTransfer", {"vendorId": "x" * 20_000}))
            message = await socket.receive(timeout=30)
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        async with http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket:
            await complete_session(socket)


@pytest.mark.parametrize("action", ["StartTransaction", "StopTransaction", "MeterValues"])
async def test_a_defect_costs_no_message(action: str) -> None:
    """A message the gateway itself stumbles over is put aside and answered, without a word about why (T9)."""
    kinds = {
        "StartTransaction": TransactionStarted,
        "StopTransaction": TransactionEnded,
        "MeterValues": Metered,
    }
    charging = RecordingCharging(booted_before=True, breaks_on=kinds[action])
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        payload = {**START, "transactionId": 1, "meterStop": 1, "meterValue": [VALUE]}
        (answer,) = await exchange(socket, call(action, payload))
    assert answer[0] == 3
    assert charging.aside() == [(action, "the gateway failed on it")]


async def test_a_defect_elsewhere_is_an_internal_error() -> None:
    """T9: the description says nothing about the inside."""
    charging = RecordingCharging(booted_before=True, breaks_on=StatusChanged)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Preparing"}
        assert await exchange(socket, call("StatusNotification", status)) == [error("InternalError", "")]
