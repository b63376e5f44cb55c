"""How a transaction becomes a session: attribution, terms, snapshot. One unit of work.

Rules: C06 to C08, C18, SES-05 to SES-07, CDR-05.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app import entitlement
from gateway.app.agreeing import agree
from gateway.app.commanded import linked, taken_over
from gateway.app.kept import as_json
from gateway.app.orphans import close_orphan
from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.authorization import Authorization
from gateway.domain.chargers import SetAside
from gateway.domain.events import TransactionStarted
from gateway.domain.ids import SessionId, TransactionRef
from gateway.domain.sessions import FlagReason, Session, SessionStatus
from gateway.domain.sites import PlugSnapshot, plug_snapshot


@dataclass(frozen=True, slots=True)
class Beginning:
    """A start with its decision; `session_id` is fresh."""

    event: TransactionStarted
    authorization: Authorization
    session_id: str
    now: datetime
    memory: timedelta


def begin_session(tx: Tx, beginning: Beginning) -> tuple[Session | None, TransactionRef]:
    """Open the session, or find the one a repeat of this start opened.

    A start at a plug nobody configured gets a transaction but no session: it is kept for a person.
    """
    event = beginning.event
    known = tx.sessions.by_start(event.charger_id, event.key)
    if known is not None and known.transaction is not None:
        return known, known.transaction
    plug = _plug(tx, event)
    if plug is None:
        return None, _keep(tx, beginning)
    _close_previous(tx, beginning)
    transaction = event.transaction or TransactionRef(str(tx.sessions.next_transaction_number()))
    session = _session(tx, beginning, plug, transaction)
    run = linked(tx, event, beginning.authorization)
    if run is not None:
        session = taken_over(tx, run, session, beginning.now)
    tx.sessions.save(session, start_key=event.key)
    if not session.refused:
        entitlement.owe_session(tx, session, beginning.now, beginning.now)
    return session, transaction


def _plug(tx: Tx, event: TransactionStarted) -> PlugSnapshot | None:
    charger = tx.chargers.get(event.charger_id)
    mapping = charger.plug(event.number) if charger else None
    location = tx.locations.by_evse(mapping.evse_uid) if mapping else None
    if mapping is None or location is None:
        return None
    return plug_snapshot(location, mapping.evse_uid, mapping.connector_id)


def _keep(tx: Tx, beginning: Beginning) -> TransactionRef:
    event = beginning.event
    digest = hashlib.sha256(f"{event.charger_id}\n{event.key}".encode()).hexdigest()
    kept = tx.set_aside.get(f"start-{digest[:24]}")
    if kept is not None and kept.note is not None:
        return TransactionRef(kept.note)
    transaction = event.transaction or TransactionRef(str(tx.sessions.next_transaction_number()))
    reason = f"plug {event.number.evse} of this charger is not in the network file"
    payload = as_json(event)
    tx.set_aside.add(
        SetAside(
            f"start-{digest[:24]}",
            event.charger_id,
            beginning.now,
            "StartTransaction",
            reason,
            payload,
            note=transaction,
        )
    )
    return transaction


def _close_previous(tx: Tx, beginning: Beginning) -> None:
    """A new start on a plug ends what was open there (C18); replayed older starts leave newer ones alone."""
    event = beginning.event
    previous = tx.sessions.open_at(event.charger_id, event.number)
    if previous is not None and previous.started_at <= event.at:
        close_orphan(
            tx, previous, beginning.now, f"a new transaction started at {event.at:%Y-%m-%dT%H:%M:%SZ}"
        )


def _session(tx: Tx, beginning: Beginning, plug: PlugSnapshot, transaction: TransactionRef) -> Session:
    event, authorization = beginning.event, beginning.authorization
    terms = agree(tx, plug, event.at, authorization.token, authorization.partner_id)
    state = tx.chargers.state(event.charger_id)
    session = Session(
        id=SessionId(beginning.session_id),
        party=plug.location.party,
        charger_id=event.charger_id,
        number=event.number,
        plug=plug,
        terms=terms,
        status=SessionStatus.ACTIVE if authorization.accepted else SessionStatus.PENDING,
        started_at=event.at,
        usage=usage.begin(terms, event.at, event.meter_start_wh),
        last_updated=beginning.now,
        created_at=beginning.now,
        transaction=transaction,
        token=authorization.token,
        presented=event.id_token.value if event.id_token else None,
        partner_id=authorization.partner_id,
        group_id=authorization.group_id,
        auth_method=authorization.method,
        authorization_reference=authorization.reference,
        meter_id=state.meter_serial_number if state else None,
        meter_start_wh=event.meter_start_wh,
        refused=not authorization.accepted,
    )
    if terms.tariff is None:
        session = session.flagged(FlagReason.NO_TARIFF, "no tariff applies to this connector")
    if event.clock_suspect:
        session = session.flagged(FlagReason.CLOCK_SUSPECT, "the charger's time of the start was not usable")
    return replace(session, plug=plug)
