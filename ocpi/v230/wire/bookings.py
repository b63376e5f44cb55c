"""Spec: OCPI 2.3.0 mod_bookings, a module beside the core. Models only; why is in docs/adr/0006.

Lengths are in centimetres here, although Parking of the core has metres; times in minutes, power in W or kW
as each field says.
"""

from typing import Annotated, Literal

from ocpi.shared.wire import ConnectorFormat
from ocpi.v221.wire.common import CdrToken, Owned
from ocpi.v221.wire.locations import PowerType
from ocpi.v230.wire.locations import EVSEPosition
from ocpi.v230.wire.parties import Role
from ocpi.v230.words import VEHICLE_TYPES, WORDS
from ocpi.wire import (
    AtLeastOne,
    CiString36,
    DateTime,
    Flag,
    Id36,
    Many,
    Number,
    String255,
    Url,
    Whole,
    Wire,
    open_enum,
)

AccessMethod = Literal["OPEN", "TOKEN", "LICENSE_PLATE", "ACCESS_CODE", "INTERCOM", "PARKING_TICKET"]
CanceledReason = Literal[
    "POWER_OUTAGE",
    "BROKEN_CHARGER",
    "FULL",
    "BLOCKED",
    "TRAFFIC",
    "BROKEN_VEHICLE",
    "NO_CANCELED",
    "UNKNOWN",
]
ReservationRequestStatus = Literal["PENDING", "ACCEPTED", "DECLINED", "FAILED"]
ReservationStatus = Literal[
    "PENDING", "RESERVED", "CANCELED", "FAILED", "NO_SHOW", "FULFILLED", "REJECTED", "UNKNOWN"
]
BookingToken = CdrToken
"""The same five fields."""


class Period(Wire):
    """Spec: "Period class"."""

    start_date_time: DateTime
    end_date_time: DateTime


class Timeslot(Period):
    """Spec: "Timeslot class"; W."""

    min_power: Number | None = None
    max_power: Number | None = None
    green_energy_support: Flag | None = None


class AccessInformation(Wire):
    """Spec: "AccessInformation class"."""

    method: AccessMethod
    value: String255 | None = None


class Policy(Wire):
    """Spec: "Policy class"."""

    reservation_required: Flag
    ad_hoc: Number | None = None


class Cancellation(Wire):
    """Spec: "Cancellation class"."""

    cancellation_reason: CanceledReason
    who_canceled: Role


class BookingOption(Wire):
    """Spec: "BookingOption class"; what can be booked at a location."""

    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    parking_id: CiString36 | None = None
    evse_position: Many[EVSEPosition] = ()
    vehicle_types: Many[Annotated[str, open_enum(*VEHICLE_TYPES)]] = ()
    connector_format: Many[ConnectorFormat] = ()
    connector_types: Many[Annotated[str, open_enum(*WORDS.connector_types)]] = ()
    power_types: Many[PowerType] = ()
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    min_parking_space_length: Number | None = None
    min_parking_space_width: Number | None = None
    dangerous_goods_allowed: Flag | None = None
    drive_through: Flag | None = None
    refrigeration_outlet: Flag | None = None


class BookingTerms(Wire):
    """Spec: "BookingTerms class"."""

    rfid_auth_required: Flag | None = None
    token_groups_supported: Flag | None = None
    remote_auth_supported: Flag | None = None
    supported_access_methods: AtLeastOne[AccessMethod]
    change_until_minutes: Number
    cancel_until_minutes: Number
    change_not_allowed: Flag | None = None
    early_start_allowed: Flag | None = None
    early_start_time: Number | None = None
    noshow_timeout: Number | None = None
    noshow_fee: Flag | None = None
    late_stop_allowed: Flag | None = None
    late_stop_time: Number | None = None
    overlapping_bookings_allowed: Flag | None = None
    min_booking_duration: Number | None = None
    max_booking_duration: Number | None = None
    booking_terms: Url | None = None


class BookingRequest(Owned):
    """Spec: "BookingRequest class"; the owner is the eMSP that asks."""

    request_id: Id36
    booking_option: BookingOption | None = None
    location_id: Id36
    booking_location_id: Id36
    tokens: Many[BookingToken] = ()
    access_information: Many[AccessInformation] = ()
    period: Period
    authorization_reference: CiString36
    power_required: Whole | None = None
    canceled: Cancellation | None = None


class BookingRequestStatus(Wire):
    """Spec: "BookingRequestStatus class"."""

    request_status: ReservationRequestStatus
    booking_request: BookingRequest
    request_received: DateTime


class Calendar(Wire):
    """Spec: "Calendar object"."""

    id: Id36
    begin_from: DateTime
    end_before: DateTime
    timeslot_increment: Whole | None = None
    available_timeslots: AtLeastOne[Timeslot]
    last_updated: DateTime


class BookingLocation(Owned):
    """Spec: "BookingLocation Object"."""

    id: Id36
    location_id: Id36
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: Many[CiString36] = ()
    booking_terms: BookingTerms | None = None
    calendars: Many[Calendar] = ()
    last_updated: DateTime


class Booking(Owned):
    """Spec: "Booking Object"; the owner is the CPO."""

    id: Id36
    request_id: Id36
    booking_option: BookingOption | None = None
    location_id: Id36
    booking_tokens: Many[BookingToken] = ()
    tariff_ids: Many[CiString36] = ()
    period: Timeslot
    reservation_status: ReservationStatus
    canceled: Cancellation | None = None
    access_information: Many[AccessInformation] = ()
    authorization_reference: CiString36
    booking_terms: BookingTerms
    booking_requests: AtLeastOne[BookingRequestStatus]
    last_updated: DateTime
