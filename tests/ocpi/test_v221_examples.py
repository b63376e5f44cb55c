"""The specification's own examples, through the dialect and back (section 14 lists the broken ones)."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.errors import InvalidInput
from ocpi import v221
from ocpi import wire as types
from ocpi.v221 import wire
from ocpi.wire import Wire
from tests.ocpi.v221_material import EXAMPLES, example, sent

Through = Callable[[Any], Any]


def as_wire(model: type[Wire]) -> Through:
    """Read and written as a wire object."""
    return lambda value: types.write(types.read(model, value))


def location(value: Any) -> Any:
    """Through our words."""
    return v221.write_location(v221.read_location(value))


def tariff(value: Any) -> Any:
    """Through our words."""
    return v221.write_tariff(v221.read_tariff(value))


def token(value: Any) -> Any:
    """Through our words."""
    return v221.write_token(v221.read_token(value))


class EnergyMixField(Wire):
    """The energy mix examples show the field with its name."""

    energy_mix: wire.EnergyMix


class OpeningTimesField(Wire):
    """So does one of the opening hours."""

    opening_times: wire.Hours


WHOLE: dict[str, Through] = {
    "cdrs/cdr_example.json": as_wire(wire.CDR),
    "credentials/credentials_example.json": as_wire(wire.Credentials),
    "credentials/credentials_example2.json": as_wire(wire.Credentials),
    "credentials/credentials_example3.json": as_wire(wire.Credentials),
    "credentials/credentials_example4.json": as_wire(wire.Credentials),
    "hubclientinfo/hub_client_info_example_put_a_new_clientinfo_object.json": as_wire(wire.ClientInfo),
    "locations/location_energymix_example_complete.json": as_wire(EnergyMixField),
    "locations/location_energymix_example_energy_provider.json": as_wire(EnergyMixField),
    "locations/location_energymix_example_simple.json": as_wire(EnergyMixField),
    "locations/location_example.json": location,
    "locations/location_example_parking_garage_opening_hours.json": location,
    "locations/location_example_uc2_destination_charger.json": location,
    "locations/location_example_uc3_destination_charger_not_published.json": location,
    "locations/location_example_uc4_limited_visibility.json": location,
    "locations/location_example_uc5_home_charge_point.json": location,
    "locations/location_hours_247_open_exception_closing.json": as_wire(wire.Hours),
    "locations/location_hours_opening_hours_with_exceptional_closing.json": as_wire(wire.Hours),
    "locations/location_hours_opening_hours_with_exceptional_opening.json": as_wire(wire.Hours),
    "locations/location_regularhours_example.json": as_wire(OpeningTimesField),
    "sessions/session_example_1_simple_start.json": as_wire(wire.Session),
    "sessions/session_example_2_short_finished.json": as_wire(wire.Session),
    "tariffs/tariff_10_025kwh_parking_start.json": tariff,
    "tariffs/tariff_11_not_possible_alt_text.json": tariff,
    "tariffs/tariff_12_025kwh_min_price.json": tariff,
    "tariffs/tariff_13_simple_3hour_5parking.json": tariff,
    "tariffs/tariff_14_step_size.json": tariff,
    "tariffs/tariff_15_reservation_5_euro_per_hour.json": tariff,
    "tariffs/tariff_16_reservation_2_euro_fee_5_euro_per_hour.json": tariff,
    "tariffs/tariff_17_reservation_with_expire_fee.json": tariff,
    "tariffs/tariff_18_reservation_with_expire_time.json": tariff,
    "tariffs/tariff_1_simple_2hour.json": tariff,
    "tariffs/tariff_2_alt_text.json": tariff,
    "tariffs/tariff_3_alt_url.json": tariff,
    "tariffs/tariff_4_complex.json": tariff,
    "tariffs/tariff_5_free_of_charge.json": tariff,
    "tariffs/tariff_6_025kwh_start_max_price.json": tariff,
    "tariffs/tariff_8_simple_025kwh.json": tariff,
    "tariffs/tariff_9_025kwh_start.json": tariff,
    "tariffs/tariffrestriction_example_max_duration.json": tariff,
    "tariffs/tariffrestriction_example_max_power.json": tariff,
    "tokens/token_example_1_app_user.json": token,
    "tokens/token_example_2_full_rfid.json": token,
    "tokens/token_put_example.json": token,
    "types/type_displaytext_example.json": as_wire(wire.DisplayText),
}

ENVELOPES: dict[str, Through | None] = {
    "transport/transport_and_format_example_response_with_an_error_contains.json": None,
    "transport/transport_and_format_get_token_example.json": token,
    "transport/transport_and_format_get_token_list_example.json": lambda data: [token(t) for t in data],
    "transport/transport_and_format_version_details_example.json": as_wire(wire.VersionDetails),
    "transport/transport_and_format_version_info_example.json": lambda data: [
        as_wire(wire.Version)(version) for version in data
    ],
}

LISTS: dict[str, Through] = {"versions/versions_info_example.json": as_wire(wire.Version)}

ENDPOINTS = ("versions/version_details_example.json", "versions/version_details_example2.json")
"""The role of their credentials endpoint does not come back: it means nothing (VER-03)."""

BROKEN: dict[str, tuple[Callable[[Any], object], str]] = {
    "locations/location_put_example_add_evse.json": (
        lambda value: types.read(wire.EVSE, value),
        r"connectors\[0\].power_type: is required",
    ),
    "tariffs/tariff_put_example.json": (v221.read_tariff, "last_updated: is required"),
}
"""They lack required fields."""

PARTIAL = {
    "locations/location_patch_example_location.json",
    "locations/location_patch_example_remove_evse.json",
    "locations/location_patch_example_status.json",
    "locations/location_patch_example_tariff.json",
    "sessions/session_patch_example_charging_period.json",
    "sessions/session_patch_example_total_cost.json",
    "tokens/token_patch_example.json",
}
"""Bodies of PATCH requests; only the tokens' are for us to read."""


