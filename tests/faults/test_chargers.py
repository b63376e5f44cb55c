"""Chargers that repeat, reorder, vanish or flood, and an orderly stop (F15 to F17, F19, F20, F27)."""

import asyncio
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import aiohttp
import pytest

from gateway.sim import messages
from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.station import MeterSample, Transaction
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import CARD, PASSWORD, Site, assert_books_agree, charge, charger_id, until, utc


@dataclass(frozen=True)
class Replayed:
    """What a station sent at once, how long that took, and what others waited meanwhile, s."""

    transactions: list[Transaction]
    took_s: float
    p99_s: float


async def test_f15_stop_five_times(site: Site) -> None:
    """After reconnecting and with new message ids: one end, one CDR, every answer accepted."""
    station = await site.station(0)
    transaction = await charge(station, 0.1)
    assert transaction.end is not None
    for n in range(5):
        if n == 2:
            await station.lose_connection()
            await station.come_back()
        answer = await station.call(
            "StopTransaction", messages.stop_transaction(transaction, transaction.end)
        )
        assert answer.get("idTagInfo", {}).get("status", "Accepted") == "Accepted"
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the CDR")
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled")
    assert_books_agree(site, books, 1)
    measured("F15", "6 StopTransaction: one end, one CDR, each answered")


async def test_f16_an_end_of_an_unknown_transaction_is_kept(site: Site) -> None:
    """No session fits: answered, so that the station stops repeating it, and kept word for word."""
    station = await site.station(0)
    ghost = Transaction(
        1, CARD, station.clock.now(), MeterSample(station.clock.now(), Decimal(5), Decimal(0))
    )
    ghost.number = 987_654
    end = MeterSample(station.clock.now(), Decimal(1_000_100), Decimal(0))
    for _ in range(2):
        assert isinstance(await station.call("StopTransaction", messages.stop_transaction(ghost, end)), dict)
    books = await site.until(lambda b: bool(b.aside), "the end kept aside")
    assert (books.sessions, books.cdrs) == ([], [])
    assert {item.action for item in books.aside} == {"StopTransaction"}
    assert all("unknown transaction 987654" in item.reason for item in books.aside)
    assert all("987654" in item.payload and "1000100" in item.payload for item in books.aside)
    measured("F16", "the end of an unknown transaction: answered, kept aside whole, no session made up")


async def test_f16_values_after_the_end_are_kept(site: Site) -> None:
    """Late values change no CDR, are answered, and are there for a person."""
    station = await site.station(0)
    transaction = await charge(station, 0.1)
    before = await site.until(lambda b: bool(b.cdrs), "the CDR")
    late = MeterSample(station.clock.now(), Decimal(2_000_000), Decimal(0))
    assert isinstance(await station.call("MeterValues", messages.meter_values(transaction, late)), dict)
    books = await site.until(lambda b: bool(b.aside), "the values kept aside")
    assert [(item.action, item.reason) for item in books.aside] == [("MeterValues", "values after the CDR")]
    assert "2000000" in books.aside[0].payload
    assert books.cdrs == before.cdrs
    measured("F16", "values after the end: answered, kept aside, the CDR unchanged")


async def test_f16_an_end_before_the_start_was_answered(site: Site) -> None:
    """The answer to the start is lost, so the end names no transaction; still one session, one CDR."""
    station = await site.station(0)
    lost = station.begin(1, CARD, Decimal(100_000))
    await station.settled()
    known = lost.number
    assert known is not None
    lost.number = None  # the answer never arrived: the station says -1
    end = MeterSample(station.clock.now() + timedelta(seconds=1), lost.start.register_wh + 40, Decimal(0))
    await station.call("StopTransaction", messages.stop_transaction(lost, end))
    # The start is repeated afterwards, as it was never answered: the same transaction, not another.
    again = await station.call("StartTransaction", messages.start_transaction(lost))
    assert again["transactionId"] == known
    books = await site.until(lambda b: bool(b.cdrs), "the CDR")
    assert [int(session.energy_wh) for session in books.sessions] == [40]
    assert not books.aside
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 1, "the CDR at the partner")
    measured("F16", "an end before the start's answer: the session it belongs to, one CDR")


