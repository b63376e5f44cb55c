"""Which tariff element applies at a moment, and why the ones before it do not.

Spec: OCPI 2.2.1 mod_tariffs "TariffElement class" and "TariffRestrictions class" (TAR-03, TAR-05). Lower
bounds are inclusive, upper bounds exclusive; per dimension the first element whose rules all hold wins.
A power or a current that nobody measured excludes no element.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.domain.periods import PeriodDimension
from gateway.domain.tariffs import (
    DayOfWeek,
    Dimension,
    PriceComponent,
    ReservationRule,
    Restrictions,
    Tariff,
    TariffElement,
)

MIDNIGHT = time(0)
_DAYS = tuple(DayOfWeek)


class Use(StrEnum):
    """What is being priced: charging, or a reservation that led to a session, or one that did not."""

    SESSION = "SESSION"
    RESERVED = "RESERVED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Miss:
    """An element that was passed over: its number (from 0) and the rule that did not hold."""

    element: int
    rule: str


@dataclass(slots=True)
class Moment:
    """What restrictions look at: the local wall clock, energy (kWh) and time since the start, kW and A."""

    clock: time
    day: date
    kwh: Decimal
    elapsed: timedelta
    power_kw: Decimal | None = None
    current_a: Decimal | None = None


def moment_at(
    at: datetime,
    zone: ZoneInfo,
    started_at: datetime,
    kwh: Decimal,
    power_kw: Decimal | None = None,
    current_a: Decimal | None = None,
) -> Moment:
    """The moment an instant (UTC) is, seen from the location."""
    local = at.astimezone(zone)
    return Moment(local.time(), local.date(), kwh, at - started_at, power_kw, current_a)


Check = tuple[Callable[[Moment], bool], Miss]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An element that prices a dimension, with its rules ready to be asked."""

    element: int
    component: PriceComponent
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """The component that applies, and the elements before it that did not."""

    element: int | None
    component: PriceComponent | None
    passed_over: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """A tariff made ready: candidates in order, and every value at which a price can change."""

    candidates: dict[tuple[Use, Dimension], tuple[Candidate, ...]]
    clocks: tuple[time, ...]
    kwh: tuple[Decimal, ...]
    durations: tuple[timedelta, ...]
    power_kw: tuple[Decimal, ...]
    current_a: tuple[Decimal, ...]

    @property
    def restricted(self) -> bool:
        """Whether any price of the tariff can change during a session."""
        return bool(self.clocks or self.kwh or self.durations or self.power_kw or self.current_a)

    def match(self, use: Use, dimension: Dimension, moment: Moment) -> Match:
        """The first element in list order that prices this dimension and whose rules all hold."""
        misses: list[Miss] = []
        for candidate in self.candidates[use, dimension]:
            miss = first_miss(candidate.checks, moment)
            if miss is None:
                return Match(candidate.element, candidate.component, tuple(misses))
            misses.append(miss)
        return Match(None, None, tuple(misses))

    def element(self, use: Use, dimension: Dimension, moment: Moment) -> int:
        """Number of the element that would match, -1 for none; the quick form of `match`."""
        for candidate in self.candidates[use, dimension]:
            if first_miss(candidate.checks, moment) is None:
                return candidate.element
        return -1


def first_miss(checks: tuple[Check, ...], moment: Moment) -> Miss | None:
    """The first rule that does not hold, None if all hold."""
    for holds, miss in checks:
        if not holds(moment):
            return miss
    return None


_RECENT: dict[int, tuple[Tariff, Rules]] = {}
_MOST_RECENT = 512


def rules_of(tariff: Tariff) -> Rules:
    """A tariff made ready for matching.

    Remembered by identity first: comparing a large tariff with another costs more than matching it.
    """
    known = _RECENT.get(id(tariff))
    if known is not None and known[0] is tariff:
        return known[1]
    if len(_RECENT) >= _MOST_RECENT:
        _RECENT.clear()
    rules = _prepared(tariff)
    _RECENT[id(tariff)] = (tariff, rules)
    return rules


@lru_cache(maxsize=512)
def _prepared(tariff: Tariff) -> Rules:
    checks = tuple(_checks(n, e.restrictions) for n, e in enumerate(tariff.elements))
    all_restrictions = tuple(e.restrictions for e in tariff.elements)
    return Rules(
        candidates={
            (use, dimension): tuple(
                Candidate(n, component, checks[n])
                for n, component in _in_order(tariff.elements, use, dimension)
            )
            for use in Use
            for dimension in Dimension
        },
        clocks=tuple(sorted({c for r in all_restrictions for c in _clocks(r)})),
        kwh=_values(b for r in all_restrictions for b in (r.min_kwh, r.max_kwh)),
        durations=tuple(
            timedelta(seconds=s)
            for s in sorted({s for r in all_restrictions for s in (r.min_duration_s, r.max_duration_s) if s})
        ),
        power_kw=_values(b for r in all_restrictions for b in (r.min_power_kw, r.max_power_kw)),
        current_a=_values(b for r in all_restrictions for b in (r.min_current_a, r.max_current_a)),
    )


def _values(bounds: Iterable[Decimal | None]) -> tuple[Decimal, ...]:
    return tuple(sorted({b for b in bounds if b is not None}))


