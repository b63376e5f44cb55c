"""OCPI 2.2.1 is a complete dialect, its words are the specification's, and its document is current."""

import inspect
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from gateway.domain.partners import InterfaceRole
from ocpi import v221
from ocpi.dialect import Dialect
from ocpi.operations import OPERATIONS
from ocpi.v221 import wire
from ocpi.v221.wire import cdrs, charging_profiles, commands, common, credentials, locations, tariffs, tokens
from ocpi.v221.wire import hub_client_info as hub
from ocpi.v221.words import WORDS
from ocpi.wire import Wire
from tests.ocpi.v221_material import definition

dialect: Dialect = v221


def test_the_module_has_everything_a_dialect_has() -> None:
    for name, member in vars(Dialect).items():
        if name.startswith("_"):
            continue
        found = getattr(v221, name)
        if inspect.isfunction(member):
            wanted = list(inspect.signature(member).parameters)[1:]
            assert list(inspect.signature(found).parameters)[: len(wanted)] == wanted, name


def test_ver_04_what_is_served_is_in_the_table_of_operations() -> None:
    assert dialect.VERSION == "2.2.1"
    assert {(o.module, o.role) for o in OPERATIONS if o.module != "versions"} >= set(dialect.MODULES)
    assert ("tokens", InterfaceRole.RECEIVER) in dialect.MODULES


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("AuthMethod", common.AuthMethod),
        ("ProfileType", common.ProfileType),
        ("Role", common.Role),
        ("Status", locations.Status),
        ("ConnectorFormat", locations.ConnectorFormat),
        ("PowerType", locations.PowerType),
        ("EnergySourceCategory", locations.EnergySourceCategory),
        ("CdrDimensionType", cdrs.CdrDimensionType),
        ("SessionStatus", cdrs.SessionStatus),
        ("ChargingPreferencesResponse", cdrs.ChargingPreferencesResponse),
        ("DayOfWeek", tariffs.DayOfWeek),
        ("ReservationRestrictionType", tariffs.ReservationRestrictionType),
        ("TariffDimensionType", tariffs.TariffDimensionType),
        ("TariffType", tariffs.TariffType),
        ("WhitelistType", tokens.WhitelistType),
        ("AllowedType", tokens.AllowedType),
        ("InterfaceRole", credentials.InterfaceRole),
        ("CommandResponseType", commands.CommandResponseType),
        ("CommandResultType", commands.CommandResultType),
        ("ChargingRateUnit", charging_profiles.ChargingRateUnit),
        ("ChargingProfileResponseType", charging_profiles.ChargingProfileResponseType),
        ("ChargingProfileResultType", charging_profiles.ChargingProfileResultType),
        ("ConnectionStatus", hub.ConnectionStatus),
    ],
)
def test_closed_enums_are_the_specifications(name: str, values: Any) -> None:
    assert get_origin(values) is Literal
    assert set(get_args(values)) == set(definition(name)["enum"])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ConnectorType", WORDS.connector_types),
        ("PowerType", WORDS.power_types),
        ("Capability", WORDS.capabilities),
        ("Facility", WORDS.facilities),
        ("ParkingType", WORDS.parking_types),
        ("ParkingRestriction", WORDS.parking_restrictions),
        ("ImageCategory", WORDS.image_categories),
        ("EnvironmentalImpactCategory", WORDS.environmental_impacts),
        ("TariffType", WORDS.tariff_types),
    ],
)
def test_the_vocabulary_is_the_specifications(name: str, values: frozenset[str]) -> None:
    assert values == set(definition(name)["enum"])


SPELLED = {"Envelope": "ResponseEnvelope"}
"""Models whose name in the specification is another."""
LENIENT = {("ClientInfo", "last_updated"), ("AuthorizationInfo", "token")}
"""Required fields whose absence is forgiven (HCI-02, TOK-08)."""


@pytest.mark.parametrize("name", wire.__all__)
def test_models_have_the_fields_of_the_specifications_tables(name: str) -> None:
    model: type[Wire] = getattr(wire, name)
    table = definition(SPELLED.get(name, name))
    assert set(model.model_fields) == set(table["properties"])
    required = {field for field, info in model.model_fields.items() if info.is_required()}
    forgiven = {field for found, field in LENIENT if found == name}
    assert required == set(table["required"]) - forgiven


def _longest(annotation: Any, metadata: list[Any]) -> int | None:
    """The length a model allows for a text."""
    if get_origin(annotation) in (Union, UnionType):
        inner = next(part for part in get_args(annotation) if part is not type(None))
        return _longest(inner, [])
    if hasattr(annotation, "__metadata__"):
        return _longest(annotation.__origin__, [*metadata, *annotation.__metadata__])
    lengths = [found for part in metadata if (found := getattr(part, "max_length", None)) is not None]
    return lengths[0] if annotation is str and lengths else None


@pytest.mark.parametrize("name", wire.__all__)
def test_texts_are_as_long_as_in_the_specifications_tables(name: str) -> None:
    model: type[Wire] = getattr(wire, name)
    table = definition(SPELLED.get(name, name))["properties"]
    for field, info in model.model_fields.items():
        variants = [table[field], *table[field].get("anyOf", [])]
        wanted = next((v["maxLength"] for v in variants if "maxLength" in v), None)
        found = _longest(info.annotation, info.metadata)
        if wanted is not None and found is not None:
            assert (field, found) == (field, wanted)
