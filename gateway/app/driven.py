"""When a session began and whose it is: start and card may be told in any order (D08, D11, SES-06)."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from gateway.app.agreeing import agree
from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.authorization import Authorization
from gateway.domain.events import TransactionPhase, TransactionReported
from gateway.domain.readings import ChargingState, Measurand, ReadingPlace, Sample
from gateway.domain.sessions import FlagReason, Session, SessionStatus
from gateway.domain.usage import Usage


def with_card(tx: Tx, session: Session, event: TransactionReported, decided: Authorization) -> Session:
    """A card was shown during the transaction: the session is this driver's from then on (SES-06).

    A session that had no driver becomes active now (table 4.F). A card shown at the end begins nothing.
    """
    presented = event.id_token.value if event.id_token else ""
    if session.token is None and (not decided.accepted or decided.token is None):
        refused = session.refused or not decided.accepted
        return replace(session, presented=presented, refused=refused)
    carded = session
    if event.phase is not TransactionPhase.ENDED and _same_driver(session, presented):
        carded = replace(session, driver_at=min(session.driver_at or event.at, event.at))
        carded = replace(carded, started_at=_began_at(tx, carded))
    if session.token is None:
        carded = _owned(tx, carded, presented, decided)
    if carded.started_at == session.started_at and carded.terms == session.terms:
        return carded
    return replace(carded, usage=refolded(tx, carded))


def _same_driver(session: Session, presented: str) -> bool:
    return session.token is None or presented.casefold() == (session.presented or "").casefold()


def _owned(tx: Tx, session: Session, presented: str, decided: Authorization) -> Session:
    terms = agree(tx, session.plug, session.started_at, decided.token, decided.partner_id)
    flags = tuple(f for f in session.flags if f.reason is not FlagReason.NO_TARIFF)
    owned = replace(
        session.moved_to(SessionStatus.ACTIVE),
        token=decided.token,
        presented=presented,
        partner_id=decided.partner_id,
        group_id=decided.group_id,
        auth_method=decided.method,
        authorization_reference=decided.reference,
        refused=False,
        terms=terms,
        flags=flags,
    )
    if terms.tariff is not None:
        return owned
    return owned.flagged(FlagReason.NO_TARIFF, "no tariff applies to this connector")


def with_start(tx: Tx, session: Session, at: datetime, meter_start_wh: Decimal | None) -> Session:
    """The start of a session known from later messages: it began earlier than we thought (D11)."""
    begun = replace(
        session,
        started_at=min(at, session.started_at),
        meter_start_wh=meter_start_wh or session.meter_start_wh,
        start_missing=False,
    )
    begun = replace(begun, started_at=_began_at(tx, begun))
    return replace(begun, usage=refolded(tx, begun))


def _began_at(tx: Tx, session: Session) -> datetime:
    """When a session begins for its driver: with the card, unless energy flowed before it."""
    began_at, card_at = session.started_at, session.driver_at
    if card_at is None:
        return began_at
    if session.start_missing:
        return min(began_at, card_at)
    registers = [] if session.meter_start_wh is None else [session.meter_start_wh]
    for sample in tx.sessions.samples(session.id):
        if sample.at > card_at:
            continue
        for reading in sample.readings:
            total = reading.phase is None and reading.place is ReadingPlace.OUTLET
            if total and reading.measurand is Measurand.IMPORT_REGISTER_WH:
                registers.append(reading.value)
    flowed = bool(registers) and max(registers) > min(registers)
    return began_at if flowed else max(began_at, card_at)


def refolded(tx: Tx, session: Session) -> Usage:
    """Everything that is stored, folded again after start, terms or id changed."""
    if session.thinned:
        return session.usage
    samples, states = tx.sessions.samples(session.id), tx.sessions.states(session.id)
    if session.ended_at is not None:
        return usage.rebuild(
            session.terms,
            session.started_at,
            session.meter_start_wh,
            samples,
            states,
            session.ended_at,
            session.meter_stop_wh,
            reserved_at=session.reserved_at,
            switches=session.switches,
        )
    terms, began = session.terms, session.started_at
    consumed = usage.begin(terms, began, session.meter_start_wh, reserved_at=session.reserved_at)
    found: list[tuple[datetime, bool, Sample | ChargingState]] = [(s.at, False, s) for s in samples]
    found += [(max(at, began), True, state) for at, state in states]
    for at, _, one in sorted(found, key=lambda item: item[:2]):
        if isinstance(one, Sample):
            consumed = usage.observe(consumed, terms, one)
        else:
            consumed = usage.observe_state(consumed, terms, at, one)
    for at, tariff_id in session.switches:
        consumed = usage.switch_tariff(consumed, terms, at, tariff_id)
    return consumed
