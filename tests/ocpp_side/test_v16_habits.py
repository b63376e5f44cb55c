"""Habits of real chargers on the wire, each by its line of the checklist."""

import asyncio
import socket
import struct
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import aiohttp
import orjson
import pytest

from gateway.bootstrap import running_gateway
from gateway.domain.commands import CancelReservation, ClearCache, Outcome, ReserveNow
from gateway.domain.events import IdToken
from gateway.domain.ids import ChargerId, ConnectorNumber
from gateway.domain.profiles import RateUnit
from ocpp_side.endpoint import ChargerSettings
from ocpp_side.translate.v16_commands import answer_of, call_of
from ocpp_side.translate.v16_profiles import composite_schedule
from tests.fakes_ocpp import NOW, PASSWORD, RecordingCharging, basic, charger_side
from tests.ocpp_side.test_tls_chargers import Site, client, handshake

CP1 = ChargerId("CP-1")
SOON = timedelta(seconds=5)


@pytest.mark.parametrize(("protocol", "compressed"), [("ocpp1.6", False), ("ocpp2.0.1", True)])
async def test_compression_where_a_version_counts_on_it(protocol: str, compressed: bool) -> None:
    """A07: from 2.0.1 on; small chargers of 1.6 are spared."""
    async with (
        charger_side() as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(protocol,), headers=basic(), compress=15) as line,
    ):
        assert bool(line.compress) is compressed


async def test_message_ids_are_unique_across_connections() -> None:
    """A09: at most 36 characters, never the same again."""
    seen: list[str] = []
    async with charger_side(charging=RecordingCharging(booted_before=True)) as side:
        for _ in range(3):
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as line,
            ):
                async with asyncio.timeout(30):
                    while not side.endpoint.chargers.online(CP1):
                        await asyncio.sleep(0.005)
                asked = asyncio.create_task(side.endpoint.chargers.ask(CP1, ClearCache(), SOON))
                frame = await line.receive_json(timeout=30)
                seen.append(frame[1])
                await line.send_json([3, frame[1], {"status": "Accepted"}])
                assert (await asked).outcome is Outcome.ACCEPTED
            async with asyncio.timeout(30):
                while side.endpoint.chargers.online(CP1):
                    await asyncio.sleep(0.005)
    assert len(set(seen)) == 3
    assert all(0 < len(id_) <= 36 for id_ in seen)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Accepted", Outcome.ACCEPTED),
        ("Faulted", Outcome.FAULTED),
        ("Occupied", Outcome.OCCUPIED),
        ("Rejected", Outcome.REJECTED),
        ("Unavailable", Outcome.UNAVAILABLE),
        ("rejected", Outcome.REJECTED),
    ],
)
def test_reservations(word: str, outcome: Outcome) -> None:
    """C22: every answer to ReserveNow; a reservation is taken back by its number."""
    reserve = ReserveNow(7, ConnectorNumber(0), IdToken("A"), NOW)
    assert call_of(reserve)[1]["reservationId"] == 7
    assert call_of(CancelReservation(7)) == ("CancelReservation", {"reservationId": 7})
    assert answer_of(reserve, {"status": word}).outcome is outcome


