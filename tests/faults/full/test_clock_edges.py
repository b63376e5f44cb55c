"""F24: sessions across the instants at which calendars and local clocks do something odd."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.sim.clock import ChargerClock, wall_clock
from tests.faults.altered import AlteredLauncher
from tests.faults.evidence import measured
from tests.faults.full.conftest import MakeAltered
from tests.faults.site import CARD, assert_books_agree, energy_wh
from tests.faults.test_clocks import instants

EDGES = {
    "the hour that is left out": datetime(2027, 3, 28, 1, tzinfo=UTC),
    "the hour that comes twice": datetime(2027, 10, 31, 1, tzinfo=UTC),
    "the new year at the charger": datetime(2027, 12, 31, 23, tzinfo=UTC),
    "the leap day at the charger": datetime(2028, 2, 28, 23, tzinfo=UTC),
    "the leap day": datetime(2028, 2, 29, tzinfo=UTC),
    "the end of the leap day": datetime(2028, 3, 1, tzinfo=UTC),
}
"""In order, each later than today; the chargers' time zone is Europe/Amsterdam."""
_BEFORE = timedelta(seconds=1)


@pytest.mark.timeout(240)
async def test_f24_sessions_across_odd_hours(tmp_path: Path, altered: MakeAltered) -> None:
    """They last as long as they lasted: no hour more, none less; all times are UTC with Z."""
    launcher = AlteredLauncher(tmp_path)
    site = await altered(launcher)
    await site.gateway.start(within=60)
    await site.befriend()
    await site.located()
    station, wrong_by = await site.station(0), timedelta()
    station.clock = ChargerClock(lambda: wall_clock() + wrong_by)
    ledger, lasted = site.partner.ledger, []
    for number, (name, edge) in enumerate(EDGES.items(), 1):
        wrong_by = edge - _BEFORE - wall_clock()
        launcher.clock(wrong_by)
        station.station.plugs[1].meter.draw(Decimal(0), station.clock.now())
        began = time.monotonic()
        running = station.begin(1, CARD, Decimal(300_000))
        await station.settled(within=30)
        while station.clock.now() <= edge + timedelta(seconds=0.1):
            await asyncio.sleep(0.05)
        station.sample(running)
        station.end(running)
        lasted.append((running, time.monotonic() - began))
        await station.settled(within=30)
        await ledger.until(lambda n=number: len(ledger.cdrs) == n, f"the CDR across {name}", 40)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 40)
    assert_books_agree(site, books, len(EDGES))
    by_transaction = {str(session.transaction): session for session in books.sessions}
    for edge, (transaction, seconds) in zip(EDGES.values(), lasted, strict=True):
        session = by_transaction[str(transaction.number)]
        assert session.ended_at is not None
        assert session.started_at < edge < session.ended_at
        assert abs((session.ended_at - session.started_at).total_seconds() - seconds) < 1
        assert session.energy_wh == energy_wh(transaction)
        assert session.flags == ()
    for held in (*ledger.cdrs.values(), *ledger.sessions.values(), *ledger.locations.values()):
        assert all(instant.endswith("Z") for instant in instants(held.body))
    assert (await site.gateway.ask("POST", "/verify"))["findings"] == []
    measured("F24", f"sessions across {', '.join(EDGES)}: as long as they lasted, nothing flagged")
