"""Who gets in, who is on the line, and what happens when connections and stores come and go."""

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from gateway.domain.commands import (
    ChangeConfiguration,
    ClearCache,
    GetConfiguration,
    Outcome,
    RemoteStart,
    Reset,
)
from gateway.domain.errors import ChargerOffline, ChargerRefused, ChargerSilent, InvalidInput
from gateway.domain.events import IdToken, Metered, TransactionStarted
from gateway.domain.ids import ChargerId
from ocpp_side.endpoint import ChargerSettings
from tests.fakes_ocpp import (
    PASSWORD,
    ChargerSide,
    OpenDoor,
    RecordingCaring,
    RecordingCharging,
    basic,
    charger_side,
)

CP1 = ChargerId("CP-1")
SECOND = timedelta(seconds=1)
SOON = timedelta(seconds=5)
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-11-22T11:00:00Z"}
VALUES = {
    "connectorId": 1,
    "meterValue": [{"timestamp": "2026-11-22T11:00:00Z", "sampledValue": [{"value": "5"}]}],
}


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail after five seconds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def status_of(side: ChargerSide, path: str = "CP-1", **headers: str) -> int:
    """The HTTP status of an attempt to upgrade."""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.ws_connect(side.url(path), protocols=("ocpp1.6",), headers=headers):
                return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status


async def ask(
    socket: aiohttp.ClientWebSocketResponse, action: str, payload: object, id_: str = "1"
) -> list[Any]:
    await socket.send_str(json.dumps([2, id_, action, payload]))
    answer = json.loads(await socket.receive_str(timeout=30))
    assert isinstance(answer, list)
    return answer


def connect(http: aiohttp.ClientSession, side: ChargerSide, id_: str = "CP-1") -> Any:
    return http.ws_connect(side.url(id_), protocols=("ocpp1.6",), headers=basic(id_))


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (PASSWORD.encode(), 101),
        (bytes.fromhex(PASSWORD), 101),
        (PASSWORD.encode().hex().encode(), 101),
        (b"", 401),
        (b"wrong", 401),
        (PASSWORD.upper().encode() + b"0", 401),
    ],
    ids=["as configured", "20 raw bytes, not UTF-8", "hex digits verbatim", "empty", "wrong", "longer"],
)
async def test_forms_of_a_key(key: bytes, status: int) -> None:
    """B03: three forms of one secret; raw bytes never pass through a text decoder."""
    async with charger_side() as side:
        assert await status_of(side, **basic(password=key)) == status


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("CP-9", basic("CP-9"), 404),
        ("CP-1", {}, 401),
        ("CP-1", basic("CP-2"), 401),
        ("CP-1", {"Authorization": "Basic !!!"}, 401),
        ("CP-1", {"Authorization": "Bearer abc"}, 401),
        ("CP-1", {"Authorization": "Basic " + base64.b64encode(b"CP-1").decode()}, 401),
        ("CP-1/", basic(), 101),
        ("CP%2D1", basic(), 101),
        ("a:b", basic("a"), 404),
        ("a%2Fb", basic("a/b"), 404),
        ("x" * 49, basic("x" * 49), 404),
        ("a%00b", basic(), 404),
    ],
    ids=[
        "unknown (A04)", "no credentials (T1)", "another's name (T5)", "no Base64", "no Basic", "no password",
        "trailing slash (A01)", "encoded", "colon (A01)", "slash", "too long (A01)", "control character",
    ],
)  # fmt: skip
async def test_who_gets_in(path: str, headers: dict[str, str], status: int) -> None:
    async with charger_side() as side:
        assert await status_of(side, path, **headers) == status
        if status != 101:
            assert side.charging.log == []


