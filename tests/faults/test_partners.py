"""Partners that fail, lie, dawdle or die, against the real process (F4 to F10, F13, F34, F38)."""

import asyncio
import hashlib
import random
import sqlite3
import time
from contextlib import closing

import pytest
from aiohttp import web

from gateway.sim import faults
from gateway.sim.faults import Disturbance, Mode
from gateway.sim.ocpi_wire import envelope
from gateway.sim.partner import SimulatedPartner
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import PARTNER, Site, assert_books_agree, charge, until


async def state_of(site: Site) -> dict:
    return await site.gateway.ask("GET", f"/partners/{PARTNER}")


async def cdr_delivery(site: Site) -> dict:
    items = (await site.gateway.ask("GET", "/deliveries?limit=100"))["items"]
    return next(item for item in items if item["kind"] == "CDR")


async def test_f4_a_partner_never_reached_once_is_tried_after_a_restart(make_site: MakeSite) -> None:
    site = await make_site(1)
    await site.gateway.start()
    await site.befriend()
    await site.gateway.kill()
    port = site.partner.port
    await site.partner.close()
    for table in ("debts",):
        with closing(sqlite3.connect(site.gateway.database)) as database:
            database.execute(f"UPDATE {table} SET state='WAITING', settled=0, attempts=0")
            database.execute("UPDATE debts SET next_attempt_at=0")
            database.commit()
    await site.gateway.start()
    await until(
        lambda: state_of(site), lambda p: p["deliveries_waiting"] > 0 and p["problem"] is None, "debts wait"
    )
    await site.until(lambda b: any(d.attempts > 0 for d in b.debts), "an attempt in vain")
    await site.gateway.kill()
    again = SimulatedPartner(port=port)
    again.recall(site.partner.remember())
    again.ledger.locations.clear()
    await again.start()
    site.partner = again
    await site.gateway.start()
    began = time.monotonic()
    await again.ledger.until(lambda: bool(again.ledger.locations), "the location, after the restart", 20)
    assert len(again.ledger.locations) == 1
    said = await until(lambda: state_of(site), lambda p: p["deliveries_waiting"] == 0, "nothing is owed")
    assert (said["reach"], said["deliveries_parked"]) == ("UP", 0)
    measured("F4", f"tried again {time.monotonic() - began:.1f} s after the restart")


@pytest.mark.timeout(120)
async def test_f5_random_500s_lose_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(5)

    async def fifth(request: web.Request, handle: faults.Handle, _: Disturbance) -> web.StreamResponse:
        if chance.random() < 0.2:
            return web.Response(status=500, text="oops")
        return await handle(request)

    monkeypatch.setitem(faults._FAULTS, Mode.ERROR_500, fifth)
    station = await site.station(0)
    site.partner.ledger.exchanges.clear()
    site.partner.mode = Mode.ERROR_500
    for _ in range(15):
        await charge(station, 0.05, samples=1)
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 15, "all CDRs", 60)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 60)
    assert_books_agree(site, books, 15)
    assert site.partner.ledger.duplicate_cdrs == 0
    sent = [e for e in site.partner.ledger.exchanges if e.method in ("PUT", "POST", "PATCH")]
    needed = [e for e in sent if e.http < 400]
    assert len(sent) <= 1.5 * len(needed)
    measured("F5", f"15 sessions, 20 % 500s: 0 lost, {len(sent)} requests for {len(needed)} needed")


@pytest.mark.parametrize(("retry_after", "least"), [(3, 3.0), (None, 2.0)])
async def test_f6_too_many_requests(site: Site, retry_after: int | None, least: float) -> None:
    asked: list[float] = []
    site.partner.ledger.on_change = lambda: asked.append(time.monotonic())
    site.partner.disturbance = Disturbance(retry_after_s=retry_after)
    site.partner.disturbed_modules = frozenset({"cdrs"})
    site.partner.mode = Mode.TOO_MANY
    station = await site.station(0)
    await charge(station, 0.1)
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.requests("cdrs")), "a first attempt")
    first = asked[-1]
    site.partner.mode = Mode.NORMAL
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the CDR", 20)
    waited = asked[-1] - first
    early = [at for at in asked if first < at < first + least - 0.05]
    assert waited >= least
    assert not early
    measured("F6", f"Retry-After {retry_after}: next request after {waited:.1f} s")


@pytest.fixture
async def behind_proxy(make_site: MakeSite):
    """A site whose partner is reached through a fault proxy."""
    async with FaultProxy(0) as proxy:
        one = await make_site(3, public_url=proxy.url)
        proxy.target_port = one.partner.port
        await one.gateway.start()
        await one.befriend()
        await one.located()
        yield one, proxy


