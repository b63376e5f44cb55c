"""Tariffs: what charging costs, as data. Which element applies when is `pricing`'s business.

Spec: OCPI 2.2.1 and 2.3.0 mod_tariffs. Prices are `Decimal` in the tariff's currency; per kWh or per hour.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import Party, TariffId
from gateway.domain.sites import DisplayText, EnergyMix


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax within a price. Spec: OCPI 2.3.0 types "TaxAmount class"."""

    name: str
    amount: Decimal
    percentage: Decimal | None = None
    account_number: str | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money. `after_taxes` is None when the taxes are not known (not when they are zero).

    OCPI 2.2.1 `excl_vat`/`incl_vat` are `before_taxes`/`after_taxes`; 2.3.0 lists `taxes` as well.
    """

    before_taxes: Decimal
    after_taxes: Decimal | None = None
    taxes: tuple[Tax, ...] = ()


class Dimension(StrEnum):
    """What a price component charges for. Spec: OCPI 2.2.1 mod_tariffs "TariffDimensionType enum"."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class TaxIncluded(StrEnum):
    """Whether component prices contain taxes. Spec: OCPI 2.3.0 mod_tariffs "TaxIncluded enum"."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


class ReservationRule(StrEnum):
    """An element with one of these prices reservations and nothing else."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class DayOfWeek(StrEnum):
    """Weekdays in OCPI's spelling; `list(DayOfWeek)[d.weekday()]` is the day of a date."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


@dataclass(frozen=True, slots=True)
class PriceComponent:
    """Price of one dimension: per kWh, per hour or once. `vat_percent` None means no VAT applies.

    `step_size` in Wh or seconds; 0 or 1 mean no steps (TAR-04).
    """

    type: Dimension
    price: Decimal
    step_size: int
    vat_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Restrictions:
    """When an element applies; all given rules must hold (TAR-05).

    Times and dates are local to the location; kWh and seconds count from the session's start; ampere sums
    phases; kW. Lower bounds are inclusive, upper bounds exclusive.
    """

    start_time: time | None = None
    end_time: time | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_duration_s: int | None = None
    max_duration_s: int | None = None
    day_of_week: tuple[DayOfWeek, ...] = ()
    reservation: ReservationRule | None = None


@dataclass(frozen=True, slots=True)
class TariffElement:
    """Components with the restrictions under which they apply."""

    components: tuple[PriceComponent, ...]
    restrictions: Restrictions = Restrictions()


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one party asks for charging. `type` None: valid for every kind of session (TAR-06)."""

    party: Party
    id: TariffId
    currency: str
    elements: tuple[TariffElement, ...]
    last_updated: datetime
    type: str | None = None
    alt_text: tuple[DisplayText, ...] = ()
    alt_url: str | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    tax_included: TaxIncluded = TaxIncluded.NO
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    energy_mix: EnergyMix | None = None

    def valid_at(self, moment: datetime) -> bool:
        """Whether a session starting at this moment may use the tariff (TAR-07)."""
        return (self.starts_at is None or self.starts_at <= moment) and (
            self.ends_at is None or moment <= self.ends_at
        )
