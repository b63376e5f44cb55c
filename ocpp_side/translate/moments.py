"""What a charger's clock says, and how far it may be believed (Q19, Q20, F06). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""A charger that names an earlier time has no clock yet."""
_LONGEST = 64
_LEAD = timedelta(minutes=5)
"""How far ahead of ours a charger's clock may run before its time is replaced by the time of receipt."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in UTC; `suspect` if the charger's own word for it could not be used."""

    at: datetime
    suspect: bool = False


def read_time(value: object) -> datetime | None:
    """Read a timestamp leniently: no zone is UTC, `+03` and any number of decimals are fine; else None."""
    return _read(value) if isinstance(value, str) and len(value) <= _LONGEST else None


@lru_cache(maxsize=2048)
def _read(value: str) -> datetime | None:
    """One message says the same time several times, and a fleet's meters are read at the same seconds."""
    try:
        moment = datetime.fromisoformat(value.strip().upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def believable(moment: datetime, now: datetime) -> bool:
    """Whether a charger can have meant this time: any past since 2020 (replays), hardly any future."""
    return _EARLIEST <= moment <= now + _LEAD


def moment_of(value: object, now: datetime) -> Moment:
    """The time a charger named, or the time of receipt where it named none that can be believed (Q20)."""
    moment = read_time(value)
    if moment is None or not believable(moment, now):
        return Moment(now, suspect=True)
    return Moment(moment)


def shift_of(values: Iterable[object], now: datetime) -> timedelta:
    """How much to move the times of one frame so that its newest becomes `now`; zero if all can be believed.

    A frame's samples keep their distances: they would collapse into one instant if each became `now`.
    """
    moments = [moment for value in values if (moment := read_time(value)) is not None]
    if all(believable(moment, now) for moment in moments):
        return timedelta(0)
    return now - max(moments)


def wire_time(moment: datetime) -> str:
    """A time as chargers get it: UTC with a `Z`, whole milliseconds (Q19: offsets confuse chargers)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