async def test_f7_stored_but_the_answer_is_lost(behind_proxy: tuple[Site, FaultProxy]) -> None:
    site, proxy = behind_proxy
    station = await site.station(0)
    ledger = site.partner.ledger

    def cut() -> None:
        if any(e.method == "POST" for e in ledger.requests("cdrs")) and proxy.connections < 100:
            proxy.fault = Fault.CUT_ANSWERS
            ledger.on_change = None

    ledger.on_change = cut
    await charge(station, 0.1)
    await ledger.until(lambda: bool(ledger.cdrs), "the CDR at the partner")
    await asyncio.sleep(0.3)
    proxy.fault = Fault.NONE
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
    assert_books_agree(site, books, 1)
    methods = [e.method for e in ledger.requests("cdrs")]
    assert methods.count("POST") == 1
    assert "GET" in methods
    measured("F7", f"exactly 1 CDR at the partner; requests: {', '.join(methods)}")


BODIES = {
    "invalid JSON": b'{"status_code": 10',
    "HTML": b"<html><body>Welcome</body></html>",
    "empty": b"",
    "wrong envelope": b'{"ok": true}',
    "BOM": b'\xef\xbb\xbf{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"',
    "wrong charset": '{"status_code": "\u00e9"}'.encode("utf-16"),
    "204": None,
}


