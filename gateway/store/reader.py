"""Reads beside the writer: a snapshot per unit of work, writing refused.

Nearly all reads take microseconds and run at once. The few long ones (a page of a large ledger, a cold disk)
go through SQLAlchemy's async engine, whose connections have threads of their own.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Executable, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.domain.errors import ReadOnly, StoreUnavailable
from gateway.store.sqlite import READER_PRAGMAS, SqliteGlance, TookTooLong
from gateway.store.statements import Values
from gateway.store.tx import SqlTx

T = TypeVar("T")

CONNECTIONS: Final = 4
DEADLINE_S: Final = 30
BUDGET_S: Final = 0.005
"""How long a read may occupy the event loop before it is moved."""


class ReadRunner:
    """A `Runner` on a SQLAlchemy connection; it cannot change anything."""

    undone: Final = None

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def row(self, statement: Executable, values: Values) -> tuple[Any, ...] | None:
        found = self._connection.execute(statement, values).first()
        return None if found is None else tuple(found)

    def rows(self, statement: Executable, values: Values) -> Sequence[tuple[Any, ...]]:
        return [tuple(row) for row in self._connection.execute(statement, values)]

    def run(self, statement: Executable, values: Values) -> int:
        raise ReadOnly

    def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        raise ReadOnly

    def number(self, statement: Executable, values: Values) -> int:
        raise ReadOnly


class Reader:
    """Runs units of work on what is committed."""

    def __init__(self, path: Path, *, budget_s: float = BUDGET_S) -> None:
        self._glance = SqliteGlance(path, budget_s)
        self._glance_tx = SqlTx(self._glance)
        self._engine = _engine(f"sqlite+aiosqlite:///{path}")

    async def read(self, work: Callable[[SqlTx], T]) -> T:
        """See `ports.Store.read`. Work that takes long is stopped and begins again beside the event loop."""
        try:
            with self._glance.snapshot():
                return work(self._glance_tx)
        except TookTooLong:
            return await self._read_beside(work)

    async def _read_beside(self, work: Callable[[SqlTx], T]) -> T:
        try:
            async with asyncio.timeout(DEADLINE_S), self._engine.connect() as connection:
                return await connection.run_sync(lambda inner: work(SqlTx(ReadRunner(inner))))
        except (SQLAlchemyError, TimeoutError) as error:
            raise StoreUnavailable(f"The database cannot be read: {error}.") from error

    async def close(self) -> None:
        """Close all connections."""
        self._glance.close()
        await self._engine.dispose()


def _engine(url: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=DEADLINE_S)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        """Transactions begin when we say so, not when the driver guesses."""
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in READER_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        """One snapshot for the whole unit of work."""
        connection.exec_driver_sql("BEGIN")

    return engine
