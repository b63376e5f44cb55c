"""Spec: OCPI 2.1.1 mod_tariffs: prices without VAT, no validity, no limits (TAR-10)."""

from ocpi.shared.wire import DayOfWeek, TariffDimensionType
from ocpi.v211.wire.locations import EnergyMix
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


class PriceComponent(Wire):
    """Spec: "PriceComponent class"."""

    type: TariffDimensionType
    price: Number
    step_size: Whole


class TariffRestrictions(Wire):
    """Spec: "TariffRestrictions class"."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: LocalDate | None = None
    end_date: LocalDate | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: Whole | None = None
    max_duration: Whole | None = None
    day_of_week: Many[DayOfWeek] = ()


class TariffElement(Wire):
    """Spec: "TariffElement class"."""

    price_components: AtLeastOne[PriceComponent]
    restrictions: TariffRestrictions | None = None


class Tariff(Wire):
    """Spec: "Tariff Object"."""

    id: Id36
    currency: Currency
    tariff_alt_text: Many[DisplayText] = ()
    tariff_alt_url: Url | None = None
    elements: AtLeastOne[TariffElement]
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
