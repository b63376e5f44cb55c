"""A month in minutes: sessions without a pause, then everything is old (F39)."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.app.ports import PageQuery, Tx
from gateway.domain.delivery import Owed
from gateway.store.reader import Reader
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.site import PARTNER, Site, assert_books_agree, charge, until

SOAK_S = float(os.environ.get("FAULTS_SOAK_SECONDS", "360"))
STATIONS = 40
SAMPLES = 10
"""Of one session: each value the charger sends, and the register at both ends."""
FAST = {"settings": {"requests_per_second": "400", "concurrency": "16"}}
ON_THE_WAY = 200
"""Sessions whose CDR has not arrived, at most: faster than the partner takes them makes no sense here."""
KIB, MIB = 2**10, 2**20
SESSION_KIB, SAMPLE_KIB = 12.0, 0.25
"""What docs/reliability.md says that the database grows by."""


@dataclass
class Load:
    """Stations that charge until they are told to stop."""

    site: Site
    done: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, number: int) -> None:
        station, cdrs = await self.site.station(number), self.site.partner.ledger.cdrs
        while not self.stop.is_set():
            await charge(station, 1, samples=4, settle_within=120)
            self.done += 1
            await self.site.partner.ledger.until(
                lambda: self.done - len(cdrs) < ON_THE_WAY, "a partner that keeps up", 120
            )


@dataclass
class Watched:
    """What the process and its files took."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    log_mib: float = 0.0

    async def watch(self, site: Site) -> None:
        """Look each second, for as long as the soak takes."""
        log, began = Path(f"{site.gateway.database}-wal"), time.monotonic()
        while (passed := time.monotonic() - began) < SOAK_S:
            await asyncio.sleep(1)
            self.log_mib = max(self.log_mib, _size(log) / MIB)
            self.memory.append((passed, site.gateway.memory_mb()))

    @property
    def warm(self) -> list[tuple[float, float]]:
        """The second half: what is remembered is full by then."""
        return [(at, mb) for at, mb in self.memory if at > SOAK_S / 2]


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def slope_mb_per_minute(points: list[tuple[float, float]]) -> float:
    """Least squares through (seconds, MB)."""
    count = len(points)
    mean_t, mean_m = sum(t for t, _ in points) / count, sum(m for _, m in points) / count
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (m - mean_m) for t, m in points) / spread


@pytest.mark.timeout(1200)
async def test_f39_a_compressed_soak(make_site: MakeSite) -> None:
    """Memory is flat, the log small, the database grows by what is documented, old rows go by themselves."""
    site = await make_site(STATIONS)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    await site.gateway.ask("POST", f"/partners/{PARTNER}/profile", FAST)
    empty = _size(site.gateway.database)
    load, watched = Load(site), Watched()
    flows = [asyncio.create_task(load.work(n)) for n in range(STATIONS)]
    await watched.watch(site)
    load.stop.set()
    await asyncio.gather(*flows)
    ledger = site.partner.ledger
    await ledger.until(lambda: len(ledger.cdrs) == load.done, "all CDRs", 120)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 60)
    assert_books_agree(site, books, load.done)
    slope = slope_mb_per_minute(watched.warm)
    assert watched.log_mib < 64
    assert slope < 3
    for station in site.stations.values():
        await station.close()
    await site.gateway.stop()
    grown_kib = (_size(site.gateway.database) - empty) / load.done / KIB
    expected_kib = SESSION_KIB + SAMPLES * SAMPLE_KIB
    assert 0.7 * expected_kib < grown_kib < 1.15 * expected_kib
    before = await kept(site)
    left = await swept(site)
    assert before == (load.done * SAMPLES, load.done, load.done, load.done)
    assert left == (0, 0, load.done, load.done)
    measured(
        "F39",
        f"{load.done} sessions of {SAMPLES} samples in {SOAK_S:.0f} s; in the second half memory "
        f"{slope:+.1f} MB a minute ({watched.warm[0][1]:.0f} to {watched.warm[-1][1]:.0f} MB), log "
        f"at most {watched.log_mib:.0f} MiB, {grown_kib:.1f} KiB a session (documented: {expected_kib:.1f}); "
        "the sweep of the running gateway leaves sessions and CDRs",
    )


async def swept(site: Site) -> tuple[int, int, int, int]:
    """Start again with all terms over, and wait for the sweep that comes soon after a start."""
    terms = dict.fromkeys(("SAMPLES", "AUTHORIZATIONS", "DELIVERIES"), "0.00001")
    site.gateway.env |= {f"GATEWAY_KEEP_{what}_DAYS": days for what, days in terms.items()}
    await site.gateway.start()
    left = await until(lambda: kept(site), lambda k: k[:2] == (0, 0), "old rows are gone", 240, every=5)
    verified = site.gateway.command("verify")
    assert verified.returncode == 0, verified.stdout
    await site.gateway.stop()
    return left


def _kept(tx: Tx) -> tuple[int, int, int, int]:
    sessions = tx.sessions.page(PageQuery(limit=1_000_000))
    samples = sum(len(tx.sessions.samples(session.id)) for session in sessions.items)
    debts = tx.debts.list(kind=Owed.SESSION, limit=1_000_000)
    return samples, len(debts), sessions.total, tx.cdrs.page(PageQuery(limit=1)).total


async def kept(site: Site) -> tuple[int, int, int, int]:
    """Samples, deliveries of sessions, sessions, CDRs."""
    reader = Reader(site.gateway.database, budget_s=60)
    try:
        return await reader.read(_kept)
    finally:
        await reader.close()
