"""Reads price cases `{time_zone, tariffs, cdr, expected}` in OCPI 2.2.1 or 2.3.0 words into the domain."""

import json
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.domain.ids import Party, TariffId
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import Bill, StepRule, price
from gateway.domain.tariffs import (
    DayOfWeek,
    Dimension,
    Price,
    PriceComponent,
    ReservationRule,
    Restrictions,
    Tariff,
    TariffElement,
    TaxIncluded,
)
from gateway.domain.units import in_utc

Json = dict[str, Any]


def load(path: Path) -> Any:
    return json.loads(path.read_text(), parse_float=Decimal, parse_int=Decimal)


def instant(text: str) -> datetime:
    return in_utc(datetime.fromisoformat(text))


def read_price(raw: Json | None) -> Price | None:
    if raw is None:
        return None
    after = raw.get("incl_vat", raw.get("after_taxes"))
    return Price(Decimal(raw.get("excl_vat", raw.get("before_taxes"))), after)


def read_restrictions(raw: Json | None) -> Restrictions:
    raw = raw or {}
    clock = {k: time.fromisoformat(raw[k]) for k in ("start_time", "end_time") if k in raw}
    days = {k: date.fromisoformat(raw[k]) for k in ("start_date", "end_date") if k in raw}
    return Restrictions(
        **clock,
        **days,
        min_kwh=raw.get("min_kwh"),
        max_kwh=raw.get("max_kwh"),
        min_current_a=raw.get("min_current"),
        max_current_a=raw.get("max_current"),
        min_power_kw=raw.get("min_power"),
        max_power_kw=raw.get("max_power"),
        min_duration_s=int(raw["min_duration"]) if "min_duration" in raw else None,
        max_duration_s=int(raw["max_duration"]) if "max_duration" in raw else None,
        day_of_week=tuple(DayOfWeek(d) for d in raw.get("day_of_week", ())),
        reservation=ReservationRule(raw["reservation"]) if "reservation" in raw else None,
    )


def read_tariff(raw: Json) -> Tariff:
    return Tariff(
        party=Party(raw.get("country_code", "NL"), raw.get("party_id", "CPO")),
        id=TariffId(raw["id"]),
        currency=raw.get("currency", "EUR"),
        elements=tuple(
            TariffElement(
                tuple(
                    PriceComponent(
                        Dimension(c["type"]), Decimal(c["price"]), int(c.get("step_size", 1)), c.get("vat")
                    )
                    for c in e["price_components"]
                ),
                read_restrictions(e.get("restrictions")),
            )
            for e in raw["elements"]
        ),
        last_updated=instant(raw.get("last_updated", "2024-01-01T00:00:00Z")),
        type=raw.get("type"),
        min_price=read_price(raw.get("min_price")),
        max_price=read_price(raw.get("max_price")),
        tax_included=TaxIncluded(raw.get("tax_included", "NO")),
        starts_at=instant(raw["start_date_time"]) if "start_date_time" in raw else None,
        ends_at=instant(raw["end_date_time"]) if "end_date_time" in raw else None,
    )


def read_period(raw: Json) -> ChargingPeriod:
    return ChargingPeriod(
        instant(raw["start_date_time"]),
        tuple(Volume(PeriodDimension(d["type"]), Decimal(d["volume"])) for d in raw["dimensions"]),
        raw.get("tariff_id"),
    )


def bill_of(case: Json) -> Bill:
    cdr = case["cdr"]
    return price(
        [read_period(p) for p in cdr["charging_periods"]],
        [read_tariff(t) for t in case["tariffs"]],
        currency=cdr.get("currency", "EUR"),
        time_zone=case.get("time_zone", "UTC"),
        started_at=instant(cdr["start_date_time"]),
        ended_at=instant(cdr["end_date_time"]),
        step_rule=StepRule(case.get("step_rule", "LAST")),
        reservation_expired=case.get("reservation_expired"),
    )