async def test_pings_can_be_switched_off() -> None:
    """Q04, A06: a charger that cannot stand pings gets none and is kept; otherwise the silent are dropped."""
    for interval, kept in ((0.0, True), (0.1, False)):
        settings = ChargerSettings(ping_interval_s=interval, boot_patience_s=60)
        charging = RecordingCharging(booted_before=True)
        async with (
            charger_side(settings, charging) as side,
            aiohttp.ClientSession() as http,
            http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic(), autoping=False) as line,
        ):
            heard = {aiohttp.WSMsgType.PING} if not kept else set()
            try:
                async with asyncio.timeout(0.6):
                    while (message := await line.receive()).type is aiohttp.WSMsgType.PING:
                        heard.add(message.type)
            except TimeoutError:
                assert kept
            assert bool(heard) is not kept
            assert side.endpoint.chargers.online(CP1) is kept


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
        b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUpgrade: websocket\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /ocpp/CP-1\r\n",
    ],
    ids=["no Connection", "wrong Connection", "TLS to the plain port", "no HTTP"],
)
async def test_broken_handshakes_disturb_nobody(request_line: bytes) -> None:
    """Q06: refused with 400, and the next charger is served."""
    async with charger_side(charging=RecordingCharging(booted_before=True)) as side:
        reader, writer = await asyncio.open_connection("127.0.0.1", side.port)
        headers = f"Authorization: {basic()['Authorization']}\r\n\r\n".encode()
        writer.write(request_line + headers)
        await writer.drain()
        async with asyncio.timeout(30):
            assert b" 400 " in await reader.readline()
        writer.close()
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as line,
        ):
            await line.send_str('[2,"1","Heartbeat",{}]')
            assert (await line.receive_json(timeout=30))[0] == 3


@pytest.mark.parametrize(
    "key", [PASSWORD.encode(), bytes.fromhex(PASSWORD), PASSWORD.encode().hex().encode()]
)
async def test_keys_in_three_forms(key: bytes) -> None:
    """Q10, B03: as text, as the bytes its digits mean, as hex digits of the text."""
    async with (
        charger_side() as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic(password=key)) as line,
    ):
        assert not line.closed


async def test_clients_that_drop_a_handshake(tmp_path: Path) -> None:
    """Q11: a client that does not like our certificate hangs up; the next one is served."""
    site = Site(tmp_path)
    async with running_gateway(site.settings):
        for sent in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
            dropped = socket.create_connection(("127.0.0.1", site.port), 5)
            dropped.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            dropped.sendall(sent)
            dropped.close()
        assert (await asyncio.to_thread(handshake, site.port, client(site.trusted)))[0] == "TLSv1.3"


def schedule(unit: str, *limits: object) -> dict[str, object]:
    periods = [{"startPeriod": n * 60, "limit": limit, "numberPhases": -1} for n, limit in enumerate(limits)]
    return {
        "status": "Accepted",
        "scheduleStart": "2026-11-22T12:00:00Z",
        "chargingSchedule": {"duration": 600, "chargingRateUnit": unit, "chargingSchedulePeriod": periods},
    }


def test_composite_schedules_without_a_limit() -> None:
    """Q39: -1 is read as it is; an empty schedule is none."""
    read = composite_schedule(schedule("A", -1, 16))
    assert read is not None
    assert [period.limit for period in read.profile.periods] == [Decimal(-1), Decimal(16)]
    assert composite_schedule(schedule("A")) is None
    assert composite_schedule({"status": "Accepted"}) is None


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ("W", RateUnit.WATT),
        ("Power", RateUnit.WATT),
        ("w", RateUnit.WATT),
        ("A", RateUnit.AMPERE),
        ("Current", RateUnit.AMPERE),
    ],
)
def test_rate_units_in_every_notation(said: str, unit: RateUnit) -> None:
    """Q40."""
    read = composite_schedule(schedule(said, 10))
    assert read is not None
    assert read.profile.unit is unit
    assert composite_schedule(schedule("Horsepower", 10)) is None


async def test_history_after_the_first_connect_makes_no_sessions() -> None:
    """Q38: weeks of old meter values are answered; the charger is heard in between."""
    charging = RecordingCharging(booted_before=True)
    old = {"timestamp": "2026-10-01T00:00:00Z", "sampledValue": [{"value": "5"}]}
    async with (
        charger_side(charging=charging) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as line,
    ):
        for n in range(300):
            await line.send_json([2, str(n), "MeterValues", {"connectorId": 1, "meterValue": [old]}])
        await line.send_json([2, "last", "Heartbeat", {}])
        answers = [orjson.loads(await line.receive_str(timeout=30)) for _ in range(301)]
    assert [a[0] for a in answers] == [3] * 301
    assert answers[-1][1] == "last"
