"""A database that is locked, full, damaged, taken or older than the world (F21 to F23, F30, F37)."""

import asyncio
import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.charger import SimulatedCharger
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.process import ROOT
from tests.faults.site import Site, assert_books_agree, charge, until

LOCKED_S = 60 if int(os.environ.get("FAULTS_STATIONS", "200")) >= 1000 else 13
"""Beyond what the gateway waits for a lock (10 s); at full size as long as the table says."""


def _lock(site: Site) -> sqlite3.Connection:
    other = sqlite3.connect(site.gateway.database, isolation_level=None, timeout=5)
    other.execute("BEGIN EXCLUSIVE")
    return other


async def test_f21_locked_for_five_seconds(site: Site) -> None:
    """No error to stations, and nothing said twice: they wait."""
    heard: list[str] = []
    station = await site.station(
        0, patience_s=30, watch=lambda direction, text: heard.append(text) if direction == "in" else None
    )
    await charge(station, 0.05)
    with closing(_lock(site)) as other:
        flow = asyncio.create_task(charge(station, 0.1))
        await asyncio.sleep(5)
        assert not flow.done()
        other.execute("ROLLBACK")
    await flow
    assert (station.courier.resent, station.courier.given_up) == (0, 0)
    assert not [frame for frame in heard if frame.startswith("[4")]
    await site.until(lambda b: len(b.cdrs) == 2, "both CDRs")
    measured("F21", "locked for 5 s: no error, nothing repeated")


@pytest.mark.timeout(180)
async def test_f21_locked_for_long(site: Site) -> None:
    """Stations get no answer and try again, /readyz says why, nothing is lost after the release."""
    heard: list[str] = []
    station = await site.station(
        0, watch=lambda direction, text: heard.append(text) if direction == "in" else None
    )
    await charge(station, 0.05)
    began = time.monotonic()
    with closing(_lock(site)) as other:
        heard.clear()
        flow = asyncio.create_task(charge(station, 0.1, settle_within=120))
        code, said = await until(
            site.gateway.readyz, lambda answer: answer[0] == 503, "not ready", 40, every=0.5
        )
        assert "locked" in said["reason"]
        await asyncio.sleep(max(LOCKED_S - (time.monotonic() - began), 2))
        assert not flow.done()
        answers = [frame for frame in heard if not frame.startswith("[2,")]  # questions of ours may arrive
        assert answers == [], "neither an acknowledgement nor an error"
        assert len((await site.books()).sessions) == 1
        assert (await site.gateway.ask("GET", "/sessions"))["total"] == 1
        assert (await site.gateway.readyz())[0] == 503
        locked = time.monotonic() - began
        other.execute("ROLLBACK")
    await flow
    await until(site.gateway.ready, bool, "ready again")
    books = await site.until(lambda b: len(b.cdrs) == 2, "both CDRs")
    assert code == 503
    assert len(books.sessions) == 2
    assert (station.courier.resent > 0, station.courier.given_up) == (True, 0)
    measured(
        "F21",
        f"locked for {locked:.0f} s: stations get no answer, /readyz 503 with the reason, reads work, 0 lost "
        "after the release",
    )


