"""`step_size`: how much more than was used is charged, once per session and unit.

Spec: OCPI 2.2.1 mod_cdrs "Step size"; decisions where the text contradicts itself: the last priced line of a
unit decides which dimension's total is rounded, only priced volume counts, the extra is charged at that line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gateway.domain.bills import CostType, StepRounding
from gateway.domain.matching import Match
from gateway.domain.tariffs import Dimension, PriceComponent, Tariff
from gateway.domain.units import ZERO


class StepRule(StrEnum):
    """Which dimension is rounded when charging resumes after parking; the specification says both."""

    LAST = "LAST"
    PARKING_FIRST = "PARKING_FIRST"


@dataclass(slots=True)
class Draft:
    """A line before money: `quantity` in Wh, in seconds, or 1 for FLAT; `extra` is what the step adds."""

    period: int
    cost_type: CostType
    dimension: Dimension
    volume: Decimal
    quantity: Decimal
    tariff: Tariff | None
    match: Match
    extra: Decimal = ZERO

    @property
    def component(self) -> PriceComponent | None:
        """The component that prices this line, if one does."""
        return self.match.component


_ENERGY = frozenset({CostType.ENERGY})
_TIMES = frozenset({CostType.TIME, CostType.PARKING})
_RESERVATION = frozenset({CostType.RESERVATION})


def round_up(drafts: Sequence[Draft], rule: StepRule) -> tuple[StepRounding, ...]:
    """Set `extra` on the lines that are rounded up, and say which those are."""
    return tuple(
        step
        for types in (_ENERGY, _TIMES, _RESERVATION)
        if (step := _round_up_one(drafts, types, rule)) is not None
    )


def _round_up_one(drafts: Sequence[Draft], types: frozenset[CostType], rule: StepRule) -> StepRounding | None:
    priced = [
        n
        for n, d in enumerate(drafts)
        if d.cost_type in types and d.component and d.dimension is not Dimension.FLAT and d.quantity > 0
    ]
    if rule is StepRule.PARKING_FIRST:
        priced = [n for n in priced if drafts[n].cost_type is CostType.PARKING] or priced
    if not priced:
        return None
    last = drafts[priced[-1]]
    assert last.component is not None  # noqa: S101 - chosen so above
    total = sum((d.quantity for d in drafts if _counts_with(d, last)), ZERO)
    step = Decimal(last.component.step_size)
    if step <= 0 or total <= 0:
        return None
    whole, rest = divmod(total, step)
    billed = (whole + (1 if rest else 0)) * step
    last.extra = billed - total
    return StepRounding(priced[-1], last.dimension, last.component.step_size, total, billed)


def _counts_with(draft: Draft, last: Draft) -> bool:
    return (
        draft.component is not None
        and draft.dimension is last.dimension
        and draft.cost_type is last.cost_type
    )
