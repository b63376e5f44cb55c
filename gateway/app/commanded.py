"""Drivers that partners vouched for by a command: who they are, and which session was waiting for them.

Rules: CMD-05 to CMD-07, CMD-11, M20 to M22, SES-04 to SES-07. Called within units of work.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app.entitlement import owe_result
from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.authorization import AuthMethod, Authorization, Verdict
from gateway.domain.events import Habit, TransactionStarted
from gateway.domain.ids import ChargerId, ConnectorNumber, SessionId, TokenUid
from gateway.domain.remote_runs import TAG_LENGTH, WITH_TOKEN, Result, Run, RunKind
from gateway.domain.sessions import Session, SessionStatus

UNCHECKED = timedelta(minutes=15)
"""How long a card named in a command is not asked about at its issuer. Spec: mod_commands "StartSession"."""
_EARLY = timedelta(minutes=1)
"""How far a charger's clock may run behind ours."""
_MAY_START = frozenset({None, Result.ACCEPTED, Result.TIMEOUT})
"""Results after which the charger may still start: an unanswered command may have arrived."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A card at a charger: at which plug, and for which remote start, where the charger says so."""

    card: str
    at: datetime
    number: ConnectorNumber | None = None
    remote_start_id: int | None = None


def shown_in(event: TransactionStarted) -> Shown | None:
    """The card of a start."""
    if event.id_token is None:
        return None
    number = event.number if event.number.evse else None
    return Shown(event.id_token.value, event.at, number, event.remote_start_id)


def vouched(tx: Tx, charger_id: ChargerId, shown: Shown) -> Authorization | None:
    """The decision a command has made about a driver, or None if there was no such command (CMD-06).

    Names of ours mean one driver for ever, also when a charger replays a start days later (M21).
    """
    run = _meant(tx, charger_id, shown)
    if run is None or run.token is None:
        return None
    return Authorization(
        Verdict.ALLOWED,
        f"commanded by {run.kind}",
        AuthMethod.COMMAND,
        run.token,
        run.partner_id,
        reference=run.authorization_reference,
        group_id=run.group_id,
    )


def linked(tx: Tx, event: TransactionStarted, authorization: Authorization) -> Run | None:
    """The command that this start answers, however late; None if nobody commanded it."""
    if not authorization.accepted:
        return None
    for run in _candidates(tx, event):
        reserved = run.kind is RunKind.RESERVE_NOW and _awaits(tx, run)
        if run.partner_id == authorization.partner_id and (reserved or _covers(run, event.at)):
            return run
    return None


def taken_over(tx: Tx, run: Run, session: Session, now: datetime) -> Session:
    """The session that was waiting for this start, with what is known now; else the new one.

    A command without a result is accepted by the start itself.
    """
    waiting = tx.sessions.get(run.session_id) if run.session_id else None
    if waiting is not None and waiting.awaited:
        session = _continued(waiting, session)
    _begun(tx, run, session.id, now)
    return session


def adopted(tx: Tx, run: Run, session: Session, now: datetime) -> Session:
    """The same for a transaction that began before its driver was known: the cable first, the start later.

    What was stored of it goes on in the session that was waiting, which its partner knows; nobody was told
    of the other, which ends. The caller folds the consumption again.
    """
    waiting = tx.sessions.get(run.session_id) if run.session_id else None
    if waiting is None or not waiting.awaited:
        _begun(tx, run, session.id, now)
        return session
    tx.sessions.add_samples(waiting.id, tx.sessions.samples(session.id))
    for at, state in tx.sessions.states(session.id):
        tx.sessions.add_state(waiting.id, at, state)
    left = replace(
        session,
        transaction=None,
        token=None,
        partner_id=None,
        status=SessionStatus.INVALID,
        ended_at=now,
        closes_at=None,
        last_updated=now,
        notes=(*session.notes, f"goes on as session {waiting.id}, which was waiting for its driver"),
    )
    tx.sessions.save(left)
    _begun(tx, run, waiting.id, now)
    return _continued(waiting, session)


def _begun(tx: Tx, run: Run, session_id: SessionId, now: datetime) -> None:
    """Note that a command led to this session, and its result if it had none."""
    run = replace(run, session_id=session_id)
    if not run.done:
        run = replace(run, state=run.left, result=Result.ACCEPTED, detail="started")
        owe_result(tx, run, Result.ACCEPTED, now)
    tx.runs.save(run)


