"""Spec: OCPI 2.2.1 mod_cdrs and mod_sessions."""

from typing import Annotated, Literal

from ocpi.v221.wire.common import AuthMethod, CdrToken, Owned, Price, ProfileType
from ocpi.v221.wire.locations import ConnectorFormat, GeoLocation, PowerType
from ocpi.v221.wire.tariffs import Tariff
from ocpi.v221.words import WORDS
from ocpi.wire import (
    CLEANED,
    AtLeastOne,
    CiString36,
    CountryAlpha3,
    Currency,
    DateTime,
    Flag,
    Id36,
    Many,
    Number,
    String20,
    String45,
    String255,
    Whole,
    Wire,
    ci_string,
    open_enum,
    verbatim,
)

CdrDimensionType = Literal[
    "CURRENT",
    "ENERGY",
    "ENERGY_EXPORT",
    "ENERGY_IMPORT",
    "MAX_CURRENT",
    "MIN_CURRENT",
    "MAX_POWER",
    "MIN_POWER",
    "PARKING_TIME",
    "POWER",
    "RESERVATION_TIME",
    "STATE_OF_CHARGE",
    "TIME",
]
SessionStatus = Literal["ACTIVE", "COMPLETED", "INVALID", "PENDING", "RESERVATION"]
ChargingPreferencesResponse = Literal[
    "ACCEPTED", "DEPARTURE_REQUIRED", "ENERGY_NEED_REQUIRED", "NOT_POSSIBLE", "PROFILE_TYPE_NOT_SUPPORTED"
]
CdrId = Annotated[str, ci_string(39, at_least=1)]
Signed = Annotated[str, verbatim(5000)]


class CdrDimension(Wire):
    """Spec: mod_cdrs "CdrDimension class"; kWh, hours, A, kW, percent."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(Wire):
    """Spec: mod_cdrs "ChargingPeriod class"."""

    start_date_time: DateTime
    dimensions: AtLeastOne[CdrDimension]
    tariff_id: CiString36 | None = None


class CdrLocation(Wire):
    """Spec: mod_cdrs "CdrLocation class"; shorter strings than Location (CDR-13)."""

    id: Id36
    name: String255 | None = None
    address: String45
    city: String45
    postal_code: Annotated[str, verbatim(10), CLEANED] | None = None
    state: String20 | None = None
    country: CountryAlpha3
    coordinates: GeoLocation
    evse_uid: CiString36
    evse_id: Annotated[str, ci_string(48)]
    connector_id: CiString36
    connector_standard: Annotated[str, open_enum(*WORDS.connector_types)]
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class SignedValue(Wire):
    """Spec: mod_cdrs "SignedValue class"."""

    nature: Annotated[str, ci_string(32)]
    plain_data: Signed
    signed_data: Signed


class SignedData(Wire):
    """Spec: mod_cdrs "SignedData class" (CDR-12)."""

    encoding_method: CiString36
    encoding_method_version: Whole | None = None
    public_key: Annotated[str, verbatim(512)] | None = None
    signed_values: AtLeastOne[SignedValue]
    url: Annotated[str, verbatim(512)] | None = None


class CDR(Owned):
    """Spec: mod_cdrs "CDR Object"."""

    id: CdrId
    start_date_time: DateTime
    end_date_time: DateTime
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: String255 | None = None
    currency: Currency
    tariffs: Many[Tariff] = ()
    charging_periods: AtLeastOne[ChargingPeriod]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: Annotated[str, ci_string(39)] | None = None
    credit: Flag | None = None
    credit_reference_id: Annotated[str, ci_string(39)] | None = None
    home_charging_compensation: Flag | None = None
    last_updated: DateTime


class Session(Owned):
    """Spec: mod_sessions "Session Object"."""

    id: Id36
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36
    meter_id: String255 | None = None
    currency: Currency
    charging_periods: Many[ChargingPeriod] = ()
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime


class ChargingPreferences(Wire):
    """Spec: mod_sessions "ChargingPreferences Object"; kWh."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: Flag | None = None
