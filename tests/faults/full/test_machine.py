"""A machine whose clock, files, event loop or database schema go wrong (F24, F25, F26, F28)."""

import asyncio
import signal
import socket
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from gateway.sim.faults import Mode
from gateway.store.migrate import copy_before
from tests.faults.altered import NEXT_SCHEMA, STALL_S, AlteredLauncher
from tests.faults.evidence import measured
from tests.faults.full.conftest import MakeAltered
from tests.faults.process import TOKEN
from tests.faults.site import CARD, Site, assert_books_agree, charge

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]


async def started(site: Site) -> Site:
    await site.gateway.start(within=60)
    await site.befriend()
    await site.located()
    return site


async def settled(site: Site, cdrs: int) -> None:
    """All CDRs arrived once, and nothing is owed."""
    ledger = site.partner.ledger
    await ledger.until(lambda: len(ledger.cdrs) == cdrs, "all CDRs", 40)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 40)
    assert_books_agree(site, books, cdrs)
    assert ledger.duplicate_cdrs == 0


@pytest.mark.timeout(240)
async def test_f24_the_machines_clock_jumps(tmp_path: Path, altered: MakeAltered) -> None:
    """Back and forth while CDRs wait: they go out soon after, nothing ends before it began."""
    launcher = AlteredLauncher(tmp_path)
    site = await started(await altered(launcher))
    station = await site.station(0)
    slowest, ledger = 0.0, site.partner.ledger
    for number, wrong_by in enumerate([*JUMPS, timedelta()], 1):
        site.partner.mode = Mode.ERROR_500
        running = station.begin(1, CARD, Decimal(300_000))
        await asyncio.sleep(0.1)
        station.sample(running)
        launcher.clock(wrong_by)
        station.end(running)
        await station.settled(within=30)
        await site.until(lambda b, n=number: len(b.cdrs) == n, "a CDR", 30)
        site.partner.mode = Mode.NORMAL
        back = time.monotonic()
        await ledger.until(lambda n=number: len(ledger.cdrs) == n, f"the CDR at {wrong_by}", 60)
        slowest = max(slowest, time.monotonic() - back)
    await settled(site, len(JUMPS) + 1)
    for held in site.partner.ledger.cdrs.values():
        begin, end = held.body["start_date_time"], held.body["end_date_time"]
        assert begin.endswith("Z")
        assert end.endswith("Z")
        assert begin <= end
    report = await site.gateway.ask("POST", "/verify")
    assert report["findings"] == []
    measured(
        "F24",
        f"clock set by ±1 h and ±1 day under way: CDRs out at most {slowest:.1f} s later, I1 to I8 hold",
    )


@pytest.mark.timeout(180)
async def test_f25_no_file_descriptors_left(tmp_path: Path, altered: MakeAltered) -> None:
    """256 descriptors, 400 callers: who is connected is served, the others get in when there is room."""
    site = await started(await altered(AlteredLauncher(tmp_path, open_files=256)))
    station = await site.station(0)
    await charge(station, 0.05, samples=1)
    memory = site.gateway.memory_mb()
    crowd = []
    for _ in range(400):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", site.gateway.port))
        crowd.append(one)
        await asyncio.sleep(0.002)
    await asyncio.sleep(3)
    await charge(station, 0.05, samples=1)
    await site.until(lambda b: len(b.cdrs) == 2, "both CDRs", 30)
    assert site.gateway.exit_code() is None
    grown = site.gateway.memory_mb() - memory
    assert grown < 64
    for one in crowd:
        one.close()
    await site.station(1)
    await charge(site.stations[1], 0.05, samples=1)
    await settled(site, 3)
    said = sum("file descriptors are open" in line for line in site.gateway.log.read_text().splitlines())
    assert said, site.gateway.log_tail()
    measured(
        "F25",
        f"256 descriptors, 400 callers: the connected station is served, memory {grown:+.0f} MB, in the log",
    )


