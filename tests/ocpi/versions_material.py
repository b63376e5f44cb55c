"""What the tests of every version share: schemas and examples beside the repository, tables and checks."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ocpi import json, v22, v211, v221, v230
from ocpi import wire as types
from ocpi.v22.wire import MODELS as MODELS_22
from ocpi.v211.wire import MODELS as MODELS_211
from ocpi.v221 import wire as wire221
from ocpi.v230.wire import MODELS as MODELS_230
from ocpi.wire import Wire

SHARED = Path(__file__).parents[2] / ".." / "shared" / "ocpi"
DIALECTS = {d.VERSION: d for d in (v211, v22, v221, v230)}
MODELS: dict[str, dict[str, type[Wire]]] = {
    "2.1.1": dict(MODELS_211),
    "2.2": dict(MODELS_22),
    "2.2.1": {name: getattr(wire221, name) for name in wire221.__all__},
    "2.3.0": dict(MODELS_230),
}
SPELLED = {"Envelope": "ResponseEnvelope"}
"""Models whose name in the specification is another."""
LENIENT = {
    ("ClientInfo", "last_updated"),
    ("AuthorizationInfo", "token"),
}
"""Required fields whose absence is forgiven (HCI-02, TOK-08)."""


def sent(value: Any) -> Any:
    """A value as a partner receives it: printed and parsed again."""
    return json.parse(json.render(value))


@cache
def schema(version: str) -> dict[str, Any]:
    """The specification's schema; skips the test where it is absent."""
    path = SHARED / "schemas" / f"{version}.schema.json"
    if not path.exists():
        pytest.skip(f"no schema of the specification at {path}")
    return json.parse(path.read_bytes())


def assert_valid(version: str, name: str, value: Any) -> None:
    """What is sent is what our own model reads, and where the specification's schema is at hand, valid."""
    model = MODELS[version][name]
    assert sent(types.write(types.read(model, value))) == value
    if (SHARED / "schemas" / f"{version}.schema.json").exists():
        validator = Draft202012Validator({**schema(version), "$ref": f"#/$defs/{name}"})
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)] == []


def example(version: str, path: str) -> Any:
    """An example of the specification; skips the test where it is absent."""
    file = SHARED / "examples" / version / path
    if not file.exists():
        pytest.skip(f"no example of the specification at {file}")
    return json.parse(file.read_bytes())


def examples(version: str) -> set[str]:
    """All of them by path."""
    root = SHARED / "examples" / version
    return {path.relative_to(root).as_posix() for path in root.rglob("*.json")}


def assert_fields(version: str, name: str) -> None:
    """A model has the fields of the specification's table, and requires what it requires."""
    model = MODELS[version][name]
    table = schema(version)["$defs"].get(SPELLED.get(name, name))
    if table is None:
        assert (version, name) == ("2.1.1", "GeoLocation")
        return
    assert set(model.model_fields) == set(table["properties"])
    required = {field for field, info in model.model_fields.items() if info.is_required()}
    assert required == set(table["required"]) - {field for found, field in LENIENT if found == name}


_ENERGY_MIX = ("energy_mix", "EnergyMix")
_OPENING_TIMES = ("opening_times", "Hours")