async def test_too_many_failures_are_not_even_looked_at() -> None:
    """T2: after a burst 429 with Retry-After; who got in before from there is not locked out."""
    async with charger_side(ChargerSettings(failed_attempts=5, boot_patience_s=60)) as side:
        assert await status_of(side, **basic()) == 101
        statuses = [await status_of(side, "CP-2") for _ in range(30)]
        assert statuses[:5] == [401] * 5
        assert statuses[5:] == [429] * 25
        assert await status_of(side, **basic()) == 101
        assert await status_of(side, "CP-2", **basic("CP-2")) == 429


async def test_a_plain_request_is_no_websocket() -> None:
    async with (
        charger_side() as side,
        aiohttp.ClientSession() as http,
        http.get(side.url(), headers=basic()) as answer,
    ):
        assert answer.status == 400


@pytest.mark.parametrize(
    ("offered", "pinned", "agreed"),
    [
        (("ocpp1.6",), None, "ocpp1.6"),
        (("ocpp2.0", "ocpp1.6"), None, "ocpp1.6"),
        (("ocpp1.6", "ocpp2.0.1"), None, "ocpp1.6"),
        (("ocpp2.0",), None, None),
        (("OCPP1.6",), None, None),
        ((), None, None),
        ((), "ocpp1.6", "assumed"),
        (("ocpp1.6j",), "ocpp1.6", "assumed"),
        (("ocpp1.6",), "ocpp2.0.1", None),
    ],
)
async def test_subprotocols(offered: tuple[str, ...], pinned: str | None, agreed: str | None) -> None:
    """A02, A03, Q01: without a common version the upgrade succeeds without header and closes at once."""
    async with (
        charger_side(door=OpenDoor("CP-1", protocol=pinned)) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=offered, headers=basic()) as socket,
    ):
        assert socket.protocol == (None if agreed == "assumed" else agreed)
        if agreed is None:
            assert (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1002
            assert side.charging.log == []
        else:
            assert (await ask(socket, "Heartbeat", {}))[0] == 4
            assert side.charging.log == [("connected", "CP-1", "ocpp1.6")]


async def test_nothing_before_boot_but_money() -> None:
    """A15: others get SecurityError until BootNotification; a transaction message is never refused."""
    async with charger_side() as side, aiohttp.ClientSession() as http, connect(http, side) as socket:
        assert (await ask(socket, "Heartbeat", {}))[:3] == [4, "1", "SecurityError"]
        assert (await ask(socket, "StartTransaction", START))[0] == 3
        boot = {"chargePointVendor": "V" * 30, "chargePointModel": "M"}
        assert (await ask(socket, "BootNotification", boot))[2]["status"] == "Accepted"
        assert (await ask(socket, "Heartbeat", {}))[0] == 3


async def test_the_newest_connection_wins() -> None:
    """A05, Q03, T3: the old one is closed with 1008 and its end changes nothing for the new one."""
    charging = RecordingCharging(booted_before=True)
    async with charger_side(charging=charging) as side, aiohttp.ClientSession() as http:
        async with connect(http, side) as old, connect(http, side) as new:
            assert (await old.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
            assert old.close_code == 1008
            assert (await ask(new, "Heartbeat", {}))[0] == 3
            assert side.endpoint.chargers.online(CP1)
            assert ("disconnected", "CP-1") not in charging.log
            clearing = asyncio.create_task(side.endpoint.chargers.ask(CP1, ClearCache(), SOON))
            request = json.loads(await new.receive_str(timeout=30))
            await new.send_str(json.dumps([3, request[1], {"status": "Accepted"}]))
            assert (await clearing).outcome is Outcome.ACCEPTED
        await until(lambda: not side.endpoint.chargers.online(CP1))
        await until(lambda: charging.log.count(("disconnected", "CP-1")) == 1)


async def test_an_attacker_without_key_harms_nobody() -> None:
    """T3: a refused attempt leaves the charger's connection alone."""
    charging = RecordingCharging(booted_before=True)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        assert await status_of(side, **basic(password=b"guess")) == 401
        assert (await ask(socket, "Heartbeat", {}))[0] == 3


@pytest.mark.parametrize("second_id", ["1", "2"], ids=["same message id", "new message id"])
async def test_a_repeated_start_has_one_answer(second_id: str) -> None:
    """A11, C07, Q02, T10: the key is what was said, not the message's id; also over a new connection."""
    charging = RecordingCharging(booted_before=True)
    async with charger_side(charging=charging) as side, aiohttp.ClientSession() as http:
        async with connect(http, side) as socket:
            first = await ask(socket, "StartTransaction", START)
        async with connect(http, side) as socket:
            assert (await ask(socket, "StartTransaction", START, second_id))[2] == first[2]
            other = {**START, "timestamp": "2026-11-22T11:00:01Z"}
            assert (await ask(socket, "StartTransaction", other, "3"))[2] != first[2]


async def test_what_cannot_be_stored_is_not_acknowledged() -> None:
    """F21, F22: silence for transaction messages, InternalError for others; later all is well."""
    charging = RecordingCharging(booted_before=True)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        charging.store_is_down = True
        for action, payload in (
            ("StartTransaction", START),
            ("MeterValues", VALUES),
            ("StopTransaction", {}),
        ):
            await socket.send_str(json.dumps([2, "lost", action, payload]))
        status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        answer = await ask(socket, "StatusNotification", status, "refused")
        assert answer == [4, "refused", "InternalError", "", {}]
        charging.store_is_down = False
        assert (await ask(socket, "StartTransaction", START, "again"))[:2] == [3, "again"]
        assert (await ask(socket, "MeterValues", VALUES, "again"))[:2] == [3, "again"]
    assert len(charging.of(TransactionStarted)) == len(charging.of(Metered)) == 1


async def test_a_store_that_is_down_at_connect() -> None:
    """The charger is sent away with 1013 and comes back; what it says meanwhile is not answered (F21)."""
    charging = RecordingCharging(store_is_down=True)
    async with charger_side(charging=charging) as side, aiohttp.ClientSession() as http:
        async with connect(http, side) as socket:
            await socket.send_str(json.dumps([2, "early", "Heartbeat", {}]))
            assert (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1013
        await until(lambda: not side.endpoint.chargers.connected())


async def test_a_store_that_is_down_at_the_door() -> None:
    """503 with Retry-After before the upgrade; nobody is blamed for it."""
    async with charger_side() as side:
        side.door.store_is_down = True
        assert [await status_of(side, **basic()) for _ in range(20)] == [503] * 20
        side.door.store_is_down = False
        assert await status_of(side, **basic()) == 101


async def test_a_store_that_fails_when_a_charger_leaves() -> None:
    """The connection is forgotten all the same."""
    charging = RecordingCharging(booted_before=True)
    async with charger_side(charging=charging) as side, aiohttp.ClientSession() as http:
        async with connect(http, side):
            await until(lambda: side.endpoint.chargers.online(CP1))
            charging.store_is_down = True
        await until(lambda: not side.endpoint.chargers.online(CP1))
        assert list(side.endpoint.chargers.connected()) == []
        charging.store_is_down = False
        async with connect(http, side) as socket:
            assert (await ask(socket, "Heartbeat", {}))[0] == 3


async def test_silent_chargers_are_asked_to_introduce_themselves() -> None:
    """Q12, C02: BootNotification is triggered, and StatusNotification after a boot without one."""
    settings = ChargerSettings(boot_patience_s=0.05)
    async with (
        charger_side(settings) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        request = json.loads(await socket.receive_str(timeout=30))
        assert request[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
        await socket.send_str(json.dumps([3, request[1], {"status": "Accepted"}]))
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        assert (await ask(socket, "BootNotification", boot))[0] == 3
        request = json.loads(await socket.receive_str(timeout=30))
        assert request[2:] == ["TriggerMessage", {"requestedMessage": "StatusNotification"}]
        await socket.send_str(json.dumps([4, request[1], "NotImplemented", "", {}]))
        assert (await ask(socket, "Heartbeat", {}))[0] == 3


@pytest.mark.parametrize(("vendor", "asked"), [("", True), ("EM2GO", False)])
async def test_chargers_that_never_introduce_themselves(vendor: str, asked: bool) -> None:
    """Q12, Q43: after a while they are served all the same, also those that must not be asked to."""
    caring = RecordingCaring(said=(vendor, "", ""))
    async with (
        charger_side(ChargerSettings(boot_patience_s=0.05), caring=caring) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        if asked:
            request = json.loads(await socket.receive_str(timeout=30))
            assert request[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]
            await socket.send_str(json.dumps([4, request[1], "NotImplemented", "", {}]))
        async with asyncio.timeout(30):
            while (await ask(socket, "Heartbeat", {}))[0] != 3:
                await asyncio.sleep(0.005)


async def test_calls_go_out_one_at_a_time() -> None:
    """A08, A10: the second waits for the first; unknown answers are dropped; our messages are compact."""
    charging = RecordingCharging(booted_before=True)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        await until(lambda: side.endpoint.chargers.online(CP1))
        first = asyncio.create_task(side.endpoint.chargers.ask(CP1, Reset(hard=True), SOON))
        second = asyncio.create_task(side.endpoint.chargers.ask(CP1, GetConfiguration(("A", "b")), SOON))
        raw = await socket.receive_str(timeout=30)
        id_ = json.loads(raw)[1]
        assert raw == f'[2,"{id_}","Reset",{{"type":"Hard"}}]'
        assert len(id_) == 36
        assert (await ask(socket, "Heartbeat", {}, "between"))[:2] == [3, "between"]
        await socket.send_str('[3,"somebody else",{}]')
        await socket.send_str(json.dumps([4, id_, "NotSupported", "no", {}]))
        with pytest.raises(ChargerRefused) as refused:
            await first
        assert refused.value.code == "NotSupported"
        request = json.loads(await socket.receive_str(timeout=30))
        keys = {"configurationKey": [{"key": "A", "value": "1", "readonly": True}], "unknownKey": ["b"]}
        await socket.send_str(json.dumps([3, request[1], keys]))
        answer = await second
        assert answer.configuration[0].value == "1"
        assert answer.unknown_keys == ("b",)
        await socket.send_str(json.dumps([3, request[1], keys]))
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
        assert side.endpoint.chargers.lines()[0].counters.unmatched == 2


async def test_commands_that_cannot_succeed() -> None:
    """Offline, silent, gone, too many, not expressible: each has its own error, and none hangs."""
    charging = RecordingCharging(booted_before=True)
    async with charger_side(charging=charging) as side, aiohttp.ClientSession() as http:
        chargers = side.endpoint.chargers
        with pytest.raises(ChargerOffline):
            await chargers.ask(CP1, ClearCache(), SECOND)
        async with connect(http, side) as socket:
            await until(lambda: chargers.online(CP1))
            with pytest.raises(InvalidInput):
                await chargers.ask(CP1, RemoteStart(IdToken("x" * 21)), SECOND)
            with pytest.raises(ChargerSilent):
                await chargers.ask(CP1, ClearCache(), timedelta(milliseconds=30))
            waiting = [asyncio.create_task(chargers.ask(CP1, ClearCache(), SOON)) for _ in range(16)]
            await asyncio.sleep(0)
            with pytest.raises(ChargerSilent, match="already wait"):
                await chargers.ask(CP1, ClearCache(), SOON)
            await socket.close()
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {ChargerOffline}


async def test_a_charger_that_never_answers_is_sent_to_reconnect() -> None:
    """Q05: after three calls without answer the socket is closed, although heartbeats keep coming."""
    charging = RecordingCharging(booted_before=True)
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        await until(lambda: side.endpoint.chargers.online(CP1))
        for _ in range(3):
            with pytest.raises(ChargerSilent):
                await side.endpoint.chargers.ask(CP1, ClearCache(), timedelta(milliseconds=30))
        while (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert socket.close_code == 1001


async def test_a_dead_peer_is_noticed() -> None:
    """A06: no pong, no frames: the connection ends by itself."""
    settings = ChargerSettings(ping_interval_s=0.1, boot_patience_s=60)
    async with (
        charger_side(settings) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic(), autoping=False),
    ):
        await until(lambda: side.endpoint.chargers.online(CP1))
        await until(lambda: not side.endpoint.chargers.online(CP1))
        assert side.charging.log[-1] == ("disconnected", "CP-1")


async def test_a_flood_is_throttled_not_dropped() -> None:
    """A17, T26: every message is answered, at the permitted rate."""
    settings = ChargerSettings(message_burst=10, messages_per_second=200, boot_patience_s=60)
    async with (
        charger_side(settings, RecordingCharging(booted_before=True)) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        for number in range(40):
            await socket.send_str(json.dumps([2, str(number), "Heartbeat", {}]))
        answered = [json.loads(await socket.receive_str(timeout=30))[1] for _ in range(40)]
        assert answered == [str(number) for number in range(40)]
        assert side.endpoint.chargers.lines()[0].counters.throttled >= 20


async def test_closing_sends_chargers_away_with_1012() -> None:
    """F27: service restart; new ones get 503 until the process is gone."""
    async with charger_side(charging=RecordingCharging(booted_before=True)) as side:
        async with aiohttp.ClientSession() as http, connect(http, side) as socket:
            closing = asyncio.create_task(side.endpoint.close())
            assert (await socket.receive(timeout=30)).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1012
            await closing
            assert side.endpoint.chargers.connected() == ()
            assert await status_of(side, **basic()) == 503
        assert side.charging.log[-1] == ("disconnected", "CP-1")


async def test_keys_are_never_recorded() -> None:
    """T12: an AuthorizationKey is masked in both directions, in requests and in answers."""
    secret = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
    async with (
        charger_side(charging=RecordingCharging(booted_before=True)) as side,
        aiohttp.ClientSession() as http,
        connect(http, side) as socket,
    ):
        await until(lambda: side.endpoint.chargers.online(CP1))
        change = ChangeConfiguration("AuthorizationKey", secret)
        asking = asyncio.create_task(side.endpoint.chargers.ask(CP1, change, SOON))
        request = json.loads(await socket.receive_str(timeout=30))
        assert request[3] == {"key": "AuthorizationKey", "value": secret}
        await socket.send_str(json.dumps([3, request[1], {"status": "RebootRequired"}]))
        assert (await asking).outcome is Outcome.REBOOT_REQUIRED
        asking = asyncio.create_task(side.endpoint.chargers.ask(CP1, GetConfiguration(), SOON))
        request = json.loads(await socket.receive_str(timeout=30))
        keys = {"configurationKey": [{"key": "authorizationkey", "readonly": False, "value": secret}]}
        await socket.send_str(json.dumps([3, request[1], keys]))
        await asking
        await socket.send_str(f'[2,"1","DataTransfer" AuthorizationKey {secret}')
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
    assert any("AuthorizationKey" in text for _, _, text in side.frames.seen)
    assert not any(secret in text for _, _, text in side.frames.seen)


async def test_many_chargers_at_once() -> None:
    """Chargers do not wait for each other: one that is slow to be asked leaves the others alone."""
    ids = [f"M-{number}" for number in range(50)]
    charging = RecordingCharging(booted_before=True)
    async with charger_side(charging=charging, door=OpenDoor(*ids)) as side, aiohttp.ClientSession() as http:

        async def one(id_: str) -> None:
            async with connect(http, side, id_) as socket:
                for number in range(5):
                    assert (await ask(socket, "MeterValues", VALUES, str(number)))[:2] == [3, str(number)]

        await asyncio.gather(*(one(id_) for id_ in ids))
    assert len(charging.of(Metered)) == 250
