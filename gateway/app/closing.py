"""From an ended transaction to a COMPLETED session and its CDR, when late values had their time.

Rules: Q36, M50 to M54, CDR-02, CDR-05, SES-04. One session that cannot be priced is flagged and waits for a
person; nothing else stops.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from gateway.app import entitlement
from gateway.app.awaiting import give_up
from gateway.app.costs import bill_of
from gateway.app.orphans import guessed, incomplete, orphaned, with_gaps_flagged
from gateway.app.ports import Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain import usage
from gateway.domain.cdrs import Cdr, make_cdr
from gateway.domain.errors import CannotPrice, StoreUnavailable
from gateway.domain.flags import late_report
from gateway.domain.ids import CdrId, SessionId
from gateway.domain.sessions import Flag, FlagReason, Session, SessionStatus
from gateway.domain.units import ZERO

log = logging.getLogger(__name__)

_BATCH = 100
_AT_ONCE = 5
"""Sessions closed in one commit, which chargers wait for: some milliseconds."""
_LONGEST_SLEEP_S = 5.0
_MORE_TIME = timedelta(minutes=10)
"""What a session gets whose charger says that it goes on."""

_LONGEST_LACK = timedelta(hours=1)
"""How long messages that lack are waited for while the charger says that it has some."""

Question = Callable[[Session], Awaitable[bool]]
"""Whether a session's transaction still runs at its charger."""


class Closing:
    """Closes sessions when their time has come."""

    def __init__(self, store: Store, clock: Clock, wake: Wake, still_running: Question | None = None) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._still_running = still_running

    async def run(self) -> None:
        """Close what is due, for ever."""
        while True:
            due_at = await self.close_due()
            pause_s = _LONGEST_SLEEP_S
            if due_at is not None:
                pause_s = min(max((due_at - self._clock.now()).total_seconds(), 0.02), pause_s)
            await self._wake.closing_alarm.wait(pause_s)

    async def close_due(self) -> datetime | None:
        """Close all sessions that are due now; returns when the next one is."""
        now = self._clock.now()
        due = await self._store.read(lambda tx: tuple(tx.sessions.closing(now, _BATCH)))
        running = await self._running_still([session for session in due if _may_go_on(session, now)], now)
        ended = [session.id for session in due if session.id not in running]
        for first in range(0, len(ended), _AT_ONCE):
            await self._close(ended[first : first + _AT_ONCE], now)
            self._wake.deliveries()
        return await self._store.read(lambda tx: tx.sessions.next_closing_at())

    async def _running_still(self, lost: Sequence[Session], now: datetime) -> set[SessionId]:
        """Ask about sessions that lack their end, or more; those that go on get more time (D13)."""
        if self._still_running is None or not lost:
            return set()
        answers = await asyncio.gather(*(self._still_running(session) for session in lost))
        running = {session.id for session, goes_on in zip(lost, answers, strict=True) if goes_on}
        for session_id in running:
            await self._store.write(partial(_postpone, session_id=session_id, closes_at=now + _MORE_TIME))
        return running

    async def _close(self, session_ids: Sequence[SessionId], now: datetime) -> None:
        """Close some, each a unit of work of its own. Raises StoreUnavailable."""
        done = await asyncio.gather(
            *(self._close_one(one, now) for one in session_ids), return_exceptions=True
        )
        for error in done:
            if isinstance(error, BaseException):
                raise error

    async def _close_one(self, session_id: SessionId, now: datetime) -> None:
        try:
            await self._store.write(lambda tx: close_session(tx, session_id, now))
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("session %s could not be closed", session_id, extra={"session_id": session_id})
            reason = f"{type(error).__name__}: {error}"
            await self._store.write(lambda tx: _wait_for_person(tx, session_id, reason, now))


def _postpone(tx: Tx, session_id: SessionId, closes_at: datetime) -> None:
    session = tx.sessions.get(session_id)
    if session is not None and session.closes_at is not None and not session.final:
        tx.sessions.save(replace(session, closes_at=closes_at))


def _may_go_on(session: Session, now: datetime) -> bool:
    """Whether its charger may have more to say: it runs, or messages lack that were not long in coming.

    One that a new start at its plug ended lacks its end, which may be in the charger's queue still.
    """
    lacks = guessed(session) or incomplete(session)
    return session.open or (lacks and now - session.last_updated < _LONGEST_LACK)


