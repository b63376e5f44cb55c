"""Transactions that were not told to their end, or not in full: what is known counts, what lacks is flagged.

Rules: C17, C18, D10.
"""

from dataclasses import replace
from datetime import datetime

from gateway.app.ports import Tx
from gateway.domain import usage
from gateway.domain.sequence import gaps
from gateway.domain.sessions import FlagReason, Session


def orphaned(session: Session, now: datetime, why: str) -> Session:
    """Give an open session an end: the last moment it was heard of."""
    ended_at = max(session.usage.as_of, session.started_at)
    closed = replace(
        session,
        ended_at=ended_at,
        stop_reason="no end received",
        usage=usage.finish(session.usage, session.terms, ended_at, None),
        last_updated=now,
        closes_at=now,
    )
    return closed.flagged(FlagReason.ORPHAN_CLOSED, why)


def close_orphan(tx: Tx, session: Session, now: datetime, why: str) -> None:
    """Close a session without its end, now."""
    tx.sessions.save(orphaned(session, now, why))


def guessed(session: Session) -> bool:
    """Whether its end is ours, as the charger told none."""
    return any(flag.reason is FlagReason.ORPHAN_CLOSED for flag in session.flags)


def incomplete(session: Session) -> bool:
    """Whether messages of the transaction never came, by the numbers its charger gave them (D10).

    Chargers that count for the whole station leave gaps that mean nothing where they have several plugs;
    they are known by a first number above 0.
    """
    return bool(session.heard) and session.heard[0][0] == 0 and bool(gaps(session.heard))


def with_gaps_flagged(session: Session) -> Session:
    """The session with a flag for messages that never came: its totals come from those that did."""
    if session.start_missing:
        detail = "the charger's message of the start never came"
        session = session.flagged(FlagReason.MESSAGES_MISSING, detail)
    if not incomplete(session):
        return session
    spans = [f"{low}" if low == high else f"{low} to {high}" for low, high in gaps(session.heard)]
    word = "message" if len(spans) == 1 and spans[0].isdecimal() else "messages"
    detail = f"{word} {', '.join(spans)} of the charger never came"
    return session.flagged(FlagReason.MESSAGES_MISSING, detail)
