"""The usual way to serve OCPI locations: a table per class, an ORM session and a pydantic model per page."""

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import selectinload
from sqlmodel import Field, Relationship, SQLModel, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from usual_way import durable_engine

WHEN = "2026-01-01T00:00:00Z"


class ConnectorColumns(SQLModel):
    """A connector as OCPI shows it."""

    id: str = "1"
    standard: str = "IEC_62196_T2"
    format: str = "SOCKET"
    power_type: str = "AC_3_PHASE"
    max_voltage: int = 230
    max_amperage: int = 16
    tariff_ids: str = "T1"
    last_updated: str = WHEN


class Connector(ConnectorColumns, table=True):
    """Its row."""

    row: int | None = Field(default=None, primary_key=True)
    evse_row: int = Field(foreign_key="evse.row", index=True)


class EvseColumns(SQLModel):
    """An EVSE as OCPI shows it."""

    uid: str
    status: str = "UNKNOWN"
    last_updated: str = WHEN


class Evse(EvseColumns, table=True):
    """Its row."""

    row: int | None = Field(default=None, primary_key=True)
    location_row: int = Field(foreign_key="location.row", index=True)
    connectors: list[Connector] = Relationship()


class LocationColumns(SQLModel):
    """A location as OCPI shows it."""

    country_code: str = "NL"
    party_id: str = "CPO"
    id: str
    publish: bool = True
    address: str = "Street 1"
    city: str = "Town"
    country: str = "NLD"
    latitude: str = "52.000000"
    longitude: str = "5.000000"
    time_zone: str = "Europe/Amsterdam"
    last_updated: str = WHEN


class Location(LocationColumns, table=True):
    """Its row."""

    row: int | None = Field(default=None, primary_key=True)
    evses: list[Evse] = Relationship()


class ShownEvse(EvseColumns):
    """With its connectors."""

    connectors: list[ConnectorColumns]


class ShownLocation(LocationColumns):
    """With its EVSEs."""

    evses: list[ShownEvse]


class Envelope(BaseModel):
    """OCPI's answer."""

    data: list[ShownLocation]
    status_code: int = 1000
    timestamp: str = WHEN


async def fill(engine: AsyncEngine, evses: int, locations: int) -> None:
    """The same network as the gateway's."""
    async with AsyncSession(engine) as session:
        for number in range(locations):
            rows = [Evse(uid=f"EVSE-{n}", connectors=[Connector()]) for n in range(number, evses, locations)]
            session.add(Location(id=f"LOC{number}", evses=rows))
        await session.commit()


async def main(database: Path, evses: int, locations: int) -> None:
    async with durable_engine(database) as engine:
        await fill(engine, evses, locations)

        async def page(request: web.Request) -> web.Response:
            limit = int(request.query.get("limit", "100"))
            whole = selectinload(Location.evses).selectinload(Evse.connectors)
            async with AsyncSession(engine) as session:
                total = (await session.exec(select(func.count()).select_from(Location))).one()
                found = await session.exec(
                    select(Location).options(whole).order_by(Location.row).limit(limit)
                )
                data = [ShownLocation.model_validate(one, from_attributes=True) for one in found.all()]
            text = Envelope(data=data).model_dump_json()
            headers = {"X-Total-Count": str(total), "X-Limit": str(limit)}
            return web.Response(text=text, content_type="application/json", headers=headers)

        app = web.Application()
        app.router.add_get("/ocpi/2.2.1/locations", page)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
