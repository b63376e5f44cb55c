"""Spec: OCPI 2.1.1 mod_locations."""

from typing import Annotated, Literal

from ocpi.shared.wire import (
    AdditionalGeoLocation,
    BusinessDetails,
    ConnectorFormat,
    EnergySource,
    ExceptionalPeriod,
    GeoLocation,
    Image,
    RegularHours,
    Status,
    StatusSchedule,
    TimeZone,
)
from ocpi.v211.words import (
    CAPABILITIES,
    CONNECTOR_TYPES,
    FACILITIES,
    IMPACTS,
    PARKING_RESTRICTIONS,
)
from ocpi.wire import (
    CLEANED,
    AtLeastOne,
    DateTime,
    DisplayText,
    Flag,
    Id36,
    Many,
    Number,
    String45,
    String64,
    String255,
    Url,
    Whole,
    Wire,
    ci_string,
    open_enum,
    verbatim,
)

PowerType = Literal["AC_1_PHASE", "AC_3_PHASE", "DC"]
LocationType = Literal["ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT", "OTHER", "UNKNOWN"]
_PlaceId = Annotated[str, ci_string(39, at_least=1)]


class Hours(Wire):
    """Spec: "Hours class": either regular hours or always open (LOC-16)."""

    twentyfourseven: Flag | None = None
    regular_hours: Many[RegularHours] = ()
    exceptional_openings: Many[ExceptionalPeriod] = ()
    exceptional_closings: Many[ExceptionalPeriod] = ()


class EnvironmentalImpact(Wire):
    """Spec: "EnvironmentalImpact class"; g/kWh."""

    source: Annotated[str, open_enum(*IMPACTS)]
    amount: Number


class EnergyMix(Wire):
    """Spec: "EnergyMix class"."""

    is_green_energy: Flag
    energy_sources: Many[EnergySource] = ()
    environ_impact: Many[EnvironmentalImpact] = ()
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class Connector(Wire):
    """Spec: "Connector Object"; V, A."""

    id: Id36
    standard: Annotated[str, open_enum(*CONNECTOR_TYPES)]
    format: ConnectorFormat
    power_type: PowerType
    voltage: Whole
    amperage: Whole
    tariff_id: Id36 | None = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class EVSE(Wire):
    """Spec: "EVSE Object"."""

    uid: _PlaceId
    evse_id: Annotated[str, ci_string(48)] | None = None
    status: Status
    status_schedule: Many[StatusSchedule] = ()
    capabilities: Many[Annotated[str, open_enum(*CAPABILITIES)]] = ()
    connectors: AtLeastOne[Connector]
    floor_level: Annotated[str, verbatim(4), CLEANED] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[str, verbatim(16), CLEANED] | None = None
    directions: Many[DisplayText] = ()
    parking_restrictions: Many[Annotated[str, open_enum(*PARKING_RESTRICTIONS)]] = ()
    images: Many[Image] = ()
    last_updated: DateTime


class Location(Wire):
    """Spec: "Location Object". Its country is alpha-3, though examples have alpha-2 (LOC-09)."""

    id: _PlaceId
    type: LocationType
    name: String255 | None = None
    address: String45
    city: String45
    postal_code: Annotated[str, verbatim(10), CLEANED]
    country: Annotated[str, verbatim(3)]
    coordinates: GeoLocation
    related_locations: Many[AdditionalGeoLocation] = ()
    evses: Many[EVSE] = ()
    directions: Many[DisplayText] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: Many[Annotated[str, open_enum(*FACILITIES)]] = ()
    time_zone: TimeZone | None = None
    opening_times: Hours | None = None
    charging_when_closed: Flag | None = None
    images: Many[Image] = ()
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
