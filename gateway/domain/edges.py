"""Instants at which the local wall clock reaches a time of day, daylight saving included.

Where the clock is put forward, a time in the gap never comes and the change itself is the edge; where it is
put back, a time in the repeated hour comes twice. Spec: OCPI 2.2.1 mod_tariffs "TariffRestrictions class".
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.domain.errors import CannotPrice

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone. Raises CannotPrice for a name nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise CannotPrice(f"time zone {name!r} is not known") from unknown


def next_edge(zone: ZoneInfo, clocks: tuple[time, ...], after: datetime) -> datetime | None:
    """The first instant after this one at which the wall clock reaches one of these times, or is changed."""
    if not clocks:
        return None
    day = after.astimezone(zone).date()
    while True:
        for edge in edges_of_day(zone, clocks, day):
            if edge > after:
                return edge
        day += _DAY


@lru_cache(maxsize=4096)
def edges_of_day(zone: ZoneInfo, clocks: tuple[time, ...], day: date) -> tuple[datetime, ...]:
    """All edges of one local day, in order, UTC."""
    found = {edge for clock in clocks for edge in _instants(zone, day, clock)}
    start = datetime.combine(day, time(0), zone).astimezone(UTC)
    end = datetime.combine(day + _DAY, time(0), zone).astimezone(UTC)
    if start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
        found.add(_clock_change(zone, start, end))
    return tuple(sorted(found))


def _instants(zone: ZoneInfo, day: date, clock: time) -> list[datetime]:
    """When the clock shows this time on this day: once, twice, or never."""
    wanted = datetime.combine(day, clock)
    both = (wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return [instant for instant in both if instant.astimezone(zone).replace(tzinfo=None) == wanted]


def _clock_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """The instant between these two at which the zone's offset changes, to the second."""
    before = start.astimezone(zone).utcoffset()
    while end - start > _SECOND:
        middle = (start + (end - start) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            start = middle
        else:
            end = middle
    return end
