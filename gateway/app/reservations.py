"""Reservations that a charger shall forget: withdrawn by people, or accepted too late (CMD-12, M27)."""

from dataclasses import replace
from datetime import datetime

from gateway.app.awaiting import reserving_run, withdraw
from gateway.app.ports import Tx
from gateway.domain.errors import InvalidInput, UnknownObject
from gateway.domain.ids import ChargerId, SessionId
from gateway.domain.remote_runs import Result, Run, RunKind, RunState
from gateway.domain.sessions import SessionStatus


def withdraw_session(tx: Tx, session_id: SessionId, now: datetime) -> None:
    """Cancel a reservation on our side: its partner is told, its charger frees the plug.

    Raises UnknownObject, or InvalidInput for a session that is no reservation (any more).
    """
    session = tx.sessions.get(session_id)
    if session is None:
        raise UnknownObject(f"there is no session {session_id}")
    run = reserving_run(tx, session)
    if run is None or session.status is not SessionStatus.RESERVATION or not session.awaited:
        raise InvalidInput(f"session {session_id} is no reservation that is held", field="session_id")
    withdraw(tx, run, session, now)
    tx.runs.save(replace(run, state=RunState.UNDOING))


def concluded(run: Run, result: Result) -> RunState:
    """What is left to do once the partner has its result: a reservation that may have been made is undone."""
    return RunState.UNDOING if run.state is RunState.ASKED and _unwanted(run, result) else run.left


def made_late(tx: Tx, charger_id: ChargerId, number: int) -> bool:
    """A charger accepted a reservation after its partner was told TIMEOUT; whether it is to be undone."""
    run = tx.runs.by_number(charger_id, number)
    if run is None or run.result is None or not _unwanted(run, run.result):
        return False
    tx.runs.save(replace(run, state=RunState.UNDOING))
    return True


def _unwanted(run: Run, result: Result) -> bool:
    """A reservation that replaces another is not: that one is still held, under the same number."""
    return run.kind is RunKind.RESERVE_NOW and run.session_id is None and result is Result.TIMEOUT


def undone(tx: Tx, run: Run) -> None:
    """The charger has forgotten it, or its time is over."""
    current = tx.runs.get(run.id)
    if current is not None and current.state is RunState.UNDOING:
        tx.runs.save(replace(current, state=RunState.DONE))
