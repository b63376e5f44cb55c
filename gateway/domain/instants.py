"""What all meters said at one instant, whichever message and order it came in.

Repeated values count once (C11); of two different values for the same thing the larger one stands. Totals
and phases stay apart; inlet, upstream and vehicle values never enter a session (M40, M45), but for the state
of charge, which only the vehicle knows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.domain.readings import Measurand, Reading, ReadingContext, ReadingPlace
from gateway.domain.units import ZERO

PHASES = ("L1", "L2", "L3")
_LIKE_L1 = {p: p for p in PHASES} | {f"{p}-N": p for p in PHASES}
_PLACES = (ReadingPlace.OUTLET, ReadingPlace.CABLE, ReadingPlace.BODY)
_INTERVAL_ORDER = (ReadingContext.PERIODIC, ReadingContext.CLOCK)

Group = tuple[Measurand, ReadingPlace]
"""A measurand at a place; its values are by phase, "" for the total."""


@dataclass(slots=True)
class Instant:
    """Values by measurand, place and phase; interval energies also by context."""

    values: dict[Group, dict[str, Decimal]] = field(default_factory=dict)
    intervals: dict[ReadingContext, dict[Group, dict[str, Decimal]]] = field(default_factory=dict)
    end_wh: Decimal | None = None

    def total(self, measurand: Measurand) -> Decimal | None:
        """The best total of an instantaneous quantity: as measured, else the sum over the phases."""
        for place in _PLACES:
            values = self.values.get((measurand, place))
            if values:
                return total_of(values)
        return None

    def interval_context(self) -> ReadingContext | None:
        """The context whose interval energies to use; others may cover the same time again."""
        for context in _INTERVAL_ORDER:
            if context in self.intervals:
                return context
        return min(self.intervals, default=None)

    def interval_wh(self, measurand: Measurand, context: ReadingContext) -> Decimal:
        """Energy of one interval."""
        for place in _PLACES:
            values = self.intervals.get(context, {}).get((measurand, place))
            if values:
                return total_of(values)
        return ZERO


def total_of(values: Mapping[str, Decimal]) -> Decimal:
    """The total where there is one, else the sum over the phases; never both (C13)."""
    return values[""] if "" in values else sum((values[p] for p in PHASES if p in values), ZERO)


def read_instant(readings: Iterable[Reading]) -> Instant:
    """Sort the readings of one instant."""
    instant = Instant()
    for reading in readings:
        phase = "" if reading.phase is None else _LIKE_L1.get(reading.phase)
        measurand, place = reading.measurand, reading.place
        if measurand is Measurand.STATE_OF_CHARGE_PERCENT and place is ReadingPlace.EV:
            place = ReadingPlace.OUTLET
        if phase is None or place not in _PLACES or measurand is Measurand.OTHER:
            continue
        if measurand in _INTERVALS:
            groups = instant.intervals.setdefault(reading.context, {})
        else:
            groups = instant.values
            if (
                measurand is Measurand.IMPORT_REGISTER_WH
                and reading.context is ReadingContext.END
                and not phase
            ):
                instant.end_wh = (
                    reading.value if instant.end_wh is None else max(instant.end_wh, reading.value)
                )
        values = groups.setdefault((measurand, place), {})
        values[phase] = max(reading.value, values.get(phase, reading.value))
    return instant


_INTERVALS = frozenset({Measurand.IMPORT_INTERVAL_WH, Measurand.EXPORT_INTERVAL_WH})
