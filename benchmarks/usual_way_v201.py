"""The usual way for OCPP 2.0.1: `websockets`, the `ocpp` package, an ORM session per TransactionEvent."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from ocpp.v201.enums import RegistrationStatusEnumType
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import JSON, Column, Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession
from usual_way import main


class NamedTransaction(SQLModel, table=True):
    """A charging session by the charger's name for it."""

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True, unique=True)
    charger_id: str
    id_token: str
    energy_wh: float = 0


class Event(SQLModel, table=True):
    """One TransactionEvent."""

    id: int | None = Field(default=None, primary_key=True)
    transaction_id: int = Field(index=True)
    seq_no: int
    at: str
    values: list = Field(sa_column=Column(JSON))


class Owed(SQLModel, table=True):
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
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(now, 300, RegistrationStatusEnumType.accepted)

    @on("TransactionEvent")
    async def on_transaction(
        self,
        event_type: str,
        timestamp: str,
        seq_no: int,
        transaction_info: dict,
        id_token: dict | None = None,
        meter_value: list | None = None,
        **_: object,
    ) -> call_result.TransactionEvent:
        """Insert or update the session, store the values, note what is owed: one commit."""
        name = transaction_info["transaction_id"]
        async with AsyncSession(self._engine) as session:
            if event_type == "Started":
                session.add(
                    NamedTransaction(name=name, charger_id=self.id, id_token=(id_token or {})["id_token"])
                )
                await session.commit()
                return call_result.TransactionEvent(id_token_info={"status": "Accepted"})
            found = await session.exec(select(NamedTransaction).where(NamedTransaction.name == name))
            transaction = found.one()
            session.add(
                Event(transaction_id=transaction.id, seq_no=seq_no, at=timestamp, values=meter_value or [])
            )
            transaction.energy_wh = float(meter_value[0]["sampled_value"][0]["value"])
            session.add(transaction)
            session.add(Owed(transaction_id=transaction.id))
            await session.commit()
        return call_result.TransactionEvent()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Station, "ocpp2.0.1"))
