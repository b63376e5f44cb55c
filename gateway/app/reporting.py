"""What chargers say about transactions they name themselves, in any order, made true. Units of work.

Spec: OCPP 2.0.1 TransactionEvent; D08 to D11, E06, Q45, table 4.F. Every message may be the first one heard,
may come twice and may come late: the session is what all of them together say.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.app import entitlement
from gateway.app.commanded import Shown, adopted, linked, vouched
from gateway.app.costs import CostsTold, running_cost
from gateway.app.driven import refolded, with_card, with_start
from gateway.app.kept import as_json
from gateway.app.policy import Policy
from gateway.app.ports import Tx
from gateway.app.starting import Beginning, begin_session
from gateway.domain import usage
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.chargers import Charger, ChargerState
from gateway.domain.events import (
    IdToken,
    PlugStatus,
    TransactionEnded,
    TransactionReported,
    TransactionStarted,
)
from gateway.domain.events import TransactionPhase as Phase
from gateway.domain.ids import ChargerId, ConnectorNumber
from gateway.domain.limits import SessionLimit
from gateway.domain.readings import Measurand, ReadingContext, ReadingPlace, Sample
from gateway.domain.remote_runs import RunKind
from gateway.domain.sequence import gaps, hearing, was_heard
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.tariffs import Price

log = logging.getLogger(__name__)

_MOST_HELD = 20
_NO_CARD = Authorization(Verdict.ALLOWED, "no card was shown yet")
_ROUTINE = frozenset({"MeterValuePeriodic", "MeterValueClock"})

End = Callable[[Tx, Session, TransactionEnded, datetime], Session]
"""Ends a session, or judges an end that came before."""
Late = Callable[[Tx, Session, tuple[Sample, ...], datetime], None]
"""Keeps samples of a session that is closed."""
Keep = Callable[[Tx, ChargerId, str, str, str, datetime], None]
"""Keeps something for a person: charger, action, payload, reason, now."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer: what was decided about the card that was shown, what the session costs and may take."""

    authorization: Authorization | None = None
    cost: Price | None = None
    limit: SessionLimit | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A message with the decision about the card in it; `fresh_id` gives a session's id if it begins one."""

    event: TransactionReported
    authorization: Authorization | None
    fresh_id: Callable[[], str]
    now: datetime


