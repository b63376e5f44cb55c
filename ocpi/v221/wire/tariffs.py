"""Spec: OCPI 2.2.1 mod_tariffs."""

from typing import Literal

from ocpi.shared.wire import DayOfWeek, TariffDimensionType
from ocpi.v221.wire.common import Owned, Price
from ocpi.v221.wire.locations import EnergyMix
from ocpi.wire import (
    AtLeastOne,
    Currency,
    DateTime,
    DisplayText,
    Id36,
    LocalDate,
    Many,
    Number,
    TimeOfDay,
    Url,
    Whole,
    Wire,
)

ReservationRestrictionType = Literal["RESERVATION", "RESERVATION_EXPIRES"]
TariffType = Literal["AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR"]


class PriceComponent(Wire):
    """Spec: "PriceComponent class"; per kWh, per hour or once, `vat` in percent."""

    type: TariffDimensionType
    price: Number
    vat: Number | None = None
    step_size: Whole


class TariffRestrictions(Wire):
    """Spec: "TariffRestrictions class"; local time, kWh, A, kW, seconds (TAR-05)."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: LocalDate | None = None
    end_date: LocalDate | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Whole | None = None
    max_duration: Whole | None = None
    day_of_week: Many[DayOfWeek] = ()
    reservation: ReservationRestrictionType | None = None


class TariffElement(Wire):
    """Spec: "TariffElement class"."""

    price_components: AtLeastOne[PriceComponent]
    restrictions: TariffRestrictions | None = None


class Tariff(Owned):
    """Spec: "Tariff Object"."""

    id: Id36
    currency: Currency
    type: TariffType | None = None
    tariff_alt_text: Many[DisplayText] = ()
    tariff_alt_url: Url | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    elements: AtLeastOne[TariffElement]
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
