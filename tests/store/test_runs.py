"""Commands of partners, and starts that come after their session: the same for every store."""

from dataclasses import replace

import pytest

from gateway.domain.errors import AlreadyRecorded
from gateway.domain.ids import ChargerId, PartnerId, RunId, SessionId, TransactionRef
from gateway.domain.remote_runs import Result, Run, RunKind, RunState
from gateway.domain.sessions import SessionStatus
from gateway.domain.tokens import session_token
from tests.builders import CHARGER, CPO, PLUG, at, token
from tests.store.stories import AnyStore, session

P1 = PartnerId("p1")


def run(id_: str = "R1", kind: RunKind = RunKind.START_SESSION, **changes: object) -> Run:
    made = Run(
        id=RunId(id_),
        kind=kind,
        partner_id=P1,
        party=CPO,
        response_url="https://ems.example/r/1",
        charger_id=CHARGER,
        plug=PLUG,
        number=1,
        accepted_at=at(0),
        deadline=at(30),
        id_tag="GABC",
        token=session_token(token()),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_runs_are_found_by_what_chargers_call_them(store: AnyStore) -> None:
    """M21, M27: by tag, number and the partner's reservation id; the newest counts, case does not."""
    older, newer = run("R1"), run("R2", number=2)
    reserved = run("R3", RunKind.RESERVE_NOW, number=3, id_tag="other", reservation_id="Res-1")
    foreign = run("R4", charger_id=ChargerId("CP-2"), id_tag="gabc", number=1)
    await store.write(lambda tx: [tx.runs.save(r) for r in (older, newer, reserved, foreign)])
    read = store.read
    assert await read(lambda tx: tx.runs.get(RunId("R2"))) == newer
    assert await read(lambda tx: tx.runs.get(RunId("R9"))) is None
    assert await read(lambda tx: tx.runs.by_tag(CHARGER, "gABC")) == newer
    assert await read(lambda tx: tx.runs.by_tag(CHARGER, "none")) is None
    assert await read(lambda tx: tx.runs.by_number(CHARGER, 1)) == older
    assert await read(lambda tx: tx.runs.by_number(CHARGER, 9)) is None
    assert await read(lambda tx: tx.runs.reservation(P1, "rES-1")) == reserved
    assert await read(lambda tx: tx.runs.reservation(PartnerId("p2"), "Res-1")) is None


async def test_runs_wait_until_they_are_done(store: AnyStore) -> None:
    """CMD-03: what has no result is found again after a restart, oldest first."""
    first, second = run("R1"), run("R2", state=RunState.ASKED)
    await store.write(lambda tx: [tx.runs.save(r) for r in (first, second)])
    assert await store.read(lambda tx: tx.runs.unfinished()) == [first, second]
    await store.write(lambda tx: tx.runs.save(replace(first, state=RunState.DONE, result=Result.TIMEOUT)))
    assert await store.read(lambda tx: tx.runs.unfinished()) == [second]
    undoing = replace(first, state=RunState.UNDOING, result=Result.TIMEOUT)
    await store.write(lambda tx: tx.runs.save(undoing))
    assert await store.read(lambda tx: tx.runs.unfinished()) == [undoing, second]


async def test_numbers_of_runs_are_never_given_twice(store: AnyStore) -> None:
    """CMD-11: our own numbers, from 1."""
    assert [await store.write(lambda tx: tx.runs.next_number()) for _ in range(3)] == [1, 2, 3]


async def test_a_session_learns_its_start_later(store: AnyStore) -> None:
    """SES-04, C07: a PENDING session gets its transaction and the key of the start, once."""
    pending = session("S1", transaction=None, status=SessionStatus.PENDING, closes_at=at(300))
    await store.write(lambda tx: tx.sessions.save(pending))
    assert await store.read(lambda tx: tx.sessions.open_at(CHARGER, PLUG)) is None
    assert await store.read(lambda tx: tx.sessions.next_closing_at()) == at(300)
    started = replace(pending, transaction=TransactionRef("7"), status=SessionStatus.ACTIVE, closes_at=None)
    await store.write(lambda tx: tx.sessions.save(started, start_key="key"))
    await store.write(lambda tx: tx.sessions.save(replace(started, last_updated=at(9))))
    found = await store.read(lambda tx: tx.sessions.by_start(CHARGER, "key"))
    assert found is not None
    assert found.id == SessionId("S1")
    assert await store.read(lambda tx: tx.sessions.open_at(CHARGER, PLUG)) == found
    with pytest.raises(AlreadyRecorded):
        await store.write(lambda tx: tx.sessions.save(session("S2"), start_key="key"))
