"""What a party behind a hub is shown of the hub's sessions and CDRs (T20, HUB-04), and who is behind it."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import create_engine

from gateway.app.ports import PageQuery, Tx
from gateway.domain.hubs import ConnectionStatus, HubClient
from gateway.domain.ids import PartnerId
from gateway.domain.partners import Role
from gateway.domain.tokens import SessionToken, session_token
from gateway.store.engine import SqlStore, open_store
from tests.builders import CPO, EMSP, NOON, OTHER_EMSP, token
from tests.store.stories import AnyStore, cdr, session

HUB = PartnerId("p1")
OURS = session_token(token())
THEIRS: SessionToken = replace(OURS, party=OTHER_EMSP)


def _fill(tx: Tx) -> None:
    for n, holder in enumerate((OURS, THEIRS, OURS, None, OURS)):
        tx.sessions.save(session(f"S{n}", token=holder, partner_id=HUB))
    for n, holder in enumerate((THEIRS, OURS, THEIRS)):
        tx.cdrs.add(cdr(f"C{n}", token=holder))
    tx.sessions.save(session("S3", token=THEIRS, partner_id=HUB))  # its driver became known
    tx.sessions.save(session("elsewhere", token=OURS, partner_id=PartnerId("p2")))


async def _shown(store: AnyStore, query: PageQuery) -> tuple[list[str], int, list[str], int]:
    sessions, cdrs = await store.read(lambda tx: (tx.sessions.page(query), tx.cdrs.page(query)))
    return [s.id for s in sessions.items], sessions.total, [c.id for c in cdrs.items], cdrs.total


async def test_pages_of_one_partys_tokens(store: AnyStore) -> None:
    await store.write(_fill)
    mine = PageQuery(partner_id=HUB, token_party=EMSP, limit=2)
    assert await _shown(store, mine) == (["S0", "S2"], 3, ["C1"], 1)
    assert await _shown(store, replace(mine, offset=2)) == (["S4"], 3, [], 1)
    theirs = PageQuery(partner_id=HUB, token_party=OTHER_EMSP)
    assert await _shown(store, theirs) == (["S1", "S3"], 2, ["C0", "C2"], 2)
    assert await _shown(store, replace(theirs, token_party=CPO)) == ([], 0, [], 0)


async def test_parties_are_looked_up_one_by_one(store: AnyStore) -> None:
    def client(party: object, role: Role) -> HubClient:
        return HubClient(HUB, party, role, ConnectionStatus.CONNECTED, NOON)

    known = [client(EMSP, Role.CPO), client(EMSP, Role.EMSP), client(OTHER_EMSP, Role.EMSP)]
    await store.write(lambda tx: [tx.hub_clients.save(one) for one in known])
    assert list(await store.read(lambda tx: tx.hub_clients.about(HUB, EMSP))) == known[:2]
    assert list(await store.read(lambda tx: tx.hub_clients.about(PartnerId("p2"), EMSP))) == []


async def test_a_database_from_before_learns_whose_tokens_they_were(sqlite: SqlStore, database: Path) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from gateway.store.migrations.versions import v0011_token_parties as step

    await sqlite.write(_fill)
    await sqlite.close()
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        for name in ("sessions", "cdrs"):
            connection.exec_driver_sql(f"DROP INDEX ix_{name}_partner_id_token_party")
            connection.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN token_party")
        with Operations.context(MigrationContext.configure(connection)):
            step.upgrade()
    engine.dispose()
    again = await open_store(f"sqlite+aiosqlite:///{database}")
    try:
        mine = PageQuery(partner_id=HUB, token_party=EMSP)
        assert await _shown(again, mine) == (["S0", "S2", "S4"], 3, ["C1"], 1)
    finally:
        await again.close()
