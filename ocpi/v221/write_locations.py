"""OCPI 2.2.1 locations, ours to wire.

Values that the version does not know are left out where that loses a detail, and the connector or EVSE is
left out where it would say something else.
"""

import re

from gateway.domain.errors import NotRepresentable
from gateway.domain.sites import (
    Connector,
    Coordinates,
    EnergyMix,
    Evse,
    Location,
    PublishToken,
)
from ocpi.dialect import Json, JsonObject
from ocpi.shared import write as shared
from ocpi.v221.words import WORDS, Vocabulary
from ocpi.wire import present, write_datetime

_DEGREES = re.compile(r"-?[0-9]{1,3}\.[0-9]{5,7}", re.ASCII)
_LATITUDE_LENGTH = 10
_LONGITUDE_LENGTH = 11


def write_location(location: Location, words: Vocabulary = WORDS) -> Json:
    """A Location object. Spec: OCPI 2.2.1 mod_locations "Location Object".

    An EVSE of which this version knows no connector is left out: without connectors it may not be served.
    """
    served = [evse for evse in location.evses if known_connectors(evse, words)]
    return present(
        country_code=location.party.country_code,
        party_id=location.party.party_id,
        id=location.id,
        publish=location.publish,
        publish_allowed_to=[
            _publish_token(token) for token in location.publish_allowed_to if not location.publish
        ],
        name=location.name,
        address=location.address,
        city=location.city,
        postal_code=location.postal_code,
        state=location.state,
        country=location.country,
        coordinates=write_coordinates(location.coordinates),
        related_locations=[
            shared.write_related(place, write_coordinates(place.coordinates))
            for place in location.related_locations
        ],
        parking_type=location.parking_type if location.parking_type in words.parking_types else None,
        evses=[write_evse(evse, words) for evse in served],
        directions=shared.write_texts(location.directions),
        operator=shared.write_business(location.operator, words.image_categories),
        suboperator=shared.write_business(location.suboperator, words.image_categories),
        owner=shared.write_business(location.owner, words.image_categories),
        facilities=shared.known(location.facilities, words.facilities),
        time_zone=location.time_zone,
        opening_times=shared.write_opening_times(location.opening_times),
        charging_when_closed=location.charging_when_closed,
        images=shared.write_images(location.images, words.image_categories),
        energy_mix=write_energy_mix(location.energy_mix, words),
        last_updated=write_datetime(location.last_updated),
    )


def write_evse(evse: Evse, words: Vocabulary = WORDS) -> Json:
    """An EVSE object. Raises NotRepresentable if this version knows none of its connectors."""
    connectors = known_connectors(evse, words)
    if not connectors:
        raise NotRepresentable(f"EVSE {evse.uid} has no connector of a type this OCPI version knows")
    return present(
        uid=evse.uid,
        evse_id=evse.evse_id,
        status=evse.status.value,
        status_schedule=shared.write_schedule(evse.status_schedule),
        capabilities=shared.known(evse.capabilities, words.capabilities),
        connectors=[write_connector(connector, words) for connector in connectors],
        floor_level=evse.floor_level,
        coordinates=write_coordinates(evse.coordinates) if evse.coordinates else None,
        physical_reference=evse.physical_reference,
        directions=shared.write_texts(evse.directions),
        parking_restrictions=shared.known(evse.parking_restrictions, words.parking_restrictions),
        images=shared.write_images(evse.images, words.image_categories),
        last_updated=write_datetime(evse.last_updated),
    )


def write_evse_status(evse: Evse, words: Vocabulary = WORDS) -> Json:
    """Body of the status PATCH (LOC-03, LOC-04). Raises NotRepresentable if the EVSE itself is not sent."""
    if not known_connectors(evse, words):
        raise NotRepresentable(f"EVSE {evse.uid} has no connector of a type this OCPI version knows")
    return shared.write_status(evse)


def write_connector(connector: Connector, words: Vocabulary = WORDS) -> Json:
    """A Connector object. Raises NotRepresentable for a type of plug or power this version does not know."""
    if not _is_known(connector, words):
        raise NotRepresentable(
            f"connector {connector.id}: this OCPI version does not know {connector.standard}"
            f" with {connector.power_type}"
        )
    return present(
        id=connector.id,
        standard=connector.standard,
        format=connector.format,
        power_type=connector.power_type,
        max_voltage=connector.max_voltage,
        max_amperage=connector.max_amperage,
        max_electric_power=connector.max_electric_power,
        tariff_ids=list(connector.tariff_ids),
        terms_and_conditions=connector.terms_and_conditions,
        last_updated=write_datetime(connector.last_updated),
    )


def write_coordinates(coordinates: Coordinates) -> JsonObject:
    """A GeoLocation: five to seven decimals are kept, anything else becomes six (LOC-10)."""
    six = shared.six_decimals(coordinates)
    return {
        "latitude": _degrees(coordinates.latitude, _LATITUDE_LENGTH, six["latitude"]),
        "longitude": _degrees(coordinates.longitude, _LONGITUDE_LENGTH, six["longitude"]),
    }


def write_energy_mix(mix: EnergyMix | None, words: Vocabulary = WORDS) -> JsonObject | None:
    """An EnergyMix."""
    return shared.write_energy_mix(mix, words.environmental_impacts, "category")


def _degrees(text: str, length: int, otherwise: str) -> str:
    return text if _DEGREES.fullmatch(text) and len(text) <= length else otherwise


def _is_known(connector: Connector, words: Vocabulary) -> bool:
    return connector.standard in words.connector_types and connector.power_type in words.power_types


def known_connectors(evse: Evse, words: Vocabulary = WORDS) -> list[Connector]:
    """The connectors that the version has words for; without any the EVSE is not served (LOC-06)."""
    return [connector for connector in evse.connectors if _is_known(connector, words)]


def _publish_token(token: PublishToken) -> Json:
    return present(
        uid=token.uid,
        type=token.type,
        visual_number=token.visual_number,
        issuer=token.issuer,
        group_id=token.group_id,
    )
