"""OCPI 2.2: its tables, its examples, and what it does not say that 2.2.1 does."""

from dataclasses import replace

import pytest

from gateway.domain.cdrs import SignedData, SignedValue
from gateway.domain.errors import InvalidInput, NotRepresentable
from gateway.domain.tariffs import Price
from ocpi import v22, v221
from ocpi import wire as types
from ocpi.dialect import Dialect
from ocpi.v22.words import WORDS
from tests.builders import evse, location, tariff
from tests.ocpi.test_v221_sessions import cdr, session
from tests.ocpi.versions_material import (
    LATER_BROKEN,
    LATER_EXAMPLES,
    LATER_PARTIAL,
    MODELS,
    assert_comes_back,
    assert_fields,
    assert_valid,
    example,
    examples,
    schema,
    sent,
)

dialect: Dialect = v22
EXAMPLES = {**LATER_EXAMPLES, "tariffs/tariff_7_first_hour_kwh_free.json": "Tariff"}


@pytest.mark.parametrize("name", sorted(MODELS["2.2"]))
def test_models_have_the_fields_of_the_specifications_tables(name: str) -> None:
    assert_fields("2.2", name)


@pytest.mark.parametrize("path", sorted(EXAMPLES))
def test_an_example_comes_back_unchanged(path: str) -> None:
    assert_comes_back("2.2", path, EXAMPLES[path])


@pytest.mark.parametrize("path", sorted(LATER_BROKEN))
def test_an_example_that_breaks_the_specification_is_refused(path: str) -> None:
    """TAR-11 among them."""
    name, reason = LATER_BROKEN[path]
    with pytest.raises(InvalidInput, match=reason):
        types.read(MODELS["2.2"][name], example("2.2", path))


def test_no_example_is_forgotten() -> None:
    assert examples("2.2") in ({*EXAMPLES, *LATER_BROKEN, *LATER_PARTIAL}, set())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ConnectorType", WORDS.connector_types),
        ("PowerType", WORDS.power_types),
        ("Capability", WORDS.capabilities),
        ("Facility", WORDS.facilities),
        ("ParkingType", WORDS.parking_types),
    ],
)
def test_tr_20_the_vocabulary_is_the_specifications(name: str, words: frozenset[str]) -> None:
    assert words == set(schema("2.2")["$defs"][name]["enum"])


def test_loc_19_address_and_state_are_cut() -> None:
    written = sent(v22.write_location(location(address="A" * 200, state="S" * 40)))
    assert_valid("2.2", "Location", written)
    assert (written["address"], written["state"]) == ("A" * 45, "S" * 20)


def test_a_plug_that_came_with_2_2_1_is_not_served() -> None:
    plug = replace(evse().connectors[0], standard="NEMA_14_50")
    both = location(evse(connectors=(plug,)), evse("EVSE-2"))
    assert [e["uid"] for e in v22.write_location(both)["evses"]] == ["EVSE-2"]
    with pytest.raises(NotRepresentable, match="EVSE-1"):
        v22.write_evse_status(both.evses[0])
    with pytest.raises(NotRepresentable, match="NEMA_14_50"):
        v22.write_connector(plug)


def test_ses_06_the_token_of_a_session_names_no_owner() -> None:
    written = sent(v22.write_session(session(), Price(tariff().elements[0].components[0].price)))
    assert_valid("2.2", "Session", written)
    assert written["cdr_token"] == {"uid": "04A1B2C3", "type": "RFID", "contract_id": "NLEMSC04A1B2C3"}
    assert {**written, "cdr_token": 0} == {
        **sent(v221.write_session(session(), Price(tariff().elements[0].components[0].price))),
        "cdr_token": 0,
    }


def test_a_cdr_differs_in_its_token_and_its_location_only() -> None:
    written, later = sent(v22.write_cdr(cdr())), sent(v221.write_cdr(cdr()))
    assert_valid("2.2", "CDR", written)
    assert {name for name in later if later[name] != written.get(name)} == {"cdr_token", "cdr_location"}
    assert written["cdr_location"]["postal_code"] == "#NA"


def test_cdr_12_signed_data_that_does_not_fit_is_left_out_and_that_is_said() -> None:
    signed = SignedData("OCMF", (SignedValue("End", "x" * 513, "y"),), "key")
    written = sent(v22.write_cdr(cdr(signed_data=signed, remark="stopped: Local")))
    assert_valid("2.2", "CDR", written)
    assert "signed_data" not in written
    assert written["remark"] == "left out: signed meter data, longer than OCPI 2.2 allows; stopped: Local"
    short = SignedData("OCMF", (SignedValue("End", "x" * 512, "y"),), "key")
    assert sent(v22.write_cdr(cdr(signed_data=short)))["signed_data"]["signed_values"][0]["plain_data"]
