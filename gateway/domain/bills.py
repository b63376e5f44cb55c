"""A bill and its working: what was charged, under which element, and what was passed over on the way.

Spec: OCPI 2.2.1 and 2.3.0 mod_cdrs "CDR Object" (CDR-08), mod_tariffs.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import TariffId
from gateway.domain.matching import Miss
from gateway.domain.tariffs import Dimension, Price
from gateway.domain.units import ZERO


class CostType(StrEnum):
    """The total of a CDR a line belongs to."""

    FIXED = "FIXED"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING = "PARKING"
    RESERVATION = "RESERVATION"


@dataclass(frozen=True, slots=True)
class CostLine:
    """One dimension of one period, priced. Amounts are exact; only totals are rounded.

    `volume` is the period's own, `billed` what is charged after `step_size` (kWh, h, or 1 for FLAT).
    `element` None: no element applies, so this dimension costs nothing (TAR-03).
    """

    period: int
    starts_at: datetime
    cost_type: CostType
    dimension: Dimension
    volume: Decimal
    billed: Decimal
    before_taxes: Decimal = ZERO
    after_taxes: Decimal = ZERO
    tariff_id: TariffId | None = None
    element: int | None = None
    unit_price: Decimal = ZERO
    vat_percent: Decimal | None = None
    step_size: int = 0
    passed_over: tuple[Miss, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodState:
    """What the restrictions were asked about at a period's start: local time, kWh and seconds so far."""

    local: str
    energy_kwh: Decimal
    elapsed_s: Decimal
    power_kw: Decimal | None = None
    current_a: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StepRounding:
    """Volume that `step_size` added at the end of a session: Wh for ENERGY, seconds otherwise.

    Spec: OCPI 2.2.1 mod_cdrs "Step size".
    """

    line: int
    dimension: Dimension
    step_size: int
    total: Decimal
    billed: Decimal


@dataclass(frozen=True, slots=True)
class LimitApplied:
    """A tariff's minimum or maximum price that took effect; amounts before rounding."""

    tariff_id: TariffId
    limit: str
    before_taxes: tuple[Decimal, Decimal]
    after_taxes: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Bill:
    """Totals by cost type, in `currency`; None where a kind of cost does not occur.

    `energy_kwh`, `time_h` and `parking_h` are raw volumes, not stepped. `states` has one entry per period.
    """

    currency: str
    total: Price
    fixed: Price | None = None
    energy: Price | None = None
    time: Price | None = None
    parking: Price | None = None
    reservation: Price | None = None
    energy_kwh: Decimal = ZERO
    time_h: Decimal = ZERO
    parking_h: Decimal = ZERO
    warnings: tuple[str, ...] = ()
    lines: tuple[CostLine, ...] = ()
    steps: tuple[StepRounding, ...] = ()
    limits: tuple[LimitApplied, ...] = ()
    states: tuple[PeriodState, ...] = ()
