"""Which session a charger means: transaction ids may be missing, zero, stale, wrong or another charger's.

Only sessions of the same charger are considered, so no charger can touch another's transaction (T4).
Rules: C09, C10, Q25, Q34, Q36, M45.
"""

from dataclasses import dataclass

from gateway.app.ports import Tx
from gateway.domain.events import Metered, TransactionEnded
from gateway.domain.ids import TransactionRef
from gateway.domain.sessions import Session

_NO_TRANSACTION = frozenset({"", "0", "-1"})
"""What chargers send when they do not know the transaction's id (C09, Q25)."""


@dataclass(frozen=True, slots=True)
class Found:
    """The session that is meant."""

    session: Session


@dataclass(frozen=True, slots=True)
class Stray:
    """No session fits, for this reason."""

    reason: str


def transaction_of_values(tx: Tx, event: Metered) -> Found | Stray | None:
    """Find the session of meter values; None if they belong to no transaction at all."""
    named = _is_named(event.transaction)
    if named and event.transaction is not None:
        session = tx.sessions.by_transaction(event.charger_id, event.transaction)
        if session is not None:
            return Found(session)
    if event.number.evse > 0:
        session = tx.sessions.open_at(event.charger_id, event.number)
        if session is not None and _plausible(session, event):
            return Found(session)
        session = tx.sessions.last_at(event.charger_id, event.number)
        if session is not None and _closing_reading(session, event):
            return Found(session)
    return Stray(f"no session of this charger has transaction {event.transaction}") if named else None


def transaction_of_end(tx: Tx, event: TransactionEnded) -> Found | Stray:
    """Find the session that ended: by id, else the one open session of the charger that fits."""
    session = tx.sessions.by_transaction(event.charger_id, event.transaction)
    if session is not None:
        return Found(session)
    fitting = [s for s in tx.sessions.open_of(event.charger_id) if _fits_end(s, event)]
    if len(fitting) == 1:
        return Found(fitting[0])
    how_many = "no open session" if not fitting else f"{len(fitting)} open sessions"
    return Stray(f"unknown transaction {event.transaction}, and {how_many} of this charger could be meant")


def _is_named(transaction: TransactionRef | None) -> bool:
    return transaction is not None and transaction not in _NO_TRANSACTION


def _plausible(session: Session, event: Metered) -> bool:
    """Values from before the session's start belong to whatever came before it (Q38)."""
    return any(sample.at >= session.started_at for sample in event.samples)


def _closing_reading(session: Session, event: Metered) -> bool:
    """Values of a session that just ended, told after its end and without naming it (Q36)."""
    if session.open or session.ended_at is None or session.closes_at is None:
        return False
    began, ended = session.started_at, session.ended_at
    return any(began <= sample.at <= ended or sample.of_the_end for sample in event.samples)


def _fits_end(session: Session, event: TransactionEnded) -> bool:
    if event.number is not None and session.number != event.number:
        return False
    if event.at < session.started_at:
        return False
    if event.meter_stop_wh is not None and event.meter_stop_wh < (session.meter_start_wh or 0):
        return False
    if event.id_token is not None and session.presented is not None:
        return event.id_token.value.casefold() == session.presented.casefold()
    return True