@pytest.mark.timeout(120)
async def test_f22_no_file_may_grow(site: Site) -> None:
    """No acknowledgement without a commit; reading works; recovers without restart."""
    station = await site.station(0)
    await charge(station, 0.05)
    await site.until(lambda b: len(b.cdrs) == 1 and all(d.state == "SETTLED" for d in b.debts), "calm")
    pid = site.gateway.pid
    assert pid is not None
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    flow = asyncio.create_task(charge(station, 0.1))
    _, said = await until(site.gateway.readyz, lambda answer: answer[0] == 503, "not ready", 30, every=0.2)
    assert not flow.done()
    assert len((await site.books()).sessions) == 1
    await _operators_still_read(site)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    took = await _recovered(site, [flow], 2)
    measured(
        "F22", f"no file may grow: {said['reason']!r}; works again {took:.1f} s after there is room, 0 lost"
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB that can really be full."""
    place = tmp_path / "disk"
    place.mkdir()
    for rights in ([], ["sudo", "-n"]):
        mount = [*rights, "mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", str(place)]
        if shutil.which(mount[0]) and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            yield place
            subprocess.run([*rights, "umount", "--lazy", str(place)], check=True, timeout=20)
            return
    pytest.skip("no file system can be mounted here; test_f22_no_file_may_grow runs everywhere")


@pytest.mark.timeout(180)
async def test_f22_the_disk_is_really_full(make_site: MakeSite, small_disk: Path) -> None:
    """Another file takes the last byte: people can still look, and every acknowledgement was true."""
    site = await make_site(4)
    site.gateway.keep_database_in(small_disk)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    stations = [await site.station(n) for n in range(4)]
    await charge(stations[0], 0.05)
    await site.until(lambda b: len(b.cdrs) == 1 and all(d.state == "SETTLED" for d in b.debts), "calm")
    ballast = small_disk / "ballast"
    _fill(ballast)
    enough, done = asyncio.Event(), []

    async def charging(station: SimulatedCharger) -> None:
        while not enough.is_set():
            done.append(await charge(station, 0.1, samples=4, settle_within=120))

    flows = [asyncio.create_task(charging(station)) for station in stations]
    _, said = await until(site.gateway.readyz, lambda answer: answer[0] == 503, "not ready", 60, every=0.1)
    assert "full" in said["reason"]
    await _operators_still_read(site)
    enough.set()
    ballast.unlink()
    took = await _recovered(site, flows, lambda: len(done) + 1)
    assert site.gateway.exit_code() is None
    assert site.gateway.starts == 1
    measured(
        "F22",
        f"a disk of 4 MB full to the last byte: {said['reason']!r}, reads go on; works again {took:.1f} s "
        f"after there is room, without a restart; {len(done) + 1} transactions, 0 lost",
    )


def _fill(ballast: Path) -> None:
    """Write until there is not one block left."""
    with ballast.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 4096)
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
                return


async def _operators_still_read(site: Site) -> None:
    """People can look at everything while nothing can be written."""
    for path in ("/status", "/sessions", "/cdrs", "/chargers", "/deliveries", "/partners"):
        await site.gateway.ask("GET", path)
    assert (await site.gateway.ask("GET", "/sessions"))["total"] >= 1


async def _recovered(site: Site, flows: list[asyncio.Task[Any]], total: int | Callable[[], int]) -> float:
    """Everything goes on by itself and both books agree; seconds until it was ready again."""
    began = time.monotonic()
    await until(site.gateway.ready, bool, "ready again", 60)
    took = time.monotonic() - began
    await asyncio.gather(*flows)
    expected = total if isinstance(total, int) else total()
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == expected, "all CDRs", 60)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 60)
    assert_books_agree(site, books, expected)
    return took


async def test_a_database_of_a_newer_version_is_left_alone(site: Site) -> None:
    """Refused at start with what to do, not a byte changed; the version that made it still opens it."""
    await charge(await site.station(0), 0.05)
    await site.until(lambda b: len(b.cdrs) == 1 and all(d.state == "SETTLED" for d in b.debts), "calm")
    await site.stations[0].close()
    await site.gateway.stop()
    with closing(sqlite3.connect(site.gateway.database)) as database:
        (ours,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = site.gateway.database.read_bytes()
    site.gateway.launch()
    assert await site.gateway.ended() == 1
    said = site.gateway.log_tail()
    assert "written by a newer version" in said
    assert "restore a backup" in said
    assert "Traceback" not in said
    assert site.gateway.database.read_bytes() == before
    with closing(sqlite3.connect(site.gateway.database)) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (ours,))
        database.commit()
    await site.gateway.start()
    assert len((await site.books()).cdrs) == 1
    measured(
        "too new", "a database of a newer version is refused at start, naming what to do, and not changed"
    )


@pytest.mark.timeout(120)
async def test_f23_damaged_pages_are_refused_and_a_backup_restores(site: Site) -> None:
    station = await site.station(0)
    await charge(station, 0.05)
    await site.until(lambda b: len(b.cdrs) == 1 and all(d.state == "SETTLED" for d in b.debts), "calm")
    backup = site.gateway.directory / "saved.db"
    made = await asyncio.to_thread(site.gateway.command, "backup", str(backup))
    assert made.returncode == 0, made.stderr
    await station.close()
    await site.gateway.stop()
    size = site.gateway.database.stat().st_size
    with site.gateway.database.open("r+b") as file:
        for page in range(1, size // 4096):
            file.seek(page * 4096 + 8)
            file.write(b"\xff" * 64)
    site.gateway.launch()
    assert await site.gateway.ended() == 1
    assert "damaged" in site.gateway.log_tail()
    assert "estore" in site.gateway.log_tail()
    restored = await asyncio.to_thread(site.gateway.command, "restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    await site.gateway.start()
    books = await site.books()
    assert len(books.cdrs) == 1
    broken = site.gateway.directory / "broken.db"
    broken.write_bytes(backup.read_bytes()[:9000] + b"\xff" * 4000)
    refused = await asyncio.to_thread(site.gateway.command, "restore", str(broken))
    assert refused.returncode != 0
    measured("F23", "a damaged file is refused at start, naming what to do; the restored backup works")


async def test_f30_two_processes_on_one_file(site: Site) -> None:
    first = site.gateway.pid
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from gateway.cli import main; main()", "serve", "--port", "0"],
        cwd=site.gateway.directory,
        env={**site.gateway.env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 2
    assert str(first) in second.stderr + second.stdout
    assert await site.gateway.ready()
    measured("F30", f"the second process exits {second.returncode} and names the first one's id")


@pytest.mark.timeout(120)
async def test_f37_an_older_backup_delivers_nothing_twice(site: Site) -> None:
    """CDRs delivered after the backup are looked up before they are sent; numbers are never given again."""
    station = await site.station(0)
    await charge(station, 0.05)
    await site.until(lambda b: len(b.cdrs) == 1 and all(d.state == "SETTLED" for d in b.debts), "calm")
    site.partner.disturbed_modules = frozenset({"cdrs"})
    from gateway.sim.faults import Mode

    site.partner.mode = Mode.ERROR_500
    before = await charge(station, 0.05)
    await site.until(lambda b: len(b.cdrs) == 2, "the second CDR, not delivered")
    backup = site.gateway.directory / "yesterday.db"
    made = await asyncio.to_thread(site.gateway.command, "backup", str(backup))
    assert made.returncode == 0, made.stderr
    site.partner.mode = Mode.NORMAL
    await site.partner.ledger.until(
        lambda: len(site.partner.ledger.cdrs) == 2, "delivered after the backup", 30
    )
    await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
    await site.gateway.stop()
    shutil.copy(site.gateway.database, site.gateway.directory / "kept.db")
    done = await asyncio.to_thread(site.gateway.command, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    site.partner.ledger.exchanges.clear()
    await site.gateway.start()
    await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled after the restore", 30)
    methods = [e.method for e in site.partner.ledger.requests("cdrs")]
    assert site.partner.ledger.duplicate_cdrs == 0
    assert "POST" not in methods
    assert "GET" in methods
    after = await charge(station, 0.05)
    assert after.number is not None
    assert before.number is not None
    assert after.number > before.number + 1000
    measured("F37", "a CDR delivered after the backup is found by GET and not sent again; numbers jump ahead")
