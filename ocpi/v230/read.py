"""OCPI 2.3.0, wire to ours, where it differs from 2.2.1."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.app.ports import Credentials
from gateway.domain.ids import Party, TariffId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.sites import Connector, Evse, EvseParking, Location, Parking
from gateway.domain.tariffs import Price, Tariff, TaxIncluded
from gateway.domain.tokens import Token
from ocpi import json, v221
from ocpi import wire as types
from ocpi.dialect import Json, JsonObject
from ocpi.shared.tokens import demand_date, patched
from ocpi.v221 import read_locations as earlier
from ocpi.v221 import wire as wire221
from ocpi.v221.read_partners import IDENTITY
from ocpi.v221.read_tariffs import read_elements
from ocpi.v230 import wire
from ocpi.v230.write_partners import write_token

_MOST_EXTRA = 4096
"""Bytes of unknown fields kept with a token; a partner that sends more loses them, not the token."""


def read_credentials(value: Json) -> Credentials:
    """Credentials. A hub's own party becomes a role, as it is in 2.2.1 (CRED-12). Raises InvalidInput."""
    found = types.read(wire.Credentials, value)
    roles = [
        PartnerRole(
            Role(role.role),
            Party(role.country_code, role.party_id),
            role.business_details.name,
            role.business_details.website,
        )
        for role in found.roles
    ]
    if found.hub_party_id is not None:
        roles.append(PartnerRole(Role.HUB, Party.parse(found.hub_party_id), found.hub_party_id.upper()))
    return Credentials(found.token, found.url, tuple(roles))


def read_token(value: Json, owner: Party | None = None) -> Token:
    """A Token; fields nobody here knows are kept, to be given back (TR-19). Raises InvalidInput."""
    token = v221.read_token(value, owner)
    known = wire221.Token.model_fields
    extra = tuple(
        (name, json.render(field).decode())
        for name, field in (value.items() if isinstance(value, Mapping) else ())
        if name not in known and field is not None
    )
    size = sum(len(name) + len(text) for name, text in extra)
    return replace(token, extra=extra) if size <= _MOST_EXTRA else token


def patch_token(token: Token, patch: JsonObject) -> Token:
    """The token with the given fields changed. Raises InvalidInput, also without last_updated (TOK-02)."""
    demand_date(patch)
    return patched(write_token(token), patch, IDENTITY, read_token)


def read_location(value: Json) -> Location:
    """A Location with its parking places (LOC-20); one of 2.2.1 is read as well. Raises InvalidInput."""
    found = types.read(wire.Location, value)
    return replace(
        earlier.location(found),
        evses=tuple(_evse(item) for item in found.evses),
        parking_places=tuple(_parking(item) for item in found.parking_places),
        help_phone=found.help_phone,
    )


def _evse(found: wire.EVSE) -> Evse:
    return replace(
        earlier.evse(found),
        connectors=tuple(_connector(item) for item in found.connectors),
        parking=tuple(EvseParking(item.parking_id, item.evse_position) for item in found.parking),
        accepted_service_providers=found.accepted_service_providers,
    )


def _connector(found: wire.Connector) -> Connector:
    return replace(earlier.connector(found), capabilities=found.capabilities)


def _parking(found: wire.Parking) -> Parking:
    return Parking(
        id=found.id,
        vehicle_types=found.vehicle_types,
        restricted_to_type=found.restricted_to_type,
        reservation_required=found.reservation_required,
        physical_reference=found.physical_reference,
        max_vehicle_weight=found.max_vehicle_weight,
        max_vehicle_height=found.max_vehicle_height,
        max_vehicle_length=found.max_vehicle_length,
        max_vehicle_width=found.max_vehicle_width,
        parking_space_length=found.parking_space_length,
        parking_space_width=found.parking_space_width,
        dangerous_goods_allowed=found.dangerous_goods_allowed,
        direction=found.direction,
        drive_through=found.drive_through,
        time_limit=found.time_limit,
        roofed=found.roofed,
        images=earlier.images(found.images),
        lighting=found.lighting,
        refrigeration_outlet=found.refrigeration_outlet,
        standards=found.standards,
        apds_reference=found.apds_reference,
    )


def read_tariff(value: Json) -> Tariff:
    """A Tariff, which says whether its prices contain taxes (TAR-08). Raises InvalidInput."""
    found = types.read(wire.Tariff, value)
    return Tariff(
        party=Party(found.country_code, found.party_id),
        id=TariffId(found.id),
        currency=found.currency,
        elements=read_elements(found.elements),
        last_updated=found.last_updated,
        type=found.type,
        alt_text=earlier.texts(found.tariff_alt_text),
        alt_url=found.tariff_alt_url,
        min_price=_limit(found.min_price),
        max_price=_limit(found.max_price),
        tax_included=TaxIncluded(found.tax_included),
        starts_at=found.start_date_time,
        ends_at=found.end_date_time,
        energy_mix=earlier.energy_mix(found.energy_mix),
    )


def _limit(found: wire.PriceLimit | None) -> Price | None:
    return None if found is None else Price(found.before_taxes, found.after_taxes)
