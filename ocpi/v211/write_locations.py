"""OCPI 2.1.1 locations, ours to wire.

Values that the version does not know are left out where that loses a detail, and refused where it would say
something else.
"""

from typing import Final

from gateway.domain.errors import NotRepresentable
from gateway.domain.sites import BusinessDetails, Connector, DisplayText, EnergyMix, Evse, Location
from ocpi.dialect import Json
from ocpi.shared import write as shared
from ocpi.shared.wire import IMAGE_CATEGORIES
from ocpi.v211.text import plain, plain_or_none
from ocpi.v211.words import (
    CAPABILITIES,
    CONNECTOR_TYPES,
    FACILITIES,
    IMPACTS,
    LOCATION_TYPES,
    PARKING_RESTRICTIONS,
    POWER_TYPES,
)
from ocpi.wire import present, write_datetime

NO_POSTAL_CODE: Final = "-"
"""Stands in the required postal code where there is none; `#NA` came with 2.2 (TR-35)."""

_NO_CONNECTOR = "has no connector of a type OCPI 2.1.1 knows"


def write_location(location: Location) -> Json:
    """A Location object. Spec: OCPI 2.1.1 mod_locations "Location Object".

    Raises NotRepresentable for one that is not for everybody: 2.1.1 has no `publish` and would show it.
    """
    if not location.publish:
        raise NotRepresentable(
            f"location {location.id} is not published, and OCPI 2.1.1 cannot say who may see it"
        )
    return write_any_location(location)


def write_any_location(location: Location) -> Json:
    """A Location object, also of a place that only the driver of a session knows (SES-12)."""
    served = [evse for evse in location.evses if _known_connectors(evse)]
    return present(
        id=location.id,
        type=LOCATION_TYPES.get(location.parking_type, "OTHER"),
        name=plain_or_none(location.name, 255),
        address=plain(location.address, 45),
        city=plain(location.city, 45),
        postal_code=location.postal_code or NO_POSTAL_CODE,
        country=location.country,
        coordinates=shared.six_decimals(location.coordinates),
        related_locations=[
            shared.write_related(place, shared.six_decimals(place.coordinates))
            for place in location.related_locations
        ],
        evses=[write_evse(evse) for evse in served],
        directions=_texts(location.directions),
        operator=_business(location.operator),
        suboperator=_business(location.suboperator),
        owner=_business(location.owner),
        facilities=shared.known(location.facilities, FACILITIES),
        time_zone=location.time_zone,
        opening_times=shared.write_opening_times(location.opening_times),
        charging_when_closed=location.charging_when_closed,
        images=shared.write_images(location.images, IMAGE_CATEGORIES),
        energy_mix=write_energy_mix(location.energy_mix),
        last_updated=write_datetime(location.last_updated),
    )


def write_evse(evse: Evse) -> Json:
    """An EVSE object. Raises NotRepresentable if this version knows none of its connectors."""
    connectors = _known_connectors(evse)
    if not connectors:
        raise NotRepresentable(f"EVSE {evse.uid} {_NO_CONNECTOR}")
    return present(
        uid=evse.uid,
        evse_id=evse.evse_id,
        status=evse.status.value,
        status_schedule=shared.write_schedule(evse.status_schedule),
        capabilities=shared.known(evse.capabilities, CAPABILITIES),
        connectors=[write_connector(connector) for connector in connectors],
        floor_level=plain_or_none(evse.floor_level, 4),
        coordinates=shared.six_decimals(evse.coordinates) if evse.coordinates else None,
        physical_reference=plain_or_none(evse.physical_reference, 16),
        directions=_texts(evse.directions),
        parking_restrictions=shared.known(evse.parking_restrictions, PARKING_RESTRICTIONS),
        images=shared.write_images(evse.images, IMAGE_CATEGORIES),
        last_updated=write_datetime(evse.last_updated),
    )


def write_evse_status(evse: Evse) -> Json:
    """Body of the status PATCH (LOC-03). Raises NotRepresentable if the EVSE itself is not sent."""
    if not _known_connectors(evse):
        raise NotRepresentable(f"EVSE {evse.uid} {_NO_CONNECTOR}")
    return shared.write_status(evse)


def write_connector(connector: Connector) -> Json:
    """A Connector object. Raises NotRepresentable for a type of plug or power this version does not know.

    It has room for one tariff. Which of several would apply it cannot say, so then it names none (LOC-13).
    """
    if not _is_known(connector):
        raise NotRepresentable(
            f"connector {connector.id}: OCPI 2.1.1 does not know {connector.standard}"
            f" with {connector.power_type}"
        )
    return present(
        id=connector.id,
        standard=connector.standard,
        format=connector.format,
        power_type=connector.power_type,
        voltage=connector.max_voltage,
        amperage=connector.max_amperage,
        tariff_id=connector.tariff_ids[0] if len(connector.tariff_ids) == 1 else None,
        terms_and_conditions=connector.terms_and_conditions,
        last_updated=write_datetime(connector.last_updated),
    )


def write_energy_mix(mix: EnergyMix | None) -> Json:
    """An EnergyMix, whose impacts have a `source`."""
    return shared.write_energy_mix(mix, IMPACTS, "source")


def _is_known(connector: Connector) -> bool:
    return connector.standard in CONNECTOR_TYPES and connector.power_type in POWER_TYPES


def _known_connectors(evse: Evse) -> list[Connector]:
    return [connector for connector in evse.connectors if _is_known(connector)]


def _texts(texts: tuple[DisplayText, ...]) -> list[Json]:
    return shared.write_texts(DisplayText(item.language, plain(item.text, 512)) for item in texts)


def _business(details: BusinessDetails | None) -> Json:
    if details is None:
        return None
    named = BusinessDetails(plain(details.name, 100), details.website, details.logo)
    return shared.write_business(named, IMAGE_CATEGORIES)
