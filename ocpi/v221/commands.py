"""OCPI 2.2.1 commands, charging profiles and charging preferences, both ways.

Spec: OCPI 2.2.1 mod_commands, mod_charging_profiles, mod_sessions "ChargingPreferences Object".
"""

from typing import Final

from gateway.domain.asked import (
    CancelAsked,
    Preferences,
    ProfileAsked,
    ReserveAsked,
    StartAsked,
    StopAsked,
    UnlockAsked,
)
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, SessionId
from gateway.domain.profiles import ActiveProfile, ChargingProfile, ProfilePeriod, RateUnit
from gateway.domain.remote_runs import PROFILE_KINDS, Receipt, Result, Run
from ocpi import wire as types
from ocpi.dialect import CommandWords, Json
from ocpi.shared.cdrs import write_text
from ocpi.v221 import wire
from ocpi.v221.read_partners import token_from
from ocpi.wire import present, write_datetime, write_number


def read_start(value: Json, owner: Party | None = None) -> StartAsked:
    """START_SESSION. Raises InvalidInput, also for a connector without its EVSE (CMD-09)."""
    del owner
    found = types.read(wire.StartSession, value)
    if found.connector_id and not found.evse_uid:
        raise InvalidInput("is required with connector_id", field="evse_uid")
    return StartAsked(
        found.response_url,
        token_from(found.token),
        LocationId(found.location_id),
        EvseUid(found.evse_uid) if found.evse_uid else None,
        ConnectorId(found.connector_id) if found.connector_id else None,
        found.authorization_reference or None,
    )


def read_stop(value: Json, owner: Party | None = None) -> StopAsked:
    """STOP_SESSION. Raises InvalidInput."""
    del owner
    found = types.read(wire.StopSession, value)
    return StopAsked(found.response_url, SessionId(found.session_id))


def read_reserve(value: Json, owner: Party | None = None) -> ReserveAsked:
    """RESERVE_NOW. Raises InvalidInput."""
    del owner
    found = types.read(wire.ReserveNow, value)
    return ReserveAsked(
        found.response_url,
        token_from(found.token),
        found.expiry_date,
        found.reservation_id,
        LocationId(found.location_id),
        EvseUid(found.evse_uid) if found.evse_uid else None,
        found.authorization_reference or None,
    )


def read_cancel(value: Json, owner: Party | None = None) -> CancelAsked:
    """CANCEL_RESERVATION. Raises InvalidInput."""
    del owner
    found = types.read(wire.CancelReservation, value)
    return CancelAsked(found.response_url, found.reservation_id)


def read_unlock(value: Json, owner: Party | None = None) -> UnlockAsked:
    """UNLOCK_CONNECTOR. Raises InvalidInput."""
    del owner
    found = types.read(wire.UnlockConnector, value)
    return UnlockAsked(
        found.response_url,
        LocationId(found.location_id),
        EvseUid(found.evse_uid),
        ConnectorId(found.connector_id),
    )


def write_receipt(receipt: Receipt) -> Json:
    """A CommandResponse (CMD-02)."""
    return {
        "result": receipt.answer.value,
        "timeout": receipt.timeout_s,
        **_message(receipt.message),
    }


def write_profile_receipt(receipt: Receipt) -> Json:
    """A ChargingProfileResponse (CP-02)."""
    return {"result": receipt.answer.value, "timeout": receipt.timeout_s}


def write_result(run: Run, result: Result) -> Json:
    """A CommandResult, or the result of a profile request by its kind (CMD-03, CP-02)."""
    if run.kind not in PROFILE_KINDS:
        return {"result": result.value, **_message(run.detail if result is not Result.ACCEPTED else "")}
    active = run.active if result is Result.ACCEPTED else None
    return present(result=result.value, profile=write_active_profile(active) if active else None)


def _message(text: str) -> dict[str, Json]:
    shown = write_text(text)
    return {"message": [{"language": "en", "text": shown}]} if shown else {}


def read_profile(value: Json, session_id: SessionId) -> ProfileAsked:
    """SetChargingProfile (CP-01, CP-04). Raises InvalidInput."""
    found = types.read(wire.SetChargingProfile, value)
    profile = found.charging_profile
    periods = tuple(ProfilePeriod(p.start_period, p.limit) for p in profile.charging_profile_period)
    if any(period.limit < 0 or period.start_s < 0 for period in periods):
        raise InvalidInput("must not be negative", field="charging_profile.charging_profile_period")
    return ProfileAsked(
        found.response_url,
        session_id,
        ChargingProfile(
            RateUnit(profile.charging_rate_unit),
            periods,
            profile.start_date_time,
            profile.duration,
            profile.min_charging_rate,
        ),
    )


def write_active_profile(active: ActiveProfile) -> Json:
    """An ActiveChargingProfile (CP-03)."""
    profile = active.profile
    return {
        "start_date_time": write_datetime(active.starts_at),
        "charging_profile": present(
            start_date_time=write_datetime(profile.starts_at) if profile.starts_at else None,
            duration=profile.duration_s,
            charging_rate_unit=profile.unit.value,
            min_charging_rate=None if profile.min_rate is None else write_number(profile.min_rate),
            charging_profile_period=[
                {"start_period": period.start_s, "limit": write_number(period.limit)}
                for period in profile.periods
            ],
        ),
    }


def read_preferences(value: Json) -> Preferences:
    """ChargingPreferences (SES-10). Raises InvalidInput."""
    found = types.read(wire.ChargingPreferences, value)
    return Preferences(found.profile_type, found.departure_time, found.energy_need, found.discharge_allowed)


COMMANDS: Final = CommandWords(
    read={
        "START_SESSION": read_start,
        "STOP_SESSION": read_stop,
        "RESERVE_NOW": read_reserve,
        "CANCEL_RESERVATION": read_cancel,
        "UNLOCK_CONNECTOR": read_unlock,
    },
    write_receipt=write_receipt,
    write_result=write_result,
    read_profile=read_profile,
    write_profile_receipt=write_profile_receipt,
    write_active_profile=write_active_profile,
    read_preferences=read_preferences,
)
