"""What partners ask for, as they said it. Spec: OCPI 2.2.1 mod_commands and mod_charging_profiles."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import ConnectorId, EvseUid, LocationId, SessionId
from gateway.domain.profiles import ChargingProfile
from gateway.domain.tokens import Token


@dataclass(frozen=True, slots=True)
class StartAsked:
    """START_SESSION; the token comes with it and is not checked (CMD-06)."""

    response_url: str
    token: Token
    location_id: LocationId
    evse_uid: EvseUid | None = None
    connector_id: ConnectorId | None = None
    authorization_reference: str | None = None


@dataclass(frozen=True, slots=True)
class StopAsked:
    """STOP_SESSION."""

    response_url: str
    session_id: SessionId


@dataclass(frozen=True, slots=True)
class ReserveAsked:
    """RESERVE_NOW; `reservation_id` is the partner's own and goes no further than here (CMD-11)."""

    response_url: str
    token: Token
    expires_at: datetime
    reservation_id: str
    location_id: LocationId
    evse_uid: EvseUid | None = None
    authorization_reference: str | None = None


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """CANCEL_RESERVATION."""

    response_url: str
    reservation_id: str


@dataclass(frozen=True, slots=True)
class UnlockAsked:
    """UNLOCK_CONNECTOR (CMD-14)."""

    response_url: str
    location_id: LocationId
    evse_uid: EvseUid
    connector_id: ConnectorId


CommandAsked = StartAsked | StopAsked | ReserveAsked | CancelAsked | UnlockAsked


@dataclass(frozen=True, slots=True)
class ProfileAsked:
    """A charging profile to set."""

    response_url: str
    session_id: SessionId
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ActiveProfileAsked:
    """The limits in force for the next `duration_s` seconds."""

    response_url: str
    session_id: SessionId
    duration_s: int


@dataclass(frozen=True, slots=True)
class ProfileRemovalAsked:
    """The profile that was set shall be forgotten."""

    response_url: str
    session_id: SessionId


ProfileRequest = ProfileAsked | ActiveProfileAsked | ProfileRemovalAsked


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a driver wishes. Spec: mod_sessions "ChargingPreferences Object"; kWh (SES-10)."""

    profile_type: str
    departure_at: datetime | None = None
    energy_need_kwh: Decimal | None = None
    discharge_allowed: bool | None = None


class PreferencesAnswer(StrEnum):
    """Spec: mod_sessions "ChargingPreferencesResponse enum" (SES-10)."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"
