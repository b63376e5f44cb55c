"""OCPI 2.2.1 locations, wire to ours."""

from collections.abc import Iterable

from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, TariffId
from gateway.domain.sites import (
    BusinessDetails,
    Connector,
    Coordinates,
    DisplayText,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    Evse,
    EvseStatus,
    ExceptionalPeriod,
    Image,
    Location,
    OpeningTimes,
    PublishToken,
    RegularHours,
    RelatedPlace,
    StatusSchedule,
)
from ocpi import wire as types
from ocpi.dialect import Json
from ocpi.v221 import wire


def read_location(value: Json) -> Location:
    """A Location object. Raises InvalidInput. Spec: OCPI 2.2.1 mod_locations "Location Object"."""
    return location(types.read(wire.Location, value))


def location(found: wire.Location) -> Location:
    """The location in our words."""
    return Location(
        party=Party(found.country_code, found.party_id),
        id=LocationId(found.id),
        publish=found.publish,
        address=found.address,
        city=found.city,
        country=found.country,
        coordinates=coordinates(found.coordinates),
        time_zone=found.time_zone,
        last_updated=found.last_updated,
        publish_allowed_to=tuple(_publish_token(token) for token in found.publish_allowed_to),
        name=found.name,
        postal_code=found.postal_code,
        state=found.state,
        related_locations=tuple(_related(place) for place in found.related_locations),
        parking_type=found.parking_type,
        evses=tuple(evse(item) for item in found.evses),
        directions=texts(found.directions),
        operator=business(found.operator),
        suboperator=business(found.suboperator),
        owner=business(found.owner),
        facilities=found.facilities,
        opening_times=_opening_times(found.opening_times) if found.opening_times else None,
        charging_when_closed=found.charging_when_closed,
        images=images(found.images),
        energy_mix=energy_mix(found.energy_mix),
    )


def evse(found: wire.EVSE) -> Evse:
    """The EVSE in our words."""
    return Evse(
        uid=EvseUid(found.uid),
        status=EvseStatus(found.status),
        connectors=tuple(connector(item) for item in found.connectors),
        last_updated=found.last_updated,
        evse_id=found.evse_id,
        status_schedule=tuple(_schedule(item) for item in found.status_schedule),
        capabilities=found.capabilities,
        floor_level=found.floor_level,
        coordinates=coordinates(found.coordinates) if found.coordinates else None,
        physical_reference=found.physical_reference,
        directions=texts(found.directions),
        parking_restrictions=found.parking_restrictions,
        images=images(found.images),
    )


def connector(found: wire.Connector) -> Connector:
    """The connector in our words."""
    return Connector(
        id=ConnectorId(found.id),
        standard=found.standard,
        format=found.format,
        power_type=found.power_type,
        max_voltage=found.max_voltage,
        max_amperage=found.max_amperage,
        last_updated=found.last_updated,
        max_electric_power=found.max_electric_power,
        tariff_ids=tuple(TariffId(tariff_id) for tariff_id in found.tariff_ids),
        terms_and_conditions=found.terms_and_conditions,
    )


def coordinates(found: wire.GeoLocation) -> Coordinates:
    """Coordinates with the decimals they came with."""
    return Coordinates(found.latitude, found.longitude)


def texts(found: Iterable[wire.DisplayText]) -> tuple[DisplayText, ...]:
    """Texts for people."""
    return tuple(DisplayText(item.language, item.text) for item in found)


def business(found: wire.BusinessDetails | None) -> BusinessDetails | None:
    """Who someone is."""
    if found is None:
        return None
    return BusinessDetails(found.name, found.website, _image(found.logo) if found.logo else None)


def energy_mix(found: wire.EnergyMix | None) -> EnergyMix | None:
    """Where the energy comes from."""
    if found is None:
        return None
    return EnergyMix(
        is_green_energy=found.is_green_energy,
        energy_sources=tuple(EnergySource(item.source, item.percentage) for item in found.energy_sources),
        environ_impact=tuple(
            EnvironmentalImpact(item.category, item.amount) for item in found.environ_impact
        ),
        supplier_name=found.supplier_name,
        energy_product_name=found.energy_product_name,
    )


def _related(found: wire.AdditionalGeoLocation) -> RelatedPlace:
    name = DisplayText(found.name.language, found.name.text) if found.name else None
    return RelatedPlace(coordinates(found), name)


def _publish_token(found: wire.PublishTokenType) -> PublishToken:
    return PublishToken(found.uid, found.type, found.visual_number, found.issuer, found.group_id)


def _image(found: wire.Image) -> Image:
    return Image(found.url, found.category, found.type, found.thumbnail, found.width, found.height)


def images(found: Iterable[wire.Image]) -> tuple[Image, ...]:
    """Pictures."""
    return tuple(_image(item) for item in found)


def _schedule(found: wire.StatusSchedule) -> StatusSchedule:
    return StatusSchedule(found.period_begin, EvseStatus(found.status), found.period_end)


def _opening_times(found: wire.Hours) -> OpeningTimes:
    return OpeningTimes(
        twentyfourseven=found.twentyfourseven,
        regular_hours=tuple(
            RegularHours(item.weekday, item.period_begin, item.period_end) for item in found.regular_hours
        ),
        exceptional_openings=_exceptions(found.exceptional_openings),
        exceptional_closings=_exceptions(found.exceptional_closings),
    )


def _exceptions(found: Iterable[wire.ExceptionalPeriod]) -> tuple[ExceptionalPeriod, ...]:
    return tuple(ExceptionalPeriod(item.period_begin, item.period_end) for item in found)
