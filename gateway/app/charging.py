"""What chargers say, made true: events in, state and debts out. A charger is answered after the commit.

Rules: C01 to C18, Q16, Q25 to Q28, Q34, Q36 and section 4.F of the OCPP notes.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app import awaiting, entitlement, orphans, reservations, stations
from gateway.app.attribution import Found, Stray, transaction_of_end, transaction_of_values
from gateway.app.authorize import Authorizing
from gateway.app.commanded import shown_in, vouched
from gateway.app.corrections import Correction, end_after_all, without_guess
from gateway.app.costs import CostsTold
from gateway.app.kept import as_json
from gateway.app.mistaken_starts import end_in, ended_by
from gateway.app.policy import Policy
from gateway.app.ports import Clock, Ids, Store, Tx
from gateway.app.presence import Presence
from gateway.app.redated import keep_samples
from gateway.app.reporting import (
    Report,
    Reported,
    Reporting,
    answered_before,
    as_answered,
    place_of,
    start_of,
)
from gateway.app.starting import Beginning, begin_session
from gateway.app.wake import Wake
from gateway.domain import usage
from gateway.domain.authorization import AuthMethod, Authorization, Verdict
from gateway.domain.cdrs import settles_at_once
from gateway.domain.chargers import SetAside
from gateway.domain.errors import CannotPrice
from gateway.domain.events import (
    Booted,
    Metered,
    ReservationEnded,
    StatusChanged,
    TransactionEnded,
    TransactionPhase,
    TransactionReported,
    TransactionStarted,
)
from gateway.domain.flags import late_report
from gateway.domain.ids import CdrId, ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import Sample
from gateway.domain.sessions import FlagReason, Session

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """The answer to a start: the transaction's name and whether the driver may charge."""

    transaction: TransactionRef
    authorization: Authorization


