"""What in a tariff cannot work, or will surprise somebody: advice, nothing is refused (TAR-03 to TAR-08)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from gateway.domain.tariffs import Dimension, PriceComponent, Restrictions, Tariff, TariffElement

_LAST_MINUTE = time(23, 59)
_WITHOUT = Restrictions()
_RESERVABLE = frozenset({Dimension.FLAT, Dimension.TIME})


class LintRule(StrEnum):
    """What was found."""

    NO_DEFAULT = "NO_DEFAULT"
    UNREACHABLE = "UNREACHABLE"
    OVERLAPPING = "OVERLAPPING"
    IMPOSSIBLE = "IMPOSSIBLE"
    END_OF_DAY = "END_OF_DAY"
    WRAPPED_WEEKDAY = "WRAPPED_WEEKDAY"
    STEP_SIZE = "STEP_SIZE"
    SEVERAL_FLAT = "SEVERAL_FLAT"
    REPEATED_COMPONENT = "REPEATED_COMPONENT"
    GRACE_TIME = "GRACE_TIME"
    RESERVATION_DIMENSION = "RESERVATION_DIMENSION"
    LIMITS = "LIMITS"
    EMPTY = "EMPTY"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `where` is a dotted path into the tariff, elements counted from 0."""

    rule: LintRule
    where: str
    message: str


def lint(tariff: Tariff) -> tuple[Finding, ...]:
    """Everything worth knowing before this tariff is published."""
    return tuple(found for check in _CHECKS for found in check(tariff))


def _empty(tariff: Tariff) -> Iterator[Finding]:
    if not any(element.components for element in tariff.elements):
        yield Finding(LintRule.EMPTY, "elements", "no price component at all; free is a FLAT of 0.00")


def _no_default(tariff: Tariff) -> Iterator[Finding]:
    """A dimension that is priced only under restrictions costs nothing where none of them holds."""
    for dimension in Dimension:
        pricing = [e for _, e in _pricing(tariff, dimension) if e.restrictions.reservation is None]
        if pricing and not any(e.restrictions == _WITHOUT for e in pricing):
            yield Finding(
                LintRule.NO_DEFAULT,
                "elements",
                f"{dimension} has no element without restrictions: outside of them it costs nothing",
            )


def _hidden(tariff: Tariff) -> Iterator[Finding]:
    """Elements behind one that always matches first, or that may hold together with an earlier one."""
    for dimension in Dimension:
        pricing = _pricing(tariff, dimension)
        for place, (number, element) in enumerate(pricing):
            for earlier_number, earlier in pricing[:place]:
                finding = _hides(dimension, earlier_number, earlier, number, element)
                if finding is not None:
                    yield finding
                    break


def _hides(
    dimension: Dimension, earlier_number: int, earlier: TariffElement, number: int, element: TariffElement
) -> Finding | None:
    first, second = earlier.restrictions, element.restrictions
    if first.reservation is not second.reservation:
        return None
    where = f"elements.{number}"
    if covers(first, second):
        message = f"never prices {dimension}: element {earlier_number} always applies first"
        return Finding(LintRule.UNREACHABLE, where, message)
    if second != _WITHOUT and not _falls_back(first, second) and _may_meet(first, second):
        message = f"may hold together with element {earlier_number}, which then prices {dimension}"
        return Finding(LintRule.OVERLAPPING, where, message)
    return None


def covers(wide: Restrictions, narrow: Restrictions) -> bool:
    """Whether the first holds whenever the second does."""
    return (
        _clock_covers(wide, narrow)
        and (
            not wide.day_of_week
            or (bool(narrow.day_of_week) and {*narrow.day_of_week} <= {*wide.day_of_week})
        )
        and all(_range_covers(wide, narrow, low, high) for low, high in _RANGES)
    )


def _clock_covers(wide: Restrictions, narrow: Restrictions) -> bool:
    whole = wide.start_time in (None, time(0)) and wide.end_time in (None, time(0))
    return whole or (wide.start_time, wide.end_time) == (narrow.start_time, narrow.end_time)


_RANGES = (
    ("start_date", "end_date"),
    ("min_kwh", "max_kwh"),
    ("min_current_a", "max_current_a"),
    ("min_power_kw", "max_power_kw"),
    ("min_duration_s", "max_duration_s"),
)


def _range_covers(wide: Restrictions, narrow: Restrictions, low: str, high: str) -> bool:
    least, most = getattr(wide, low), getattr(wide, high)
    inner_least, inner_most = getattr(narrow, low), getattr(narrow, high)
    return (least is None or (inner_least is not None and least <= inner_least)) and (
        most is None or (inner_most is not None and inner_most <= most)
    )


def _falls_back(first: Restrictions, second: Restrictions) -> bool:
    """Whether the later one is the wider one: a fallback, which is how lists of elements are meant."""
    return covers(second, first)


def _may_meet(first: Restrictions, second: Restrictions) -> bool:
    """Whether both may hold at one moment."""
    if first.day_of_week and second.day_of_week and not {*first.day_of_week} & {*second.day_of_week}:
        return False
    return _clocks_meet(first, second) and all(
        _ranges_meet(first, second, low, high) for low, high in _RANGES
    )


