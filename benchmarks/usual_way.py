"""The usual way to build a central system: `websockets`, the `ocpp` package, an ORM session per message.

SQLite with the same durability as the gateway: write-ahead log, fsync at every commit.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import JSON, Column, Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


class Transaction(SQLModel, table=True):
    """A charging session."""

    id: int | None = Field(default=None, primary_key=True)
    charger_id: str = Field(index=True)
    id_tag: str
    meter_start: int
    energy_wh: float = 0


class MeterValue(SQLModel, table=True):
    """One message of meter values."""

    id: int | None = Field(default=None, primary_key=True)
    transaction_id: int | None = Field(default=None, index=True)
    at: str
    sampled: list = Field(sa_column=Column(JSON))


class Outbox(SQLModel, table=True):
    """What partners have to be told."""

    id: int | None = Field(default=None, primary_key=True)
    transaction_id: int = Field(index=True)


class Station(ChargePoint):
    """A charger as in the package's README, with an ORM session per message."""

    def __init__(self, id_: str, connection: object, engine: AsyncEngine) -> None:
        super().__init__(id_, connection)
        self._engine = engine

    @on("BootNotification")
    async def on_boot(self, **_: object) -> call_result.BootNotification:
        """Accept every charger."""
        return call_result.BootNotification(datetime.now().isoformat(), 300, RegistrationStatus.accepted)  # noqa: DTZ005

    @on("StatusNotification")
    async def on_status(self, **_: object) -> call_result.StatusNotification:
        """Nothing is done with states."""
        return call_result.StatusNotification()

    @on("StartTransaction")
    async def on_start(self, id_tag: str, meter_start: int, **_: object) -> call_result.StartTransaction:
        """Insert a session and answer with its key."""
        async with AsyncSession(self._engine) as session:
            row = Transaction(charger_id=self.id, id_tag=id_tag, meter_start=meter_start)
            session.add(row)
            await session.commit()
            await session.refresh(row)
        return call_result.StartTransaction(row.id, {"status": AuthorizationStatus.accepted})

    @on("MeterValues")
    async def on_meter_values(
        self, meter_value: list, transaction_id: int | None = None, **_: object
    ) -> call_result.MeterValues:
        """Store the values, update the session, note what is owed: one commit."""
        async with AsyncSession(self._engine) as session:
            transaction = await session.get(Transaction, transaction_id)
            for value in meter_value:
                sampled = value["sampled_value"]
                session.add(MeterValue(transaction_id=transaction_id, at=value["timestamp"], sampled=sampled))
                transaction.energy_wh = float(sampled[0]["value"]) - transaction.meter_start
            session.add(transaction)
            session.add(Outbox(transaction_id=transaction_id))
            await session.commit()
        return call_result.MeterValues()


@asynccontextmanager
async def durable_engine(database: Path) -> AsyncIterator[AsyncEngine]:
    """An engine whose commits are on the disk, with the tables made."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{database}", pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def durable(connection: object, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all)
    yield engine


async def main(
    database: Path, station: Callable[[str, object, AsyncEngine], ChargePoint], version: str
) -> None:
    """Serve chargers of one version until our input ends."""
    async with durable_engine(database) as engine:

        async def serve(socket: websockets.ServerConnection) -> None:
            try:
                await station(socket.request.path.rsplit("/", 1)[-1], socket, engine).start()
            except websockets.ConnectionClosed:
                return

        async with websockets.serve(serve, "127.0.0.1", 0, subprotocols=[version]) as server:
            print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Station, "ocpp1.6"))