class Reporting:
    """Takes one message after another; every method runs inside a unit of work."""

    def __init__(self, policy: Policy, costs: CostsTold, end: End, late: Late, keep: Keep) -> None:
        self._policy = policy
        self._end = end
        self._late = late
        self._keep = keep
        self._costs = costs

    def take(self, tx: Tx, report: Report) -> Reported:
        """Apply a message to its session, which it may begin."""
        session = _known(tx, report.event)
        if session is None or session.token is None:
            report = _commanded(tx, report)
        event = report.event
        if session is not None:
            return self._apply(tx, report, session)
        number = plug_of(tx, event)
        if number is None:
            self._hold(tx, report)
            return Reported(report.authorization)
        told = Reported(report.authorization)
        for earlier in _released(tx, event):
            at_plug = replace(earlier, number=number)
            self._at_plug(tx, replace(report, event=at_plug, authorization=self._remembered(tx, at_plug)))
        return self._at_plug(tx, replace(report, event=replace(event, number=number))) or told

    def _at_plug(self, tx: Tx, report: Report) -> Reported | None:
        event = report.event
        session = _known(tx, event)
        if session is None:
            session = self._begun(tx, report)
        return None if session is None else self._apply(tx, report, session)

    def _begun(self, tx: Tx, report: Report) -> Session | None:
        """Open a session for the first message heard, which need not be the first one sent (D11)."""
        start = _start(report.event)
        if tx.sessions.by_start(start.charger_id, start.key) is not None:
            start = replace(start, key=f"{start.key} of {start.at.isoformat()}")
        memory = self._policy.authorization_memory
        beginning = Beginning(start, report.authorization or _NO_CARD, report.fresh_id(), report.now, memory)
        session, _ = begin_session(tx, beginning)
        if session is None:
            return None
        if session.token is None:
            session = replace(session, status=SessionStatus.PENDING)
        return replace(session, start_missing=report.event.phase is not Phase.STARTED)

    def _apply(self, tx: Tx, report: Report, session: Session) -> Reported:
        event, now = report.event, report.now
        if not session.open and session.closes_at is None:
            self._after_the_end(tx, session, event, now)
        elif not _is_repeat(session, event):
            session = self._changed(tx, report, session)
        told = as_answered(session, report.authorization) if event.id_token else None
        limit = _limit(tx, session) if event.id_token and session.open else None
        return Reported(told, self._cost(session, event, now), limit)

    def _cost(self, session: Session, event: TransactionReported, now: datetime) -> Price | None:
        """At the end what it costs, before it now and then what it costs so far (D09, D21)."""
        if session.token is None or (event.offline and event.phase is not Phase.ENDED):
            return None
        if event.phase is Phase.ENDED:
            self._costs.forget(session.id)
            return running_cost(session)
        if event.samples and session.open:
            return self._costs.due(session, event.at, now)
        self._costs.heard(session.id, now)
        return None

    def _changed(self, tx: Tx, report: Report, session: Session) -> Session:
        event, now = report.event, report.now
        if event.phase is Phase.STARTED and session.start_missing:
            session = self._with_start(tx, session, event, now)
        if report.authorization is not None:
            session = _driven(tx, report, session, report.authorization)
        session = _counted(tx, session, event, now)
        if event.phase is Phase.ENDED:
            return self._ended(tx, session, event, now)
        tx.sessions.save(session)
        urgent = event.phase is Phase.STARTED or event.id_token is not None
        entitlement.owe_session(tx, session, now, now if urgent else now + self._policy.session_update)
        return session

    def _with_start(self, tx: Tx, session: Session, event: TransactionReported, now: datetime) -> Session:
        """The start of a session known from later messages (D11)."""
        closes_at = None if session.open else now + self._policy.cdr_grace
        meter_start_wh = register_at(event.samples, ReadingContext.BEGIN)
        return replace(with_start(tx, session, event.at, meter_start_wh), closes_at=closes_at)

    def _ended(self, tx: Tx, session: Session, event: TransactionReported, now: datetime) -> Session:
        if gaps(session.heard):
            log.info("session %s lacks messages %s", session.id, gaps(session.heard))
        ended = self._end(tx, session, _end_of(event), now)
        if ended.start_missing and ended.ended_at is not None and ended.closes_at is not None:
            # The start is still on its way, and with it perhaps the driver: it gets as long as a lost end.
            ended = replace(ended, closes_at=now + self._policy.orphan_grace)
            tx.sessions.save(ended)
        return ended

    def _after_the_end(self, tx: Tx, session: Session, event: TransactionReported, now: datetime) -> None:
        if event.phase is Phase.ENDED:
            self._end(tx, session, _end_of(event), now)
        elif event.samples and not was_heard(session.heard, event.sequence):
            self._late(tx, session, event.samples, now)

    def _hold(self, tx: Tx, report: Report) -> None:
        """Keep a message until another one names the plug; an end makes that unlikely (D08)."""
        event = report.event
        state = tx.chargers.state(event.charger_id) or ChargerState(event.charger_id)
        held = state.held if event in state.held else (*state.held, event)
        if event.phase is Phase.ENDED:
            lost = tuple(e for e in held if e.transaction == event.transaction)
            held = tuple(e for e in held if e.transaction != event.transaction)
        else:
            lost, held = held[:-_MOST_HELD], held[-_MOST_HELD:]
        for one in lost:
            reason = "none of its messages names an EVSE"
            self._keep(tx, event.charger_id, "TransactionEvent", as_json(one), reason, report.now)
        tx.chargers.save_state(replace(state, held=held))

    def _remembered(self, tx: Tx, event: TransactionReported) -> Authorization | None:
        """What was decided about the card in a message that was held."""
        if event.id_token is None:
            return None
        since = event.at - self._policy.authorization_memory - timedelta(days=1)
        decided = tx.authorizations.latest(event.charger_id, event.id_token.value, since)
        if decided is None or event.number is None or decided.holds_at(event.number.evse):
            return decided
        return replace(decided, verdict=Verdict.NOT_ALLOWED, reason=f"{decided.reason}, but not here")


