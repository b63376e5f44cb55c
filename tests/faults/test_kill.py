"""F1: kill -9 in mid-flow. What a charger was acknowledged for reaches the partner once, whatever dies."""

import asyncio
import os
import random
import time

import pytest

from gateway.sim.charger import SimulatedCharger
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.site import PARTNER, assert_books_agree, charge, energy_wh, until

STATIONS = int(os.environ.get("FAULTS_STATIONS", "200"))
KILLS = int(os.environ.get("FAULTS_KILLS", "20"))
SIZE = max(STATIONS / 200, 1)
"""How many times larger than in CI; sessions are as much longer, so that two cores are enough for them.

Waiting is as much more patient: who is too late is told at the end, by how much.
"""
READY_S, BACK_S = 10, 60
"""What is promised of every size: ready again, and 95 % of the stations back."""
_AT_ONCE = 25


async def _flow(station: SimulatedCharger, stop: asyncio.Event, done: list) -> None:
    """One transaction after another until told to stop."""
    while not stop.is_set():
        done.append(await charge(station, SIZE * random.uniform(2, 8), settle_within=240 * SIZE))


@pytest.mark.timeout(400 * SIZE)
async def test_f1_kill_9_at_random_instants(make_site: MakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sim.connected._LONGEST_BACK_OFF_S", min(SIZE, 3.0))
    seed = int(os.environ.get("FAULTS_SEED", "20261122"))
    random.seed(seed)
    site = await make_site(STATIONS)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    settings = {"requests_per_second": "200", "concurrency": "16"}
    await site.gateway.ask("POST", f"/partners/{PARTNER}/profile", {"settings": settings})
    stations: list[SimulatedCharger] = []
    for first in range(0, STATIONS, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, STATIONS))
        stations += await asyncio.gather(*(site.station(n, patience_s=5 * SIZE) for n in numbers))
    stop, done, readies, backs = asyncio.Event(), [], [], []
    flows = [asyncio.create_task(_flow(station, stop, done)) for station in stations]
    for _ in range(KILLS):
        await asyncio.sleep(random.uniform(0.2, 1.5))
        await site.gateway.kill()
        began = time.monotonic()
        readies.append(await site.gateway.start(within=2 * READY_S * SIZE))
        while sum(station.connected for station in stations) < 0.95 * STATIONS:
            await asyncio.sleep(0.05)
            assert time.monotonic() - began < BACK_S * SIZE, "95 % of the stations do not come back"
        backs.append(time.monotonic() - began)
    stop.set()
    await asyncio.gather(*flows)
    total = len(done)
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) >= total, "all CDRs", 240 * SIZE)
    # Asked cheaply first: reading all the books again and again would keep a core busy.
    await until(
        lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"),
        lambda shown: shown["deliveries_waiting"] == 0,
        "nothing waits",
        60 * SIZE,
        every=0.5,
    )
    books = await site.until(
        lambda books: all(debt.state == "SETTLED" for debt in books.debts), "everything settled", 60 * SIZE
    )
    assert_books_agree(site, books, total)
    by_number = {str(t.number): t for t in done}
    for session in books.sessions:
        assert session.energy_wh == energy_wh(by_number[str(session.transaction)])
    posted_again = site.partner.ledger.duplicate_cdrs
    measured(
        "F1",
        f"{STATIONS} stations, {KILLS} kill -9 (seed {seed}), {total} transactions: 0 lost, 0 duplicate, "
        f"{posted_again} second POST; ready again after at most {max(readies):.1f} s, "
        f"95 % of the stations back after at most {max(backs):.1f} s",
    )
    assert max(readies) <= READY_S, readies
    assert max(backs) <= BACK_S, backs