def close_session(tx: Tx, session_id: SessionId, now: datetime) -> None:
    """Make the final record of one session. Does nothing if its time has not come."""
    session = tx.sessions.get(session_id)
    if session is None or session.closes_at is None or session.closes_at > now:
        return
    if session.awaited:
        give_up(tx, session, now)
        return
    if session.ended_at is None:
        session = orphaned(session, now, "the plug is free and no end was received")
    session = _begun_late_flagged(with_gaps_flagged(counted_again(tx, session)))
    if owes_no_cdr(tx, session):
        _finish(tx, session, now)
        return
    if session.blocking:
        tx.sessions.save(replace(session, closes_at=None, last_updated=now))
        return
    try:
        cdr = record_of(session, CdrId(session.id), now)
    except CannotPrice as error:
        _park(tx, session, str(error), now)
        return
    tx.cdrs.add(cdr)
    _finish(tx, session, now)
    entitlement.owe_cdr(tx, cdr, now)


def _begun_late_flagged(session: Session) -> Session:
    """Seen when all is in: in whatever order the messages came, the first of them is the one that counts."""
    late = late_report("start", session.started_at, session.created_at)
    return session if late is None else session.flagged(late.reason, late.detail)


def record_of(session: Session, cdr_id: CdrId, now: datetime) -> Cdr:
    """The CDR of an ended session. Raises CannotPrice."""
    periods = usage.charging_periods(session.usage, session.terms)
    return make_cdr(session, bill_of(session), periods, cdr_id, now)


def counted_again(tx: Tx, session: Session) -> Session:
    """Fold all samples again in their order, the late ones included; what is odd now is flagged.

    A session that lost its samples for their age stays as it was counted.
    """
    if session.thinned:
        return session
    samples = tx.sessions.samples(session.id)
    counted = usage.rebuild(
        session.terms,
        session.started_at,
        session.meter_start_wh,
        samples,
        tx.sessions.states(session.id),
        session.ended_at or session.usage.as_of,
        session.meter_stop_wh,
        reserved_at=session.reserved_at,
        switches=session.switches,
    )
    signed = tuple(dict.fromkeys(reading for sample in samples for reading in sample.signed))
    others = tuple(flag for flag in session.flags if flag not in session.usage.flags)
    session = replace(session, usage=counted, signed=signed or session.signed, flags=others)
    for flag in counted.flags:
        session = session.flagged(flag.reason, flag.detail)
    return session


def owes_no_cdr(tx: Tx, session: Session) -> bool:
    """No CDR for nobody, for refused drivers, and for nothing where the partner does not want it (M54)."""
    if session.token is None or session.partner_id is None or session.refused:
        return True
    partner = tx.partners.get(session.partner_id)
    return session.energy_wh == ZERO and partner is not None and not partner.profile.zero_energy_cdrs


def _finish(tx: Tx, session: Session, now: datetime) -> None:
    refused_for_nothing = session.refused and session.energy_wh <= ZERO
    status = SessionStatus.INVALID if refused_for_nothing else SessionStatus.COMPLETED
    if session.refused and not refused_for_nothing:
        session = session.flagged(FlagReason.NO_TOKEN, "a refused driver charged all the same")
    done = replace(session.moved_to(status), closes_at=None, last_updated=now)
    tx.sessions.save(done)
    if not session.refused:
        entitlement.owe_session(tx, done, now, now)


def _park(tx: Tx, session: Session, reason: str, now: datetime) -> None:
    flags = tuple(f for f in session.flags if f.reason is not FlagReason.CANNOT_PRICE)
    flags = (*flags, Flag(FlagReason.CANNOT_PRICE, reason))
    tx.sessions.save(replace(session, flags=flags, closes_at=None, last_updated=now))
    log.warning("session %s waits for a person: %s", session.id, reason, extra={"session_id": session.id})


def _wait_for_person(tx: Tx, session_id: SessionId, reason: str, now: datetime) -> None:
    session = tx.sessions.get(session_id)
    if session is not None:
        _park(tx, session, reason, now)
