"""Taxes in and on prices, and the limits of a tariff. The published amounts are rounded here, once each.

Spec: OCPI 2.2.1 mod_tariffs "PriceComponent class" (`vat`, prices without VAT; omitted means none applies),
OCPI 2.3.0 mod_tariffs "TaxIncluded enum", types "Price class".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from gateway.domain.bills import CostLine
from gateway.domain.tariffs import Price, Tariff, Tax, TaxIncluded
from gateway.domain.units import ZERO, settled

_HUNDRED = Decimal(100)
VAT = "VAT"


def with_and_without(
    amount: Decimal, vat_percent: Decimal | None, included: TaxIncluded
) -> tuple[Decimal, Decimal]:
    """An amount before and after taxes, exactly.

    Taxes that are in the price at an unknown rate cannot be taken out: both are then the price as printed.
    """
    if vat_percent is None or included is TaxIncluded.NOT_APPLICABLE:
        return amount, amount
    if included is TaxIncluded.YES:
        return amount * _HUNDRED / (_HUNDRED + vat_percent), amount
    return amount, amount * (_HUNDRED + vat_percent) / _HUNDRED


@dataclass(slots=True)
class Sum:
    """A running total: amounts and taxes by rate, exact until `price`."""

    before: Decimal = ZERO
    after: Decimal = ZERO
    taxes: dict[Decimal, Decimal] | None = None

    def add(self, line: CostLine) -> None:
        """Add one line; a line without a rate has no tax to list."""
        self.before += line.before_taxes
        self.after += line.after_taxes
        if line.vat_percent is not None and line.element is not None:
            self.add_tax(line.vat_percent, line.after_taxes - line.before_taxes)

    def add_tax(self, percentage: Decimal, amount: Decimal) -> None:
        """Add to the tax of one rate."""
        taxes = self.taxes = {} if self.taxes is None else self.taxes
        taxes[percentage] = taxes.get(percentage, ZERO) + amount

    def merge(self, other: "Sum") -> None:
        """Add another total to this one."""
        self.before += other.before
        self.after += other.after
        for percentage, amount in (other.taxes or {}).items():
            self.add_tax(percentage, amount)

    def price(self) -> Price:
        """The published amounts, each rounded once to four decimals, half up."""
        return Price(
            settled(self.before),
            settled(self.after),
            tuple(
                Tax(VAT, settled(amount), percentage)
                for percentage, amount in sorted((self.taxes or {}).items())
            ),
        )


def total_of(lines: Iterable[CostLine]) -> Sum:
    """The exact total of some lines."""
    total = Sum()
    for line in lines:
        total.add(line)
    return total


def limited(total: Sum, tariff: Tariff) -> tuple[Sum, str | None]:
    """The total within the tariff's minimum and maximum, and the name of the limit that took effect.

    With and without taxes are limited independently. A minimum that names no amount with taxes raises the
    amount with taxes only as far as the one without, so that taxes never become negative.
    """
    before, after, name = total.before, total.after, None
    if tariff.max_price is not None:
        before, after = _at_most(before, after, tariff.max_price)
        name = "max_price" if (before, after) != (total.before, total.after) else None
    if tariff.min_price is not None:
        raised = _at_least(before, after, tariff.min_price)
        name = "min_price" if raised != (before, after) else name
        before, after = raised
    if name is None:
        return total, None
    return Sum(before, after, _scaled(total, after - before)), name


def _at_most(before: Decimal, after: Decimal, limit: Price) -> tuple[Decimal, Decimal]:
    return min(before, limit.before_taxes), after if limit.after_taxes is None else min(
        after, limit.after_taxes
    )


def _at_least(before: Decimal, after: Decimal, limit: Price) -> tuple[Decimal, Decimal]:
    raised = max(before, limit.before_taxes)
    return raised, max(after, raised if limit.after_taxes is None else limit.after_taxes)


def _scaled(total: Sum, tax: Decimal) -> dict[Decimal, Decimal] | None:
    """The taxes of a limited total, shared among the rates as before."""
    taxes = total.taxes or {}
    whole = sum(taxes.values(), ZERO)
    if not whole:
        return dict.fromkeys(taxes, ZERO) if not tax else total.taxes
    return {percentage: amount * tax / whole for percentage, amount in taxes.items()}
