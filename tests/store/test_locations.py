"""Locations and their EVSEs: what is written when one of many changes, and what is read again."""

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import create_engine

from gateway.app.ports import PageQuery, Tx
from gateway.domain.ids import EvseUid, LocationId
from gateway.domain.sites import EvseStatus, Location
from gateway.store.engine import SqlStore, open_store
from tests.builders import at, evse, location
from tests.store.stories import AnyStore

MANY = location(*(evse(f"EVSE-{n}") for n in range(300)), id_="BIG")


async def test_evses_keep_their_order_and_go(store: AnyStore) -> None:
    one, two, three = evse("A"), evse("B"), evse("C")
    for evses in ((one, two, three), (three, one), (), (two, three), (three, two, one), (one,)):
        stored = replace(location(), evses=evses)
        await store.write(lambda tx, stored=stored: tx.locations.save(stored))
        assert await store.read(lambda tx: tx.locations.get(LocationId("LOC1"))) == stored
        assert await store.read(lambda tx: tx.locations.page(PageQuery()).items) == (stored,)
        found = await store.read(lambda tx: [tx.locations.by_evse(EvseUid(u)) for u in "abc"])
        assert [f is not None for f in found] == [e in evses for e in (one, two, three)]


async def test_an_undone_change_is_forgotten(store: AnyStore) -> None:
    await store.write(lambda tx: tx.locations.save(MANY))

    class Undo(Exception):
        """Ends a unit of work."""

    def work(tx: Tx, uid: str, *, fail: bool) -> None:
        changed = tx.locations.by_evse(EvseUid(uid)).with_evse_status(EvseUid(uid), EvseStatus.BLOCKED, at(9))
        tx.locations.save(changed)
        if fail:
            raise Undo

    with suppress(Undo):
        await store.write(lambda tx: work(tx, "EVSE-7", fail=True))
    await store.write(lambda tx: work(tx, "EVSE-8", fail=False))
    kept = await store.read(lambda tx: tx.locations.get(LocationId("BIG")))
    assert [e.uid for e in kept.evses if e.status is EvseStatus.BLOCKED] == ["EVSE-8"]


async def test_a_status_is_written_without_the_other_evses(sqlite: SqlStore, database: Path) -> None:
    await sqlite.write(lambda tx: tx.locations.save(MANY))
    with closing(sqlite3.connect(database)) as watching:
        watching.execute("CREATE TABLE written (evse_key)")
        for change in ("INSERT", "UPDATE"):
            watching.execute(
                f"CREATE TRIGGER on_{change} AFTER {change} ON location_evses"
                " BEGIN INSERT INTO written VALUES (new.evse_key); END"
            )
    changed = MANY.with_evse_status(EvseUid("EVSE-7"), EvseStatus.CHARGING, at(9))
    await sqlite.write(lambda tx: tx.locations.save(changed))
    assert await sqlite.read(lambda tx: tx.locations.get(LocationId("BIG"))) == changed
    with closing(sqlite3.connect(database)) as watching:
        assert watching.execute("SELECT evse_key FROM written").fetchall() == [("evse-7",)]


async def test_what_did_not_change_is_the_same_object(sqlite: SqlStore) -> None:
    """Pages are rendered once per object."""
    other = location(evse("X"), id_="OTHER")
    await sqlite.write(lambda tx: (tx.locations.save(MANY), tx.locations.save(other)))

    async def read() -> tuple[Location, ...]:
        return await sqlite.read(lambda tx: tx.locations.page(PageQuery()).items)

    first = await read()
    changed = MANY.with_evse_status(EvseUid("EVSE-7"), EvseStatus.CHARGING, at(9))
    await sqlite.write(lambda tx: tx.locations.save(changed))
    second = await read()
    assert second == (changed, other)
    assert second[1] is first[1]
    again = [old.uid for old, new in zip(first[0].evses, second[0].evses, strict=True) if new is not old]
    assert again == ["EVSE-7"]


async def test_a_database_from_before_gets_its_evses_in_rows(sqlite: SqlStore, database: Path) -> None:
    """What used to stand in the location's document."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from gateway.store.migrations.versions import v0010_evses as step

    umlaut = replace(evse("Straße"), physical_reference='Säule "1"')
    stored, empty = location(evse("B"), umlaut), replace(location(id_="EMPTY"), evses=())
    await sqlite.write(lambda tx: (tx.locations.save(stored), tx.locations.save(empty)))
    await sqlite.close()
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT document FROM location_evses WHERE location_key = 'loc1' ORDER BY position"
        ).fetchall()
        evses = json.dumps([json.loads(row[0]) for row in rows])
        connection.exec_driver_sql(
            "UPDATE locations SET document = json_set(document, '$.evses', json(?)) WHERE id_key = 'loc1'",
            (evses,),
        )
        connection.exec_driver_sql("DROP TABLE location_evses")
        connection.exec_driver_sql("CREATE TABLE location_evses (evse_key, location_key)")
        with Operations.context(MigrationContext.configure(connection)):
            step.upgrade()
    engine.dispose()
    again = await open_store(f"sqlite+aiosqlite:///{database}")
    try:
        assert await again.read(lambda tx: tx.locations.all()) == [stored, empty]
        found = await again.read(lambda tx: tx.locations.by_evse(EvseUid("STRASSE")))
        assert found == stored
    finally:
        await again.close()
