"""Everything in stages: complete, in order, and at its end as cheap as at its beginning (`verify`)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from gateway.app.ports import Tx
from gateway.app.walk_ports import Stage
from gateway.domain.delivery import Owed
from gateway.domain.ids import PartnerId
from gateway.store.engine import SqlStore
from gateway.store.rows import walk
from tests.builders import NOON
from tests.store.stories import AnyStore, cdr, session

T = TypeVar("T")
P1 = PartnerId("p1")


async def walked(store: AnyStore, look: Callable[[Tx, int], Stage[T]]) -> list[T]:
    found: list[T] = []
    stage: Stage[T] = Stage((), 0)
    while (stage := await store.read(partial(_next, look, stage.position))).items:
        found += stage.items
    return found


def _next(look: Callable[[Tx, int], Stage[T]], position: int, tx: Tx) -> Stage[T]:
    return look(tx, position)


def fill(tx: Tx) -> None:
    for number in range(7):
        tx.sessions.save(session(f"S{number}"))
        tx.cdrs.add(cdr(f"C{number}"))
        tx.debts.owe(P1, Owed.CDR, f"{number}", NOON, NOON)


async def test_a_walk_meets_everything_once_in_order_of_creation(store: AnyStore) -> None:
    await store.write(fill)
    # What changes keeps its place.
    await store.write(lambda tx: tx.sessions.save(replace(session("S2"), meter_id="M")))
    await store.write(lambda tx: tx.debts.owe(P1, Owed.CDR, "3", NOON, NOON))
    assert [s.id for s in await walked(store, lambda tx, at: tx.walk.sessions(at, 3))] == [
        f"S{n}" for n in range(7)
    ]
    assert [c.id for c in await walked(store, lambda tx, at: tx.walk.cdrs(at, 2))] == [
        f"C{n}" for n in range(7)
    ]
    debts = await walked(store, lambda tx, at: tx.walk.debts(at, 7))
    assert [(d.key, d.revision) for d in debts] == [(f"{n}", 2 if n == 3 else 1) for n in range(7)]


async def test_what_is_added_on_the_way_is_met_at_the_end(store: AnyStore) -> None:
    await store.write(fill)
    first = await store.read(lambda tx: tx.walk.cdrs(0, 5))
    await store.write(lambda tx: tx.cdrs.add(cdr("C7")))
    rest = await store.read(lambda tx: tx.walk.cdrs(first.position, 100))
    assert [c.id for c in (*first.items, *rest.items)] == [f"C{n}" for n in range(8)]
    assert (await store.read(lambda tx: tx.walk.cdrs(rest.position, 100))).items == ()


async def test_an_empty_store_has_no_stages(store: AnyStore) -> None:
    assert await walked(store, lambda tx, at: tx.walk.debts(at, 10)) == []


async def test_a_stage_is_found_by_its_key(sqlite: SqlStore) -> None:
    """A page by offset reads all the rows before it."""
    connection = sqlite._writer._connection
    for statement in (walk._SESSIONS_BEHIND, walk._CDRS_BEHIND, walk._DEBTS_BEHIND):
        text, fixed = connection._text(statement)  # type: ignore[attr-defined]
        plan = connection._connection.execute(  # type: ignore[attr-defined]
            f"EXPLAIN QUERY PLAN {text}", {**fixed, "position": 5, "row_limit": 5}
        ).fetchall()
        assert [row[3].split(" USING ")[1] for row in plan] == ["INTEGER PRIMARY KEY (rowid>?)"]
