"""A read that takes too long is moved beside the event loop; the reads after it are served (F3)."""

from pathlib import Path

from gateway.app.ports import Tx
from gateway.domain.delivery import Debt, Owed
from gateway.domain.ids import PartnerId
from gateway.store.engine import SqlStore
from gateway.store.reader import Reader
from tests.builders import NOON

MANY = 5000


async def test_f3_long_lists_with_no_time_at_all_are_read_whole_again_and_again(
    sqlite: SqlStore, database: Path
) -> None:
    """Stopped at the first row, while fetching, or at the end of the snapshot: never half, never stuck."""

    def fill(tx: Tx) -> None:
        for number in range(MANY):
            tx.debts.save(Debt(PartnerId("p"), Owed.CDR, f"{number}", 1, NOON, NOON, request="x" * 500))

    await sqlite.write(fill)
    for budget_s in (0.0, 0.0001, 0.001, 0.005):
        reader = Reader(database, budget_s=budget_s)
        try:
            for _ in range(3):
                assert len(await reader.read(lambda tx: tx.debts.list(limit=MANY))) == MANY
        finally:
            await reader.close()


async def test_f22_a_commit_that_needs_no_disk_proves_nothing(sqlite: SqlStore) -> None:
    """Works that change nothing do not clear the problem; the next health check that can write does."""
    sqlite._writer.problem = "no room"
    await sqlite.write(lambda tx: tx.debts.list())
    assert sqlite._writer.problem == "no room"
    assert await sqlite.health() is None
