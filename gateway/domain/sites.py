"""Places where cars charge: Location, EVSE, Connector, in the newest OCPI meaning.

Spec: OCPI 2.2.1 and 2.3.0 mod_locations. Open enums of the specification (TR-20) stay strings here, so that
a value the gateway has never heard of survives the way through it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, TariffId


class EvseStatus(StrEnum):
    """Spec: OCPI 2.2.1 mod_locations "Status enum" (LOC-17)."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class DisplayText:
    """A text for people; `language` is ISO 639-1."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Coordinates:
    """WGS 84 degrees as decimal strings. Spec: OCPI 2.2.1 mod_locations "GeoLocation class" (LOC-10)."""

    latitude: str
    longitude: str


@dataclass(frozen=True, slots=True)
class RelatedPlace:
    """A point near the location, such as its entrance."""

    coordinates: Coordinates
    name: DisplayText | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """A picture by URL; the gateway never fetches it (T19)."""

    url: str
    category: str
    type: str
    thumbnail: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class BusinessDetails:
    """Who someone is."""

    name: str
    website: str | None = None
    logo: Image | None = None


@dataclass(frozen=True, slots=True)
class RegularHours:
    """Opening hours on one weekday (1 is Monday), local "HH:MM"."""

    weekday: int
    period_begin: str
    period_end: str


@dataclass(frozen=True, slots=True)
class ExceptionalPeriod:
    """An opening or closing outside the regular hours, UTC."""

    period_begin: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class OpeningTimes:
    """Spec: OCPI 2.2.1 mod_locations "Hours class" (LOC-16)."""

    twentyfourseven: bool
    regular_hours: tuple[RegularHours, ...] = ()
    exceptional_openings: tuple[ExceptionalPeriod, ...] = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class EnergySource:
    """Share of a kind of generation, percent."""

    source: str
    percentage: Decimal


@dataclass(frozen=True, slots=True)
class EnvironmentalImpact:
    """Waste or emission, g/kWh."""

    category: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EnergyMix:
    """Where the energy comes from."""

    is_green_energy: bool
    energy_sources: tuple[EnergySource, ...] = ()
    environ_impact: tuple[EnvironmentalImpact, ...] = ()
    supplier_name: str | None = None
    energy_product_name: str | None = None


@dataclass(frozen=True, slots=True)
class StatusSchedule:
    """A planned status of an EVSE; informational only."""

    period_begin: datetime
    status: EvseStatus
    period_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublishToken:
    """Tokens that may see an unpublished location: every set field must match (LOC-12)."""

    uid: str | None = None
    type: str | None = None
    visual_number: str | None = None
    issuer: str | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Connector:
    """A socket or cable. Volts line to neutral for three phases, ampere, watt (LOC-15)."""

    id: ConnectorId
    standard: str
    format: str
    power_type: str
    max_voltage: int
    max_amperage: int
    last_updated: datetime
    max_electric_power: int | None = None
    tariff_ids: tuple[TariffId, ...] = ()
    terms_and_conditions: str | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvseParking:
    """Which parking place belongs to an EVSE (2.3.0)."""

    parking_id: str
    evse_position: str | None = None


@dataclass(frozen=True, slots=True)
class Evse:
    """One car at a time charges here."""

    uid: EvseUid
    status: EvseStatus
    connectors: tuple[Connector, ...]
    last_updated: datetime
    evse_id: str | None = None
    status_schedule: tuple[StatusSchedule, ...] = ()
    capabilities: tuple[str, ...] = ()
    floor_level: str | None = None
    coordinates: Coordinates | None = None
    physical_reference: str | None = None
    directions: tuple[DisplayText, ...] = ()
    parking_restrictions: tuple[str, ...] = ()
    parking: tuple[EvseParking, ...] = ()
    images: tuple[Image, ...] = ()
    accepted_service_providers: tuple[str, ...] = ()

    def connector(self, connector_id: ConnectorId) -> Connector | None:
        """The connector with this id (CiString: case-insensitive), or None."""
        wanted = connector_id.casefold()
        return next((c for c in self.connectors if c.id.casefold() == wanted), None)


@dataclass(frozen=True, slots=True)
class Parking:
    """A parking place with room for one vehicle (2.3.0); metres, kilograms, hours."""

    id: str
    vehicle_types: tuple[str, ...]
    restricted_to_type: bool
    reservation_required: bool
    physical_reference: str | None = None
    max_vehicle_weight: Decimal | None = None
    max_vehicle_height: Decimal | None = None
    max_vehicle_length: Decimal | None = None
    max_vehicle_width: Decimal | None = None
    parking_space_length: Decimal | None = None
    parking_space_width: Decimal | None = None
    dangerous_goods_allowed: bool | None = None
    direction: str | None = None
    drive_through: bool | None = None
    time_limit: Decimal | None = None
    roofed: bool | None = None
    images: tuple[Image, ...] = ()
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: tuple[str, ...] = ()
    apds_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A site with EVSEs. `country` is alpha-3, `time_zone` an IANA name (LOC-09, LOC-11)."""

    party: Party
    id: LocationId
    publish: bool
    address: str
    city: str
    country: str
    coordinates: Coordinates
    time_zone: str
    last_updated: datetime
    publish_allowed_to: tuple[PublishToken, ...] = ()
    name: str | None = None
    postal_code: str | None = None
    state: str | None = None
    related_locations: tuple[RelatedPlace, ...] = ()
    parking_type: str | None = None
    evses: tuple[Evse, ...] = ()
    parking_places: tuple[Parking, ...] = ()
    directions: tuple[DisplayText, ...] = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[str, ...] = ()
    opening_times: OpeningTimes | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] = ()
    energy_mix: EnergyMix | None = None
    help_phone: str | None = None

    def evse(self, uid: EvseUid) -> Evse | None:
        """The EVSE with this uid (CiString: case-insensitive), or None."""
        place = self._place_of(uid)
        return None if place is None else self.evses[place]

    def with_evse_status(self, uid: EvseUid, status: EvseStatus, at: datetime) -> "Location":
        """The same location with one EVSE's status changed and `last_updated` cascaded upwards (LOC-02).

        REMOVED is terminal (LOC-05); an unchanged status changes nothing. The other EVSEs stay the objects
        they were, which tells the store what to write.
        """
        place = self._place_of(uid)
        if place is None or self.evses[place].status in (status, EvseStatus.REMOVED):
            return self
        evse = self.evses[place]
        changed = replace(evse, status=status, last_updated=max(at, evse.last_updated))
        return replace(
            self,
            evses=(*self.evses[:place], changed, *self.evses[place + 1 :]),
            last_updated=max(at, self.last_updated),
        )

    @property
    def withdrawn(self) -> bool:
        """Whether nobody may be shown this location."""
        return not self.publish and not self.publish_allowed_to

    def as_withdrawn(self) -> "Location":
        """The same location for a partner that may show it to nobody (any more)."""
        return replace(self, publish=False, publish_allowed_to=())

    def _place_of(self, uid: EvseUid) -> int | None:
        wanted, uids = uid.casefold(), [evse.uid.casefold() for evse in self.evses]
        return uids.index(wanted) if wanted in uids else None


@dataclass(frozen=True, slots=True)
class PlugSnapshot:
    """Location, EVSE and connector as they were when a session started; what a CDR shows (CDR-05)."""

    location: Location
    evse_uid: EvseUid
    connector_id: ConnectorId
    evse_id: str | None = None
    standard: str = ""
    format: str = ""
    power_type: str = ""
    max_power_w: int | None = None
    tariff_ids: tuple[TariffId, ...] = field(default=())


def plug_snapshot(location: Location, evse_uid: EvseUid, connector_id: ConnectorId) -> PlugSnapshot | None:
    """Freeze what a CDR needs of a location, without its other EVSEs; None if the plug is not there."""
    evse = location.evse(evse_uid)
    connector = evse.connector(connector_id) if evse else None
    if evse is None or connector is None:
        return None
    return PlugSnapshot(
        location=replace(location, evses=(replace(evse, connectors=(connector,)),)),
        evse_uid=evse.uid,
        connector_id=connector.id,
        evse_id=evse.evse_id,
        standard=connector.standard,
        format=connector.format,
        power_type=connector.power_type,
        max_power_w=connector.max_electric_power,
        tariff_ids=connector.tariff_ids,
    )