@pytest.mark.timeout(120)
async def test_f8_answers_that_are_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retried, the raw answer kept and shown, no exception trace in the log."""
    body: bytes | None = b""

    async def odd(request: web.Request, handle: faults.Handle, _: Disturbance) -> web.StreamResponse:
        return web.Response(status=204) if body is None else web.Response(body=body)

    monkeypatch.setitem(faults._FAULTS, Mode.HTML, odd)
    site.partner.disturbed_modules = frozenset({"cdrs"})
    station = await site.station(0)
    for count, body in enumerate(BODIES.values(), 1):  # noqa: B007 - `odd` answers with it
        site.partner.mode = Mode.HTML
        seen = len(site.partner.ledger.requests("cdrs"))
        await charge(station, 0.05, samples=1)
        await site.partner.ledger.until(
            lambda seen=seen: len(site.partner.ledger.requests("cdrs")) > seen, "an attempt"
        )
        waiting = await site.until(lambda b: any(d.reason for d in b.debts if d.kind == "CDR"), "a reason")
        assert all(d.state != "PARKED" for d in waiting.debts)
        site.partner.mode = Mode.NORMAL
        await site.partner.ledger.until(
            lambda count=count: len(site.partner.ledger.cdrs) == count, "delivered after all", 30
        )
    await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
    assert "Traceback" not in site.gateway.log_tail(10**6)
    assert site.partner.ledger.duplicate_cdrs == 0
    measured("F8", f"{len(BODIES)} kinds of broken answers: retried, delivered once, no trace in the log")


async def test_f9_status_codes_in_a_200(site: Site) -> None:
    """2001 is parked with its reason, 3000 retried."""
    site.partner.disturbed_modules = frozenset({"cdrs"})
    site.partner.mode = Mode.STATUS_2001
    station = await site.station(0)
    await charge(station, 0.05)
    parked = await until(
        lambda: site.until(lambda b: any(d.kind == "CDR" for d in b.debts), "owed"),
        lambda b: any(d.state == "PARKED" for d in b.debts),
        "parked",
        30,
    )
    assert "OCPI 2001" in next(d.reason for d in parked.debts if d.state == "PARKED")
    site.partner.mode = Mode.STATUS_3000
    await charge(station, 0.05)
    await site.until(
        lambda b: any(d.kind == "CDR" and d.state == "WAITING" and d.attempts for d in b.debts), "retrying"
    )
    site.partner.mode = Mode.NORMAL
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the second one", 30)
    key = next(d.key for d in parked.debts if d.state == "PARKED")
    await site.gateway.ask("POST", f"/deliveries/{PARTNER}/CDR/{key}")
    await site.partner.ledger.until(
        lambda: len(site.partner.ledger.cdrs) == 2, "the first one, on demand", 30
    )
    measured("F9", "2001 parked after 3 tries with its reason and delivered on demand; 3000 retried")


async def test_f10_redirects_are_not_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    lured: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        lured.append(request.path)
        return envelope()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    codes = iter([301, 302, 303, 307, 308] * 40)

    async def away(request: web.Request, handle: faults.Handle, _: Disturbance) -> web.StreamResponse:
        return web.Response(status=next(codes), headers={"Location": f"http://127.0.0.1:{port}/lure"})

    monkeypatch.setitem(faults._FAULTS, Mode.REDIRECT, away)
    site.partner.mode = Mode.REDIRECT
    station = await site.station(0)
    await charge(station, 0.05)
    books = await site.until(
        lambda b: sum(d.attempts for d in b.debts) >= 5 or any(d.attempts >= 3 for d in b.debts), "tried", 30
    )
    assert any("redirect" in (d.reason or "") for d in books.debts)
    assert lured == []
    site.partner.mode = Mode.NORMAL
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the CDR", 40)
    await runner.cleanup()
    measured("F10", "301, 302, 303, 307, 308: none followed, error says redirect")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("fault", [Fault.BLACK_HOLE, Fault.DRIP])
async def test_f13_a_slow_partner_delays_nobody(behind_proxy: tuple[Site, FaultProxy], fault: Fault) -> None:
    """Chargers and another partner do not notice; what waits is bounded."""
    site, proxy = behind_proxy
    other = SimulatedPartner("DE", "OTH")
    await other.start()
    try:
        invited = await site.gateway.ask("POST", "/partners/invite", {"name": "Other", "parties": ["DE-OTH"]})
        await other.register(invited["versions_url"], invited["token"])
        await other.ledger.until(lambda: bool(other.ledger.locations), "location at the other")
        station = await site.station(0)
        proxy.fault = fault
        slowest = 0.0
        for n in range(6):
            began = time.monotonic()
            await charge(station, 0.05)
            slowest = max(slowest, time.monotonic() - began)
            changed = other.ledger.locations["NL/CPO/LOC1"]
            before = changed.puts + changed.patches
            began = time.monotonic()
            await station.report(1, "Unavailable" if n % 2 else "Available")
            await other.ledger.until(
                lambda c=changed, before=before: c.puts + c.patches > before, "status at the other", 6
            )
            lag = time.monotonic() - began
        assert slowest < 2
        assert lag < 5
        proxy.fault = Fault.NONE
        proxy.cut()
        await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 6, "all CDRs after all", 45)
        measured("F13", f"{fault.name}: slowest transaction {slowest:.2f} s, other partner's lag {lag:.1f} s")
    finally:
        await other.close()


async def test_f34_a_token_the_partner_no_longer_takes(site: Site) -> None:
    """At most 3 requests, then silence and an alarm; a renewal brings everything."""
    site.partner.accepted_tokens.clear()
    site.partner.ledger.exchanges.clear()
    station = await site.station(0)
    await charge(station, 0.1)
    locked = await until(lambda: state_of(site), lambda p: p["state"] == "AUTH_FAILED", "the alarm")
    refused = [e for e in site.partner.ledger.exchanges if e.http == 401]
    assert 1 <= len(refused) <= 3
    assert "token" in locked["problem"]
    await charge(station, 0.1)
    assert len([e for e in site.partner.ledger.exchanges if e.http == 401]) == len(refused)
    await site.partner.renew()
    await site.partner.ledger.until(
        lambda: len(site.partner.ledger.cdrs) == 2, "everything after renewal", 20
    )
    measured("F34", f"{len(refused)} request(s) refused, then silence and an alarm; renewal delivered all")


async def test_f38_one_object_that_cannot_be_rendered(make_site: MakeSite) -> None:
    """A poisoned CDR is parked alone; the rest flows."""
    site = await make_site(2)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    station = await site.station(0)
    site.partner.mode = Mode.ERROR_500
    await charge(station, 0.05)
    await site.until(lambda b: bool(b.cdrs), "a CDR")
    await site.gateway.kill()
    with closing(sqlite3.connect(site.gateway.database)) as database:
        database.executescript(
            "DROP TRIGGER IF EXISTS cdrs_never_change; DROP TRIGGER IF EXISTS cdrs_are_never_changed;"
        )
        database.execute("UPDATE cdrs SET document = '{\"poison\": true}'")
        database.commit()
    site.partner.mode = Mode.NORMAL
    await site.gateway.start()
    station = await site.station(1)
    await charge(station, 0.05)
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the healthy CDR", 30)
    parked = await until(
        lambda: site.gateway.ask("GET", "/deliveries?state=PARKED"), lambda a: a["items"], "parked", 20
    )
    assert len(parked["items"]) == 1
    measured("F38", "the poisoned object is parked with its reason, the rest is delivered")


async def test_i4_what_the_partner_took_is_what_is_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte: the fingerprint kept is that of the body that arrived; a changed record is found."""
    monkeypatch.setattr("gateway.sim.partner._KEPT_BODY", 1 << 20)
    station = await site.station(0)
    await charge(station, 0.1)
    books = await site.until(
        lambda b: bool(b.cdrs) and all(d.state == "SETTLED" for d in b.debts), "the CDR, delivered"
    )
    (posted,) = site.partner.ledger.requests("cdrs", "POST")
    (debt,) = [d for d in books.debts if d.kind == "CDR"]
    assert (debt.fingerprint or "").split(":")[1] == hashlib.sha256(posted.body.encode()).hexdigest()
    assert site.partner.ledger.remarks == []
    await station.close()
    await site.gateway.stop()
    sound = await asyncio.to_thread(site.gateway.command, "verify", "--offline")
    assert sound.returncode == 0, sound.stdout
    with closing(sqlite3.connect(site.gateway.database)) as database:
        changed = database.execute("UPDATE cdrs SET document = replace(document, 'Street 1', 'Street 2')")
        assert changed.rowcount == 1
        database.commit()
    broken = await asyncio.to_thread(site.gateway.command, "verify", "--offline")
    assert broken.returncode == 1
    assert "I4" in broken.stdout
    assert "is not what was delivered" in broken.stdout
    measured(
        "I4", "the fingerprint kept is that of the bytes the partner took; a record changed since is found"
    )