def _commanded(tx: Tx, report: Report) -> Report:
    """With the driver of a remote start that is named by its number alone (Q45)."""
    event = report.event
    run = tx.runs.by_number(event.charger_id, event.remote_start_id) if event.remote_start_id else None
    if event.id_token is not None or run is None or run.id_tag is None:
        return report
    decided = vouched(tx, event.charger_id, Shown(run.id_tag, event.at))
    if run.kind is not RunKind.START_SESSION or decided is None:
        return report
    return replace(report, event=replace(event, id_token=IdToken(run.id_tag)), authorization=decided)


def _driven(tx: Tx, report: Report, session: Session, decided: Authorization) -> Session:
    """With the driver whose card was shown; a command of theirs may have been waiting for it (D16, M27)."""
    event = report.event
    driven = with_card(tx, session, event, decided)
    if session.token is not None or driven.token is None:
        return driven
    run = linked(tx, start_of(event, driven.number), decided)
    if run is None:
        return driven
    driven = adopted(tx, run, driven, report.now)
    return replace(driven, usage=refolded(tx, driven))


def _limit(tx: Tx, session: Session) -> SessionLimit | None:
    """How much its driver may take, as agreed with the partner (E05)."""
    partner = tx.partners.get(session.partner_id) if session.partner_id and not session.refused else None
    return partner.profile.session_limit if partner else None


def _known(tx: Tx, event: TransactionReported) -> Session | None:
    """The session of a transaction, unless it ended and the charger gives its name to another one (Q48)."""
    session = tx.sessions.by_transaction(event.charger_id, event.transaction)
    if session is None or session.ended_at is None or event.phase is not Phase.STARTED:
        return session
    again = event.at > session.ended_at and not session.start_missing and not event.clock_suspect
    return None if again else session


def place_of(tx: Tx, event: TransactionReported) -> ConnectorNumber | None:
    """Where the driver of a message stands: at the plug of its session, if it has one already."""
    session = _known(tx, event)
    return session.number if session else plug_of(tx, event)


def plug_of(tx: Tx, event: TransactionReported) -> ConnectorNumber | None:
    """The plug a message means; an EVSE without connector is its occupied or its first one (Q45).

    None where no EVSE is named and the charger has several. A plug nobody configured stays as it was named.
    """
    charger = tx.chargers.get(event.charger_id)
    if charger is None:
        return event.number
    plugs = [plug.number for plug in charger.plugs]
    if event.number is None:
        return plugs[0] if len(plugs) == 1 else None
    if event.number in plugs:
        return event.number
    return _plug_at(tx, charger, event.number)


def _plug_at(tx: Tx, charger: Charger, number: ConnectorNumber) -> ConnectorNumber:
    plugs = [plug.number for plug in charger.plugs if plug.number.evse == number.evse]
    if not plugs or (number.connector and len(plugs) > 1):
        return number if number.connector else ConnectorNumber(number.evse)
    state = tx.chargers.state(charger.id)
    reported = [(n, state.plug(n)) for n in plugs] if state else []
    occupied = [n for n, plug in reported if plug and plug.status is PlugStatus.OCCUPIED]
    return (occupied or plugs)[0]


def register_at(samples: Iterable[Sample], context: ReadingContext) -> Decimal | None:
    """The total import register at the outlet that was read at the begin or the end, Wh."""
    for sample in samples:
        for reading in sample.readings:
            total = reading.phase is None and reading.place is ReadingPlace.OUTLET
            if total and reading.context is context and reading.measurand is Measurand.IMPORT_REGISTER_WH:
                return reading.value
    return None


