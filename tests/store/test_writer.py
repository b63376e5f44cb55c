"""The one writer on SQLite: grouping, isolation of works, locks, full disks (F15, F21, F22)."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app.ports import Tx
from gateway.domain.delivery import Owed
from gateway.domain.errors import InvalidInput, StoreUnavailable
from gateway.domain.ids import PartnerId, SessionId
from gateway.store.engine import SqlStore, open_store
from gateway.store.reader import Reader
from gateway.store.tx import SqlTx
from tests.builders import NOON, location, register_sample
from tests.store.stories import AnyStore, session

DEADLINE_S = 20


def add_a_flag(n: int) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        found = tx.sessions.get(SessionId("S1"))
        assert found is not None
        tx.sessions.save(replace(found, meter_id=f"{found.meter_id or ''}{n};"))

    return work


async def test_concurrent_read_modify_writes_all_survive(store: AnyStore) -> None:
    """Of 20 in the usual way, one survived."""
    await store.write(lambda tx: tx.sessions.save(session()))
    await asyncio.gather(*(store.write(add_a_flag(n)) for n in range(20)))
    found = await store.read(lambda tx: tx.sessions.get(SessionId("S1")))
    assert found is not None
    assert sorted(int(n) for n in (found.meter_id or "").strip(";").split(";")) == list(range(20))


async def test_many_works_share_a_commit(sqlite: SqlStore) -> None:
    before = replace(sqlite.statistics)
    await asyncio.gather(
        *(sqlite.write(lambda tx: tx.sessions.next_transaction_number()) for _ in range(500))
    )
    assert sqlite.statistics.works - before.works == 500
    assert sqlite.statistics.commits - before.commits < 100


async def test_a_failing_work_harms_nobody_in_its_commit(sqlite: SqlStore) -> None:
    class Refused(Exception):
        pass

    def work(n: int) -> Callable[[Tx], int]:
        def run(tx: Tx) -> int:
            tx.sessions.save(session(f"S{n}"))
            if n % 3 == 0:
                raise Refused
            return n

        return run

    results = await asyncio.gather(*(sqlite.write(work(n)) for n in range(30)), return_exceptions=True)
    assert [isinstance(r, Refused) for r in results] == [n % 3 == 0 for n in range(30)]
    kept = await sqlite.read(lambda tx: [s.id for s in tx.sessions.all_open()])
    assert kept == [f"S{n}" for n in range(30) if n % 3]


async def test_what_cannot_be_stored_is_refused_alone(sqlite: SqlStore) -> None:
    broken = session("S1", stop_reason="\ud800")
    results = await asyncio.gather(
        sqlite.write(lambda tx: tx.sessions.save(broken)),
        sqlite.write(lambda tx: tx.debts.owe(PartnerId("p"), Owed.CDR, "\udfff", NOON, NOON)),
        sqlite.write(lambda tx: tx.sessions.save(session("S2"))),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [InvalidInput, InvalidInput, type(None)]
    assert await sqlite.read(lambda tx: tx.sessions.get(SessionId("S2"))) == session("S2")


async def test_a_caller_that_goes_away_breaks_nothing(sqlite: SqlStore) -> None:
    ran: list[int] = []
    asked = [asyncio.ensure_future(sqlite.write(lambda tx, n=n: ran.append(n))) for n in range(10)]  # type: ignore[misc]
    asked[4].cancel()
    await asyncio.wait(asked)
    assert [t.cancelled() for t in asked] == [n == 4 for n in range(10)]
    assert ran == [n for n in range(10) if n != 4]

    def leave(tx: Tx) -> None:
        gone.cancel()
        tx.sessions.save(session("S1"))

    gone = asyncio.ensure_future(sqlite.write(leave))
    after = asyncio.ensure_future(sqlite.write(lambda tx: tx.sessions.get(SessionId("S1"))))
    assert await after == session("S1")
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_lock_held_for_a_second_is_waited_for(sqlite: SqlStore, database: Path) -> None:
    """F21, the short case. The event loop keeps turning meanwhile."""
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(1.0, lambda: other.execute("ROLLBACK"))
    release.start()
    asked = asyncio.ensure_future(sqlite.write(lambda tx: tx.sessions.save(session())))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0.01)
        turns += 1
    await asked
    assert turns > 20
    assert await sqlite.read(lambda tx: tx.sessions.get(SessionId("S1"))) == session()
    release.join()
    other.close()


async def test_a_lock_held_for_long_is_reported_and_outlived(database: Path) -> None:
    """F21, the long case: no answer to chargers, /readyz false, and all is well after the release."""
    opened = await open_store(f"sqlite:///{database}", lock_wait_ms=200)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked by another process"):
            await opened.write(lambda tx: tx.sessions.save(session()))
        assert "locked" in (await opened.health() or "")
        other.execute("ROLLBACK")
    assert await opened.health() is None
    await opened.write(lambda tx: tx.sessions.save(session()))
    await opened.close()


def limit_pages(store: SqlStore, pages: int | None) -> None:
    """A full disk: SQLite itself says SQLITE_FULL from here on."""
    connection = store._writer._connection._connection  # type: ignore[attr-defined]
    count = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={1_000_000 if pages is None else count + pages}")


async def test_a_full_disk_refuses_and_recovers(sqlite: SqlStore) -> None:
    """F22: nothing is acknowledged, reads go on, and it works again without a restart."""
    await sqlite.write(lambda tx: tx.sessions.save(session("before")))
    limit_pages(sqlite, 10)

    def big(n: int, size: int = 20_000) -> Callable[[Tx], None]:
        return lambda tx: tx.locations.save(location(id_=f"L{n}", name="x" * size))

    results = await asyncio.gather(*(sqlite.write(big(n)) for n in range(20)), return_exceptions=True)
    refused = [r for r in results if r is not None]
    assert refused
    assert {type(r) for r in refused} == {StoreUnavailable}
    with pytest.raises(StoreUnavailable, match="full"):
        await sqlite.write(big(99, 200_000))
    assert await sqlite.read(lambda tx: tx.sessions.get(SessionId("before"))) == session("before")
    kept = await sqlite.read(lambda tx: {one.id for one in tx.locations.all()})
    assert kept == {f"L{n}" for n, r in enumerate(results) if r is None}
    limit_pages(sqlite, None)
    await sqlite.write(big(99, 200_000))
    assert await sqlite.health() is None


async def test_a_broken_connection_is_replaced(sqlite: SqlStore) -> None:
    sqlite._writer._connection._connection.close()  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable):
        await sqlite.write(lambda tx: tx.sessions.save(session()))
    await sqlite.write(lambda tx: tx.sessions.save(session()))
    assert await sqlite.health() is None


async def test_closing_finishes_what_was_asked_for(database: Path) -> None:
    opened = await open_store(f"sqlite:///{database}")
    asked = [
        asyncio.ensure_future(opened.write(lambda tx, n=n: tx.sessions.save(session(f"S{n}"))))  # type: ignore[misc]
        for n in range(50)
    ]
    await asyncio.sleep(0)
    await opened.close()
    await asyncio.gather(*asked)
    with pytest.raises(StoreUnavailable):
        await opened.write(lambda tx: tx.sessions.save(session()))
    assert await opened.health() is not None
    await opened.close()
    again = await open_store(f"sqlite:///{database}")
    assert len(await again.read(lambda tx: tx.sessions.all_open())) == 50
    await again.close()


async def test_a_long_read_moves_off_the_event_loop(sqlite: SqlStore, database: Path) -> None:
    def fill(tx: Tx) -> None:
        tx.sessions.add_samples(SessionId("S1"), [register_sample(n, n) for n in range(20_000)])

    await sqlite.write(fill)
    reader = Reader(database, budget_s=0.0)
    runs: list[type] = []

    def look(tx: SqlTx) -> int:
        runs.append(type(tx.sessions._runner))
        return len(tx.sessions.samples(SessionId("S1")))

    assert await reader.read(look) == 20_000
    assert [kind.__name__ for kind in runs] == ["SqliteGlance", "ReadRunner"]
    await reader.close()


async def test_a_read_sees_one_moment(sqlite: SqlStore) -> None:
    await sqlite.write(lambda tx: tx.sessions.save(session("S1")))
    asked = asyncio.ensure_future(sqlite.write(lambda tx: tx.sessions.save(session("S2"))))
    assert len(await sqlite.read(lambda tx: tx.sessions.all_open())) == 1
    await asked
    assert len(await sqlite.read(lambda tx: tx.sessions.all_open())) == 2


CHILD = """
import asyncio, sys
from gateway.store.engine import open_store

async def main():
    store = await open_store(sys.argv[1])
    async def charger():
        while True:
            number = await store.write(lambda tx: tx.sessions.next_transaction_number())
            await store.write(lambda tx: tx.marks.save(str(number), "acknowledged"))
            print(number, flush=True)
    await asyncio.gather(*(charger() for _ in range(8)))

asyncio.run(main())
"""


def test_kill_9_loses_nothing_acknowledged(database: Path) -> None:
    """F1."""
    url = f"sqlite:///{database}"
    here = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, url], cwd=here, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(100)]
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().splitlines() if line]
    child.wait(DEADLINE_S)
    child.stdout.close()

    async def look() -> tuple[list[int], int]:
        store = await open_store(url)
        lost = await store.read(lambda tx: [n for n in acknowledged if tx.marks.get(str(n)) is None])
        following = await store.write(lambda tx: tx.sessions.next_transaction_number())
        await store.close()
        return lost, following

    lost, following = asyncio.run(look())
    assert lost == []
    assert following > max(acknowledged)
    assert len(set(acknowledged)) == len(acknowledged)