def _in_order(
    elements: tuple[TariffElement, ...], use: Use, dimension: Dimension
) -> list[tuple[int, PriceComponent]]:
    """Elements that may price this dimension in this use, in the order in which they are asked.

    An expired reservation asks RESERVATION_EXPIRES first, then RESERVATION; a second component of the same
    type in one element is never reached.
    """
    found: list[tuple[int, PriceComponent]] = []
    for rule in _RULES_OF[use]:
        for number, element in enumerate(elements):
            component = next((c for c in element.components if c.type is dimension), None)
            if component is not None and element.restrictions.reservation is rule:
                found.append((number, component))
    return found


_RULES_OF: dict[Use, tuple[ReservationRule | None, ...]] = {
    Use.SESSION: (None,),
    Use.RESERVED: (ReservationRule.RESERVATION,),
    Use.EXPIRED: (ReservationRule.RESERVATION_EXPIRES, ReservationRule.RESERVATION),
}


def _clocks(r: Restrictions) -> list[time]:
    """Local times of day at which these rules can change their answer."""
    found = [c for c in (r.start_time, r.end_time) if c is not None]
    if r.day_of_week or r.start_date or r.end_date or found:
        found.append(MIDNIGHT)
    return found


def _checks(element: int, r: Restrictions) -> tuple[Check, ...]:
    found: list[Check] = []

    def rule(text: str, holds: Callable[[Moment], bool]) -> None:
        found.append((holds, Miss(element, text)))

    _clock_checks(r, rule)
    _calendar_checks(r, rule)
    _amount_checks(r, rule)
    _flow_checks(r, rule)
    return tuple(found)


Rule = Callable[[str, Callable[[Moment], bool]], None]


def _clock_checks(r: Restrictions, rule: Rule) -> None:
    """Time of day. An end of 00:00 is the end of the day; an end before the start runs over midnight."""
    start, end = r.start_time or MIDNIGHT, r.end_time or MIDNIGHT
    text = f"from {start:%H:%M} to {end:%H:%M}"
    if end == MIDNIGHT:
        if start != MIDNIGHT:
            rule(text, lambda m: m.clock >= start)
    elif end <= start:
        if end != start:
            rule(text, lambda m: m.clock >= start or m.clock < end)
    else:
        rule(text, lambda m: start <= m.clock < end)


def _calendar_checks(r: Restrictions, rule: Rule) -> None:
    first, last = r.start_date, r.end_date
    if first is not None:
        rule(f"from {first}", lambda m: m.day >= first)
    if last is not None:
        rule(f"before {last}", lambda m: m.day < last)
    if r.day_of_week:
        days = frozenset(_DAYS.index(d) for d in r.day_of_week)
        names = ", ".join(d.value.capitalize() for d in r.day_of_week)
        rule(f"on {names}", lambda m: m.day.weekday() in days)


def _amount_checks(r: Restrictions, rule: Rule) -> None:
    least, most = r.min_kwh, r.max_kwh
    if least is not None:
        rule(f"from {least} kWh", lambda m: m.kwh >= least)
    if most is not None:
        rule(f"below {most} kWh", lambda m: m.kwh < most)
    if r.min_duration_s is not None:
        shortest = timedelta(seconds=r.min_duration_s)
        rule(f"after {r.min_duration_s} s", lambda m: m.elapsed >= shortest)
    if r.max_duration_s is not None:
        longest = timedelta(seconds=r.max_duration_s)
        rule(f"within {r.max_duration_s} s", lambda m: m.elapsed < longest)


def _flow_checks(r: Restrictions, rule: Rule) -> None:
    low_a, high_a, low_kw, high_kw = r.min_current_a, r.max_current_a, r.min_power_kw, r.max_power_kw
    if low_a is not None:
        rule(f"from {low_a} A", lambda m: m.current_a is None or m.current_a >= low_a)
    if high_a is not None:
        rule(f"below {high_a} A", lambda m: m.current_a is None or m.current_a < high_a)
    if low_kw is not None:
        rule(f"from {low_kw} kW", lambda m: m.power_kw is None or m.power_kw >= low_kw)
    if high_kw is not None:
        rule(f"below {high_kw} kW", lambda m: m.power_kw is None or m.power_kw < high_kw)


_ASKED: dict[PeriodDimension, tuple[tuple[Use, Dimension], ...]] = {
    PeriodDimension.TIME: (
        (Use.SESSION, Dimension.FLAT),
        (Use.SESSION, Dimension.ENERGY),
        (Use.SESSION, Dimension.TIME),
    ),
    PeriodDimension.PARKING_TIME: (
        (Use.SESSION, Dimension.FLAT),
        (Use.SESSION, Dimension.ENERGY),
        (Use.SESSION, Dimension.PARKING_TIME),
    ),
    PeriodDimension.RESERVATION_TIME: (
        (Use.RESERVED, Dimension.FLAT),
        (Use.RESERVED, Dimension.TIME),
        (Use.EXPIRED, Dimension.FLAT),
        (Use.EXPIRED, Dimension.TIME),
    ),
}


def regime(rules: Rules, kind: PeriodDimension, moment: Moment) -> tuple[int, ...]:
    """The elements that apply to a period of this kind; while they stay the same, no period ends (CDR-06)."""
    return tuple([rules.element(use, dimension, moment) for use, dimension in _ASKED[kind]])