def answered_before(tx: Tx, event: TransactionReported, policy: Policy) -> Authorization | None:
    """What was decided about the card in a message if its session knows the card already (A11)."""
    session, card = _known(tx, event), event.id_token
    if session is None or card is None or (session.presented or "").casefold() != card.value.casefold():
        return None
    since = min(session.created_at, session.started_at) - policy.authorization_memory
    remembered = tx.authorizations.latest(event.charger_id, card.value, since)
    if remembered is not None and remembered.accepted is not session.refused:
        return remembered
    return as_answered(session, None)


def as_answered(session: Session, decided: Authorization | None) -> Authorization:
    """The decision about a card just shown, else what the session's driver was told (D09)."""
    if decided is not None:
        return decided
    verdict = Verdict.BLOCKED if session.refused else Verdict.ALLOWED
    return Authorization(
        verdict,
        "as answered before",
        session.auth_method,
        session.token,
        session.partner_id,
        group_id=session.group_id,
    )


def start_of(event: TransactionReported, number: ConnectorNumber) -> TransactionStarted:
    """The start a first message stands for; its key is the transaction's name."""
    return _start(replace(event, number=number))


def _start(event: TransactionReported) -> TransactionStarted:
    return TransactionStarted(
        charger_id=event.charger_id,
        number=event.number or ConnectorNumber(0),
        at=event.at,
        key=f"transaction {event.transaction}",
        id_token=event.id_token,
        meter_start_wh=register_at(event.samples, ReadingContext.BEGIN),
        transaction=event.transaction,
        reservation_id=event.reservation_id,
        remote_start_id=event.remote_start_id,
        offline=event.offline,
        clock_suspect=event.clock_suspect,
    )


def _end_of(event: TransactionReported) -> TransactionEnded:
    return TransactionEnded(
        charger_id=event.charger_id,
        at=event.at,
        transaction=event.transaction,
        meter_stop_wh=register_at(event.samples, ReadingContext.END),
        reason=event.reason or "Local",
        id_token=event.id_token,
        samples=event.samples,
        number=event.number,
        clock_suspect=event.clock_suspect,
    )


def _is_repeat(session: Session, event: TransactionReported) -> bool:
    """Whether an update was applied before (D10).

    Chargers that restart their count or always say 0 would lose messages if the number alone decided; a
    repeated start or end does no harm.
    """
    return (
        event.phase is Phase.UPDATED
        and event.sequence > 0
        and was_heard(session.heard, event.sequence)
        and event.at <= session.usage.as_of
    )


def _counted(tx: Tx, session: Session, event: TransactionReported, now: datetime) -> Session:
    """With the values and the state in a message; those of an end are stored where it ends."""
    if event.phase is not Phase.ENDED and event.samples:
        tx.sessions.add_samples(session.id, event.samples)
    consumed, terms = session.usage, session.terms
    if session.open:
        for sample in event.samples:
            consumed = usage.observe(consumed, terms, sample)
    routine = event.trigger in _ROUTINE and event.state is session.charging_state
    if event.state is not None and not routine:
        tx.sessions.add_state(session.id, event.at, event.state)
        if session.open:
            consumed = usage.observe_state(consumed, terms, event.at, event.state)
    return session.went_on(consumed, now, heard=hearing(session.heard, event.sequence), state=event.state)


def _released(tx: Tx, event: TransactionReported) -> tuple[TransactionReported, ...]:
    """The messages of this transaction that were held, now that its plug is known; they are held no more."""
    state = tx.chargers.state(event.charger_id)
    if state is None or not state.held:
        return ()
    found = tuple(e for e in state.held if e.transaction == event.transaction)
    if found:
        rest = tuple(e for e in state.held if e.transaction != event.transaction)
        tx.chargers.save_state(replace(state, held=rest))
    return found
