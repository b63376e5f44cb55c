"""The write-ahead log stays small, whoever reads meanwhile (F39)."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gateway.app.ports import Tx
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.ids import PartnerId
from gateway.store.engine import SqlStore
from gateway.store.sqlite import LOG_BYTES
from tests.builders import NOON

LARGEST = 64 * 2**20
MEGABYTE = 2**20


def size(log: Path) -> int:
    return log.stat().st_size


async def write_megabytes(store: SqlStore, count: int, largest: list[int], log: Path) -> None:
    def work(tx: Tx, number: int) -> None:
        text = f"{number:08d}" * (MEGABYTE // 8)  # another each time: what does not change is not written
        tx.debts.save(Debt(PartnerId("p"), Owed.CDR, f"{number % 10}", 1, NOON, NOON, request=text))

    for _ in range(count):
        await store.write(partial(work, number=len(largest)))
        largest.append(size(log))


@contextmanager
def somebody_reading(database: Path) -> Iterator[None]:
    """Another connection stays at what there is now."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM debts").fetchall()
        yield
        connection.execute("ROLLBACK")


async def test_f39_the_log_is_emptied_when_it_is_large(sqlite: SqlStore, database: Path) -> None:
    largest: list[int] = []
    await write_megabytes(sqlite, 60, largest, database.with_name(database.name + "-wal"))
    assert max(largest) < LOG_BYTES + 4 * MEGABYTE
    assert min(largest[20:]) < 4 * MEGABYTE


async def test_f39_a_reader_delays_that_and_fails_nobody(sqlite: SqlStore, database: Path) -> None:
    """Commits go on while it reads; as soon as it is gone the log is emptied to nothing."""
    log, largest = database.with_name(database.name + "-wal"), list[int]()
    with somebody_reading(database):
        await write_megabytes(sqlite, 24, largest, log)
        assert largest[-1] > LOG_BYTES
    await write_megabytes(sqlite, 12, largest, log)
    assert min(largest[24:]) < 4 * MEGABYTE
    assert sqlite.statistics.failures == 0


async def test_f39_short_reads_all_the_time_do_not_let_it_grow(sqlite: SqlStore, database: Path) -> None:
    """As the hourly verification and lists for partners make them."""
    largest: list[int] = []
    log = database.with_name(database.name + "-wal")
    done = asyncio.Event()

    async def read_on() -> None:
        while not done.is_set():
            await sqlite.read(lambda tx: tx.debts.count(DebtState.WAITING))
            await asyncio.sleep(0)

    reading = [asyncio.create_task(read_on()) for _ in range(3)]
    await write_megabytes(sqlite, 80, largest, log)
    done.set()
    await asyncio.gather(*reading)
    assert max(largest) < LARGEST


async def test_a_log_that_cannot_be_looked_at_fails_no_commit(
    sqlite: SqlStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is committed is committed."""
    monkeypatch.setattr(sqlite._writer._connection, "_log", tmp_path / "gone")
    await sqlite.write(lambda tx: tx.debts.owe(PartnerId("p"), Owed.CDR, "1", NOON, NOON))
    assert len(await sqlite.read(lambda tx: tx.debts.list())) == 1