class Charging:
    """The use cases of the charger side. All raise StoreUnavailable when nothing could be committed."""

    def __init__(
        self,
        store: Store,
        authorizing: Authorizing,
        presence: Presence,
        clock: Clock,
        ids: Ids,
        policy: Policy,
        wake: Wake,
        costs: CostsTold,
    ) -> None:
        self._store = store
        self._authorizing = authorizing
        self._presence = presence
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._wake = wake
        self._costs = costs
        self._reporting = Reporting(policy, costs, self._end_of, self._add_samples, self._keep)

    def now(self) -> datetime:
        """The gateway's time, UTC: what chargers set their clocks by."""
        return self._clock.now()

    async def connected(self, charger_id: ChargerId, protocol: str) -> bool:
        """Note a connection; True if the charger was accepted before and need not boot again (A15)."""
        now = self._clock.now()
        self._presence.arrived(charger_id)
        self._costs.refusing.discard(charger_id)
        return await self._store.write(lambda tx: stations.connected(tx, charger_id, protocol, now))

    async def disconnected(self, charger_id: ChargerId) -> None:
        """Note the end of a connection."""
        now = self._clock.now()
        self._presence.left(charger_id)
        await self._store.write(lambda tx: stations.last_seen(tx, charger_id, now))

    async def booted(self, event: Booted) -> timedelta:
        """Accept a charger of the network file; returns its heartbeat interval (C01)."""
        await self._store.write(lambda tx: stations.booted(tx, event))
        return self._policy.heartbeat_interval

    async def status_changed(self, event: StatusChanged) -> None:
        """Fold a reported state into the EVSE's status and owe it to partners (C04, 4.B)."""
        now = self._clock.now()
        orphan_at = now + self._policy.orphan_grace
        await self._store.write(lambda tx: stations.status_changed(tx, event, now, orphan_at))
        self._wake.deliveries()

    async def reservation_ended(self, event: ReservationEnded) -> None:
        """A charger gave up a reservation: its session ends, its partner learns of it (D19, M28)."""
        now = self._clock.now()
        if not await self._store.write(lambda tx: awaiting.reservation_ended(tx, event, now)):
            log.info("%s gave up reservation %d, which nobody waits for", event.charger_id, event.number)
        self._wake.deliveries()

    async def reserved_late(self, charger_id: ChargerId, number: int) -> None:
        """A charger accepted a reservation that its partner was told had failed: it is cancelled (M27)."""
        if await self._store.write(lambda tx: reservations.made_late(tx, charger_id, number)):
            log.info("%s accepted reservation %d too late", charger_id, number)
            self._wake.commands()

    def limits_changed(self, charger_id: ChargerId) -> None:
        """A charger was told other limits: who steers a session there learns what is in force (M63)."""
        self._wake.limits(charger_id)

    async def started(self, event: TransactionStarted) -> Started:
        """Open a session for a start; a repeat of the same start gets the same answer (C06, C07)."""
        known = await self._store.read(lambda tx: tx.sessions.by_start(event.charger_id, event.key))
        authorization = as_answered(known, None) if known else await self._authorize_start(event)
        now = self._clock.now()
        beginning = Beginning(event, authorization, self._ids.new(), now, self._policy.authorization_memory)
        session, transaction = await self._store.write(lambda tx: self._begin(tx, beginning))
        self._wake.deliveries()
        if session is not None and not session.open:
            self._wake.closing()
        return Started(transaction, as_answered(session, None) if session else authorization)

    def _begin(self, tx: Tx, beginning: Beginning) -> tuple[Session | None, TransactionRef]:
        """Open a session, unless this start is how the charger's make reports an end (Q26)."""
        event = beginning.event
        repeated = tx.sessions.by_start(event.charger_id, event.key) is not None
        session = None if repeated else ended_by(tx, event)
        if session is None or session.transaction is None:
            return begin_session(tx, beginning)
        transaction, end = session.transaction, end_in(event, session)
        if end is None:
            return session, transaction
        if end.meter_stop_wh is None:
            session = session.flagged(FlagReason.ESTIMATED, "a start was sent in place of the end")
        return self._end_of(tx, session, end, beginning.now), transaction

    async def _authorize_start(self, event: TransactionStarted) -> Authorization:
        """Use the decision made when the card was shown, else decide now (4.D.5, Q23)."""
        token, shown = event.id_token, shown_in(event)
        if token is None or shown is None:
            return Authorization(Verdict.ALLOWED, "started without a card")
        since = min(event.at, self._clock.now()) - self._policy.authorization_memory

        def remember(tx: Tx) -> Authorization | None:
            commanded = vouched(tx, event.charger_id, shown)
            if commanded is not None:
                return commanded
            before = tx.authorizations.latest(event.charger_id, token.value, since)
            # What a command vouched for is judged by the command, which may cover its card no longer.
            return None if before is None or before.method is AuthMethod.COMMAND else before

        remembered = await self._store.read(remember)
        if remembered is not None and remembered.accepted and remembered.holds_at(event.number.evse):
            return remembered
        return await self._authorizing.by_card(event.charger_id, token, event.number)

    async def reported(self, event: TransactionReported) -> Reported:
        """Apply one message about a transaction the charger named: start, values, end (D08 to D11)."""
        authorization = await self._authorize_report(event)
        report = Report(event, authorization, self._ids.new, self._clock.now())
        told = await self._store.write(lambda tx: self._reporting.take(tx, report))
        if event.phase is TransactionPhase.ENDED:
            self._wake.closing()
        if event.phase is not TransactionPhase.UPDATED or event.id_token is not None:
            self._wake.deliveries()
        else:
            self._wake.deliveries_in(self._policy.session_update)
        return told

    async def _authorize_report(self, event: TransactionReported) -> Authorization | None:
        """Decide about the card in a message; the card the session knows was decided about before (D09)."""
        card = event.id_token
        if card is None:
            return None
        before, number = await self._store.read(
            lambda tx: (answered_before(tx, event, self._policy), place_of(tx, event))
        )
        if before is not None:
            return before
        return await self._authorize_start(start_of(event, number or ConnectorNumber(0)))

    async def metered(self, event: Metered) -> None:
        """Add meter values to the session they belong to (C12, Q25, Q34)."""
        now = self._clock.now()
        await self._store.write(lambda tx: self._record(tx, event, now))
        self._wake.deliveries_in(self._policy.session_update)

    def _record(self, tx: Tx, event: Metered, now: datetime) -> None:
        match transaction_of_values(tx, event):
            case Found(session):
                self._add_samples(tx, session, event.samples, now)
            case Stray(reason):
                self._keep(tx, event.charger_id, "MeterValues", as_json(event), reason, now)
            case None:
                pass  # clock-aligned values outside any transaction: nothing to bill

    def _add_samples(self, tx: Tx, session: Session, samples: tuple[Sample, ...], now: datetime) -> None:
        tx.sessions.add_samples(session.id, samples)
        if not session.open:
            if session.closes_at is None:
                self._keep(
                    tx,
                    session.charger_id,
                    "MeterValues",
                    as_json(Metered(session.charger_id, session.number, samples)),
                    "values after the CDR",
                    now,
                )
            return
        consumed = session.usage
        for sample in samples:
            consumed = usage.observe(consumed, session.terms, sample)
        changed = session.went_on(consumed, now)
        tx.sessions.save(changed)
        entitlement.owe_session(tx, changed, now, now + self._policy.session_update)

    async def ended(self, event: TransactionEnded) -> Authorization | None:
        """Note the end of a transaction; the CDR follows when late values had their time (C10, Q36)."""
        now = self._clock.now()
        session = await self._store.write(lambda tx: self._end(tx, event, now))
        self._wake.closing()
        self._wake.deliveries()
        return as_answered(session, None) if session and event.id_token else None

    def _end(self, tx: Tx, event: TransactionEnded, now: datetime) -> Session | None:
        match transaction_of_end(tx, event):
            case Stray(reason):
                self._keep(tx, event.charger_id, "StopTransaction", as_json(event), reason, now)
                return None
            case Found(session):
                return self._end_of(tx, session, event, now)

    def _end_of(self, tx: Tx, session: Session, event: TransactionEnded, now: datetime) -> Session:
        end = self._close if session.open else self._ended_before
        return end(tx, session, event, now)

    def _ended_before(self, tx: Tx, session: Session, event: TransactionEnded, now: datetime) -> Session:
        """The true end of a session that we had to close corrects it, and its CDR too (C17c).

        A repeat changes nothing; any other end that contradicts the one we know is kept for a person.
        """
        guessed = orphans.guessed(session)
        if guessed and (session.waits or session.closes_at is not None):
            return self._close(tx, without_guess(session), event, now)
        reason = f"contradicts session {session.id}"
        if guessed:
            try:
                return end_after_all(tx, session, event, self._correction(now))
            except CannotPrice as error:
                reason = f"{reason}, and there can be no new CDR: {error}"
        if guessed or session.meter_stop_wh != event.meter_stop_wh:
            self._keep(tx, event.charger_id, "StopTransaction", as_json(event), reason, now)
        return session

    def _correction(self, now: datetime) -> Correction:
        why = "the charger reported the end of the session after its CDR was made"
        return Correction(why, CdrId(self._ids.new()), CdrId(self._ids.new()), now)

    def _close(self, tx: Tx, session: Session, event: TransactionEnded, now: datetime) -> Session:
        keep_samples(tx, session, event)
        ended_at = max(event.at, session.started_at)
        ended = replace(
            session,
            ended_at=ended_at,
            meter_stop_wh=event.meter_stop_wh,
            stop_reason=event.reason,
            usage=usage.finish(session.usage, session.terms, ended_at, event.meter_stop_wh),
            last_updated=now,
        )
        if event.clock_suspect or event.at < session.started_at:
            ended = ended.flagged(
                FlagReason.CLOCK_SUSPECT, f"the charger dated the end {event.at:%Y-%m-%d %H:%M:%S}"
            )
        if late := late_report("end", ended_at, now):
            ended = ended.flagged(late.reason, late.detail)
        at_once = settles_at_once(ended, event.samples)
        ended = replace(ended, closes_at=now if at_once else now + self._policy.cdr_grace)
        tx.sessions.save(ended)
        entitlement.owe_session(tx, ended, now, now)
        return ended

    async def put_aside(self, charger_id: ChargerId, action: str, payload: str, reason: str) -> None:
        """Keep something that could not be attributed, for a person (C06 to C18)."""
        now = self._clock.now()
        await self._store.write(lambda tx: self._keep(tx, charger_id, action, payload, reason, now))

    def _keep(
        self, tx: Tx, charger_id: ChargerId, action: str, payload: str, reason: str, now: datetime
    ) -> None:
        log.warning("kept %s of %s aside: %s", action, charger_id, reason, extra={"charger_id": charger_id})
        tx.set_aside.add(SetAside(self._ids.new(), charger_id, now, action, reason, payload))
