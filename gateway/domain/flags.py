"""Remarks of the gateway on a session: what was doubtful, estimated or impossible."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_LATE = timedelta(hours=1)


class FlagReason(StrEnum):
    """Why a person should look at a session before money moves, or knows that something was estimated."""

    METER_JUMP = "METER_JUMP"
    METER_DECREASED = "METER_DECREASED"
    METER_REBASED = "METER_REBASED"
    UNIT_SUSPECT = "UNIT_SUSPECT"
    ESTIMATED = "ESTIMATED"
    CLOCK_SUSPECT = "CLOCK_SUSPECT"
    ORPHAN_CLOSED = "ORPHAN_CLOSED"
    MESSAGES_MISSING = "MESSAGES_MISSING"
    SIGNED_TOTAL_DIFFERS = "SIGNED_TOTAL_DIFFERS"
    REPORTED_LATE = "REPORTED_LATE"
    NO_TARIFF = "NO_TARIFF"
    CANNOT_PRICE = "CANNOT_PRICE"
    NO_TOKEN = "NO_TOKEN"  # noqa: S105 - the name of a reason


BLOCKING_FLAGS = frozenset({FlagReason.METER_JUMP, FlagReason.CANNOT_PRICE})
"""Flags with which no CDR is made until a person decided."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One remark of the gateway on a session."""

    reason: FlagReason
    detail: str


def late_report(what: str, happened_at: datetime, now: datetime) -> Flag | None:
    """A remark on what was reported an hour or more after it happened; None if it was not.

    The charger was offline for so long (C16, F17), or its clock is behind (F24): that cannot be told apart.
    """
    late = now - happened_at
    if late < _LATE:
        return None
    return Flag(FlagReason.REPORTED_LATE, f"reported {late // timedelta(hours=1)} h after its {what}")
