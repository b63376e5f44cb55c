"""A network that comes and goes for a long time (F40)."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from gateway.sim.charger import SimulatedCharger
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import assert_books_agree, charge, until

FLAP_S = float(os.environ.get("FAULTS_FLAP_SECONDS", "600"))


async def _work(station: SimulatedCharger, stop: asyncio.Event, done: list[object]) -> None:
    while not stop.is_set():
        done.append(await charge(station, 1, samples=4, settle_within=120))


@pytest.mark.timeout(FLAP_S + 300)
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
            lambda n: n <= files + 4,
            "files as before",
            120,
        )
        measured(
            "F40",
            f"{flaps} times 3 s away and 3 s back on both sides, {len(done)} sessions: 0 lost, "
            f"{ledger.duplicate_cdrs} second POST, open files {left} (before: {files})",
        )