async def test_f26_the_event_loop_stands_still(tmp_path: Path, altered: MakeAltered) -> None:
    """Two seconds: in the log and in the metrics; chargers stay connected."""
    site = await started(await altered(AlteredLauncher(tmp_path)))
    station = await site.station(0)
    connections = len([line for line in site.gateway.log.read_text().splitlines() if "connected" in line])
    site.gateway.signal(signal.SIGUSR1)
    await charge(station, 0.1)
    await asyncio.sleep(STALL_S)
    await settled(site, 1)
    assert station.connected
    log = site.gateway.log.read_text()
    assert "the event loop stood still for" in log
    after = len([line for line in log.splitlines() if "connected" in line])
    assert after == connections
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{site.gateway.url}/metrics", headers=headers) as told,
    ):
        assert told.status == 200
        assert "loop" in await told.text()
    measured(
        "F26", f"{STALL_S:g} s of standstill: in the log and in /metrics, no charger lost its connection"
    )


def contents(database: Path) -> list[str]:
    """Schema and data, as SQL."""
    with closing(sqlite3.connect(database)) as file:
        return list(file.iterdump())


def schema(database: Path) -> str:
    with closing(sqlite3.connect(database)) as file:
        version: str = file.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        return version


STEPS = (
    "ALTER TABLE sessions ADD COLUMN next_versions_note TEXT",
    "CREATE TABLE next_versions_table (id INTEGER PRIMARY KEY)",
    "INSERT INTO next_versions_table SELECT rowid FROM sessions",
)


@pytest.mark.timeout(240)
async def test_f28_the_next_version_comes_and_goes(tmp_path: Path, altered: MakeAltered) -> None:
    """In mid-transaction: a charger sends again what was not answered, nothing is lost, the gap is short.

    The database as it was is kept; with it this version starts again.
    """
    launcher = AlteredLauncher(tmp_path)
    site = await started(await altered(launcher))
    station = await site.station(0)
    await charge(station, 0.05)
    await settled(site, 1)
    running = station.begin(1, CARD, Decimal(300_000))
    await station.settled(within=30)
    before = schema(site.gateway.database)
    launcher.next_version(before, *STEPS)
    gap = time.monotonic()
    await site.gateway.stop()
    stopped = time.monotonic() - gap
    station.sample(running)
    station.end(running)
    ready = await site.gateway.start(within=60)
    await station.settled(within=60)
    took = time.monotonic() - gap
    assert took < 60
    assert schema(site.gateway.database) == NEXT_SCHEMA
    await settled(site, 2)
    kept = copy_before(site.gateway.database, before)
    assert schema(kept) == before
    await site.gateway.stop()
    launcher.this_version()
    site.gateway.launch()
    assert await site.gateway.ended(60) == 1
    assert "written by a newer version" in site.gateway.log_tail()
    restored = await asyncio.to_thread(site.gateway.command, "restore", str(kept))
    assert restored.returncode == 0, restored.stderr
    await site.gateway.start(within=60)
    assert len((await site.books()).cdrs) == 1
    measured(
        "F28",
        f"stopped, copied, migrated, started in mid-transaction: 0 lost, the station's gap {took:.1f} s "
        f"(ready again after {stopped + ready:.1f} s); with the copy the old version starts again",
    )


@pytest.mark.timeout(240)
async def test_f28_a_migration_that_fails_changes_nothing(tmp_path: Path, altered: MakeAltered) -> None:
    """All steps or none: this version starts on its database as it left it, in mid-transaction."""
    launcher = AlteredLauncher(tmp_path)
    site = await started(await altered(launcher))
    station = await site.station(0)
    running = station.begin(1, CARD, Decimal(300_000))
    await station.settled(within=30)
    await site.gateway.stop()
    before = contents(site.gateway.database)
    launcher.next_version(schema(site.gateway.database), *STEPS, "INSERT INTO nowhere VALUES (1)")
    site.gateway.launch()
    assert await site.gateway.ended(60) == 1
    assert "could not be brought up to date" in site.gateway.log_tail()
    assert "Traceback" not in site.gateway.log_tail()
    assert contents(site.gateway.database) == before
    launcher.this_version()
    station.end(running)
    await site.gateway.start(within=60)
    await station.settled(within=60)
    await settled(site, 1)
    measured(
        "F28",
        "a migration that fails at its fourth step: exit 1 with the reason, the database as before to the "
        "last row; the old version starts and goes on in mid-transaction",
    )
