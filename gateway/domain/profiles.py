"""Charging profiles: how much power a session may take from when on, as partners say it (CP-04, M60).

Spec: OCPI 2.2.1 mod_charging_profiles "ChargingProfile class"; OCPP 1.6 section 7.8 and its ChargingSchedule.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from itertools import pairwise

from gateway.domain.sites import Connector, PlugSnapshot

_TENTH = Decimal("0.1")
_PHASES = {"AC_3_PHASE": 3, "AC_2_PHASE": 2}
"""All other power types have one: a split phase is given with the voltage between its two conductors."""
_CLOCK_MARGIN = timedelta(seconds=5)
"""How far two accounts of the same limits may be apart: chargers count whole seconds, each from its now."""


class RateUnit(StrEnum):
    """W is the sum of all phases, A is per phase."""

    WATT = "W"
    AMPERE = "A"


@dataclass(frozen=True, slots=True)
class ProfilePeriod:
    """From `start_s` seconds after the profile's start no more than `limit`, in the profile's unit."""

    start_s: int
    limit: Decimal


@dataclass(frozen=True, slots=True)
class ChargingProfile:
    """Limits over time. `starts_at` None: from the start of charging; `duration_s` None: to its end."""

    unit: RateUnit
    periods: tuple[ProfilePeriod, ...]
    starts_at: datetime | None = None
    duration_s: int | None = None
    min_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ActiveProfile:
    """What a charger follows, all its profiles combined, from `starts_at` on."""

    starts_at: datetime
    profile: ChargingProfile


def connector_of(plug: PlugSnapshot) -> Connector | None:
    """The connector a session charges at."""
    evse = plug.location.evse(plug.evse_uid)
    return evse.connector(plug.connector_id) if evse else None


def most(unit: RateUnit, plug: PlugSnapshot) -> Decimal | None:
    """The most a plug can deliver, in this unit; None if nobody said."""
    connector = connector_of(plug)
    if connector is None:
        return None
    if unit is RateUnit.AMPERE:
        return Decimal(connector.max_amperage)
    power_w = connector.max_electric_power
    return Decimal(power_w) if power_w is not None else connector.max_amperage * watt_per_ampere(connector)


def watt_per_ampere(connector: Connector) -> Decimal:
    """What one ampere on every phase delivers. Spec: mod_locations "Connector Object", max_voltage (M60)."""
    return Decimal(connector.max_voltage * _PHASES.get(connector.power_type, 1))


def in_unit(profile: ChargingProfile, unit: RateUnit, plug: PlugSnapshot) -> ChargingProfile:
    """The profile in another unit, rounded down; as it is where the plug's voltage is not known (M60)."""
    connector = connector_of(plug)
    if profile.unit is unit or connector is None or watt_per_ampere(connector) <= 0:
        return profile
    rate = watt_per_ampere(connector)

    def converted(value: Decimal) -> Decimal:
        return _floor(value * rate if unit is RateUnit.WATT else value / rate)

    return replace(
        profile,
        unit=unit,
        periods=tuple(replace(period, limit=converted(period.limit)) for period in profile.periods),
        min_rate=None if profile.min_rate is None else converted(profile.min_rate),
    )


def units_named(text: str) -> frozenset[RateUnit]:
    """The units a charger says it takes: "Current,Power" in 1.6, "A,W" in 2.x (Q40); empty if unreadable."""
    words = {"w": RateUnit.WATT, "power": RateUnit.WATT, "a": RateUnit.AMPERE, "current": RateUnit.AMPERE}
    named = (part.strip().casefold() for part in text.split(","))
    return frozenset(words[word] for word in named if word in words)


def for_charger(profile: ChargingProfile, unlimited: Decimal) -> ChargingProfile:
    """As a charger takes it: periods in order, the first at 0, limits rounded down to one decimal (M60).

    Time before the first period has no limit, which is written as `unlimited`. A minimum rate that is
    greater than one decimal shows is rounded down, too.
    """
    periods = sorted(profile.periods, key=lambda period: period.start_s)
    if not periods or periods[0].start_s > 0:
        periods.insert(0, ProfilePeriod(0, unlimited))
    minimum = None if profile.min_rate is None else _floor(profile.min_rate)
    return replace(profile, periods=tuple(_floored(periods)), min_rate=minimum)


def limited_by(profile: ChargingProfile, maximum: Decimal | None) -> ChargingProfile:
    """With limits that mean "none" (negative, or beyond the plug) replaced by the plug's maximum (Q39)."""
    if maximum is None:
        return profile
    periods = tuple(
        replace(p, limit=maximum) if p.limit < 0 or p.limit > maximum else p for p in profile.periods
    )
    return replace(profile, periods=periods)


def same_course(before: ActiveProfile, after: ActiveProfile) -> bool:
    """Whether two accounts of what a charger follows agree for as long as the later one tells.

    Both count from their own start; what was told last goes on after its end.
    """
    if before.profile.unit is not after.profile.unit or before.profile.min_rate != after.profile.min_rate:
        return False
    edges = sorted({after.starts_at, *_edges(before), *_edges(after)})
    edges = [edge for edge in edges if edge >= after.starts_at]
    if after.profile.duration_s is not None:
        ends_at = after.starts_at + timedelta(seconds=after.profile.duration_s)
        edges = [*(edge for edge in edges if edge < ends_at), ends_at]
    else:
        edges.append(edges[-1] + 3 * _CLOCK_MARGIN)
    spans = pairwise(edges)
    return all(
        _limit_at(before, start + (end - start) / 2) == _limit_at(after, start + (end - start) / 2)
        for start, end in spans
        if end - start > _CLOCK_MARGIN
    )


def _edges(active: ActiveProfile) -> Iterable[datetime]:
    return (active.starts_at + timedelta(seconds=period.start_s) for period in active.profile.periods)


def _limit_at(active: ActiveProfile, at: datetime) -> Decimal | None:
    """The limit in force; before the first period there is none."""
    begun = [p for p in active.profile.periods if active.starts_at + timedelta(seconds=p.start_s) <= at]
    return max(begun, key=lambda period: period.start_s).limit if begun else None


def _floored(periods: Iterable[ProfilePeriod]) -> Iterable[ProfilePeriod]:
    return (replace(period, limit=_floor(period.limit)) for period in periods)


def _floor(value: Decimal) -> Decimal:
    return value.quantize(_TENTH, rounding=ROUND_FLOOR)
