"""A partner that was away for a day, beside one that was there (F3)."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gateway.app.ports import PageQuery, Tx
from gateway.domain.delivery import Owed
from gateway.domain.ids import CdrId
from gateway.sim.partner import SimulatedPartner
from gateway.store.engine import open_store
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.site import PARTNER, Site, charge, until

OWED = int(os.environ.get("FAULTS_OWED", "10000"))
WITHIN_S = 600
TOLERANCE_MB = 20
FAST = {"settings": {"requests_per_second": "400", "concurrency": "16"}}


@dataclass(frozen=True)
class Outcome:
    """What a delivery of everything took. `puts`: of the location that had changed a hundred times."""

    took_s: float
    peak_mb: float
    puts: int
    second_posts: int
    lag_p95_s: float


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


async def owe_a_day(site: Site) -> None:
    """What a day leaves behind, while the gateway does not run."""
    store = await open_store(f"sqlite+aiosqlite:///{site.gateway.database}")
    try:
        for begin in range(0, OWED, 100):
            await store.write(lambda tx, b=begin: owe_thousands(tx, b, min(b + 100, OWED)))
        await store.write(change_often)
    finally:
        await store.close()


async def prepared(site: Site, other: SimulatedPartner) -> None:
    """Both partners are registered and have what one charge made; then the gateway stops."""
    await site.gateway.start()
    await site.befriend()
    await site.located()
    await site.gateway.ask("POST", f"/partners/{PARTNER}/profile", FAST)
    invited = await site.gateway.ask("POST", "/partners/invite", {"name": "Other", "parties": ["DE-OTH"]})
    await other.register(invited["versions_url"], invited["token"])
    await other.ledger.until(lambda: bool(other.ledger.locations), "location at the other", 15)
    await charge(await site.station(0), 0.05, samples=1)
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == 1, "the first CDR", 15)
    await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "calm")
    await site.gateway.stop()


async def back_after_it_was_down(site: Site) -> SimulatedPartner:
    """The partner goes, is found to be down, and returns with the memory it had; it does not listen yet."""
    memory, port = site.partner.remember(), site.partner.port
    await site.partner.close()
    await site.gateway.start()
    await until(
        lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"), lambda p: p["reach"] == "DOWN", "down", 60
    )
    returned = SimulatedPartner(port=port)
    returned.recall(memory)
    site.partner = returned
    return returned


async def a_day_delivered(make_site: MakeSite, *, away: bool) -> Outcome:
    """Deliver what a day left, to a partner that was away until now or to one that was there."""
    site, other = await make_site(2), SimulatedPartner("DE", "OTH")
    await other.start()
    try:
        await prepared(site, other)
        puts = site.partner.ledger.locations["NL/CPO/LOC1"].puts
        await owe_a_day(site)
        if away:
            returned = await back_after_it_was_down(site)
            await returned.start()
        else:
            await site.gateway.start()
        ledger, began = site.partner.ledger, time.monotonic()
        lags, memory_mb = list[float](), [site.gateway.memory_mb()]
        while len(ledger.cdrs) <= OWED:
            lags.append(await lag(site, other, lambda: len(ledger.cdrs) > OWED))
            memory_mb.append(site.gateway.memory_mb())
            assert time.monotonic() - began < WITHIN_S, f"only {len(ledger.cdrs)} after {WITHIN_S} s"
        took_s = time.monotonic() - began
        await until(
            lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"),
            lambda p: p["deliveries_waiting"] == 0,
            "all",
            60,
        )
        memory_mb.append(site.gateway.memory_mb())
        puts = ledger.locations["NL/CPO/LOC1"].puts - puts
        lag_p95_s = sorted(lags)[int(len(lags) * 0.95)]
        await site.gateway.stop()
        return Outcome(took_s, max(memory_mb), puts, ledger.duplicate_cdrs, lag_p95_s)
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


@pytest.mark.timeout(1800)
async def test_f3_a_partner_that_was_away_for_a_day(make_site: MakeSite) -> None:
    """All within ten minutes, one request for a location, no more memory than if it had been there."""
    there = await a_day_delivered(make_site, away=False)
    away = await a_day_delivered(make_site, away=True)
    for one in (there, away):
        assert one.second_posts == 0
        assert one.puts == 1
        assert one.lag_p95_s < 5
    assert away.peak_mb - there.peak_mb < TOLERANCE_MB
    measured(
        "F3",
        f"{OWED} CDRs and a location changed 100 times: all within {away.took_s:.0f} s, 1 PUT, at most "
        f"{away.peak_mb:.0f} MB of memory, other partner's lag p95 {away.lag_p95_s:.1f} s; beside it, with "
        f"a partner that was there: {there.took_s:.0f} s, {there.peak_mb:.0f} MB, {there.lag_p95_s:.1f} s",
    )
