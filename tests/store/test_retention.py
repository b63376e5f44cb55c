"""What is old is let go of, in bounded steps; what proves, prices or reconciles stays."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app.policy import Policy
from gateway.app.ports import Tx
from gateway.app.retention import Retention
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.ids import ChargerId, PartnerId, SessionId
from gateway.domain.readings import ChargingState
from gateway.domain.sessions import Flag, FlagReason, SessionStatus
from gateway.store.engine import SqlStore
from gateway.store.migrate import migrate
from tests.builders import CHARGER, NOON, at, register_sample
from tests.fakes import FakeClock
from tests.store.stories import AnyStore, session

P1 = PartnerId("p1")
DAY = timedelta(days=1)
FINAL = {"status": SessionStatus.COMPLETED, "ended_at": NOON}


def retention(store: AnyStore, clock: FakeClock) -> Retention:
    return Retention(
        store, clock, Policy(keep_samples=DAY, keep_authorizations=DAY, keep_deliveries=DAY), every_s=1
    )


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        (FINAL, 0),
        (FINAL | {"last_updated": NOON + DAY}, 3),
        ({}, 3),
        ({"ended_at": NOON, "flags": (Flag(FlagReason.CANNOT_PRICE, "?"),)}, 3),
        (FINAL | {"flags": (Flag(FlagReason.ORPHAN_CLOSED, "its end may come"),)}, 3),
    ],
    ids=["final", "too young", "running", "waits for a person", "closed without its end"],
)
async def test_f39_samples_of_old_final_sessions_go(
    store: AnyStore, changes: dict[str, object], kept: int
) -> None:
    def work(tx: Tx) -> None:
        tx.sessions.save(session(**changes))
        tx.sessions.add_samples(SessionId("S1"), [register_sample(n, 1000 + n) for n in range(2)])
        tx.sessions.add_state(SessionId("S1"), NOON, ChargingState.CHARGING)

    await store.write(work)
    clock = FakeClock(NOON + DAY + timedelta(hours=1))
    await retention(store, clock).sweep()

    def left(tx: Tx) -> tuple[int, bool]:
        found = tx.sessions.get(SessionId("S1"))
        assert found is not None
        rows = len(tx.sessions.samples(found.id)) + len(tx.sessions.states(found.id))
        return rows, found.thinned

    assert await store.read(left) == (kept, kept == 0)
    assert (await retention(store, clock).sweep())["samples"] == 0


async def test_f39_old_decisions_about_cards_go(store: AnyStore) -> None:
    charger, decision = ChargerId(CHARGER), Authorization(Verdict.ALLOWED, "whitelisted")

    def work(tx: Tx) -> None:
        for hours in (0, 1, 30):
            tx.authorizations.add(charger, f"CARD{hours}", NOON + timedelta(hours=hours), decision)

    await store.write(work)
    assert (await retention(store, FakeClock(NOON + timedelta(hours=26))).sweep())["authorizations"] == 2
    await store.write(lambda tx: tx.authorizations.add(charger, "NEW", NOON + 2 * DAY, decision))
    log = await store.read(lambda tx: tx.authorizations.log(10))
    assert [row[2] for row in log] == ["NEW", "CARD30"]


def debt(kind: Owed, key: str, state: DebtState = DebtState.SETTLED, tried: float = 0) -> Debt:
    return Debt(
        P1, kind, key, 1, NOON, NOON, state, 1, last_attempt_at=at(tried), request="PUT https://x\n{}"
    )


async def test_f39_old_acknowledged_debts_go_but_not_what_proves_a_cdr(store: AnyStore) -> None:
    """I3 and `reconcile` need the debts of CDRs and places for ever; what was sent they do not."""
    rows = [
        debt(Owed.SESSION, "S1"),
        debt(Owed.COMMAND_RESULT, "R/ACCEPTED"),
        debt(Owed.SESSION, "S2", tried=7200),
        debt(Owed.SESSION, "S3", DebtState.WAITING),
        debt(Owed.SESSION, "S4", DebtState.PARKED),
        debt(Owed.CDR, "C1"),
        debt(Owed.LOCATION, "LOC1"),
        debt(Owed.TARIFF, "NL-GWY/standard"),
    ]

    def work(tx: Tx) -> None:
        for row in rows:
            tx.debts.save(row)

    await store.write(work)
    dropped = await retention(store, FakeClock(NOON + DAY + timedelta(hours=1))).sweep()
    assert dropped["deliveries"] == 3
    left = {d.key: d.request for d in await store.read(lambda tx: tx.debts.list())}
    assert set(left) == {"S2", "S3", "S4", "C1", "LOC1", "NL-GWY/standard"}
    assert left["C1"] is None
    assert left["LOC1"] == "PUT https://x\n{}"


async def test_f39_a_step_is_bounded(store: AnyStore) -> None:
    decision = Authorization(Verdict.ALLOWED, "whitelisted")

    def work(tx: Tx) -> None:
        for number in range(7):
            tx.authorizations.add(ChargerId(CHARGER), f"CARD{number}", at(number), decision)
            tx.debts.save(debt(Owed.SESSION, f"S{number}", tried=number))

    await store.write(work)
    late = NOON + DAY
    assert await store.write(lambda tx: tx.old.drop_authorizations(late, 3)) == 3
    assert await store.write(lambda tx: tx.old.drop_deliveries(late, 3)) == 3
    left = await store.read(lambda tx: (tx.authorizations.log(10), tx.debts.list()))
    assert [row[2] for row in left[0]] == ["CARD6", "CARD5", "CARD4", "CARD3"]
    assert {d.key for d in left[1]} == {"S3", "S4", "S5", "S6"}


async def test_nothing_goes_where_no_term_is_set(store: AnyStore) -> None:
    await store.write(lambda tx: tx.debts.save(debt(Owed.SESSION, "S1")))
    always = Policy(keep_samples=None, keep_authorizations=None, keep_deliveries=None)
    assert await Retention(store, FakeClock(NOON + 4000 * DAY), always).sweep() == {}
    assert len(await store.read(lambda tx: tx.debts.list())) == 1


async def test_what_is_old_is_found_without_walking_through_tables(database: Path) -> None:
    from gateway.store.rows import retention as rows
    from gateway.store.sqlite import _DIALECT

    migrate(database)
    plans: dict[str, str] = {}
    with closing(sqlite3.connect(database)) as connection:
        for name in ("_THINNABLE", "_DROP_SAMPLES", "_DROP_STATES", "_DROP_DECISIONS", "_DROP_DEBTS"):
            compiled = getattr(rows, name).compile(dialect=_DIALECT)
            steps = connection.execute(
                f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)
            ).fetchall()
            plans[name] = "; ".join(step[3] for step in steps)
    assert not [plan for plan in plans.values() if "SCAN" in plan], plans


async def test_a_database_from_before_learns_what_is_final(sqlite: SqlStore, database: Path) -> None:
    """The column that finds old sessions is filled for sessions that ended before it existed."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import create_engine

    from gateway.store.migrations.versions import v0008_retention as step

    def work(tx: Tx) -> None:
        tx.sessions.save(session("S1", **FINAL))
        tx.sessions.save(session("S2"))

    await sqlite.write(work)
    await sqlite.close()
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for statement in (
            "DROP INDEX ix_sessions_detailed_since",
            "DROP INDEX ix_debts_last_attempt_at",
            "DROP TABLE reconciliations",
            "ALTER TABLE sessions DROP COLUMN detailed_since",
        ):
            connection.exec_driver_sql(statement)
        with Operations.context(MigrationContext.configure(connection)):
            step.upgrade()
        found = connection.exec_driver_sql(
            "SELECT id_key, detailed_since IS NOT NULL FROM sessions ORDER BY id_key"
        ).fetchall()
    engine.dispose()
    assert [tuple(row) for row in found] == [("s1", 1), ("s2", 0)]
