"""Opening the database: lock, check, migrate, then one writer and a few readers."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gateway.domain.errors import InvalidInput
from gateway.store.lock import FileLock
from gateway.store.migrate import migrate
from gateway.store.reader import Reader
from gateway.store.sqlite import SqliteConnection, check_file
from gateway.store.tx import SqlTx
from gateway.store.writer import LOCK_WAIT_MS, Statistics, Writer

T = TypeVar("T")

_URL = re.compile(r"sqlite(?:\+aiosqlite)?:///(?P<path>[^?]+)")


class SqlStore:
    """`ports.Store` on a database. Made by `open_store`."""

    def __init__(self, writer: Writer[SqlTx], reader: Reader, lock: FileLock) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = lock

    async def write(self, work: Callable[[SqlTx], T]) -> T:
        """See `ports.Store.write`."""
        return await self._writer.write(work)

    async def read(self, work: Callable[[SqlTx], T]) -> T:
        """See `ports.Store.read`."""
        return await self._reader.read(work)

    async def health(self) -> str | None:
        """None if the database takes writes, else the problem in a sentence."""
        return await self._writer.health()

    @property
    def statistics(self) -> Statistics:
        """Works and commits since the start."""
        return self._writer.statistics

    @property
    def queued(self) -> int:
        """Units of work that wait for a commit."""
        return self._writer.queued

    async def close(self) -> None:
        """Commit what is queued, then let go of the file."""
        await self._writer.close()
        await self._reader.close()
        self._lock.release()


def database_path(url: str) -> Path:
    """The file of a database URL. Raises InvalidInput for a URL this version cannot open."""
    match = _URL.fullmatch(url)
    if match is None or match["path"] == ":memory:":
        raise InvalidInput(
            f"{url!r} is not a database this gateway can open; expected sqlite+aiosqlite:///path/to/file.db",
            field="GATEWAY_DATABASE_URL",
        )
    return Path(match["path"])


async def open_store(url: str, *, lock_wait_ms: int = LOCK_WAIT_MS) -> SqlStore:
    """Open a database, creating or migrating it first.

    Raises InvalidInput for a URL that is not understood, AlreadyRunning if another process has the file,
    StoreUnavailable if the file is damaged, cannot be used, or was written by a newer version.
    """
    path = database_path(url)
    lock = await asyncio.to_thread(_prepare, path)
    try:
        connection = await asyncio.to_thread(SqliteConnection, path)
        writer = Writer(connection, SqlTx(connection), lock_wait_ms=lock_wait_ms)
    except BaseException:
        lock.release()
        raise
    return SqlStore(writer, Reader(path), lock)


def _prepare(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(path.name + ".lock"))
    try:
        path.touch(mode=0o600)  # it holds secrets and who charged where; the log beside it gets the same mode
        check_file(path)
        migrate(path)
    except BaseException:
        lock.release()
        raise
    return lock
