"""The fields a network file may have. Unknown ones are refused, because a misspelt field is a lost field.

Spec: OCPI 2.2.1 mod_locations and mod_tariffs, the object tables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from gateway.app.network_plan import Path
from gateway.network.positions import Value


@dataclass(frozen=True, slots=True)
class Shape:
    """Names of an object's fields, and the shapes of those that are objects or lists of objects."""

    plain: frozenset[str]
    nested: Mapping[str, "Shape"] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All field names."""
        return sorted({*self.plain, *self.nested})


def _shape(plain: str, **nested: Shape) -> Shape:
    return Shape(frozenset(plain.split()), nested)


_TEXT = _shape("language text")
_GEO = _shape("latitude longitude")
_IMAGE = _shape("url thumbnail category type width height")
_BUSINESS = _shape("name website", logo=_IMAGE)
_PERIOD = _shape("period_begin period_end")
_ENERGY_MIX = _shape(
    "is_green_energy supplier_name energy_product_name",
    energy_sources=_shape("source percentage"),
    environ_impact=_shape("category amount"),
)
_CONNECTOR = _shape(
    "id standard format power_type max_voltage max_amperage max_electric_power tariff_ids"
    " terms_and_conditions last_updated"
)
_EVSE = _shape(
    "uid evse_id status capabilities floor_level physical_reference parking_restrictions last_updated",
    status_schedule=_shape("period_begin period_end status"),
    connectors=_CONNECTOR,
    coordinates=_GEO,
    directions=_TEXT,
    images=_IMAGE,
)
LOCATION = _shape(
    "country_code party_id id publish name address city postal_code state country parking_type facilities"
    " time_zone charging_when_closed last_updated",
    publish_allowed_to=_shape("uid type visual_number issuer group_id"),
    coordinates=_GEO,
    related_locations=_shape("latitude longitude", name=_TEXT),
    evses=_EVSE,
    directions=_TEXT,
    operator=_BUSINESS,
    suboperator=_BUSINESS,
    owner=_BUSINESS,
    opening_times=_shape(
        "twentyfourseven",
        regular_hours=_shape("weekday period_begin period_end"),
        exceptional_openings=_PERIOD,
        exceptional_closings=_PERIOD,
    ),
    images=_IMAGE,
    energy_mix=_ENERGY_MIX,
)
_PRICE = _shape("excl_vat incl_vat")
TARIFF = _shape(
    "country_code party_id id currency type tariff_alt_url start_date_time end_date_time last_updated",
    tariff_alt_text=_TEXT,
    min_price=_PRICE,
    max_price=_PRICE,
    elements=_shape(
        "",
        price_components=_shape("type price vat step_size"),
        restrictions=_shape(
            "start_time end_time start_date end_date min_kwh max_kwh min_current max_current min_power"
            " max_power min_duration max_duration day_of_week reservation"
        ),
    ),
    energy_mix=_ENERGY_MIX,
)
PARTY = _shape("country_code party_id name website", business_details=_BUSINESS)
CHARGER = _shape(
    "id password certificate_subject protocol security_profile ping_seconds",
    connectors=_shape("number connector evse_uid connector_id"),
)
ASSIGNMENT = _shape("partner party location_id tariff_id")
FILE = _shape(
    "",
    parties=PARTY,
    tariffs=TARIFF,
    locations=LOCATION,
    chargers=CHARGER,
    tariff_assignments=ASSIGNMENT,
)


def unknown_fields(value: Value, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Path and reason of every field that the shape does not have."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, shape, (*path, index))
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if name in shape.nested:
            yield from unknown_fields(item, shape.nested[name], (*path, name))
        elif name not in shape.plain:
            yield (*path, name), unknown(name, shape.names)


def unknown(name: str, known: list[str]) -> str:
    """The sentence about one unknown field."""
    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
    return f"unknown field {name!r}; {hint}"
