"""Backup, restore, and waking what failed (F3, F23, F37)."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.ports import Tx
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import AlreadyRunning
from gateway.domain.ids import PartnerId
from gateway.store.backup import NUMBERS_AHEAD, BadBackup, back_up, check, restore
from gateway.store.engine import SqlStore, open_store
from gateway.store.memory import MemoryStore
from gateway.store.rules import RANK
from tests.builders import NOON

P1, P2 = PartnerId("p1"), PartnerId("p2")
LATER = NOON + timedelta(hours=1)


async def test_f3_only_what_failed_there_is_hastened(store: MemoryStore | SqlStore) -> None:
    """A partner that answers again gets what failed at once; schedules of others, and of the new, stay."""

    def fill(tx: Tx) -> None:
        failed = Debt(P1, Owed.CDR, "failed", 1, NOON, LATER, attempts=2)
        tx.debts.save(failed)
        tx.debts.save(replace(failed, key="new", attempts=0))
        tx.debts.save(replace(failed, key="parked", state=DebtState.PARKED))
        tx.debts.save(replace(failed, partner_id=P2, key="elsewhere"))
        tx.debts.hasten(P1, NOON)

    await store.write(fill)
    debts = await store.read(lambda tx: tx.debts.list())
    assert {d.key for d in debts if d.next_attempt_at == NOON} == {"failed"}


async def test_f37_a_backup_made_in_use_restores_with_doubts_and_numbers_ahead(
    sqlite: SqlStore, database: Path
) -> None:
    def fill(tx: Tx) -> int:
        tx.debts.save(Debt(P1, Owed.CDR, "waiting", 1, NOON, LATER))
        tx.debts.save(Debt(P1, Owed.CDR, "done", 1, NOON, NOON, DebtState.SETTLED, settled=1))
        return tx.sessions.next_transaction_number()

    given = await sqlite.write(fill)
    target = database.with_name("saved.db")
    facts = await asyncio.to_thread(back_up, database, target)
    assert (facts.sessions, facts.cdrs, target.stat().st_mode & 0o777) == (0, 0, 0o600)
    with pytest.raises(AlreadyRunning):
        restore(target, database, RANK[Owed.CDR])
    await sqlite.close()
    kept = restore(target, database, RANK[Owed.CDR])
    assert kept is not None
    assert kept.exists()
    again = await open_store(f"sqlite+aiosqlite:///{database}")
    try:
        debts = await again.read(lambda tx: {d.key: d.ambiguous for d in tx.debts.list()})
        assert debts == {"waiting": True, "done": False}
        number = await again.write(lambda tx: tx.sessions.next_transaction_number())
        assert number == given + NUMBERS_AHEAD + 1
    finally:
        await again.close()


def test_f23_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as file:
        file.execute("CREATE TABLE x (y)")
    for wrong in (text, other, tmp_path / "missing"):
        with pytest.raises(BadBackup):
            check(wrong)
        with pytest.raises(BadBackup):
            restore(wrong, tmp_path / "gateway.db", 1)
    with pytest.raises(BadBackup):
        back_up(tmp_path / "missing", tmp_path / "copy")
    assert not (tmp_path / "gateway.db").exists()
