"""A second implementation of the price of a session: slow, with fractions, straight from the rules in words.

It shares nothing with `gateway.domain.pricing` but the shape of tariffs and periods. Charging only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.periods import ChargingPeriod
from gateway.domain.tariffs import DayOfWeek, PriceComponent, Restrictions, Tariff


def half_up(amount: Fraction) -> Fraction:
    shifted = amount * 10_000
    whole = abs(shifted) + Fraction(1, 2)
    rounded = Fraction(whole.numerator // whole.denominator, 10_000)
    return rounded if shifted >= 0 else -rounded


def holds(r: Restrictions, local: datetime, kwh: Fraction, seconds: Fraction, kw: Fraction | None) -> bool:
    minute = local.hour * 60 + local.minute + Fraction(local.second, 60)
    begin = r.start_time.hour * 60 + r.start_time.minute if r.start_time else 0
    end = (r.end_time.hour * 60 + r.end_time.minute if r.end_time else 0) or 1440
    inside = begin <= minute < end if begin < end else minute >= begin or minute < end
    listed = not r.day_of_week or list(DayOfWeek)[local.weekday()] in r.day_of_week
    return (
        inside
        and listed
        and within(local.date(), r.start_date, r.end_date)
        and within(kwh, r.min_kwh, r.max_kwh)
        and within(seconds, r.min_duration_s, r.max_duration_s)
        and (kw is None or within(kw, r.min_power_kw, r.max_power_kw))
    )


def within(value: Any, least: Any, most: Any) -> bool:
    return (least is None or value >= least) and (most is None or value < most)


def naive_total(
    periods: Sequence[ChargingPeriod], tariff: Tariff, zone: str, started_at: datetime
) -> tuple[Fraction, Fraction]:
    """Total before and after taxes, rounded once."""
    priced: list[tuple[str, PriceComponent, Fraction]] = []
    fee: PriceComponent | None = None
    kwh = Fraction(0)
    for period in periods:
        local = period.starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        seconds = Fraction((period.starts_at - started_at) // timedelta(microseconds=1), 1_000_000)
        volumes = {v.type.value: Fraction(v.amount) for v in period.volumes}
        kw = volumes.get("MAX_POWER", volumes.get("MIN_POWER"))
        active = [e for e in tariff.elements if holds(e.restrictions, local, kwh, seconds, kw)]
        components = [c for e in active for c in e.components]
        for dimension in ("ENERGY", "TIME", "PARKING_TIME"):
            mine = [c for c in components if c.type.value == dimension]
            if dimension in volumes and mine:
                priced.append((dimension, mine[0], in_base_units(dimension, volumes[dimension])))
        fee = fee or next((c for c in components if c.type.value == "FLAT"), None)
        kwh += volumes.get("ENERGY", Fraction(0))
    return limited([*stepped(priced), *([(Fraction(1), fee)] if fee else [])], tariff)


def in_base_units(dimension: str, volume: Fraction) -> Fraction:
    """Wh, or whole seconds."""
    if dimension == "ENERGY":
        return volume * 1000
    shown = volume * 3600 + Fraction(1, 2)
    return Fraction(shown.numerator // shown.denominator)


def limited(priced: list[tuple[Fraction, PriceComponent]], tariff: Tariff) -> tuple[Fraction, Fraction]:
    before = after = Fraction(0)
    for amount, component in priced:
        net = amount * Fraction(component.price)
        before += net
        after += net * (1 + Fraction(component.vat_percent or 0) / 100)
    if tariff.max_price:
        before = min(before, Fraction(tariff.max_price.before_taxes))
        if tariff.max_price.after_taxes is not None:
            after = min(after, Fraction(tariff.max_price.after_taxes))
    if tariff.min_price:
        before = max(before, Fraction(tariff.min_price.before_taxes))
        floor = tariff.min_price.after_taxes
        after = max(after, before if floor is None else Fraction(floor))
    return half_up(before), half_up(after)


def stepped(
    priced: list[tuple[str, PriceComponent, Fraction]],
) -> list[tuple[Fraction, PriceComponent]]:
    """Volumes in kWh and hours, with the session's steps added to the last of each unit."""
    amounts = [amount for _, _, amount in priced]
    for unit in (("ENERGY",), ("TIME", "PARKING_TIME")):
        mine = [n for n, (d, _, amount) in enumerate(priced) if d in unit and amount > 0]
        if not mine:
            continue
        dimension, component, _ = priced[mine[-1]]
        total = sum((a for d, _, a in priced if d == dimension), Fraction(0))
        step = component.step_size
        if step > 0 and total > 0:
            steps = -(-total // step)
            amounts[mine[-1]] += steps * step - total
    scale = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600}
    return [(amount / scale[d], c) for amount, (d, c, _) in zip(amounts, priced, strict=True)]
