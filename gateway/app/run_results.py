"""What the result of a command changes, and the one result that is owed for it (CMD-03). Units of work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app import entitlement
from gateway.app.awaiting import await_transaction, release
from gateway.app.ports import Tx
from gateway.app.reservations import concluded
from gateway.domain.chargers import IN_USE, OUT_OF_USE
from gateway.domain.ids import RunId, SessionId
from gateway.domain.profiles import ActiveProfile, same_course
from gateway.domain.remote_runs import PlugView, Result, Run, RunKind
from gateway.domain.sessions import SessionStatus


@dataclass(frozen=True, slots=True)
class Moment:
    """When a result is noted, with what it may need: a fresh session id, and how long a start may take."""

    now: datetime
    session_id: SessionId
    start_patience: timedelta
    grace: timedelta


def conclude(
    tx: Tx, run_id: RunId, result: Result, detail: str, active: ActiveProfile | None, at: Moment
) -> Run | None:
    """Note a command's result, once; what comes later changes nothing. The command as it is then."""
    run = tx.runs.get(run_id)
    if run is None or run.done:
        return run
    run = replace(run, state=concluded(run, result), result=result, detail=detail, active=active)
    effect = _EFFECTS.get(run.kind)
    if result is Result.ACCEPTED and effect is not None:
        run = effect(tx, run, at)
    tx.runs.save(run)
    entitlement.owe_result(tx, run, result, at.now)
    return run


def _started(tx: Tx, run: Run, at: Moment) -> Run:
    """The start is expected now, in a session of its own or in that of the reservation it uses."""
    if run.session_id is not None and tx.sessions.get(run.session_id) is not None:
        return run
    until = at.now + at.start_patience
    session = await_transaction(tx, run, at.session_id, SessionStatus.PENDING, at.now, until)
    return replace(run, session_id=session.id) if session else run


def _reserved(tx: Tx, run: Run, at: Moment) -> Run:
    until = (run.expires_at or at.now) + at.grace
    known = tx.sessions.get(run.session_id) if run.session_id else None
    if known is not None and known.awaited:
        changed = replace(
            known,
            closes_at=until,
            token=run.token,
            presented=run.id_tag,
            authorization_reference=run.authorization_reference or known.authorization_reference,
            group_id=run.group_id,
            run_id=run.id,
            last_updated=at.now,
        )
        tx.sessions.save(changed)
        entitlement.owe_session(tx, changed, at.now, at.now)
        return run
    session = await_transaction(tx, run, at.session_id, SessionStatus.RESERVATION, at.now, until)
    return replace(run, session_id=session.id) if session else run


def _cancelled(tx: Tx, run: Run, at: Moment) -> Run:
    session = tx.sessions.get(run.session_id) if run.session_id else None
    if session is not None:
        release(tx, session, at.now)
    return run


def _profile_set(tx: Tx, run: Run, at: Moment) -> Run:
    session = tx.sessions.get(run.session_id) if run.session_id else None
    if session is not None and not session.final:
        unit = run.profile.unit if run.profile else None
        tx.sessions.save(
            replace(session, profile_number=run.number, profile_set_at=at.now, profile_unit=unit)
        )
    return run


_EFFECTS: dict[RunKind, Callable[[Tx, Run, Moment], Run]] = {
    RunKind.START_SESSION: _started,
    RunKind.RESERVE_NOW: _reserved,
    RunKind.CANCEL_RESERVATION: _cancelled,
    RunKind.SET_PROFILE: _profile_set,
}


def note_active_profile(tx: Tx, session_id: SessionId, active: ActiveProfile, now: datetime) -> bool:
    """Remember what a charger follows; owe it if it changed and a profile was ever set (CP-03)."""
    session = tx.sessions.get(session_id)
    if session is None or session.final or session.profile_set_at is None:
        return False
    if session.active_profile is not None and same_course(session.active_profile, active):
        return False
    changed = replace(session, active_profile=active)
    tx.sessions.save(changed)
    entitlement.owe_active_profile(tx, changed, now)
    return True


def plug_view(tx: Tx, run: Run) -> PlugView:
    """What is known of the plug a charger refused to use (M24)."""
    charger, state = tx.chargers.get(run.charger_id), tx.chargers.state(run.charger_id)
    plug = state.plug(run.plug) if state else None
    if charger is None or plug is None:
        return PlugView(occupied=tx.sessions.open_at(run.charger_id, run.plug) is not None)
    return PlugView(
        occupied=tx.sessions.open_at(run.charger_id, run.plug) is not None or plug.status in IN_USE,
        inoperative=plug.status in OUT_OF_USE,
    )
