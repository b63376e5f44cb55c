"""Long outages, long runs, and networks that come and go (F3, F39, F40)."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.app.policy import Policy
from gateway.app.ports import PageQuery, Tx
from gateway.app.retention import Retention
from gateway.app.verify import Verifier
from gateway.domain.delivery import Owed
from gateway.domain.ids import CdrId
from gateway.sim.charger import SimulatedCharger
from gateway.sim.partner import SimulatedPartner
from gateway.store.engine import SqlStore, open_store
from gateway.store.secrets import KeyedSecrets
from tests.fakes import FakeClock
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.process import KEY
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import PARTNER, Site, assert_books_agree, charge, until

OWED = int(os.environ.get("FAULTS_OWED", "10000"))
SOAK_S = float(os.environ.get("FAULTS_SOAK_SECONDS", "600"))
SOAK_STATIONS = 40
FLAP_S = float(os.environ.get("FAULTS_FLAP_SECONDS", "90"))
FAST = {"settings": {"requests_per_second": "400", "concurrency": "16"}}
MIB = 2**20


@asynccontextmanager
async def stored(site: Site) -> AsyncIterator[SqlStore]:
    """The database of a gateway that does not run."""
    store = await open_store(f"sqlite+aiosqlite:///{site.gateway.database}")
    try:
        yield store
    finally:
        await store.close()


def owe_thousands(tx: Tx, begin: int, end: int) -> None:
    """More records like the one there is, as a day without the partner would leave them."""
    (first,) = (c for c in tx.cdrs.page(PageQuery(limit=1)).items)
    (partner,) = [p for p in tx.partners.all() if p.name == PARTNER]
    now = datetime.now(UTC)
    for number in range(begin, end):
        cdr = replace(first, id=CdrId(f"00000000-0000-4000-8000-{number:012d}"), session_id=None)
        tx.cdrs.add(cdr)
        tx.debts.owe(partner.id, Owed.CDR, cdr.id, now, now)


def change_often(tx: Tx) -> None:
    """A hundred changes of the location."""
    (partner,) = [p for p in tx.partners.all() if p.name == PARTNER]
    now = datetime.now(UTC)
    for _ in range(100):
        tx.debts.owe(partner.id, Owed.LOCATION, "LOC1", now, now)


@pytest.mark.timeout(1200)
async def test_f3_a_partner_that_was_away_for_a_day(make_site: MakeSite) -> None:
    """Thousands of CDRs follow within ten minutes, one request for a location; the others do not notice."""
    site = await make_site(2)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    await site.gateway.ask("POST", f"/partners/{PARTNER}/profile", FAST)
    other = SimulatedPartner("DE", "OTH")
    await other.start()
    try:
        invited = await site.gateway.ask("POST", "/partners/invite", {"name": "Other", "parties": ["DE-OTH"]})
        await other.register(invited["versions_url"], invited["token"])
        await other.ledger.until(lambda: bool(other.ledger.locations), "location at the other", 15)
        await charge(await site.station(0), 0.05, samples=1)
        await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 1, "the first CDR", 15)
        await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "calm")
        await site.gateway.stop()
        async with stored(site) as store:
            for begin in range(0, OWED, 100):
                await store.write(lambda tx, b=begin: owe_thousands(tx, b, min(b + 100, OWED)))
            await store.write(change_often)
        memory = away = site.partner.remember(), site.partner.port
        await site.partner.close()
        await site.gateway.start()
        await until(
            lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"),
            lambda p: p["reach"] == "DOWN",
            "it is down",
            60,
        )
        before_mb = site.gateway.memory_mb()
        returned = SimulatedPartner(port=away[1])
        returned.recall(memory[0])
        site.partner = returned
        location = returned.ledger.locations["NL/CPO/LOC1"]
        puts = location.puts
        await returned.start()
        began = time.monotonic()
        lags = [await lag(site, other, lambda: len(returned.ledger.cdrs) > OWED)]
        while len(returned.ledger.cdrs) <= OWED:
            lags.append(await lag(site, other, lambda: len(returned.ledger.cdrs) > OWED))
            assert time.monotonic() - began < 600, f"only {len(returned.ledger.cdrs)} after ten minutes"
        took = time.monotonic() - began
        grown = site.gateway.memory_mb() - before_mb
        await until(
            lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"),
            lambda p: p["deliveries_waiting"] == 0,
            "all",
            60,
        )
        assert returned.ledger.duplicate_cdrs == 0
        assert location.puts - puts == 1
        worst = sorted(lags)[int(len(lags) * 0.95)]
        assert worst < 5
        measured(
            "F3",
            f"{OWED} CDRs and a location changed 100 times: all within {took:.0f} s, 1 PUT, "
            f"memory {grown:+.0f} MB, "
            f"other partner's lag p95 {worst:.1f} s",
        )
    finally:
        await other.close()


async def lag(site: Site, other: SimulatedPartner, done: Callable[[], bool]) -> float:
    """How long a status takes to the other partner; waits a while first, unless all is done."""
    for _ in range(20):
        if done():
            break
        await asyncio.sleep(0.1)
    held = other.ledger.locations["NL/CPO/LOC1"]
    seen = held.puts + held.patches
    began = time.monotonic()
    station = site.stations[0]
    status = "Unavailable" if station.station.plugs[1].status != "Unavailable" else "Available"
    await station.report(1, status)
    await other.ledger.until(lambda: held.puts + held.patches > seen, "the status at the other", 20)
    return time.monotonic() - began


async def _work(station: SimulatedCharger, stop: asyncio.Event, done: list[object]) -> None:
    while not stop.is_set():
        done.append(await charge(station, 1, samples=4, settle_within=120))


def slope_mb_per_minute(points: list[tuple[float, float]]) -> float:
    """Least squares through (seconds, MB)."""
    count = len(points)
    mean_t, mean_m = sum(t for t, _ in points) / count, sum(m for _, m in points) / count
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (m - mean_m) for t, m in points) / spread


@pytest.mark.timeout(1500)
async def test_f39_a_compressed_soak(make_site: MakeSite) -> None:
    """Memory levels off, the log stays small, the database grows by what is documented, old rows go."""
    site = await make_site(SOAK_STATIONS)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    await site.gateway.ask("POST", f"/partners/{PARTNER}/profile", FAST)
    stations = [await site.station(n) for n in range(SOAK_STATIONS)]
    stop, done = asyncio.Event(), list[object]()
    flows = [asyncio.create_task(_work(station, stop, done)) for station in stations]
    began, points, log_mib = time.monotonic(), [], 0.0
    log = site.gateway.database.with_name("gateway.db-wal")
    empty = site.gateway.database.stat().st_size
    while (passed := time.monotonic() - began) < SOAK_S:
        await asyncio.sleep(1)
        log_mib = max(log_mib, log.stat().st_size / MIB)
        if passed > SOAK_S / 2:  # caches are full by then
            points.append((passed, site.gateway.memory_mb()))
    stop.set()
    await asyncio.gather(*flows)
    ledger = site.partner.ledger
    await ledger.until(lambda: len(ledger.cdrs) == len(done), "all CDRs", 120)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 60)
    assert_books_agree(site, books, len(done))
    slope = slope_mb_per_minute(points)
    assert log_mib < 64
    assert slope < 10
    await site.gateway.stop()
    grown = (site.gateway.database.stat().st_size - empty) / len(done)
    assert grown < 24 * 1024
    left = await swept(site)
    assert left == (0, 0, 0, len(done), len(done))
    measured(
        "F39",
        f"{len(done)} sessions with 5 samples in {SOAK_S:.0f} s: then memory {slope:+.1f} MB a minute, "
        f"write-ahead log at most {log_mib:.1f} MiB, {grown / 1024:.1f} KiB a session; "
        "a sweep leaves sessions and CDRs",
    )


async def swept(site: Site) -> tuple[int, int, int, int, int]:
    """Samples, decisions and session debts that are left in two years; sessions and CDRs. All holds."""
    clock = FakeClock(datetime.now(UTC) + timedelta(days=730))
    async with stored(site) as store:
        await Retention(store, clock, Policy()).sweep()
        report = await Verifier(store, KeyedSecrets(KEY), clock).verify()
        assert report.findings == ()

        def count(tx: Tx) -> tuple[int, int, int, int, int]:
            sessions = tx.sessions.page(PageQuery(limit=100_000)).items
            return (
                sum(len(tx.sessions.samples(session.id)) for session in sessions),
                len(tx.authorizations.log(100_000)),
                len(tx.debts.list(kind=Owed.SESSION, limit=100_000)),
                len(sessions),
                tx.cdrs.page(PageQuery(limit=1)).total,
            )

        return await store.read(count)


@pytest.mark.timeout(600)
async def test_f40_a_network_that_comes_and_goes(make_site: MakeSite, tmp_path: Path) -> None:
    """Every three seconds, on both sides: nothing lost, nothing twice, no connection left behind."""
    del tmp_path
    async with FaultProxy(0) as theirs, FaultProxy(0) as ours:
        site = await make_site(8, public_url=theirs.url)
        theirs.target_port, ours.target_port = site.partner.port, site.gateway.port
        await site.gateway.start()
        await site.befriend()
        await site.located()
        url = f"ws://127.0.0.1:{ours.port}/ocpp"
        stations = [await site.station(n, url) for n in range(8)]
        stop, done = asyncio.Event(), list[object]()
        await charge(stations[0], 0.1)
        done.append(None)
        files = site.gateway.open_files()
        flows = [asyncio.create_task(_work(station, stop, done)) for station in stations]
        flaps, until_ = 0, time.monotonic() + FLAP_S
        while time.monotonic() < until_:
            for fault in (Fault.REFUSE, Fault.NONE):
                theirs.fault = ours.fault = fault
                theirs.cut()
                ours.cut()
                await asyncio.sleep(3)
            flaps += 1
        stop.set()
        await asyncio.gather(*flows)
        ledger = site.partner.ledger
        await ledger.until(lambda: len(ledger.cdrs) == len(done), "all CDRs", 90)
        books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 60)
        assert_books_agree(site, books, len(done))
        left = await until(
            lambda: asyncio.to_thread(site.gateway.open_files),
            lambda n: n <= files + 16,
            "files as before",
            60,
        )
        measured(
            "F40",
            f"{flaps} times 3 s away and 3 s back on both sides, {len(done)} sessions: 0 lost, "
            f"{ledger.duplicate_cdrs} second POST, open files {left} (before: {files})",
        )
