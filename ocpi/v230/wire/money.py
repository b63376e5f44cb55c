"""Spec: OCPI 2.3.0 types "Price class", mod_tariffs, mod_cdrs, mod_sessions: prices list their taxes."""

from typing import Literal

from ocpi.v221.wire import cdrs as earlier
from ocpi.v221.wire.common import Owned
from ocpi.v221.wire.locations import EnergyMix
from ocpi.v221.wire.tariffs import TariffElement, TariffType
from ocpi.wire import (
    AtLeastOne,
    Currency,
    DateTime,
    DisplayText,
    Id36,
    Many,
    Number,
    String255,
    Url,
    Wire,
    derived,
)

TaxIncluded = Literal["YES", "NO", "N/A"]


class TaxAmount(Wire):
    """Spec: types "TaxAmount class"; percentage in percent."""

    name: String255
    account_number: String255 | None = None
    percentage: Number | None = None
    amount: Number


class Price(Wire):
    """Spec: types "Price class"."""

    before_taxes: Number
    taxes: Many[TaxAmount] = ()


class PriceLimit(Wire):
    """Spec: mod_tariffs "PriceLimit class"."""

    before_taxes: Number
    after_taxes: Number | None = None


class Tariff(Owned):
    """Spec: mod_tariffs "Tariff Object". Whether prices contain taxes is not left open."""

    id: Id36
    currency: Currency
    type: TariffType | None = None
    tariff_alt_text: Many[DisplayText] = ()
    tariff_alt_url: Url | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    elements: AtLeastOne[TariffElement]
    tax_included: TaxIncluded
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime


_OPTIONAL = (Price | None, None)

CDR = derived(
    earlier.CDR,
    tariffs=(Many[Tariff], ()),
    total_cost=(Price, ...),
    total_fixed_cost=_OPTIONAL,
    total_energy_cost=_OPTIONAL,
    total_time_cost=_OPTIONAL,
    total_parking_cost=_OPTIONAL,
    total_reservation_cost=_OPTIONAL,
)
Session = derived(earlier.Session, total_cost=_OPTIONAL)
