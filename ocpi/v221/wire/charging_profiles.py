"""Spec: OCPI 2.2.1 mod_charging_profiles."""

from typing import Literal

from ocpi.wire import DateTime, Many, Number, Url, Whole, Wire

ChargingRateUnit = Literal["W", "A"]
ChargingProfileResponseType = Literal["ACCEPTED", "NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"]
ChargingProfileResultType = Literal["ACCEPTED", "REJECTED", "UNKNOWN"]


class ChargingProfilePeriod(Wire):
    """Spec: "ChargingProfilePeriod class"; seconds from the profile's start."""

    start_period: Whole
    limit: Number


class ChargingProfile(Wire):
    """Spec: "ChargingProfile class"."""

    start_date_time: DateTime | None = None
    duration: Whole | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Number | None = None
    charging_profile_period: Many[ChargingProfilePeriod] = ()


class SetChargingProfile(Wire):
    """Spec: "SetChargingProfile Object"."""

    charging_profile: ChargingProfile
    response_url: Url


class ActiveChargingProfile(Wire):
    """Spec: "ActiveChargingProfile class"."""

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfileResponse(Wire):
    """Spec: "ChargingProfileResponse Object"; `timeout` in seconds."""

    result: ChargingProfileResponseType
    timeout: Whole


class ActiveChargingProfileResult(Wire):
    """Spec: "ActiveChargingProfileResult Object"."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(Wire):
    """Spec: "ChargingProfileResult Object"."""

    result: ChargingProfileResultType


class ClearProfileResult(Wire):
    """Spec: "ClearProfileResult Object"."""

    result: ChargingProfileResultType
