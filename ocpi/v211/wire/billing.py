"""Spec: OCPI 2.1.1 mod_cdrs and mod_sessions: they embed the location and cost a number (SES-12)."""

from typing import Literal

from ocpi.v211.wire.locations import Location
from ocpi.v211.wire.tariffs import Tariff
from ocpi.wire import (
    AtLeastOne,
    CiString36,
    Currency,
    DateTime,
    Id36,
    Many,
    Number,
    String255,
    Wire,
)

AuthMethod = Literal["AUTH_REQUEST", "WHITELIST"]
SessionStatus = Literal["ACTIVE", "COMPLETED", "INVALID", "PENDING"]
CdrDimensionType = Literal["ENERGY", "FLAT", "MAX_CURRENT", "MIN_CURRENT", "PARKING_TIME", "TIME"]


class CdrDimension(Wire):
    """Spec: mod_cdrs "CdrDimension class"; kWh, hours, A, and FLAT without a unit."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(Wire):
    """Spec: mod_cdrs "ChargingPeriod class"."""

    start_date_time: DateTime
    dimensions: AtLeastOne[CdrDimension]


class CDR(Wire):
    """Spec: mod_cdrs "CDR Object"."""

    id: Id36
    start_date_time: DateTime
    stop_date_time: DateTime
    auth_id: CiString36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: Currency
    tariffs: Many[Tariff] = ()
    charging_periods: AtLeastOne[ChargingPeriod]
    total_cost: Number
    total_energy: Number
    total_time: Number
    total_parking_time: Number | None = None
    remark: String255 | None = None
    last_updated: DateTime


class Session(Wire):
    """Spec: mod_sessions "Session Object"."""

    id: Id36
    start_datetime: DateTime
    end_datetime: DateTime | None = None
    kwh: Number
    auth_id: CiString36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: Currency
    charging_periods: Many[ChargingPeriod] = ()
    total_cost: Number | None = None
    status: SessionStatus
    last_updated: DateTime
