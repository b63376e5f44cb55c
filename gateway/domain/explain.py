"""A bill as a table a person can follow: every line with its reason, then steps, limits and totals."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gateway.domain.bills import Bill, CostLine, CostType
from gateway.domain.tariffs import Dimension, Price
from gateway.domain.units import settled

_UNIT = {Dimension.ENERGY: "kWh", Dimension.TIME: "h", Dimension.PARKING_TIME: "h", Dimension.FLAT: ""}


@dataclass(frozen=True, slots=True)
class ExplainRow:
    """One row: texts, ready to be shown. `when` is local time; `why` names the rules."""

    when: str
    what: str
    volume: str = ""
    billed: str = ""
    unit_price: str = ""
    tax: str = ""
    amount: str = ""
    why: str = ""


def explain(bill: Bill) -> tuple[ExplainRow, ...]:
    """The working of a bill, in reading order."""
    return (*_lines(bill), *_steps(bill), *_limits(bill), *_totals(bill), *_warnings(bill))


def _lines(bill: Bill) -> Iterator[ExplainRow]:
    for line in bill.lines:
        unit = _UNIT[line.dimension]
        priced = line.element is not None
        yield ExplainRow(
            when=bill.states[line.period].local,
            what=_name(line),
            volume=_amount(line.volume, unit),
            billed=_amount(line.billed, unit) if priced else "",
            unit_price=f"{line.unit_price:f} {bill.currency}{f'/{unit}' if unit else ''}" if priced else "",
            tax="" if line.vat_percent is None else f"{line.vat_percent:f} %",
            amount=f"{settled(line.before_taxes):f}",
            why=_why(line, bill),
        )


def _name(line: CostLine) -> str:
    if line.cost_type is CostType.RESERVATION:
        return "reservation fee" if line.dimension is Dimension.FLAT else "reservation time"
    return {
        Dimension.ENERGY: "energy",
        Dimension.TIME: "charging time",
        Dimension.PARKING_TIME: "parking time",
        Dimension.FLAT: "fee",
    }[line.dimension]


def _why(line: CostLine, bill: Bill) -> str:
    """Which element applies, and of the ones before it the rule that did not hold."""
    state = bill.states[line.period]
    if line.tariff_id is None:
        return "no tariff: costs nothing"
    if line.element is None:
        chosen = f"tariff {line.tariff_id}: no element applies, costs nothing"
    else:
        chosen = f"tariff {line.tariff_id}, element {line.element + 1}"
    passed = "; ".join(f"not element {m.element + 1} ({m.rule})" for m in line.passed_over)
    if not passed:
        return chosen
    flow = "".join(
        f", {value:f} {unit}"
        for value, unit in ((state.power_kw, "kW"), (state.current_a, "A"))
        if value is not None
    )
    return f"{chosen}; at {state.energy_kwh:f} kWh, {state.elapsed_s:f} s{flow}: {passed}"


def _steps(bill: Bill) -> Iterator[ExplainRow]:
    for step in bill.steps:
        if step.billed == step.total:
            continue
        line, unit = bill.lines[step.line], "Wh" if step.dimension is Dimension.ENERGY else "s"
        yield ExplainRow(
            when=bill.states[line.period].local,
            what=f"step_size of {_name(line)}",
            volume=_amount(step.total, unit),
            billed=_amount(step.billed, unit),
            why=f"rounded up once to steps of {step.step_size} {unit}, charged at the last price",
        )


def _limits(bill: Bill) -> Iterator[ExplainRow]:
    for limit in bill.limits:
        computed, within = limit.before_taxes
        yield ExplainRow(
            when="",
            what=f"{limit.limit} of tariff {limit.tariff_id}",
            amount=f"{settled(within - computed):f}",
            why=f"{settled(computed):f} becomes {settled(within):f} {bill.currency} before taxes, "
            f"{settled(limit.after_taxes[0]):f} becomes {settled(limit.after_taxes[1]):f} after",
        )


def _totals(bill: Bill) -> Iterator[ExplainRow]:
    totals: tuple[tuple[str, Price | None], ...] = (
        ("fees", bill.fixed),
        ("energy", bill.energy),
        ("charging time", bill.time),
        ("parking time", bill.parking),
        ("reservation", bill.reservation),
        ("total", bill.total),
    )
    for name, price in totals:
        if price is None:
            continue
        taxes = ", ".join(
            f"{t.amount:f} {t.name} {'' if t.percentage is None else f'{t.percentage:f} %'}".rstrip()
            for t in price.taxes
        )
        after = "" if price.after_taxes is None else f"{price.after_taxes:f} {bill.currency} after taxes"
        amount = f"{price.before_taxes:f} {bill.currency}"
        yield ExplainRow(
            when="", what=f"total {name}" if name != "total" else name, tax=taxes, amount=amount, why=after
        )


def _warnings(bill: Bill) -> Iterator[ExplainRow]:
    return (ExplainRow(when="", what="warning", why=warning) for warning in bill.warnings)


def _amount(value: Decimal, unit: str) -> str:
    return f"{settled(value):f} {unit}".rstrip()
