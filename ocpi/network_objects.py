"""Locations and tariffs of the network file: objects of OCPI 2.3.0, or as they are in 2.2.1."""

from collections.abc import Mapping

from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff
from ocpi import v221, v230
from ocpi.dialect import Json


def read_location(value: Json) -> Location:
    """A Location; 2.3.0 only adds to what 2.2.1 can say. Raises InvalidInput."""
    return v230.read_location(value)


def read_tariff(value: Json) -> Tariff:
    """A Tariff; one that says `tax_included` is of 2.3.0. Raises InvalidInput."""
    newer = isinstance(value, Mapping) and "tax_included" in value
    return v230.read_tariff(value) if newer else v221.read_tariff(value)
