"""The values OCPI 2.3.0 knows; its open enums may hold any other value (TR-20)."""

from dataclasses import replace

from ocpi.v221.words import WORDS as EARLIER


class OpenWords(frozenset[str]):
    """The specification's values of an open enum; every other one may be sent as well."""

    __slots__ = ()

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str)


WORDS = replace(
    EARLIER,
    connector_types=OpenWords(EARLIER.connector_types | {"MCS", "SAE_J3400"}),
    capabilities=OpenWords(EARLIER.capabilities),
    facilities=OpenWords(EARLIER.facilities),
    parking_types=OpenWords(EARLIER.parking_types),
    parking_restrictions=OpenWords(EARLIER.parking_restrictions | {"EMPLOYEES", "TAXIS", "TENANTS"}),
    image_categories=OpenWords(EARLIER.image_categories),
    environmental_impacts=OpenWords(EARLIER.environmental_impacts),
)
"""Spec: OCPI 2.3.0 types "OpenEnum", mod_locations, mod_tariffs."""

CONNECTOR_CAPABILITIES = ("ISO_15118_2_PLUG_AND_CHARGE", "ISO_15118_20_PLUG_AND_CHARGE")
VEHICLE_TYPES = (
    "MOTORCYCLE",
    "PERSONAL_VEHICLE",
    "PERSONAL_VEHICLE_WITH_TRAILER",
    "VAN",
    "SEMI_TRACTOR",
    "RIGID",
    "TRUCK_WITH_TRAILER",
    "BUS",
    "DISABLED",
)
