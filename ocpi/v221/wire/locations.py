"""Spec: OCPI 2.2.1 mod_locations."""

from typing import Annotated, Literal

from pydantic import model_validator

from ocpi.shared.wire import (
    AdditionalGeoLocation,
    BusinessDetails,
    ConnectorFormat,
    EnergySource,
    EnergySourceCategory,
    ExceptionalPeriod,
    GeoLocation,
    Image,
    RegularHours,
    Status,
    StatusSchedule,
    TimeZone,
)
from ocpi.v221.wire.common import Owned, TokenType
from ocpi.v221.words import WORDS
from ocpi.wire import (
    CLEANED,
    AtLeastOne,
    CiString36,
    CountryAlpha3,
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
    refuse,
    verbatim,
)

__all__ = [
    "EVSE",
    "AdditionalGeoLocation",
    "BusinessDetails",
    "Connector",
    "ConnectorFormat",
    "EnergyMix",
    "EnergySource",
    "EnergySourceCategory",
    "EnvironmentalImpact",
    "ExceptionalPeriod",
    "GeoLocation",
    "Hours",
    "Image",
    "Location",
    "PowerType",
    "PublishTokenType",
    "RegularHours",
    "Status",
    "StatusSchedule",
]

PowerType = Literal["AC_1_PHASE", "AC_2_PHASE", "AC_2_PHASE_SPLIT", "AC_3_PHASE", "DC"]


class Hours(Wire):
    """Spec: "Hours class" (LOC-16)."""

    twentyfourseven: Flag
    regular_hours: Many[RegularHours] = ()
    exceptional_openings: Many[ExceptionalPeriod] = ()
    exceptional_closings: Many[ExceptionalPeriod] = ()

    @model_validator(mode="after")
    def _says_when(self) -> "Hours":
        if not self.twentyfourseven and not self.regular_hours and not self.exceptional_openings:
            raise refuse("must have regular_hours when twentyfourseven is false")
        return self


class EnvironmentalImpact(Wire):
    """Spec: "EnvironmentalImpact class"; g/kWh."""

    category: Annotated[str, open_enum(*WORDS.environmental_impacts)]
    amount: Number


class EnergyMix(Wire):
    """Spec: "EnergyMix class"."""

    is_green_energy: Flag
    energy_sources: Many[EnergySource] = ()
    environ_impact: Many[EnvironmentalImpact] = ()
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class PublishTokenType(Wire):
    """Spec: "PublishTokenType class" (LOC-12)."""

    uid: CiString36 | None = None
    type: TokenType | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None

    @model_validator(mode="after")
    def _identifies_tokens(self) -> "PublishTokenType":
        if not (self.uid or self.visual_number or self.group_id):
            raise refuse("must have a uid, a visual_number or a group_id")
        if self.uid and not self.type:
            raise refuse("must have a type, because it has a uid")
        if self.visual_number and not self.issuer:
            raise refuse("must have an issuer, because it has a visual_number")
        return self


class Connector(Wire):
    """Spec: "Connector Object"; V, A, W."""

    id: Id36
    standard: Annotated[str, open_enum(*WORDS.connector_types)]
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: Whole
    max_amperage: Whole
    max_electric_power: Whole | None = None
    tariff_ids: Many[Id36] = ()
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class EVSE(Wire):
    """Spec: "EVSE Object"."""

    uid: Id36
    evse_id: Annotated[str, ci_string(48)] | None = None
    status: Status
    status_schedule: Many[StatusSchedule] = ()
    capabilities: Many[Annotated[str, open_enum(*WORDS.capabilities)]] = ()
    connectors: AtLeastOne[Connector]
    floor_level: Annotated[str, verbatim(4), CLEANED] | None = None
    coordinates: GeoLocation | None = None
    physical_reference: Annotated[str, verbatim(16), CLEANED] | None = None
    directions: Many[DisplayText] = ()
    parking_restrictions: Many[Annotated[str, open_enum(*WORDS.parking_restrictions)]] = ()
    images: Many[Image] = ()
    last_updated: DateTime


class Location(Owned):
    """Spec: "Location Object"."""

    id: Id36
    publish: Flag
    publish_allowed_to: Many[PublishTokenType] = ()
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: Annotated[str, verbatim(10), CLEANED] | None = None
    state: String45 | None = None
    country: CountryAlpha3
    coordinates: GeoLocation
    related_locations: Many[AdditionalGeoLocation] = ()
    parking_type: Annotated[str, open_enum(*WORDS.parking_types)] | None = None
    evses: Many[EVSE] = ()
    directions: Many[DisplayText] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: Many[Annotated[str, open_enum(*WORDS.facilities)]] = ()
    time_zone: TimeZone
    opening_times: Hours | None = None
    charging_when_closed: Flag | None = None
    images: Many[Image] = ()
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