async def test_f16_a_start_that_is_lost(site: Site) -> None:
    """The start never arrives, values and end do: flagged for a person, nothing dropped. Later it comes."""
    station = await site.station(0)
    now = station.clock.now()
    lost = Transaction(1, CARD, now, MeterSample(now, Decimal(1000), Decimal(0)))
    value = MeterSample(now + timedelta(seconds=1), Decimal(1020), Decimal(0))
    end = MeterSample(now + timedelta(seconds=2), Decimal(1040), Decimal(0))
    lost.number = 55
    assert isinstance(await station.call("MeterValues", messages.meter_values(lost, value)), dict)
    assert isinstance(await station.call("StopTransaction", messages.stop_transaction(lost, end)), dict)
    books = await site.until(lambda b: len(b.aside) == 2, "values and end kept aside")
    assert sorted(item.action for item in books.aside) == ["MeterValues", "StopTransaction"]
    # The station finds its start again: it is taken, and the repeated end closes it with its own times.
    answer = await station.call("StartTransaction", messages.start_transaction(lost))
    lost.number = answer["transactionId"]
    await station.call("StopTransaction", messages.stop_transaction(lost, end))
    books = await site.until(lambda b: bool(b.cdrs), "the CDR")
    assert [int(session.energy_wh) for session in books.sessions] == [40]
    assert len(books.aside) == 2
    measured("F16", "a lost start: values and end kept aside; when it comes after all, one session, one CDR")


async def test_f16_a_start_whose_answer_is_lost_is_repeated(site: Site) -> None:
    """After a reconnect with the same content: the same transaction, not a second one."""
    station = await site.station(0)
    await station.lose_connection()
    lost = station.begin(1, CARD, Decimal(100_000))
    await station.come_back()
    await station.settled()
    again = await station.call("StartTransaction", messages.start_transaction(lost))
    assert again["transactionId"] == lost.number
    await asyncio.sleep(0.1)
    station.end(lost)
    await station.settled()
    books = await site.until(lambda b: bool(b.cdrs), "the CDR")
    assert len(books.sessions) == 1
    measured("F16", "a repeated start is the same transaction")


async def heartbeats(station: SimulatedCharger, until_then: asyncio.Future[None]) -> list[float]:
    """How long each Heartbeat took, s, as often as possible until then."""
    took = []
    while not until_then.done():
        began = time.monotonic()
        await station.call("Heartbeat", {})
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.005)
    return took


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99) - 1]


async def replay(
    site: Site, old: SimulatedCharger, span: timedelta, speed: float, others: list[SimulatedCharger]
) -> Replayed:
    """200 transactions of 10 messages each while offline, sent all at once; others beat their hearts."""
    await old.lose_connection()
    old.clock.rewind(span, speed)
    old.clock.hurry(speed)
    started = []
    for _ in range(200):
        transaction = old.begin(1, CARD, Decimal(10_000))
        started.append(transaction)
        for _ in range(8):
            await asyncio.sleep(0.002)
            old.sample(transaction)
        old.end(transaction)
    done = asyncio.get_running_loop().create_future()
    beating = [asyncio.create_task(heartbeats(other, done)) for other in others]
    await old.come_back()
    began = time.monotonic()
    await old.settled(within=90)
    took = time.monotonic() - began
    done.set_result(None)
    return Replayed(started, took, p99([one for beats in await asyncio.gather(*beating) for one in beats]))


@pytest.mark.timeout(240)
async def test_f17_days_offline_then_everything_at_once(make_site: MakeSite) -> None:
    """2 000 queued messages, three days old: their own times, CDRs marked late, nobody else is slower.

    Beside it the same station sends as many messages of the last seconds: that is the undisturbed run of the
    same kind, since any station that sends as fast as it can keeps the gateway and this test's machine busy.
    """
    site = await make_site(4)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    old, *others = [await site.station(n) for n in range(4)]
    calm = await replay(site, old, timedelta(minutes=40), 150, others)
    await site.until(lambda b: len(b.cdrs) == 200, "200 CDRs of today", 60)
    busy = await replay(site, old, timedelta(days=3), 2000, others)
    books = await site.until(lambda b: len(b.cdrs) == 400, "200 more CDRs", 60)
    by_number = {str(s.transaction): s for s in books.sessions}
    for transaction in busy.transactions:
        session, end = by_number[str(transaction.number)], transaction.end
        assert end is not None
        assert session.ended_at is not None
        assert abs((session.started_at - transaction.started_at).total_seconds()) <= 0.01
        assert abs((session.ended_at - end.at).total_seconds()) <= 0.01
    late = {
        session.id for session in books.sessions if any(f.reason == "REPORTED_LATE" for f in session.flags)
    }
    ended_long_ago = {s.id for s in books.sessions if s.ended_at and utc() - s.ended_at > timedelta(hours=2)}
    assert len(ended_long_ago) >= 190
    assert ended_long_ago <= late
    assert not late & {by_number[str(t.number)].id for t in calm.transactions}
    marked = {cdr.session_id for cdr in books.cdrs if "after its end" in (cdr.remark or "")}
    assert marked == late
    assert busy.p99_s < max(2 * calm.p99_s, 0.25)
    measured(
        "F17",
        f"2 000 messages three days old taken in {busy.took_s:.1f} s with their own times, CDRs marked late; "
        f"other stations' p99 {busy.p99_s * 1000:.0f} ms, with as many of today {calm.p99_s * 1000:.0f} ms",
    )