def _ranges_meet(first: Restrictions, second: Restrictions, low: str, high: str) -> bool:
    for one, other in ((first, second), (second, first)):
        most, least = getattr(one, high), getattr(other, low)
        if most is not None and least is not None and most <= least:
            return False
    return True


def _clocks_meet(first: Restrictions, second: Restrictions) -> bool:
    return any(a < d and c < b for a, b in _spans(first) for c, d in _spans(second))


def _spans(r: Restrictions) -> tuple[tuple[int, int], ...]:
    """Minutes of the day in which the clock rules hold."""
    start = _minutes(r.start_time) if r.start_time else 0
    end = _minutes(r.end_time) if r.end_time and r.end_time != time(0) else 1440
    return ((start, end),) if start < end else ((start, 1440), (0, end))


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _impossible(tariff: Tariff) -> Iterator[Finding]:
    for number, element in enumerate(tariff.elements):
        for low, high in _RANGES:
            least, most = getattr(element.restrictions, low), getattr(element.restrictions, high)
            if least is not None and most is not None and most <= least:
                where = f"elements.{number}.restrictions.{high}"
                yield Finding(
                    LintRule.IMPOSSIBLE, where, f"never holds: {high} {most} is not above {low} {least}"
                )


def _clocks(tariff: Tariff) -> Iterator[Finding]:
    for number, element in enumerate(tariff.elements):
        r = element.restrictions
        where = f"elements.{number}.restrictions"
        if r.end_time is not None and r.end_time.replace(second=0, microsecond=0) == _LAST_MINUTE:
            message = (
                "23:59 leaves the last minute of the day without this price; write 00:00 for the day's end"
            )
            yield Finding(LintRule.END_OF_DAY, f"{where}.end_time", message)
        wraps = r.start_time and r.end_time and time(0) < r.end_time < r.start_time
        if wraps and r.day_of_week:
            message = (
                "runs over midnight, but the weekday is asked at every moment: after midnight it is the next"
            )
            yield Finding(LintRule.WRAPPED_WEEKDAY, f"{where}.day_of_week", message)


def _components(tariff: Tariff) -> Iterator[Finding]:
    for number, element in enumerate(tariff.elements):
        seen: set[Dimension] = set()
        for place, component in enumerate(element.components):
            where = f"elements.{number}.price_components.{place}"
            if component.type in seen:
                message = f"a second {component.type} in one element is never used"
                yield Finding(LintRule.REPEATED_COMPONENT, f"{where}.type", message)
            seen.add(component.type)
            yield from _component(element, component, where)


def _component(element: TariffElement, component: PriceComponent, where: str) -> Iterator[Finding]:
    if component.step_size != 1 and component.type is not Dimension.FLAT:
        message = f"step_size {component.step_size}: drivers pay for more than they used; 1 surprises nobody"
        if component.step_size <= 0:
            message = f"step_size {component.step_size} means no steps here; write 1"
        yield Finding(LintRule.STEP_SIZE, f"{where}.step_size", message)
    if element.restrictions.reservation is not None and component.type not in _RESERVABLE:
        message = f"a reservation has no {component.type}; only FLAT and TIME are used"
        yield Finding(LintRule.RESERVATION_DIMENSION, f"{where}.type", message)


def _several_flat(tariff: Tariff) -> Iterator[Finding]:
    flat = [n for n, e in _pricing(tariff, Dimension.FLAT) if e.restrictions.reservation is None]
    for number in flat[1:]:
        message = "more than one FLAT: only the first to apply is charged, other systems may charge both"
        yield Finding(LintRule.SEVERAL_FLAT, f"elements.{number}", message)


def _grace_time(tariff: Tariff) -> Iterator[Finding]:
    for number, element in _pricing(tariff, Dimension.PARKING_TIME):
        for name in ("min_duration_s", "max_duration_s"):
            if getattr(element.restrictions, name) is not None:
                where = f"elements.{number}.restrictions.{name.removesuffix('_s')}"
                message = "counts from the start of the session, not of parking: it cannot give grace time"
                yield Finding(LintRule.GRACE_TIME, where, message)


def _limits(tariff: Tariff) -> Iterator[Finding]:
    least, most = tariff.min_price, tariff.max_price
    if least is not None and most is not None and most.before_taxes < least.before_taxes:
        yield Finding(LintRule.LIMITS, "max_price", "below min_price: every session costs min_price")
    for name, limit in (("min_price", least), ("max_price", most)):
        if limit is not None and limit.after_taxes is None and _taxed(tariff):
            yield Finding(
                LintRule.LIMITS, name, "names no amount with taxes: only the one without is limited"
            )


def _taxed(tariff: Tariff) -> bool:
    return any(c.vat_percent for e in tariff.elements for c in e.components)


def _pricing(tariff: Tariff, dimension: Dimension) -> list[tuple[int, TariffElement]]:
    return [
        (number, element)
        for number, element in enumerate(tariff.elements)
        if any(c.type is dimension for c in element.components)
    ]


_CHECKS: tuple[Callable[[Tariff], Iterator[Finding]], ...] = (
    _empty,
    _no_default,
    _hidden,
    _impossible,
    _clocks,
    _components,
    _several_flat,
    _grace_time,
    _limits,
)
