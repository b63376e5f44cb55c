"""Corrections: a CDR is never changed, it is credited and another one takes its place. One commit each.

Rules: CDR-02, CDR-03, C17c. The chain is kept on both sides: a credit names the CDR it takes back
(`credit_of`), a new CDR the one it stands for (`replaces`).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.app import entitlement
from gateway.app.closing import counted_again, owes_no_cdr, record_of
from gateway.app.ports import Clock, Ids, Store, Tx
from gateway.app.redated import keep_samples
from gateway.app.wake import Wake
from gateway.domain.cdrs import LONGEST_REMARK, Cdr, credit
from gateway.domain.errors import CannotPrice, InvalidInput, UnknownObject
from gateway.domain.events import TransactionEnded
from gateway.domain.ids import CdrId, SessionId
from gateway.domain.sessions import FlagReason, Session


@dataclass(frozen=True, slots=True)
class Corrected:
    """The records a correction added."""

    credit: CdrId
    replacement: CdrId | None


@dataclass(frozen=True, slots=True)
class Correction:
    """What to take back and why; both ids are fresh. Without `replacement_id` there is no new record."""

    reason: str
    credit_id: CdrId
    replacement_id: CdrId | None
    now: datetime


class Corrections:
    """What a person decides about records that are wrong."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def credit(self, cdr_id: CdrId, reason: str, *, replacement: bool = True) -> Corrected:
        """Take a CDR back, and price its session again from all its samples and its own tariff.

        Raises UnknownObject; InvalidInput for a credit or a CDR that was credited; CannotPrice if there
        cannot be a new one (then nothing is credited); StoreUnavailable.
        """
        correction = Correction(
            reason,
            CdrId(self._ids.new()),
            CdrId(self._ids.new()) if replacement else None,
            self._clock.now(),
        )

        def work(tx: Tx) -> Corrected:
            cdr = tx.cdrs.get(cdr_id)
            if cdr is None:
                raise UnknownObject(f"there is no CDR {cdr_id}")
            session = tx.sessions.get(cdr.session_id) if cdr.session_id is not None else None
            return _correct(tx, cdr, session, correction)

        done = await self._store.write(work)
        self._wake.deliveries()
        return done


def standing_cdr(tx: Tx, session_id: SessionId) -> Cdr | None:
    """The CDR of a session that was not taken back, None if there is none."""
    records = tx.cdrs.of_session(session_id)
    credited = {cdr.credit_of for cdr in records}
    return next((c for c in reversed(records) if c.credit_of is None and c.id not in credited), None)


def without_guess(session: Session) -> Session:
    """The session as if nobody had closed it for want of an end."""
    flags = tuple(flag for flag in session.flags if flag.reason is not FlagReason.ORPHAN_CLOSED)
    return replace(session, ended_at=None, flags=flags)


def end_after_all(tx: Tx, session: Session, event: TransactionEnded, correction: Correction) -> Session:
    """The charger's own end of a session that was closed without it, when the record was made already.

    What agrees changes nothing; a CDR that turns out wrong is credited and made again (C17c). Raises
    CannotPrice; then nothing but the new samples is kept.
    """
    keep_samples(tx, session, event)
    known = replace(
        without_guess(session),
        ended_at=max(event.at, session.started_at),
        meter_stop_wh=event.meter_stop_wh,
        stop_reason=event.reason,
        last_updated=correction.now,
    )
    if event.clock_suspect or event.at < session.started_at:
        detail = f"the charger dated the end {event.at:%Y-%m-%d %H:%M:%S}"
        known = known.flagged(FlagReason.CLOCK_SUSPECT, detail)
    known = counted_again(tx, known)
    cdr = standing_cdr(tx, session.id)
    if owes_no_cdr(tx, known) or (cdr is not None and _agrees(cdr, known)):
        _save(tx, known, correction.now)
    elif cdr is not None:
        _correct(tx, cdr, known, correction)
    elif correction.replacement_id is not None:
        issue(tx, known, correction.replacement_id, correction.now)
    return known


def issue(tx: Tx, session: Session, cdr_id: CdrId, now: datetime, replaces: CdrId | None = None) -> None:
    """Make a record of a session that is final, and owe both. Raises CannotPrice, nothing done."""
    counted, cdr = _prepared(tx, session, cdr_id, now, replaces)
    _add(tx, cdr, now)
    _save(tx, counted, now)


def _prepared(
    tx: Tx, session: Session, cdr_id: CdrId, now: datetime, replaces: CdrId | None
) -> tuple[Session, Cdr]:
    counted = replace(counted_again(tx, session), last_updated=now)
    if counted.blocking:
        raise CannotPrice("; ".join(f"{flag.reason}: {flag.detail}" for flag in counted.blocking))
    return counted, replace(record_of(counted, cdr_id, now), replaces=replaces)


def _correct(tx: Tx, cdr: Cdr, session: Session | None, correction: Correction) -> Corrected:
    """Credit a record, and make the one that takes its place. Whatever can fail comes first."""
    if cdr.credit_of is not None:
        raise InvalidInput(f"CDR {cdr.id} is the credit of {cdr.credit_of}", field="cdr_id")
    records = tx.cdrs.of_session(cdr.session_id) if cdr.session_id is not None else ()
    before = next((c for c in records if c.credit_of == cdr.id), None)
    if before is not None:
        raise InvalidInput(f"CDR {cdr.id} was credited already, by {before.id}", field="cdr_id")
    new = None
    if correction.replacement_id is not None:
        if session is None:
            raise CannotPrice(f"the session of CDR {cdr.id} is not here; credit it without a replacement")
        new = _prepared(tx, session, correction.replacement_id, correction.now, cdr.id)
    remark = f"credit: {correction.reason}"[:LONGEST_REMARK]
    _add(tx, replace(credit(cdr, correction.credit_id, correction.now), remark=remark), correction.now)
    if new is not None:
        _add(tx, new[1], correction.now)
        _save(tx, new[0], correction.now)
    return Corrected(correction.credit_id, correction.replacement_id)


def _agrees(cdr: Cdr, session: Session) -> bool:
    """Whether a record already says what is known now."""
    if session.blocking:
        return False
    new = record_of(session, cdr.id, cdr.last_updated)
    return (new.ended_at, new.bill.total, new.bill.energy_kwh) == (
        cdr.ended_at,
        cdr.bill.total,
        cdr.bill.energy_kwh,
    )


def _add(tx: Tx, cdr: Cdr, now: datetime) -> None:
    tx.cdrs.add(cdr)
    entitlement.owe_cdr(tx, cdr, now)


def _save(tx: Tx, session: Session, now: datetime) -> None:
    tx.sessions.save(session)
    if not session.refused:
        entitlement.owe_session(tx, session, now, now)
