"""OCPP 1.6 smart charging: profiles to payloads, composite schedules to ours. Pure.

Spec: OCPP 1.6 edition 2 sections 3.13, 5.7, 5.16 and 7.8 to 7.13; C24, M60 to M62, Q39.
"""

from decimal import Decimal

from gateway.domain.commands import SetChargingProfile
from gateway.domain.profiles import ActiveProfile, ChargingProfile, ProfilePeriod, RateUnit
from ocpp_side.translate.lenient import Payload, number, rows, text, whole
from ocpp_side.translate.moments import read_time, wire_time

_STACK_LEVEL = 0
"""The only level every charger has; a transaction's profile goes before all others anyway."""
_NO_LIMIT = Decimal(-1)
"""What chargers write where they have none; some leave it out (M62, Q39)."""
_UNITS = {"w": RateUnit.WATT, "power": RateUnit.WATT, "a": RateUnit.AMPERE, "current": RateUnit.AMPERE}
"""Units as chargers name them (Q40)."""


def set_profile(command: SetChargingProfile, transaction_id: int) -> dict[str, object]:
    """SetChargingProfile.req: a TxProfile, absolute where the partner named a start (M60)."""
    profile = command.profile
    return {
        "connectorId": command.plug.evse,
        "csChargingProfiles": {
            "chargingProfileId": command.profile_id,
            "transactionId": transaction_id,
            "stackLevel": _STACK_LEVEL,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative" if profile.starts_at is None else "Absolute",
            "chargingSchedule": _schedule(profile),
        },
    }


def _schedule(profile: ChargingProfile) -> dict[str, object]:
    schedule: dict[str, object] = {}
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
    if profile.starts_at is not None:
        schedule["startSchedule"] = wire_time(profile.starts_at)
    schedule["chargingRateUnit"] = profile.unit.value
    schedule["chargingSchedulePeriod"] = [
        {"startPeriod": period.start_s, "limit": _wire_number(period.limit)} for period in profile.periods
    ]
    if profile.min_rate is not None:
        schedule["minChargingRate"] = _wire_number(profile.min_rate)
    return schedule


def _wire_number(value: Decimal) -> int | float:
    """At most one decimal, which a float of this size shows exactly as written."""
    return int(value) if value == value.to_integral_value() else float(value)


def composite_schedule(payload: Payload) -> ActiveProfile | None:
    """The schedule of a GetCompositeSchedule.conf; None if it has none that can be read."""
    schedule = next(iter(rows(payload.get("chargingSchedule"))), None)
    if schedule is None:
        return None
    starts_at = read_time(payload.get("scheduleStart")) or read_time(schedule.get("startSchedule"))
    unit = _UNITS.get((text(schedule.get("chargingRateUnit"), 20) or "").casefold())
    periods = tuple(
        ProfilePeriod(start, limit)
        for row in rows(schedule.get("chargingSchedulePeriod"))
        if (start := whole(row.get("startPeriod"))) is not None
        and start >= 0
        and (limit := _limit(row)) is not None
    )
    if starts_at is None or unit is None or not periods:
        return None
    duration = whole(schedule.get("duration"))
    profile = ChargingProfile(unit, periods, None, duration, number(schedule.get("minChargingRate")))
    return ActiveProfile(starts_at, profile)


def _limit(row: Payload) -> Decimal | None:
    """A period's limit; None if it cannot be read."""
    said = row.get("limit")
    return _NO_LIMIT if said is None else number(said)
