"""Everything that only SQLite understands: pragmas, transactions by hand, upserts, its errors.

The writer's connection is the bare driver: a statement is compiled to text once and costs microseconds after.
"""

import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Executable, Insert, Table, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler

from gateway.domain.errors import AlreadyRecorded, GatewayError, InvalidInput, ReadOnly, StoreUnavailable
from gateway.store.statements import Values

_DIALECT = sqlite.dialect(paramstyle="named")
_LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
_HARMLESS = (*_LOCKED, "SQLITE_FULL", "SQLITE_CONSTRAINT")
"""Errors after which the connection itself is as good as before."""

WRITER_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32000",
    "PRAGMA wal_autocheckpoint=0",
)
"""32 MB hold the rows of some thousand open sessions; when the log is emptied is decided in `commit`."""
READER_PRAGMAS = ("PRAGMA query_only=ON", "PRAGMA busy_timeout=5000", "PRAGMA cache_size=-4000")
"""What a connection that only reads is told. There are several; behind their caches is the system's."""
LOG_BYTES: Final = 16 * 2**20
"""From this size on the write-ahead log is emptied into the database after a commit."""
_LOG_STEP: Final = 4 * 2**20
"""How much a log that could not be emptied grows before the next try."""
_READERS_WAIT_MS: Final = 200
"""How long that waits for those who still read what was before."""


_UNSTORABLE = (UnicodeEncodeError, OverflowError)
"""Text that is no Unicode text, and numbers beyond 64 bits."""

Columns = ReadOnlyColumnCollection[str, Any]
Changes = Callable[[Columns, Columns], Mapping[str, Any]]
"""From the row there is and the row that was to be inserted to the columns that change."""


def upsert(
    of: Table, keys: Sequence[str], *, keep: Sequence[str] = (), changes: Changes | None = None
) -> Insert:
    """Insert a row, or update the one with the same keys; `seq` and the columns of `keep` stay."""
    names = [column.name for column in of.columns if column.name != "seq"]
    insert = sqlite.insert(of).values({name: bindparam(name) for name in names})
    changed: Mapping[str, Any] = {name: insert.excluded[name] for name in names if name not in (*keys, *keep)}
    if changes is not None:
        changed = changes(of.columns, insert.excluded)
    if not changed:
        return insert.on_conflict_do_nothing(index_elements=list(keys))
    return insert.on_conflict_do_update(index_elements=list(keys), set_=changed)


def count_up(of: Table) -> Executable:
    """Add one to the counter `name`, starting at 1, and return it."""
    insert = sqlite.insert(of).values(name=bindparam("name"), value=1)
    return insert.on_conflict_do_update(index_elements=["name"], set_={"value": of.c.value + 1}).returning(
        of.c.value
    )


def understood(error: sqlite3.Error) -> GatewayError:
    """The driver's error in our words."""
    if isinstance(error, sqlite3.IntegrityError):
        return AlreadyRecorded(f"This is recorded already and does not change ({error}).")
    return StoreUnavailable(f"The database cannot be used: {error}.")


def _name(error: sqlite3.Error) -> str:
    """SQLite's name of the error; errors of the driver itself have none."""
    return getattr(error, "sqlite_errorname", "")


def check_file(path: Path) -> None:
    """Refuse a damaged file before anything is built on it. Raises StoreUnavailable naming the file."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            problems = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems != ["ok"]:
        raise StoreUnavailable(f"The database {path} is damaged ({'; '.join(problems)}). Restore a backup.")


class TookTooLong(Exception):
    """This read does not belong on the event-loop thread."""


class _Statements:
    """Statements on a bare connection, each compiled to text once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._texts: dict[Executable, tuple[str, dict[str, Any]]] = {}

    def row(self, statement: Executable, values: Values) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._fetched(statement, values, sqlite3.Cursor.fetchone)
        return found

    def rows(self, statement: Executable, values: Values) -> Sequence[tuple[Any, ...]]:
        found: Sequence[tuple[Any, ...]] = self._fetched(statement, values, sqlite3.Cursor.fetchall)
        return found

    def _fetched(
        self, statement: Executable, values: Values, fetch: Callable[[sqlite3.Cursor], Any]
    ) -> Any:  # rows as the driver gives them
        """Run and fetch; a read that takes too long is stopped in either."""
        cursor = self._execute(statement, values)
        try:
            return fetch(cursor)
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _execute(self, statement: Executable, values: Values) -> sqlite3.Cursor:
        text, fixed = self._text(statement)
        try:
            return self._connection.execute(text, {**fixed, **values} if fixed else values)
        except sqlite3.Error as error:
            raise self._refused(error) from error
        except _UNSTORABLE as error:
            raise InvalidInput(f"cannot be stored: {error}") from error

    def _text(self, statement: Executable) -> tuple[str, dict[str, Any]]:
        known = self._texts.get(statement)
        if known is None:
            compiled = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
            known = self._texts[statement] = (str(compiled), _fixed(compiled))
        return known

    def _refused(self, error: sqlite3.Error) -> Exception:
        return understood(error)


