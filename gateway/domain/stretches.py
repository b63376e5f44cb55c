"""The timeline of a session as it is remembered: stretches under one price, and turns not yet reached."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.domain.ids import TariffId
from gateway.domain.periods import PeriodDimension
from gateway.domain.readings import ChargingState
from gateway.domain.units import ZERO


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which no price changed. `energy_wh`: total of the session at its start.

    kW and A are the least and most measured in it, known only where the tariff depends on them.
    """

    starts_at: datetime
    energy_wh: Decimal
    kind: PeriodDimension
    tariff_id: TariffId | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None
    min_current_a: Decimal | None = None
    max_current_a: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """From this instant on the car is in another state, another tariff applies, or the reservation is used.

    What that makes of the time is decided when the readings have come this far.
    """

    at: datetime
    state: ChargingState | None = None
    tariff_id: TariffId | None = None
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The timeline up to `at`, where the session's energy was `wh`; `turns` come after it.

    kW and A are the last measured. `interpolated`: energy at some change was estimated between two readings.
    """

    at: datetime
    open: Stretch
    wh: Decimal = ZERO
    closed: tuple[Stretch, ...] = ()
    turns: tuple[Turn, ...] = ()
    flowing: bool = True
    charged: bool = False
    power_kw: Decimal | None = None
    current_a: Decimal | None = None
    interpolated: bool = False
