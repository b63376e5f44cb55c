"""F24: chargers whose clock is wrong, or is put right in mid-transaction, against the real process."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gateway.sim.clock import ChargerClock, wall_clock
from gateway.sim.station import Transaction
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.site import CARD, Site, assert_books_agree, energy_wh

HOUR, DAY, RIGHT = timedelta(hours=1), timedelta(days=1), timedelta()
NEVER_SET = datetime(2000, 1, 1, tzinfo=UTC) - wall_clock()
_INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]*)"')


@dataclass(frozen=True)
class Wrong:
    """How wrong a charger's clock is at the start and at the end, and what the session says of it."""

    at_start: timedelta
    at_end: timedelta
    flag: str
    lasts_at_most: timedelta = timedelta(minutes=5)


WRONG = [
    Wrong(NEVER_SET, NEVER_SET, "CLOCK_SUSPECT"),
    Wrong(NEVER_SET, RIGHT, "CLOCK_SUSPECT"),
    Wrong(HOUR, HOUR, "CLOCK_SUSPECT"),
    Wrong(DAY, DAY, "CLOCK_SUSPECT"),
    Wrong(RIGHT, HOUR, "CLOCK_SUSPECT"),
    Wrong(RIGHT, -HOUR, "CLOCK_SUSPECT"),
    Wrong(RIGHT, DAY, "CLOCK_SUSPECT"),
    Wrong(RIGHT, -DAY, "CLOCK_SUSPECT"),
    Wrong(HOUR, RIGHT, "CLOCK_SUSPECT"),
    # A clock that runs behind tells what a charger that was offline tells: it is said to be late.
    Wrong(-HOUR, -HOUR, "REPORTED_LATE"),
    Wrong(-DAY, -DAY, "REPORTED_LATE"),
    Wrong(-HOUR, RIGHT, "REPORTED_LATE", HOUR + timedelta(minutes=5)),
    Wrong(-DAY, RIGHT, "REPORTED_LATE", DAY + timedelta(minutes=5)),
]


async def _charge(site: Site, number: int, wrong: Wrong) -> Transaction:
    """One transaction whose charger's clock changes under way, while no power flows."""
    station = await site.station(number)
    wrong_by = wrong.at_start
    station.clock = ChargerClock(lambda: wall_clock() + wrong_by)
    station.station.plugs[1].meter.draw(Decimal(0), station.clock.now())
    running = station.begin(1, CARD, Decimal(300_000))
    await asyncio.sleep(0.2)
    station.sample(running)
    station.suspend(running)
    await station.settled(within=30)
    wrong_by = wrong.at_end
    station.sample(running)
    station.end(running)
    await station.settled(within=30)
    return running


def instants(document: object) -> Iterator[str]:
    """Everything in a document that is a date and a time."""
    yield from _INSTANT.findall(json.dumps(document, default=str))


@pytest.mark.timeout(120)
async def test_f24_chargers_with_wrong_clocks(make_site: MakeSite) -> None:
    """Nothing ends before it began, the energy is right, and a person sees that the times are doubtful."""
    site = await make_site(len(WRONG))
    await site.gateway.start()
    await site.befriend()
    await site.located()
    charged = await asyncio.gather(*(_charge(site, n, wrong) for n, wrong in enumerate(WRONG)))
    ledger = site.partner.ledger
    await ledger.until(lambda: len(ledger.cdrs) == len(WRONG), "all CDRs", 40)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 40)
    assert_books_agree(site, books, len(WRONG))
    by_transaction = {str(session.transaction): session for session in books.sessions}
    for wrong, transaction in zip(WRONG, charged, strict=True):
        session = by_transaction[str(transaction.number)]
        assert session.ended_at is not None
        assert timedelta() <= session.ended_at - session.started_at <= wrong.lasts_at_most, wrong
        assert session.energy_wh == energy_wh(transaction), wrong
        assert wrong.flag in {flag.reason for flag in session.flags}, (wrong, session.flags)
    for held in (*ledger.cdrs.values(), *ledger.sessions.values(), *ledger.locations.values()):
        assert all(instant.endswith("Z") for instant in instants(held.body))
    for held in ledger.cdrs.values():
        starts = [period["start_date_time"] for period in held.body["charging_periods"]]
        begin, end = held.body["start_date_time"], held.body["end_date_time"]
        assert [begin, *starts, end] == sorted([begin, *starts, end])
        assert held.body["total_time"] >= 0
    assert (await site.gateway.ask("POST", "/verify"))["findings"] == []
    measured(
        "F24",
        f"{len(WRONG)} chargers whose clock says 2000-01-01, is ±1 h or ±1 day wrong, or is put right under "
        "way: no negative duration, the energy right, each session flagged, all times UTC with Z",
    )
