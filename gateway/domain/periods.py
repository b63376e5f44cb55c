"""Charging periods: the stretches of a session during which the same prices applied.

Spec: OCPI 2.2.1 mod_cdrs "ChargingPeriod class" and "CdrDimensionType enum" (CDR-06, M41 to M44).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import TariffId


class PeriodDimension(StrEnum):
    """What a volume measures: kWh, hours, A (sum of phases), kW, percent (M42)."""

    ENERGY = "ENERGY"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    TIME = "TIME"
    PARKING_TIME = "PARKING_TIME"
    RESERVATION_TIME = "RESERVATION_TIME"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_POWER = "MIN_POWER"
    MAX_POWER = "MAX_POWER"
    CURRENT = "CURRENT"
    POWER = "POWER"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"


@dataclass(frozen=True, slots=True)
class Volume:
    """How much of one dimension."""

    type: PeriodDimension
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ChargingPeriod:
    """A period; it ends where the next one starts, the last one with the session. UTC."""

    starts_at: datetime
    volumes: tuple[Volume, ...]
    tariff_id: TariffId | None = None
