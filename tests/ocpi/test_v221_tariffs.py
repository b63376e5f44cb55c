"""Tariffs in OCPI 2.2.1, there and back (TAR-01 to TAR-10)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.domain.errors import InvalidInput, NotRepresentable
from gateway.domain.tariffs import DayOfWeek, Price, ReservationRule, Restrictions, Tariff, TaxIncluded
from ocpi import v221
from tests.builders import tariff
from tests.ocpi.v221_material import assert_valid, sent, tariffs


def evening() -> dict[str, Any]:
    """A tariff with something in every field."""
    return {
        "country_code": "NL",
        "party_id": "GWY",
        "id": "evening",
        "currency": "EUR",
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "nl", "text": "Avondtarief"}],
        "tariff_alt_url": "https://example.com/tariffs/evening",
        "min_price": {"excl_vat": Decimal("0.5"), "incl_vat": Decimal("0.605")},
        "max_price": {"excl_vat": 50},
        "elements": [
            {
                "price_components": [
                    {"type": "ENERGY", "price": Decimal("0.3567"), "vat": 21, "step_size": 1},
                    {"type": "FLAT", "price": Decimal("0.5"), "step_size": 0},
                ],
                "restrictions": {
                    "start_time": "18:00",
                    "end_time": "06:00",
                    "start_date": "2026-01-01",
                    "end_date": "2027-01-01",
                    "min_kwh": 1,
                    "max_kwh": Decimal("20.5"),
                    "min_current": 6,
                    "max_current": 32,
                    "min_power": Decimal("1.4"),
                    "max_power": 22,
                    "min_duration": 60,
                    "max_duration": 3600,
                    "day_of_week": ["SATURDAY", "SUNDAY"],
                    "reservation": "RESERVATION",
                },
            },
            {"price_components": [{"type": "TIME", "price": 2, "vat": Decimal("5.5"), "step_size": 900}]},
        ],
        "start_date_time": "2026-01-01T00:00:00Z",
        "end_date_time": "2026-12-31T23:00:00Z",
        "energy_mix": {"is_green_energy": False, "supplier_name": "Windy"},
        "last_updated": "2026-11-22T12:00:00Z",
    }


def test_a_tariff_goes_through_unchanged() -> None:
    written = sent(v221.write_tariff(v221.read_tariff(evening())))
    assert written == evening()
    assert_valid("Tariff", written)


@settings(deadline=None, max_examples=60)
@given(tariffs)
def test_every_tariff_comes_back(original: Tariff) -> None:
    written = sent(v221.write_tariff(original))
    assert v221.read_tariff(written) == original


@settings(deadline=None, max_examples=30)
@given(tariffs)
def test_what_is_written_follows_the_tables(original: Tariff) -> None:
    assert_valid("Tariff", sent(v221.write_tariff(original)))


def test_tar_05_restrictions_are_typed() -> None:
    first, second = v221.read_tariff(evening()).elements
    assert first.restrictions == Restrictions(
        start_time=time(18),
        end_time=time(6),
        start_date=date(2026, 1, 1),
        end_date=date(2027, 1, 1),
        min_kwh=Decimal(1),
        max_kwh=Decimal("20.5"),
        min_current_a=Decimal(6),
        max_current_a=Decimal(32),
        min_power_kw=Decimal("1.4"),
        max_power_kw=Decimal(22),
        min_duration_s=60,
        max_duration_s=3600,
        day_of_week=(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY),
        reservation=ReservationRule.RESERVATION,
    )
    assert second.restrictions == Restrictions()
    assert [c.vat_percent for c in first.components] == [Decimal(21), None]


def test_midnight_is_a_time_like_any_other() -> None:
    value = evening()
    value["elements"][0]["restrictions"]["start_time"] = "00:00"
    written = v221.write_tariff(v221.read_tariff(value))
    assert written["elements"][0]["restrictions"]["start_time"] == "00:00"


def test_tar_08_prices_of_this_version_exclude_vat() -> None:
    assert v221.read_tariff(evening()).tax_included is TaxIncluded.NO


def test_tr_33_prices_may_be_numeric_strings() -> None:
    value = evening()
    value["elements"][1]["price_components"][0]["price"] = "2.00"
    assert v221.read_tariff(value).elements[1].components[0].price == 2


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (lambda v: v.pop("last_updated"), "last_updated", "is required"),
        (lambda v: v.update(elements=[]), "elements", "at least 1 element"),
        (lambda v: v.update(currency="eur"), "currency", "ISO 4217"),
        (lambda v: v.update(type="VIP"), "type", "must be one of 'AD_HOC_PAYMENT'"),
        (
            lambda v: v["elements"][1].update(price_components=[]),
            "elements[1].price_components",
            "at least 1 element",
        ),
        (
            lambda v: v["elements"][0]["price_components"][1].pop("step_size"),
            "elements[0].price_components[1].step_size",
            "is required",
        ),
        (
            lambda v: v["elements"][0]["price_components"][0].update(price="cheap"),
            "elements[0].price_components[0].price",
            "must be a number",
        ),
        (
            lambda v: v["elements"][0]["restrictions"].update(end_time="24:00"),
            "elements[0].restrictions.end_time",
            'at most "23:59"',
        ),
        (
            lambda v: v["elements"][0]["restrictions"].update(start_date="01-01-2026"),
            "elements[0].restrictions.start_date",
            "must be a date",
        ),
        (
            lambda v: v["elements"][0]["restrictions"].update(start_date="2026-02-30"),
            "elements[0].restrictions",
            "day is out of range",
        ),
        (
            lambda v: v["elements"][0]["restrictions"].update(day_of_week=["FUNDAY"]),
            "elements[0].restrictions.day_of_week[0]",
            "must be one of 'MONDAY'",
        ),
    ],
)
def test_a_broken_tariff_names_the_field_and_the_rule(change: Change, field: str, rule: str) -> None:
    """TAR-03, TAR-05: at least one element with one component."""
    value = evening()
    change(value)
    with pytest.raises(InvalidInput, match=rule) as caught:
        v221.read_tariff(value)
    assert caught.value.field == field


def test_prices_are_never_sent_wrong() -> None:
    gross = tariff(tax_included=TaxIncluded.YES)
    with pytest.raises(NotRepresentable, match="prices with taxes"):
        v221.write_tariff(gross)
    with pytest.raises(NotRepresentable, match="BOGUS"):
        v221.write_tariff(tariff(type="BOGUS"))
    untaxed = tariff(tax_included=TaxIncluded.NOT_APPLICABLE)
    assert v221.write_tariff(untaxed) == v221.write_tariff(replace(untaxed, tax_included=TaxIncluded.NO))


def test_an_unknown_vat_is_left_out_and_a_zero_one_is_not() -> None:
    limits = tariff(min_price=Price(Decimal(1)), max_price=Price(Decimal(9), Decimal(9)))
    written = v221.write_tariff(limits)
    assert written["min_price"] == {"excl_vat": 1}
    assert written["max_price"] == {"excl_vat": 9, "incl_vat": 9}