PING_S = 8.0
DEADLINE_S = 3.0


@pytest.mark.timeout(120)
async def test_f19_half_open_sockets(make_site: MakeSite) -> None:
    """No FIN, no answer: noticed within two pings, a command ends at its deadline, a new connection wins."""
    site = await make_site(
        2,
        command_timeout_seconds=f"{DEADLINE_S:g}",
        charger_ping_seconds=f"{PING_S:g}",
        offline_grace_seconds="0",
    )
    await site.gateway.start()
    await site.befriend()
    await site.located()

    async def online(number: int) -> bool:
        return bool((await site.gateway.ask("GET", f"/chargers/{charger_id(number)}"))["online"])

    async with FaultProxy(site.gateway.port) as proxy:
        url = f"ws://127.0.0.1:{proxy.port}/ocpp"
        silent, returning = await site.station(0, url=url), await site.station(1, url=url)
        await returning.call("Heartbeat", {})
        await silent.call("Heartbeat", {})
        proxy.fault = Fault.BLACK_HOLE
        cut = time.monotonic()
        token = site.partner.sender.token(Card(CARD, whitelist="ALWAYS"))
        asked = await site.partner.command(
            "START_SESSION",
            {"location_id": "LOC1", "evse_uid": "E0", "connector_id": "1", "token": token},
        )
        result = await site.partner.commander.result(asked, within=20)
        answered = time.monotonic() - cut
        assert asked.receipt["result"] == "ACCEPTED"
        assert result["result"] == "TIMEOUT"
        assert answered <= float(asked.receipt["timeout"]) + 2
        # The other one comes back on a new connection while its old one still looks alive.
        assert await online(1)
        await returning.close()
        new = await site.station(1)
        began = time.monotonic()
        await charge(new, 0.1)
        assert time.monotonic() - began < PING_S
        await until(lambda: online(0), lambda there: not there, "noticed", 60)
        noticed = time.monotonic() - cut
        assert noticed <= 2 * PING_S
        assert await online(1)
        measured(
            "F19",
            f"pings every {PING_S:g} s: noticed after {noticed:.1f} s, {noticed / PING_S:.1f} times that; "
            f"a partner's command TIMEOUT after {answered:.1f} s of {asked.receipt['timeout']}; a new "
            "connection takes over at once",
        )
        await silent.close()


async def test_f20_slow_loris_and_flood(site: Site) -> None:
    """A hundred half-written requests and a flooding charger; the others are served."""
    loris = [await asyncio.open_connection("127.0.0.1", site.gateway.port) for _ in range(100)]
    for _, writer in loris:
        writer.write(b"GET /ocpp/CP-0000 HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    before = site.gateway.memory_mb()
    flooding, calm = await site.station(0), await site.station(1)

    async def flood() -> None:
        for n in range(5000):
            await flooding.send_raw(f'[2,"{n}","Heartbeat",{{}}]')

    flooder = asyncio.create_task(flood())
    took = []
    for _ in range(20):
        began = time.monotonic()
        await calm.call("Heartbeat", {})
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.02)
    await charge(calm, 0.1)
    flooder.cancel()
    await asyncio.gather(flooder, return_exceptions=True)
    for _, writer in loris:
        writer.close()
    grown = site.gateway.memory_mb() - before
    assert max(took) < 1
    assert grown < 50
    measured("F20", f"slowest answer to another charger {max(took) * 1000:.0f} ms, memory +{grown:.0f} MB")


@pytest.mark.timeout(120)
async def test_f27_an_orderly_stop_in_traffic(make_site: MakeSite) -> None:
    """SIGTERM: WebSockets closed with 1012, exit 0 within 20 s, and F1's criteria."""
    site = await make_site(21)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    watching = aiohttp.ClientSession()
    auth = aiohttp.encode_basic_auth(charger_id(20), PASSWORD)
    socket = await watching.ws_connect(
        f"{site.gateway.ocpp_url}/{charger_id(20)}", protocols=("ocpp1.6",), headers={"Authorization": auth}
    )
    stations = [await site.station(n) for n in range(20)]
    flows = [asyncio.create_task(charge(station, 1.0, samples=5)) for station in stations]
    await asyncio.sleep(0.5)
    began = time.monotonic()
    site.gateway.signal(signal.SIGTERM)
    message = await socket.receive(timeout=20)
    code = await site.gateway.ended(20)
    took = time.monotonic() - began
    assert (code, socket.close_code, message.type) == (0, 1012, aiohttp.WSMsgType.CLOSE)
    await watching.close()
    await site.gateway.start()
    await asyncio.gather(*flows)
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 20, "all CDRs", 60)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
    assert_books_agree(site, books, 20)
    measured("F27", f"exit 0 after {took:.1f} s, WebSockets closed with 1012, 0 lost, 0 duplicate")
