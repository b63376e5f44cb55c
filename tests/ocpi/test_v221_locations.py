"""Locations in OCPI 2.2.1, there and back (LOC-01 to LOC-21)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.domain.errors import InvalidInput, NotRepresentable
from gateway.domain.ids import ConnectorId, Party
from gateway.domain.sites import Coordinates, EvseStatus, Image, Location, PublishToken
from ocpi import v221
from ocpi.v221.write_locations import write_coordinates
from tests.builders import NOON, evse, location
from tests.ocpi.v221_material import assert_valid, locations, sent


def garage() -> dict[str, Any]:
    """A location with something in most fields, as a partner would send it."""
    return {
        "country_code": "NL",
        "party_id": "GWY",
        "id": "GARAGE-1",
        "publish": False,
        "publish_allowed_to": [{"visual_number": "1234", "issuer": "Great eMSP"}],
        "name": "Garage",
        "address": "Stationsplein 1",
        "city": "Utrecht",
        "postal_code": "3511 ED",
        "country": "NLD",
        "coordinates": {"latitude": "52.0894440", "longitude": "5.110278"},
        "related_locations": [
            {
                "latitude": "52.08944",
                "longitude": "5.11027",
                "name": {"language": "nl", "text": "Ingang"},
            }
        ],
        "parking_type": "PARKING_GARAGE",
        "evses": [
            {
                "uid": "EVSE-1",
                "evse_id": "NL*GWY*E1",
                "status": "AVAILABLE",
                "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
                "connectors": [
                    {
                        "id": "1",
                        "standard": "IEC_62196_T2_COMBO",
                        "format": "CABLE",
                        "power_type": "DC",
                        "max_voltage": 920,
                        "max_amperage": 400,
                        "max_electric_power": 150000,
                        "tariff_ids": ["standard"],
                        "last_updated": "2026-11-22T12:00:00Z",
                    }
                ],
                "floor_level": "-1",
                "physical_reference": "P12",
                "last_updated": "2026-11-22T12:00:00Z",
            }
        ],
        "operator": {"name": "Gateway Charging", "website": "https://example.com"},
        "facilities": ["TRAIN_STATION"],
        "time_zone": "Europe/Amsterdam",
        "opening_times": {
            "twentyfourseven": False,
            "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
            "exceptional_closings": [
                {"period_begin": "2026-12-25T00:00:00Z", "period_end": "2026-12-26T00:00:00Z"}
            ],
        },
        "charging_when_closed": False,
        "energy_mix": {"is_green_energy": True},
        "last_updated": "2026-11-22T12:00:00Z",
    }


def test_a_location_goes_through_unchanged() -> None:
    """LOC-15, LOC-16: voltage, current and less power than their product; opening hours."""
    assert sent(v221.write_location(v221.read_location(garage()))) == garage()


@settings(deadline=None, max_examples=60)
@given(locations())
def test_every_location_comes_back(original: Location) -> None:
    assert v221.read_location(sent(v221.write_location(original))) == original


@settings(deadline=None, max_examples=30)
@given(locations())
def test_what_is_written_follows_the_tables(original: Location) -> None:
    assert_valid("Location", sent(v221.write_location(original)))


def test_tr_21_null_means_omitted() -> None:
    value = garage() | {"name": None, "related_locations": None, "opening_times": None, "images": None}
    found = v221.read_location(value)
    assert (found.name, found.related_locations, found.opening_times, found.images) == (None, (), None, ())


def test_tr_32_parties_are_compared_in_capitals_and_ids_keep_their_case() -> None:
    found = v221.read_location(garage() | {"country_code": "nl", "party_id": "gwy", "id": "gArAgE"})
    assert found.party == Party("NL", "GWY")
    assert found.id == "gArAgE"


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        (lambda v: v.pop("publish"), "publish", "is required"),
        (lambda v: v.update(publish="yes"), "publish", "true or false"),
        (lambda v: v.update(country_code="NLD"), "country_code", "alpha-2|at most 2"),
        (lambda v: v.update(country="NL"), "country", "alpha-3"),
        (lambda v: v.update(time_zone="Utrecht"), "time_zone", "IANA"),
        (lambda v: v.update(time_zone="../etc/passwd"), "time_zone", "IANA"),
        (lambda v: v.pop("time_zone"), "time_zone", "is required"),
        (lambda v: v.update(address="x" * 256), "address", "at most 255"),
        (lambda v: v.update(last_updated="yesterday"), "last_updated", "date and time"),
        (lambda v: v["coordinates"].update(latitude=52.1), "coordinates.latitude", "degrees in a string"),
        (lambda v: v["coordinates"].update(latitude="91.0"), "coordinates.latitude", "between -90 and 90"),
        (lambda v: v["coordinates"].update(longitude="5,1"), "coordinates.longitude", "decimal degrees"),
        (lambda v: v["evses"][0].update(connectors=[]), "evses[0].connectors", "at least 1 element"),
        (lambda v: v["evses"][0].update(status="FREE"), "evses[0].status", "must be one of 'AVAILABLE'"),
        (lambda v: v["evses"][0].update(physical_reference=3), "evses[0].physical_reference", "a string"),
        (
            lambda v: v["evses"][0]["connectors"][0].pop("max_voltage"),
            "evses[0].connectors[0].max_voltage",
            "is required",
        ),
        (
            lambda v: v["evses"][0]["connectors"][0].update(power_type="AC"),
            "evses[0].connectors[0].power_type",
            "must be one of",
        ),
        (lambda v: v["opening_times"].pop("regular_hours"), "opening_times", "must have regular_hours"),
        (
            lambda v: v["opening_times"]["regular_hours"][0].update(period_end="07:00"),
            "opening_times.regular_hours[0]",
            "split hours at midnight",
        ),
        (
            lambda v: v["opening_times"]["regular_hours"][0].update(period_end="24:00"),
            "opening_times.regular_hours[0].period_end",
            'at most "23:59"',
        ),
        (
            lambda v: v["opening_times"]["regular_hours"][0].update(weekday=0),
            "opening_times.regular_hours[0]",
            "weekday from 1",
        ),
        (lambda v: v.update(publish_allowed_to=[{}]), "publish_allowed_to[0]", "must have a uid"),
        (lambda v: v.update(publish_allowed_to=[{"uid": "1"}]), "publish_allowed_to[0]", "a type"),
        (
            lambda v: v.update(publish_allowed_to=[{"visual_number": "1"}]),
            "publish_allowed_to[0]",
            "an issuer",
        ),
    ],
)
def test_a_broken_location_names_the_field_and_the_rule(change: Change, field: str, rule: str) -> None:
    """LOC-06, LOC-09, LOC-11, LOC-12, LOC-16, LOC-21."""
    value = garage()
    change(value)
    with pytest.raises(InvalidInput, match=rule) as caught:
        v221.read_location(value)
    assert caught.value.field == field


def test_tr_20_values_of_later_versions_are_read_and_kept() -> None:
    value = garage()
    value["facilities"] = ["MOON_BASE"]
    value["evses"][0]["connectors"][0]["standard"] = "MCS"
    found = v221.read_location(value)
    assert found.facilities == ("MOON_BASE",)
    assert found.evses[0].connectors[0].standard == "MCS"


def test_values_the_version_does_not_know_are_not_sent() -> None:
    image = Image("https://example.com/a.png", "DRONE", "png")
    strange = replace(
        location(
            evse(
                capabilities=("RFID_READER", "TELEPORT"),
                parking_restrictions=("TAXIS", "EV_ONLY"),
                images=(image,),
            )
        ),
        facilities=("MOON_BASE", "CAFE"),
        parking_type="HANGAR",
        help_phone="+31 30 1234567",
    )
    written = sent(v221.write_location(strange))
    assert_valid("Location", written)
    assert written["facilities"] == ["CAFE"]
    assert "parking_type" not in written
    assert "help_phone" not in written
    assert written["evses"][0]["capabilities"] == ["RFID_READER"]
    assert written["evses"][0]["parking_restrictions"] == ["EV_ONLY"]
    assert written["evses"][0]["images"][0]["category"] == "OTHER"


def test_loc_06_an_evse_without_a_known_connector_is_not_served() -> None:
    known = evse("EVSE-1").connectors[0]
    unknown = replace(known, id=ConnectorId("2"), standard="MCS")
    mixed = evse("EVSE-1", connectors=(known, unknown))
    foreign = evse("EVSE-2", connectors=(unknown,))
    written = v221.write_location(location(mixed, foreign))
    assert [(e["uid"], [c["id"] for c in e["connectors"]]) for e in written["evses"]] == [("EVSE-1", ["1"])]
    for write in (v221.write_evse, v221.write_evse_status):
        with pytest.raises(NotRepresentable, match="EVSE-2"):
            write(foreign)
    with pytest.raises(NotRepresentable, match="MCS"):
        v221.write_connector(unknown)


def test_loc_12_a_list_of_tokens_only_goes_with_unpublished_locations() -> None:
    allowed = (PublishToken(uid="1", type="RFID"),)
    published = location(publish_allowed_to=allowed)
    assert "publish_allowed_to" not in v221.write_location(published)
    hidden = v221.write_location(replace(published, publish=False))
    assert hidden["publish_allowed_to"] == [{"uid": "1", "type": "RFID"}]


@pytest.mark.parametrize(
    ("latitude", "longitude", "written"),
    [
        ("52.089444", "5.110278", ("52.089444", "5.110278")),
        ("52.08944", "5.1102781", ("52.08944", "5.1102781")),
        ("52.1", "5", ("52.100000", "5.000000")),
        ("52.123456789", "5.0000004", ("52.123457", "5.0000004")),
        ("-52.1234567", "-126.1234567", ("-52.123457", "-126.123457")),
        ("0", "-0.5", ("0.000000", "-0.500000")),
    ],
)
def test_loc_10_coordinates_have_five_to_seven_decimals(
    latitude: str, longitude: str, written: tuple[str, str]
) -> None:
    found = write_coordinates(Coordinates(latitude, longitude))
    assert (found["latitude"], found["longitude"]) == written
    assert_valid("GeoLocation", found)


def test_loc_03_a_status_is_sent_with_its_time() -> None:
    written = v221.write_evse_status(evse(status=EvseStatus.CHARGING))
    assert written == {"status": "CHARGING", "last_updated": "2026-11-22T12:00:00Z"}
    assert evse().last_updated == NOON


def test_parts_of_a_location_are_written_alone() -> None:
    one = evse()
    assert_valid("EVSE", sent(v221.write_evse(one)))
    assert_valid("Connector", sent(v221.write_connector(one.connectors[0])))