def _candidates(tx: Tx, event: TransactionStarted) -> list[Run]:
    """Commands that may be meant: by number first, then by the driver."""
    found = []
    for number, kind in (
        (event.reservation_id, RunKind.RESERVE_NOW),
        (event.remote_start_id, RunKind.START_SESSION),
    ):
        run = tx.runs.by_number(event.charger_id, number) if number else None
        if run is not None and run.kind is kind:
            found.append(run)
    shown = shown_in(event)
    if shown is not None:
        meant = tx.runs.by_tag(event.charger_id, shown.card) or _meant(tx, event.charger_id, shown)
        if meant is not None and meant not in found:
            found.append(meant)
    return found


def _meant(tx: Tx, charger_id: ChargerId, shown: Shown) -> Run | None:
    """The command that covers a card: by its name, by the number the charger echoes, or as its make does."""
    for run in (
        tx.runs.by_tag(charger_id, shown.card),
        _echoed(tx, charger_id, shown.card),
        _numbered(tx, charger_id, shown),
    ):
        if run is not None and _covers(run, shown.at):
            return run
    return _answered_with_own_card(tx, charger_id, shown)


def _echoed(tx: Tx, charger_id: ChargerId, card: str) -> Run | None:
    """A name of ours with more characters after it (Q21)."""
    run = tx.runs.by_tag(charger_id, card[:TAG_LENGTH]) if len(card) > TAG_LENGTH else None
    return run if run is not None and run.synthetic else None


def _numbered(tx: Tx, charger_id: ChargerId, shown: Shown) -> Run | None:
    """What the charger says it answers, whatever card it names (D16).

    A number that is still said when its transaction is over, or of another plug, means nobody.
    """
    run = tx.runs.by_number(charger_id, shown.remote_start_id) if shown.remote_start_id else None
    if run is None or run.kind is not RunKind.START_SESSION or shown.number not in (None, run.plug):
        return None
    session = tx.sessions.get(run.session_id) if run.session_id else None
    if session is None:
        return run if shown.at <= run.accepted_at + UNCHECKED else None
    return run if session.awaited or session.open else None


def _answered_with_own_card(tx: Tx, charger_id: ChargerId, shown: Shown) -> Run | None:
    """The one remote start under way at the plug, for makes that start with a card nobody issued (Q22)."""
    state = tx.chargers.state(charger_id)
    if state is None or Habit.OWN_CARDS not in state.habits or tx.tokens.by_uid(TokenUid(shown.card)):
        return None
    plugs = [p.number for p in charger.plugs] if (charger := tx.chargers.get(charger_id)) else []
    under_way = [run for plug in plugs if (run := start_under_way(tx, charger_id, plug)) is not None]
    fitting = [run for run in under_way if shown.number in (None, run.plug) and _covers(run, shown.at)]
    return fitting[0] if len(fitting) == 1 else None


def start_under_way(tx: Tx, charger_id: ChargerId, plug: ConnectorNumber) -> Run | None:
    """The remote start whose transaction has not come yet."""
    for run in tx.runs.unfinished():
        asked = run.kind is RunKind.START_SESSION and not run.done
        if asked and run.charger_id == charger_id and run.plug == plug:
            return run
    awaited = tx.sessions.awaited_at(charger_id, plug)
    pending = awaited is not None and awaited.status is SessionStatus.PENDING
    return tx.runs.get(awaited.run_id) if pending and awaited and awaited.run_id else None


def _awaits(tx: Tx, run: Run) -> bool:
    session = tx.sessions.get(run.session_id) if run.session_id else None
    return session is not None and session.awaited


def _covers(run: Run, at: datetime) -> bool:
    if run.kind not in WITH_TOKEN:
        return False
    if run.synthetic:
        return True
    return run.result in _MAY_START and run.accepted_at - _EARLY <= at <= run.accepted_at + UNCHECKED


def _continued(waiting: Session, started: Session) -> Session:
    """Spec: mod_sessions: start_date_time becomes the moment the session went ACTIVE (SES-05)."""
    session = replace(
        started,
        id=waiting.id,
        created_at=waiting.created_at,
        authorization_reference=started.authorization_reference or waiting.authorization_reference,
    )
    if waiting.status is not SessionStatus.RESERVATION:
        return session
    reserved_at = waiting.started_at
    consumed = usage.begin(waiting.terms, started.started_at, started.meter_start_wh, reserved_at=reserved_at)
    return replace(session, terms=waiting.terms, usage=consumed, reserved_at=reserved_at)
