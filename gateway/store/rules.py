"""Rules of the rows that are the same whatever keeps them."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.sessions import FlagReason, Session, SessionStatus

RANK: Final = {kind: rank for rank, kind in enumerate(Owed)}
"""Parents before children."""
RECORDS_FIRST: Final = RANK[Owed.COMMAND_RESULT]
"""The rank of CDRs where they have their turn: with what is perishable, and before the rest."""
KNOCKS_KEPT: Final = 1000
"""Strangers may invent charger ids without end; only the latest are kept."""
_FINAL: Final = frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID})


def closing_at(session: Session) -> datetime | None:
    """When the session is to be made final, its end known or not; None if nothing ends it or it is final."""
    return session.closes_at if session.status not in _FINAL else None


def detailed_since(session: Session) -> datetime | None:
    """Since when the samples of a final session only wait to be deleted; None if they may be needed again.

    The end of a session that was closed without one may still come, and is then priced with them (C17c).
    """
    closed_without_end = any(flag.reason is FlagReason.ORPHAN_CLOSED for flag in session.flags)
    return session.last_updated if session.final and not session.thinned and not closed_without_end else None


FORGETTABLE: Final = frozenset({Owed.SESSION, Owed.COMMAND_RESULT, Owed.ACTIVE_PROFILE})
"""Kinds of debts that are deleted some time after they were acknowledged."""


def owed_again(debt: Debt, now: datetime, due_at: datetime) -> Debt:
    """The debt with one more revision.

    A waiting one keeps the earlier due time, or its back-off if it failed before. Any other waits again with
    a fresh horizon; where the partner stored it and whether that is sure stays known.
    """
    revised = replace(debt, revision=debt.revision + 1)
    if debt.state is DebtState.WAITING:
        soonest = debt.next_attempt_at if debt.attempts else min(debt.next_attempt_at, due_at)
        return replace(revised, next_attempt_at=soonest)
    return replace(
        revised, state=DebtState.WAITING, created_at=now, next_attempt_at=due_at, attempts=0, reason=None
    )
