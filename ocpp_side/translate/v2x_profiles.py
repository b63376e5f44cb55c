"""OCPP 2.x smart charging: profiles to payloads, composite schedules to ours. Pure.

Spec: OCPP 2.0.1 SetChargingProfileRequest, GetCompositeScheduleResponse; D20, M60 to M62, Q39.
"""

from decimal import Decimal

from gateway.domain.commands import SetChargingProfile
from gateway.domain.profiles import ActiveProfile, ChargingProfile
from ocpp_side.translate import v16_profiles
from ocpp_side.translate.lenient import Payload, number, rows
from ocpp_side.translate.moments import wire_time

_STACK_LEVEL = 0


def set_profile(command: SetChargingProfile) -> dict[str, object]:
    """SetChargingProfileRequest: a TxProfile, absolute where the partner named a start (M60)."""
    profile = command.profile
    return {
        "evseId": command.plug.evse,
        "chargingProfile": {
            "id": command.profile_id,
            "stackLevel": _STACK_LEVEL,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative" if profile.starts_at is None else "Absolute",
            "chargingSchedule": [_schedule(command.profile_id, profile)],
            "transactionId": command.transaction,
        },
    }


def _schedule(number: int, profile: ChargingProfile) -> dict[str, object]:
    schedule: dict[str, object] = {"id": number}
    if profile.starts_at is not None:
        schedule["startSchedule"] = wire_time(profile.starts_at)
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
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
    """The schedule of a GetCompositeScheduleResponse; None if it has none that can be read."""
    schedule = payload.get("schedule")
    if not isinstance(schedule, dict):
        return None
    starts_at, of_all = schedule.get("scheduleStart"), schedule.get("chargingRateUnit") != "A"
    periods = [_for_all_phases(row, of_all=of_all) for row in rows(schedule.get("chargingSchedulePeriod"))]
    plain = {**schedule, "chargingSchedulePeriod": periods}
    return v16_profiles.composite_schedule({"scheduleStart": starts_at, "chargingSchedule": plain})


def _for_all_phases(period: Payload, *, of_all: bool) -> Payload:
    """A period with one limit where 2.1 names one for each phase: the lowest current, or all power (E08)."""
    by_phase = [number(period.get(name)) for name in ("limit", "limit_L2", "limit_L3")]
    named = [limit for limit in by_phase if limit is not None and limit >= 0]
    if not named or not {"limit_L2", "limit_L3"} & period.keys():
        return period
    return {**period, "limit": str(sum(named, Decimal(0)) if of_all else min(named))}