@pytest.mark.parametrize("path", sorted(WHOLE))
def test_an_example_comes_back_unchanged(path: str) -> None:
    value = example(path)
    assert sent(WHOLE[path](value)) == value


@pytest.mark.parametrize("path", sorted(ENVELOPES))
def test_an_enveloped_example_comes_back_unchanged(path: str) -> None:
    value = example(path)
    through = ENVELOPES[path]
    assert sent(types.write(types.read(wire.Envelope, value))) == value
    if through is not None:
        assert sent(through(value["data"])) == value["data"]


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_listed_example_comes_back_unchanged(path: str) -> None:
    value = example(path)
    assert [sent(LISTS[path](item)) for item in value] == value


@pytest.mark.parametrize("path", ENDPOINTS)
def test_endpoints_of_examples_are_read(path: str) -> None:
    value = example(path)
    found = v221.read_version_details(value)
    assert [(e.module, e.url) for e in found] == [(e["identifier"], e["url"]) for e in value["endpoints"]]


@pytest.mark.parametrize("path", sorted(BROKEN))
def test_an_example_that_breaks_the_specification_is_refused(path: str) -> None:
    read, reason = BROKEN[path]
    with pytest.raises(InvalidInput, match=reason):
        read(example(path))


def test_the_example_of_a_token_patch_is_applied() -> None:
    known = v221.read_token(example("tokens/token_example_2_full_rfid.json"))
    assert known.valid
    assert not v221.patch_token(known, example("tokens/token_patch_example.json")).valid


def test_no_example_is_forgotten() -> None:
    if not EXAMPLES.exists():
        pytest.skip(f"no examples of the specification at {EXAMPLES}")
    found = {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.json")}
    assert found == {*WHOLE, *ENVELOPES, *LISTS, *ENDPOINTS, *BROKEN, *PARTIAL}