LATER_EXAMPLES: dict[str, str | tuple[str, str]] = {
    "cdrs/cdr_example.json": "CDR",
    "credentials/credentials_example.json": "Credentials",
    "credentials/credentials_example2.json": "Credentials",
    "credentials/credentials_example3.json": "Credentials",
    "credentials/credentials_example4.json": "Credentials",
    "hubclientinfo/hub_client_info_example_put_a_new_clientinfo_object.json": "ClientInfo",
    "locations/location_energymix_example_complete.json": _ENERGY_MIX,
    "locations/location_energymix_example_energy_provider.json": _ENERGY_MIX,
    "locations/location_energymix_example_simple.json": _ENERGY_MIX,
    "locations/location_example.json": "Location",
    "locations/location_example_parking_garage_opening_hours.json": "Location",
    "locations/location_example_uc2_destination_charger.json": "Location",
    "locations/location_example_uc3_destination_charger_not_published.json": "Location",
    "locations/location_example_uc4_limited_visibility.json": "Location",
    "locations/location_example_uc5_home_charge_point.json": "Location",
    "locations/location_hours_247_open_exception_closing.json": "Hours",
    "locations/location_hours_opening_hours_with_exceptional_closing.json": "Hours",
    "locations/location_hours_opening_hours_with_exceptional_opening.json": "Hours",
    "locations/location_regularhours_example.json": _OPENING_TIMES,
    "sessions/session_example_1_simple_start.json": "Session",
    "sessions/session_example_2_short_finished.json": "Session",
    **{
        f"tariffs/tariff_{name}.json": "Tariff"
        for name in (
            "10_025kwh_parking_start",
            "11_not_possible_alt_text",
            "12_025kwh_min_price",
            "13_simple_3hour_5parking",
            "14_step_size",
            "15_reservation_5_euro_per_hour",
            "16_reservation_2_euro_fee_5_euro_per_hour",
            "17_reservation_with_expire_fee",
            "18_reservation_with_expire_time",
            "1_simple_2hour",
            "2_alt_text",
            "3_alt_url",
            "4_complex",
            "5_free_of_charge",
            "6_025kwh_start_max_price",
            "8_simple_025kwh",
            "9_025kwh_start",
        )
    },
    "tariffs/tariffrestriction_example_max_duration.json": "Tariff",
    "tariffs/tariffrestriction_example_max_power.json": "Tariff",
    "tokens/token_example_1_app_user.json": "Token",
    "tokens/token_example_2_full_rfid.json": "Token",
    "tokens/token_put_example.json": "Token",
    "transport/transport_and_format_example_response_with_an_error_contains.json": "Envelope",
    "transport/transport_and_format_get_token_example.json": "Token",
    "transport/transport_and_format_get_token_list_example.json": "Token",
    "transport/transport_and_format_version_details_example.json": "VersionDetails",
    "transport/transport_and_format_version_info_example.json": "Version",
    "types/type_displaytext_example.json": "DisplayText",
    "versions/version_details_example.json": "VersionDetails",
    "versions/version_details_example2.json": "VersionDetails",
    "versions/versions_info_example.json": "Version",
}
"""Examples of 2.2 and later with the model they are of; a pair is a field and its model."""

LATER_PARTIAL = {
    "locations/location_patch_example_location.json",
    "locations/location_patch_example_remove_evse.json",
    "locations/location_patch_example_status.json",
    "locations/location_patch_example_tariff.json",
    "sessions/session_patch_example_charging_period.json",
    "sessions/session_patch_example_total_cost.json",
    "tokens/token_patch_example.json",
}
"""Bodies of PATCH requests."""

LATER_BROKEN = {
    "locations/location_put_example_add_evse.json": ("EVSE", r"connectors\[0\].power_type: is required"),
    "tariffs/tariff_put_example.json": ("Tariff", "last_updated: is required"),
}
"""Requirements, section 14: they lack required fields."""


def assert_comes_back(version: str, path: str, kind: str | tuple[str, str]) -> None:
    """An example is read and written unchanged, alone, in an envelope, or in a list."""
    value = example(version, path)
    field, name = kind if isinstance(kind, tuple) else (None, kind)
    model = MODELS[version][name]
    if field is not None:
        value = value[field]
    if name != "Envelope" and isinstance(value, dict) and "status_code" in value:
        value = value["data"]
    for item in value if isinstance(value, list) else [value]:
        written = sent(types.write(types.read(model, item)))
        assert written == _without_nothing(item, credentials_role=name == "VersionDetails")


def _without_nothing(value: Any, *, credentials_role: bool) -> Any:
    """Empty lists say the same as no list (TR-21); a role of credentials means nothing (VER-03)."""
    if isinstance(value, list):
        return [_without_nothing(item, credentials_role=credentials_role) for item in value]
    if not isinstance(value, dict):
        return value
    if credentials_role and value.get("identifier") == "credentials" and "role" in value:
        value = {**value, "role": "SENDER"}
    return {
        name: _without_nothing(item, credentials_role=credentials_role)
        for name, item in value.items()
        if item != []
    }
