"""Sessions before their transaction: after an accepted remote start, and in a reservation (SES-04, M27).

They are given up when their time is over: a start that never came is INVALID, an unused reservation is
COMPLETED with its CDR where the tariff charges for it, else INVALID. Called within units of work.
"""

from dataclasses import replace
from datetime import datetime

from gateway.app import entitlement
from gateway.app.agreeing import agree
from gateway.app.costs import bill_of
from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.authorization import AuthMethod
from gateway.domain.cdrs import make_cdr
from gateway.domain.errors import CannotPrice
from gateway.domain.events import ReservationEnded
from gateway.domain.ids import CdrId, ChargerId, ConnectorNumber, SessionId
from gateway.domain.remote_runs import Result, Run
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.sites import PlugSnapshot, plug_snapshot
from gateway.domain.units import ZERO


def await_transaction(
    tx: Tx, run: Run, session_id: SessionId, status: SessionStatus, now: datetime, until: datetime
) -> Session | None:
    """Open the session of an accepted command; None if its plug is no longer in the network file."""
    plug = _plug(tx, run)
    if plug is None:
        return None
    terms = agree(tx, plug, now, run.token, run.partner_id)
    reserved = status is SessionStatus.RESERVATION
    session = Session(
        id=session_id,
        party=plug.location.party,
        charger_id=run.charger_id,
        number=run.plug,
        plug=plug,
        terms=terms,
        status=status,
        started_at=now,
        usage=usage.reserve(terms, now) if reserved else usage.begin(terms, now, None),
        last_updated=now,
        created_at=now,
        token=run.token,
        presented=run.id_tag,
        partner_id=run.partner_id,
        group_id=run.group_id,
        run_id=run.id,
        auth_method=AuthMethod.COMMAND,
        authorization_reference=run.authorization_reference,
        closes_at=until,
    )
    tx.sessions.save(session)
    entitlement.owe_session(tx, session, now, now)
    return session


def _plug(tx: Tx, run: Run) -> PlugSnapshot | None:
    charger = tx.chargers.get(run.charger_id)
    mapping = charger.plug(run.plug) if charger else None
    location = tx.locations.by_evse(mapping.evse_uid) if mapping else None
    if mapping is None or location is None:
        return None
    return plug_snapshot(location, mapping.evse_uid, mapping.connector_id)


def give_up(tx: Tx, session: Session, now: datetime) -> None:
    """The time of an awaited session is over."""
    if session.status is SessionStatus.RESERVATION:
        _expire(tx, session, now)
    else:
        _invalidate(tx, session, now)


def release(tx: Tx, session: Session, now: datetime) -> None:
    """A reservation was cancelled, by whomever: it is not billed."""
    if session.awaited:
        _invalidate(tx, session, now)


def reserved_at(tx: Tx, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
    """The session of the reservation that holds a plug, if one does."""
    session = tx.sessions.awaited_at(charger_id, number)
    return session if session is not None and session.status is SessionStatus.RESERVATION else None


def reserving_run(tx: Tx, session: Session) -> Run | None:
    """The command that made a reservation; its partner hears at that command's address (CMD-12)."""
    made = tx.runs.get(session.run_id) if session.run_id else None
    return made or tx.runs.by_tag(session.charger_id, session.presented or "")


def withdraw(tx: Tx, run: Run, session: Session, now: datetime) -> None:
    """We cancel a partner's reservation: it learns so at the address it gave for RESERVE_NOW (CMD-12)."""
    release(tx, session, now)
    entitlement.owe_result(tx, run, Result.CANCELED_RESERVATION, now)


def reservation_ended(tx: Tx, event: ReservationEnded, now: datetime) -> bool:
    """A charger gave a reservation up; False if it was none, or a cancellation of it is still on its way.

    Unused it is billed like one whose time passed; taken away it is not, and its partner is told (M27, M28).
    """
    run = tx.runs.by_number(event.charger_id, event.number)
    session = tx.sessions.get(run.session_id) if run is not None and run.session_id else None
    if run is None or session is None or not session.awaited:
        return False
    if session.status is not SessionStatus.RESERVATION or not run.done:
        return False
    if event.unused:
        give_up(tx, session, now)
        return True
    made = reserving_run(tx, session)
    if made is None:
        release(tx, session, now)
    else:
        withdraw(tx, made, session, now)
    return True


def _invalidate(tx: Tx, session: Session, now: datetime) -> None:
    done = replace(session.moved_to(SessionStatus.INVALID), ended_at=now, closes_at=None, last_updated=now)
    tx.sessions.save(done)
    entitlement.owe_session(tx, done, now, now)


def _expire(tx: Tx, session: Session, now: datetime) -> None:
    """Nobody came: RESERVATION_TIME until the end, priced as an expired reservation."""
    run = reserving_run(tx, session)
    ended_at = min(run.expires_at, now) if run is not None and run.expires_at is not None else now
    ended_at = max(ended_at, session.started_at)
    reserved = usage.begin(session.terms, ended_at, None, reserved_at=session.started_at)
    ended = replace(
        session,
        ended_at=ended_at,
        stop_reason="reservation expired",
        usage=usage.finish(reserved, session.terms, ended_at, None),
    )
    try:
        bill = bill_of(ended)
    except CannotPrice:
        _invalidate(tx, session, now)
        return
    if bill.total.before_taxes <= ZERO:
        _invalidate(tx, session, now)
        return
    done = replace(ended.moved_to(SessionStatus.COMPLETED), closes_at=None, last_updated=now)
    tx.sessions.save(done)
    entitlement.owe_session(tx, done, now, now)
    cdr = make_cdr(done, bill, usage.charging_periods(done.usage, done.terms), CdrId(session.id), now)
    tx.cdrs.add(cdr)
    entitlement.owe_cdr(tx, cdr, now)
