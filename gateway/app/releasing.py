"""Sessions that wait for a person: what the person decided, and the CDR that follows at once (M51)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.app.agreeing import agree
from gateway.app.closing import close_session
from gateway.app.corrections import issue, standing_cdr
from gateway.app.ports import Clock, Ids, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.errors import CannotPrice, InvalidInput, UnknownObject
from gateway.domain.flags import BLOCKING_FLAGS, FlagReason
from gateway.domain.ids import CdrId, SessionId
from gateway.domain.sessions import Session
from gateway.domain.sites import PlugSnapshot, plug_snapshot


class Releasing:
    """Lets sessions go on that were held back."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._wake = wake

    async def release(self, session_id: SessionId, accepted: Sequence[FlagReason], note: str) -> Session:
        """Accept flags, find a tariff if there was none, and make the CDR, in one commit.

        Also for a session whose only CDR was credited. Raises UnknownObject, InvalidInput for a session that
        does not wait, CannotPrice with what still stands in the way (then nothing changed).
        """
        now, fresh = self._clock.now(), CdrId(self._ids.new())

        def work(tx: Tx) -> Session:
            session = tx.sessions.get(session_id)
            if session is None:
                raise UnknownObject(f"there is no session {session_id}")
            decided = _decided(tx, session, accepted, note, now)
            if session.waits:
                return _closed(tx, decided, now)
            return _again(tx, decided, fresh, now)

        released = await self._store.write(work)
        self._wake.deliveries()
        return released


def _decided(tx: Tx, session: Session, accepted: Sequence[FlagReason], note: str, now: datetime) -> Session:
    wrong = [
        reason for reason in accepted if reason not in BLOCKING_FLAGS or reason is FlagReason.CANNOT_PRICE
    ]
    if wrong:
        raise InvalidInput(f"{wrong[0]} is no flag that can be accepted", field="accept")
    kept = tuple(f for f in session.flags if f.reason is not FlagReason.CANNOT_PRICE)
    decided = replace(
        session,
        accepted_flags=tuple(dict.fromkeys((*session.accepted_flags, *accepted))),
        notes=(*session.notes, note),
        flags=kept,
        last_updated=now,
    )
    if session.terms.tariff is not None:
        return decided
    terms = agree(tx, _plug_today(tx, session), session.started_at, session.token, session.partner_id)
    found = tuple(f for f in kept if f.reason is not FlagReason.NO_TARIFF)
    return replace(decided, terms=terms, flags=found if terms.tariff else kept)


def _plug_today(tx: Tx, session: Session) -> PlugSnapshot:
    """The session's plug with the tariffs it has now, because those of its start were none."""
    plug = session.plug
    location = tx.locations.by_evse(plug.evse_uid)
    today = plug_snapshot(location, plug.evse_uid, plug.connector_id) if location else None
    return plug if today is None else replace(plug, tariff_ids=today.tariff_ids)


def _closed(tx: Tx, session: Session, now: datetime) -> Session:
    tx.sessions.save(replace(session, closes_at=now))
    close_session(tx, session.id, now)
    closed = tx.sessions.get(session.id)
    if closed is None or closed.waits:
        raise CannotPrice(_what_stands_in_the_way(closed or session))
    return closed


def _again(tx: Tx, session: Session, fresh: CdrId, now: datetime) -> Session:
    """A final session has a new CDR only after its last one was taken back."""
    records = tx.cdrs.of_session(session.id)
    if not records or standing_cdr(tx, session.id) is not None:
        raise InvalidInput(f"session {session.id} does not wait for anybody", field="session_id")
    last = [cdr for cdr in records if cdr.credit_of is None][-1]
    issue(tx, session, fresh, now, replaces=last.id)
    return tx.sessions.get(session.id) or session


def _what_stands_in_the_way(session: Session) -> str:
    reasons = [
        flag.detail
        if flag.reason is FlagReason.CANNOT_PRICE
        else f"{flag.detail} (accept it with {flag.reason})"
        for flag in session.blocking
    ]
    return f"session {session.id} still waits: {'; '.join(reasons) or 'nobody knows why'}"
