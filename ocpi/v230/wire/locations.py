"""Spec: OCPI 2.3.0 mod_locations, where it differs from 2.2.1 (LOC-20)."""

from typing import Annotated, Literal

from ocpi.shared.wire import Image
from ocpi.v221.wire import locations as earlier
from ocpi.v230.words import CONNECTOR_CAPABILITIES, VEHICLE_TYPES
from ocpi.wire import (
    CLEANED,
    AtLeastOne,
    CiString36,
    Flag,
    Id36,
    Many,
    Number,
    Wire,
    ci_string,
    open_enum,
    verbatim,
)

ParkingDirection = Literal["PARALLEL", "PERPENDICULAR", "ANGLE"]
EVSEPosition = Literal["LEFT", "RIGHT", "CENTER"]


class EVSEParking(Wire):
    """Spec: "EVSEParking class"."""

    parking_id: Id36
    evse_position: EVSEPosition | None = None


class Parking(Wire):
    """Spec: "Parking Object"; metres, kilograms, hours."""

    id: Id36
    physical_reference: Annotated[str, verbatim(12), CLEANED] | None = None
    vehicle_types: AtLeastOne[Annotated[str, open_enum(*VEHICLE_TYPES)]]
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    parking_space_length: Number | None = None
    parking_space_width: Number | None = None
    dangerous_goods_allowed: Flag | None = None
    direction: ParkingDirection | None = None
    drive_through: Flag | None = None
    restricted_to_type: Flag
    reservation_required: Flag
    time_limit: Number | None = None
    roofed: Flag | None = None
    images: Many[Image] = ()
    lighting: Flag | None = None
    refrigeration_outlet: Flag | None = None
    standards: Many[CiString36] = ()
    apds_reference: Annotated[str, ci_string(255)] | None = None


class Connector(earlier.Connector):
    """Spec: "Connector Object"."""

    capabilities: Many[Annotated[str, open_enum(*CONNECTOR_CAPABILITIES)]] = ()


class EVSE(earlier.EVSE):
    """Spec: "EVSE Object"."""

    connectors: AtLeastOne[Connector]
    parking: Many[EVSEParking] = ()
    accepted_service_providers: Many[Annotated[str, verbatim(50), CLEANED]] = ()


class Location(earlier.Location):
    """Spec: "Location Object"."""

    evses: Many[EVSE] = ()
    parking_places: Many[Parking] = ()
    help_phone: Annotated[str, ci_string(25)] | None = None
