"""What the writer remembers of rows is what a query would give, whatever was changed or undone."""

from dataclasses import replace

import pytest

from gateway.app.ports import Tx
from gateway.domain.ids import ChargerId, SessionId, TransactionRef
from gateway.domain.sessions import Session
from tests.builders import CHARGER, at, partner
from tests.store.stories import AnyStore, session

CHARGER_ID, REF = ChargerId(CHARGER), TransactionRef("1")


class Refused(Exception):
    """A unit of work that fails after it changed something."""


def _known(tx: Tx) -> Session | None:
    return tx.sessions.by_transaction(CHARGER_ID, REF)


async def test_what_a_failed_work_saved_is_not_remembered(store: AnyStore) -> None:
    """C06, F21: the next message goes on from what was committed."""
    first, name = replace(session(), transaction=REF), partner()
    await store.write(lambda tx: tx.sessions.save(first))
    await store.write(lambda tx: tx.partners.save(name))
    assert await store.write(_known) == first

    def fail(tx: Tx) -> None:
        tx.sessions.save(first.went_on(first.usage, at(60)))
        tx.partners.save(replace(name, name="Another name"))
        raise Refused

    with pytest.raises(Refused):
        await store.write(fail)
    assert await store.write(_known) == first
    assert await store.write(lambda tx: tx.partners.get(name.id)) == name


async def test_a_session_that_went_on_is_what_everybody_reads(store: AnyStore) -> None:
    """C12: a short save changes the row of the session, and its searched columns when they change."""
    first = replace(session(), transaction=REF)
    await store.write(lambda tx: tx.sessions.save(first))
    later = first.went_on(first.usage, at(60))
    assert await store.write(_known) == first
    await store.write(lambda tx: tx.sessions.save(later))
    assert await store.read(_known) == later == await store.write(_known)
    ended = replace(later, ended_at=at(90), closes_at=at(100))
    await store.write(lambda tx: tx.sessions.save(ended))
    assert await store.read(_known) == ended == await store.write(_known)
    assert await store.read(lambda tx: [s.id for s in tx.sessions.closing(at(100), 5)]) == [ended.id]
    assert await store.read(lambda tx: tx.sessions.open_of(CHARGER_ID)) == []


async def test_another_session_of_the_same_transaction_is_the_newest(store: AnyStore) -> None:
    """D11: an end that came in vain and a new start share a name; the newest session counts."""
    first = replace(session(), transaction=REF)
    second = replace(first, id=SessionId("S2"))
    await store.write(lambda tx: tx.sessions.save(first))
    assert await store.write(_known) == first
    await store.write(lambda tx: tx.sessions.save(second))
    assert await store.write(_known) == second
