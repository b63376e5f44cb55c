"""Copies of the database: made while it is in use, checked, and put back so that nothing is delivered twice.

A restored database does not know what happened after the backup. So every CDR it may still send is in doubt
and looked up at the partner first, and numbers jump ahead of any that were given since (F37).
"""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.domain.errors import GatewayError
from gateway.store.lock import FileLock

NUMBERS_AHEAD: Final = 1_000_000
"""More transactions than charge between two backups."""

_DOUBT = "UPDATE debts SET ambiguous = 1 WHERE kind = 'CDR' AND state IN ('WAITING', 'PARKED')"
_FORESEE = """
INSERT INTO debts (partner_id, kind, key, rank, revision, created_at, next_attempt_at, state, settled,
                   attempts, ambiguous, reason)
SELECT partner_id, 'CDR', id_key, :rank, 0, :now, :now, 'DROPPED', 0, 0, 1, 'restored: look it up first'
FROM sessions
WHERE partner_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM debts
                  WHERE kind = 'CDR' AND key = sessions.id_key AND debts.partner_id = sessions.partner_id)
"""
_AHEAD = "UPDATE counters SET value = value + :ahead"


class BadBackup(GatewayError):
    """This file is no usable backup."""


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """What a backup holds, and when its last CDR was made."""

    path: Path
    size: int
    sessions: int
    cdrs: int


def back_up(database: Path, target: Path) -> BackupFacts:
    """Copy a database, in use or not, and check the copy; only a whole one appears. Raises BadBackup."""
    if not database.exists():
        raise BadBackup(f"there is no database {database}")
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            part.chmod(0o600)  # it holds secrets and who charged where
            source.backup(copy, pages=2000)
            copy.execute("PRAGMA journal_mode=DELETE")
        facts = check(part)
        _flush(part)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise BadBackup(f"the backup of {database} failed: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return BackupFacts(target, facts.size, facts.sessions, facts.cdrs)


def check(path: Path) -> BackupFacts:
    """Read every page of a backup. Raises BadBackup with what is wrong."""
    if not path.exists():
        raise BadBackup(f"there is no file {path}")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
            problems = [row[0] for row in file.execute("PRAGMA integrity_check(3)")]
            if problems != ["ok"]:
                raise BadBackup(f"{path} is damaged: {'; '.join(problems)}")
            sessions = file.execute("SELECT count(*) FROM sessions").fetchone()[0]
            cdrs = file.execute("SELECT count(*) FROM cdrs").fetchone()[0]
    except sqlite3.Error as error:
        raise BadBackup(f"{path} is no backup of a gateway: {error}") from error
    return BackupFacts(path, path.stat().st_size, sessions, cdrs)


def restore(backup: Path, database: Path, cdr_rank: int) -> Path | None:
    """Put a checked backup in place of a database not in use; returns where that one is kept.

    `cdr_rank`: the place of CDRs among what is owed. Raises BadBackup or AlreadyRunning.
    """
    check(backup)
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(database.with_name(database.name + ".lock"))
    try:
        fresh = database.with_name(f"{database.name}.restoring")
        shutil.copyfile(backup, fresh)
        fresh.chmod(0o600)
        _doubt(fresh, cdr_rank)
        _flush(fresh)
        kept = _set_aside(database)
        fresh.replace(database)
    except (sqlite3.Error, OSError) as error:
        raise BadBackup(f"{backup} could not be restored: {error}") from error
    finally:
        lock.release()
    return kept


def _doubt(path: Path, cdr_rank: int) -> None:
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(_DOUBT)
        file.execute(_FORESEE, {"now": now, "rank": cdr_rank})
        file.execute(_AHEAD, {"ahead": NUMBERS_AHEAD})


def _set_aside(database: Path) -> Path | None:
    """Keep the database that is replaced, with its log: what it says may be wanted later."""
    if not database.exists():
        return None
    mark = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    kept = database.with_name(f"{database.name}.before-restore-{mark}")
    for ending in ("", "-wal", "-shm"):
        part = database.with_name(database.name + ending)
        if part.exists():
            part.replace(kept.with_name(kept.name + ending))
    return kept


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