class SqliteConnection(_Statements):
    """The writer's connection; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._log_bytes = LOG_BYTES
        self._marked = False
        self._doubtful = False
        self.changed = False
        """Whether anything was changed since `begin`, so that the commit needs the disk."""
        self.undone = 0
        super().__init__(self._connect())

    def _connect(self) -> sqlite3.Connection:
        self._wait_ms: int | None = None
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=0, cached_statements=512
        )
        for pragma in WRITER_PRAGMAS:
            connection.execute(pragma)
        return connection

    def begin(self, wait_ms: int) -> bool:
        """Take the write lock; False if another process has it for longer than the wait.

        Raises StoreUnavailable for anything else.
        """
        try:
            self._wait(wait_ms)
            self._connection.execute("BEGIN IMMEDIATE")
            self.changed = False
        except sqlite3.Error as error:
            if _name(error).startswith(_LOCKED):
                return False
            raise self._refused(error) from error
        return True

    def commit(self) -> None:
        """Make everything since `begin` true, on the disk. Raises StoreUnavailable."""
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refused(error) from error
        if self.changed and self._log_size() >= self._log_bytes:
            self._empty_log()

    def _empty_log(self) -> None:
        """Move the log into the database. Left to itself it grows for as long as anybody reads (F39).

        What was committed stands, whether this succeeds or not.
        """
        with suppress(sqlite3.Error):
            self._wait(_READERS_WAIT_MS)
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._log_bytes = max(LOG_BYTES, self._log_size() + _LOG_STEP)

    def _log_size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _wait(self, wait_ms: int) -> None:
        """How long statements wait for another's lock from now on."""
        if wait_ms != self._wait_ms:
            self._connection.execute(f"PRAGMA busy_timeout={wait_ms}")
            self._wait_ms = wait_ms

    def rollback(self) -> None:
        """Forget everything since `begin`; a connection that may be broken is replaced."""
        self.undone += 1
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._doubtful = True
        if self._doubtful:
            self._connection.close()
            with suppress(sqlite3.Error):  # the next `begin` meets the same problem and reports it
                self._connection = self._connect()
                self._doubtful = False

    def begin_work(self) -> None:
        """A unit of work begins; a point to return to is made when it first changes something."""
        self._marked = False

    def touch(self) -> None:
        """Write a page that says nothing, so that the commit needs the disk."""
        self._mark()
        try:
            self._connection.execute("PRAGMA user_version=1")
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def keep_work(self) -> None:
        """Keep what the work did."""
        if self._marked:
            self._connection.execute("RELEASE work")

    def undo_work(self) -> bool:
        """Undo what the work did; False if SQLite gave up the whole transaction (as on a full disk)."""
        self.undone += 1
        if self._connection.in_transaction and self._marked:
            self._connection.execute("ROLLBACK TO work")
            self._connection.execute("RELEASE work")
        return self._connection.in_transaction

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def run(self, statement: Executable, values: Values) -> int:
        self._mark()
        return self._execute(statement, values).rowcount

    def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        self._mark()
        text, _ = self._text(statement)
        try:
            self._connection.executemany(text, values)
        except sqlite3.Error as error:
            raise self._refused(error) from error
        except _UNSTORABLE as error:
            raise InvalidInput(f"cannot be stored: {error}") from error

    def number(self, statement: Executable, values: Values) -> int:
        self._mark()
        return int(self._execute(statement, values).fetchall()[0][0])

    def _refused(self, error: sqlite3.Error) -> Exception:
        self._doubtful = not _name(error).startswith(_HARMLESS)
        return understood(error)

    def _mark(self) -> None:
        if not self._marked:
            self._connection.execute("SAVEPOINT work")
            self._marked = self.changed = True


class SqliteGlance(_Statements):
    """Short reads on the event-loop thread, a hundred times cheaper than through another thread.

    A read that needs more than `budget_s` is stopped with TookTooLong, so that it can be made elsewhere.
    """

    undone: Final = None

    def __init__(self, path: Path, budget_s: float) -> None:
        super().__init__(sqlite3.connect(path, isolation_level=None, timeout=0, cached_statements=512))
        self._budget_s = budget_s
        self._until = 0.0
        for pragma in READER_PRAGMAS:
            self._connection.execute(pragma)
        self._connection.execute("PRAGMA busy_timeout=0")
        self._connection.set_progress_handler(self._late, 10_000)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is committed now, unchanged until the end."""
        self._until = math.inf
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")
        self._until = time.monotonic() + self._budget_s
        try:
            yield
        finally:
            # The end of a read that took too long must not be stopped for taking too long.
            self._until = math.inf
            self._connection.execute("ROLLBACK")

    def run(self, statement: Executable, values: Values) -> int:
        raise ReadOnly

    def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        raise ReadOnly

    def number(self, statement: Executable, values: Values) -> int:
        raise ReadOnly

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _late(self) -> bool:
        return time.monotonic() > self._until

    def _refused(self, error: sqlite3.Error) -> Exception:
        late = _name(error).startswith(("SQLITE_INTERRUPT", *_LOCKED))
        return TookTooLong() if late else super()._refused(error)


def _fixed(compiled: SQLCompiler) -> dict[str, Any]:
    """Values written into the statement itself."""
    return {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
