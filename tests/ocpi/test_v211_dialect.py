"""OCPI 2.1.1: its tables, its examples, and what it cannot say (TAR-10, SES-12, CDR-03, TOK-01)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.app.parcels import CdrParcel, EvseParcel, LocationParcel, SessionParcel, TariffParcel
from gateway.app.ports import Credentials
from gateway.domain.authorization import AuthMethod, Place, Verdict
from gateway.domain.cdrs import SignedData, SignedValue
from gateway.domain.errors import InvalidInput, NotRepresentable
from gateway.domain.ids import CdrId, EvseUid, LocationId
from gateway.domain.partners import Endpoint, InterfaceRole, PartnerRole, Role
from gateway.domain.sessions import SessionStatus
from gateway.domain.sites import DisplayText, EnergyMix, EnvironmentalImpact, OpeningTimes
from gateway.domain.tariffs import (
    Dimension,
    Price,
    ReservationRule,
    Restrictions,
    TariffElement,
    TaxIncluded,
)
from ocpi import v211
from ocpi import wire as types
from ocpi.dialect import Dialect
from ocpi.v211 import words
from ocpi.v211.text import plain
from tests.builders import CPO, EMSP, component, evse, location, partner, tariff, token
from tests.ocpi.test_v221_sessions import cdr, plug, session
from tests.ocpi.versions_material import (
    MODELS,
    assert_comes_back,
    assert_fields,
    assert_valid,
    example,
    examples,
    schema,
    sent,
)

dialect: Dialect = v211

EXAMPLES: dict[str, str | tuple[str, str]] = {
    "credentials/credentials_example.json": "Credentials",
    "locations/locations_4_19_1_example.json": ("opening_times", "Hours"),
    "locations/locations_complete.json": ("energy_mix", "EnergyMix"),
    "locations/locations_example.json": "Location",
    "locations/locations_simple.json": ("energy_mix", "EnergyMix"),
    "locations/locations_tariff_name_based.json": ("energy_mix", "EnergyMix"),
    "sessions/sessions_simple_session_example_of_a_just_starting_session.json": "Session",
    "sessions/sessions_simple_session_example_of_a_short_finished_session.json": "Session",
    "tariffs/tariffs_complex_tariff_example.json": "Tariff",
    "tariffs/tariffs_free_of_charge_tariff_example.json": "Tariff",
    "tariffs/tariffs_simple_tariff_example_2_euro_per_hour.json": "Tariff",
    "tariffs/tariffs_simple_tariff_example_with_alternative_multi_languag.json": "Tariff",
    "tariffs/tariffs_simple_tariff_example_with_alternative_url.json": "Tariff",
    "tokens/tokens_example.json": "Token",
    "tokens/tokens_example_put_a_new_token_put.json": "Token",
    "transport/transport_and_format_example_response_with_an_error_contains.json": "Envelope",
    "transport/transport_and_format_example_tokens_get_response_with_list_o.json": "Token",
    "transport/transport_and_format_example_tokens_get_response_with_one_to.json": "Token",
    "transport/transport_and_format_example_version_details_response_one_ob.json": "VersionDetails",
    "transport/transport_and_format_example_version_information_response_li.json": "Version",
    "types/types_1_3_displaytext_class.json": "DisplayText",
    "versions/version_information_endpoint_example.json": "Version",
    "versions/version_information_endpoint_example_2.json": "VersionDetails",
}
MENDED = "cdrs/cdrs_example_of_a_cdr.json"
"""Its price is a string; it is read, and comes back as the number it means (TR-33)."""
BROKEN = {
    "locations/locations_example_add_an_evse_put.json": ("EVSE", "is required"),
    "tariffs/tariffs_example_change_tariff_to_2_50_put.json": ("Tariff", "is required"),
    "tariffs/tariffs_example_new_tariff_2_euro_per_hour_put.json": ("Tariff", "last_updated: is required"),
}
"""Requirements, section 14: they lack required fields, or are a PATCH labelled PUT."""
PARTIAL = {
    "locations/locations_example_a_simple_status_update_patch.json",
    "locations/locations_example_change_the_location_name_patch.json",
    "locations/locations_example_delete_an_evse_patch.json",
    "locations/locations_example_set_tariff_update_patch.json",
    "sessions/sessions_example_update_the_total_cost_patch.json",
    "tokens/tokens_example_invalidate_a_token_patch.json",
}


@pytest.mark.parametrize("name", sorted(MODELS["2.1.1"]))
def test_models_have_the_fields_of_the_specifications_tables(name: str) -> None:
    assert_fields("2.1.1", name)


@pytest.mark.parametrize("path", sorted(EXAMPLES))
def test_an_example_comes_back_unchanged(path: str) -> None:
    assert_comes_back("2.1.1", path, EXAMPLES[path])


def test_tr_33_the_price_in_a_string_is_read_as_the_number_it_means() -> None:
    value = example("2.1.1", MENDED)
    written = sent(types.write(types.read(MODELS["2.1.1"]["CDR"], value)))
    value["tariffs"][0]["elements"][0]["price_components"][0]["price"] = 2
    assert written == value


@pytest.mark.parametrize("path", sorted(BROKEN))
def test_an_example_that_breaks_the_specification_is_refused(path: str) -> None:
    """TAR-11 among them."""
    name, reason = BROKEN[path]
    with pytest.raises(InvalidInput, match=reason):
        types.read(MODELS["2.1.1"][name], example("2.1.1", path))


def test_no_example_is_forgotten() -> None:
    assert examples("2.1.1") in ({*EXAMPLES, *BROKEN, *PARTIAL, MENDED}, set())


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("ConnectorType", words.CONNECTOR_TYPES),
        ("PowerType", words.POWER_TYPES),
        ("Capability", words.CAPABILITIES),
        ("Facility", words.FACILITIES),
        ("ParkingRestriction", words.PARKING_RESTRICTIONS),
        ("EnvironmentalImpactCategory", words.IMPACTS),
        ("TokenType", words.TOKEN_TYPES),
        ("CdrDimensionType", words.DIMENSIONS | {"FLAT"}),
    ],
)
def test_the_vocabulary_is_the_specifications(name: str, known: frozenset[str]) -> None:
    assert known == set(schema("2.1.1")["$defs"][name]["enum"])


# Platforms


def test_cred_11_credentials_are_flat_and_of_one_party() -> None:
    ours = Credentials(
        "token", "https://cpo.example/ocpi/versions", (PartnerRole(Role.CPO, CPO, "Zürich Strom"),)
    )
    written = sent(v211.write_credentials(ours))
    assert_valid("2.1.1", "Credentials", written)
    assert written == {
        "token": "token",
        "url": "https://cpo.example/ocpi/versions",
        "business_details": {"name": "Zurich Strom"},
        "party_id": "GWY",
        "country_code": "NL",
    }
    theirs = v211.read_credentials(written | {"party_id": "EMS", "business_details": {"name": "eMSP"}})
    assert theirs.roles == (PartnerRole(Role.EMSP, EMSP, "eMSP"),)


def test_ver_02_endpoints_have_no_role_and_get_the_one_they_have() -> None:
    modules = ("credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "custom")
    value = {
        "version": "2.1.1",
        "endpoints": [{"identifier": m, "url": f"https://e.example/{m}/"} for m in modules],
    }
    found = v211.read_version_details(value)
    assert {e.module for e in found if e.role is InterfaceRole.RECEIVER} == {
        "locations",
        "sessions",
        "cdrs",
        "tariffs",
    }
    listed = [Endpoint(module, role, f"https://c.example/{module}") for module, role in v211.MODULES]
    written = sent(v211.write_version_details(listed))
    assert_valid("2.1.1", "VersionDetails", written)


# Tokens


def test_tok_01_a_token_belongs_to_whom_the_url_says() -> None:
    value = sent(v211.write_token(token(group_id="G")))
    assert_valid("2.1.1", "Token", value)
    assert (value["auth_id"], "group_id" in value) == ("NLEMSC04A1B2C3", False)
    assert v211.read_token(value, EMSP) == token()
    with pytest.raises(InvalidInput, match="do not name their owner"):
        v211.read_token(value)


@pytest.mark.parametrize("type_", ["APP_USER", "AD_HOC_USER", "EMAID", "OTHER"])
def test_types_that_came_later_are_other(type_: str) -> None:
    assert v211.write_token(token(type=type_))["type"] == v211.write_token_type(type_) == "OTHER"


def test_tok_02_a_patch_needs_no_date_and_names_no_other_token() -> None:
    assert v211.patch_token(token(), {"valid": False}) == token(valid=False)
    with pytest.raises(InvalidInput, match="uid: identifies"):
        v211.patch_token(token(), {"uid": "ANOTHER"})


def test_tok_08_an_authorization_describes_no_token() -> None:
    place = v211.write_place(Place(LocationId("LOC1"), (EvseUid("EVSE-1"),)))
    assert place == {"location_id": "LOC1", "evse_uids": ["EVSE-1"]}
    answer = v211.read_authorization(
        {"allowed": "ALLOWED", "location": place, "info": {"language": "en", "text": "Welcome"}}
    )
    assert (answer.verdict, answer.token, answer.reference) == (Verdict.ALLOWED, None, None)
    assert (answer.allowed_evse_uids, answer.message) == (frozenset({"EVSE-1"}), "Welcome")


# Locations


def test_a_location_in_full() -> None:
    place = location(
        name="Café Åhus – Straße",
        address="A" * 60,
        state="Noord-Holland",
        parking_type="ON_DRIVEWAY",
        facilities=("HOTEL", "TRAM_STOP"),
        opening_times=OpeningTimes(twentyfourseven=True),
        energy_mix=EnergyMix(True, environ_impact=(EnvironmentalImpact("CARBON_DIOXIDE", Decimal(3)),)),
        directions=(DisplayText("el", "Αθήνα"),),
    )
    written = sent(v211.write_location(place))
    assert_valid("2.1.1", "Location", written)
    assert written == {
        "id": "LOC1",
        "type": "OTHER",
        "name": "Cafe Ahus - Strasse",
        "address": "A" * 45,
        "city": "Utrecht",
        "postal_code": "-",
        "country": "NLD",
        "coordinates": {"latitude": "52.089444", "longitude": "5.110278"},
        "evses": [
            {
                "uid": "EVSE-1",
                "evse_id": "NL*GWY*E1",
                "status": "UNKNOWN",
                "connectors": [
                    {
                        "id": "1",
                        "standard": "IEC_62196_T2",
                        "format": "SOCKET",
                        "power_type": "AC_3_PHASE",
                        "voltage": 230,
                        "amperage": 16,
                        "tariff_id": "standard",
                        "last_updated": "2026-11-22T12:00:00Z",
                    }
                ],
                "last_updated": "2026-11-22T12:00:00Z",
            }
        ],
        "directions": [{"language": "el", "text": "Αθήνα"}],
        "facilities": ["HOTEL"],
        "time_zone": "Europe/Amsterdam",
        "opening_times": {"twentyfourseven": True},
        "energy_mix": {
            "is_green_energy": True,
            "environ_impact": [{"source": "CARBON_DIOXIDE", "amount": 3}],
        },
        "last_updated": "2026-11-22T12:00:00Z",
    }


def test_loc_12_a_hidden_location_is_refused_because_it_would_be_shown() -> None:
    with pytest.raises(NotRepresentable, match="LOC1 is not published"):
        v211.write_location(location(publish=False))


def test_loc_13_of_several_tariffs_none_is_named() -> None:
    both = evse(tariff_ids=("a", "b")).connectors[0]
    assert "tariff_id" not in v211.write_connector(both)


def test_a_plug_it_does_not_know_is_refused() -> None:
    unknown = replace(evse().connectors[0], standard="NEMA_14_50")
    strange = evse(connectors=(unknown,))
    for write, thing in ((v211.write_evse, strange), (v211.write_evse_status, strange)):
        with pytest.raises(NotRepresentable, match="EVSE-1 has no connector"):
            write(thing)
    with pytest.raises(NotRepresentable, match="NEMA_14_50"):
        v211.write_connector(unknown)
    assert "evses" not in v211.write_location(location(strange))
    snapshot = replace(plug(), standard="NEMA_14_50")
    for written in (
        lambda: v211.write_session(session(plug=snapshot), None),
        lambda: v211.write_cdr(cdr(plug=snapshot)),
    ):
        with pytest.raises(NotRepresentable, match="does not know NEMA_14_50"):
            written()


TEXTS = [
    ("", ""),
    ("Köln", "Koln"),
    ("Ødegård", "Odegard"),
    ("東京", "東京"),
    ("a\nb", "a b"),
    ("5 €", "5 EUR"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_tr_32_texts_are_ascii_where_they_have_latin_letters(text: str, expected: str) -> None:
    assert plain(text, 45) == expected


# Tariffs


def test_a_tariff_without_vat() -> None:
    rules = Restrictions(min_kwh=Decimal(1), max_duration_s=3600, start_date=date(2026, 1, 1))
    night = TariffElement((component(Dimension.TIME, "2.00", step=60),), rules)
    written = sent(v211.write_tariff(tariff(elements=(*tariff().elements, night), type="REGULAR")))
    assert_valid("2.1.1", "Tariff", written)
    assert written == {
        "id": "standard",
        "currency": "EUR",
        "elements": [
            {
                "price_components": [
                    {"type": "FLAT", "price": Decimal("0.5"), "step_size": 1},
                    {"type": "ENERGY", "price": Decimal("0.35"), "step_size": 1},
                ]
            },
            {
                "price_components": [{"type": "TIME", "price": 2, "step_size": 60}],
                "restrictions": {"start_date": "2026-01-01", "min_kwh": 1, "max_duration": 3600},
            },
        ],
        "last_updated": "2026-11-22T12:00:00Z",
    }


def restricted(**rules: Any) -> dict[str, Any]:
    return {"elements": (TariffElement(tariff().elements[0].components, Restrictions(**rules)),)}


UNSAYABLE = [
    ({"tax_included": TaxIncluded.YES}, "prices with taxes"),
    ({"type": "AD_HOC_PAYMENT"}, "tariff type AD_HOC_PAYMENT"),
    ({"starts_at": tariff().last_updated}, "validity dates"),
    ({"ends_at": tariff().last_updated}, "validity dates"),
    ({"min_price": Price(Decimal(1))}, "minimum or maximum price"),
    ({"max_price": Price(Decimal(1))}, "minimum or maximum price"),
    (restricted(min_current_a=Decimal(6)), "restriction by current"),
    (restricted(max_current_a=Decimal(6)), "restriction by current"),
    (restricted(reservation=ReservationRule.RESERVATION), "prices of reservations"),
]


@pytest.mark.parametrize(("changes", "reason"), UNSAYABLE)
def test_tar_10_what_would_change_a_price_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotRepresentable, match=reason):
        v211.write_tariff(tariff(**changes))


def test_tar_10_all_that_is_lost_is_named() -> None:
    reasons = r"OCPI 2\.1\.1 has no tariff type PROFILE_FAST, no validity dates$"
    with pytest.raises(NotRepresentable, match=reasons):
        v211.write_tariff(tariff(type="PROFILE_FAST", ends_at=tariff().last_updated))


# Sessions and CDRs


def test_ses_12_a_session_in_full() -> None:
    written = sent(v211.write_session(session(meter_id="M-1"), Price(Decimal("2.425"), Decimal("2.93425"))))
    assert_valid("2.1.1", "Session", written)
    periods = written.pop("charging_periods")
    place = written.pop("location")
    assert place == sent(v211.write_location(plug().location))
    assert [e["uid"] for e in place["evses"]] == ["EVSE-1"]
    assert written == {
        "id": "session-1",
        "start_datetime": "2026-11-22T12:00:00Z",
        "kwh": Decimal("5.5"),
        "auth_id": "NLEMSC04A1B2C3",
        "auth_method": "WHITELIST",
        "meter_id": "M-1",
        "currency": "EUR",
        "total_cost": Decimal("2.425"),
        "status": "ACTIVE",
        "last_updated": "2026-11-22T12:30:00Z",
    }
    energy = [d["volume"] for p in periods for d in p["dimensions"] if d["type"] == "ENERGY"]
    assert sum(energy) == Decimal("5.5")


def test_ses_09_an_unknown_cost_is_not_free() -> None:
    assert "total_cost" not in v211.write_session(session(), None)
    assert v211.write_session(session(), Price(Decimal(0)))["total_cost"] == 0


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"status": SessionStatus.RESERVATION}, "status", "PENDING"),
        ({"auth_method": AuthMethod.COMMAND}, "auth_method", "AUTH_REQUEST"),
    ],
)
def test_words_that_came_later_are_said_with_the_ones_there_are(
    change: dict[str, Any], field: str, value: str
) -> None:
    written = sent(v211.write_session(session(**change), None))
    assert_valid("2.1.1", "Session", written)
    assert written[field] == value


def test_ses_06_a_session_of_nobody_is_not_sent() -> None:
    with pytest.raises(NotRepresentable, match="has no token"):
        v211.write_session(session(token=None), None)


def test_a_cdr_in_full() -> None:
    written = sent(v211.write_cdr(cdr(remark="stopped: Local")))
    assert_valid("2.1.1", "CDR", written)
    assert written.pop("tariffs") == [sent(v211.write_tariff(tariff()))]
    assert written.pop("location") == sent(v211.write_location(plug().location))
    assert written == {
        "id": "cdr-1",
        "start_date_time": "2026-11-22T12:00:00Z",
        "stop_date_time": "2026-11-22T13:30:00Z",
        "auth_id": "NLEMSC04A1B2C3",
        "auth_method": "WHITELIST",
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": "2026-11-22T12:00:00Z",
                "dimensions": [
                    {"type": "ENERGY", "volume": Decimal("10.5")},
                    {"type": "TIME", "volume": 1},
                    {"type": "FLAT", "volume": 1},
                ],
            },
            {
                "start_date_time": "2026-11-22T13:00:00Z",
                "dimensions": [{"type": "PARKING_TIME", "volume": Decimal("0.5")}],
            },
        ],
        "total_cost": Decimal("4.175"),
        "total_energy": Decimal("10.5"),
        "total_time": Decimal("1.5"),
        "total_parking_time": Decimal("0.5"),
        "remark": "stopped: Local",
        "last_updated": "2026-11-22T13:31:00Z",
    }


def test_what_a_cdr_has_no_place_for_is_said_in_its_remark() -> None:
    signed = SignedData("OCMF", (SignedValue("End", "x", "y"),))
    limited = tariff(max_price=Price(Decimal(9)))
    written = sent(
        v211.write_cdr(cdr(signed_data=signed, tariffs=(tariff(), limited), remark="stopped: Local"))
    )
    assert_valid("2.1.1", "CDR", written)
    assert len(written["tariffs"]) == 1
    assert written["remark"] == (
        "left out: tariff standard: OCPI 2.1.1 has no minimum or maximum price; "
        "left out: signed meter data; stopped: Local"
    )


def test_cdr_03_a_credit_would_look_like_a_second_bill() -> None:
    with pytest.raises(NotRepresentable, match=r"credit, which OCPI 2\.1\.1 does not have"):
        v211.write_cdr(cdr(id=CdrId("cdr-1-C"), credit_of=CdrId("cdr-1")))


def test_cdr_04_ids_have_36_characters_at_most() -> None:
    with pytest.raises(NotRepresentable, match="36 characters"):
        v211.write_cdr(cdr(id=CdrId("x" * 37)))


def test_cdr_06_a_cdr_needs_a_period() -> None:
    with pytest.raises(NotRepresentable, match="no charging period"):
        v211.write_cdr(cdr(periods=()))


def test_tr_25_where_each_parcel_goes() -> None:
    someone = partner()
    parcels = (
        LocationParcel(location()),
        EvseParcel(location(), evse()),
        TariffParcel(tariff()),
        SessionParcel(session(), None),
        CdrParcel(cdr()),
    )
    requests = [v211.request_for(parcel, someone) for parcel in parcels]
    assert [(r.method, r.module, "/".join(r.path)) for r in requests] == [
        ("PUT", "locations", "NL/GWY/LOC1"),
        ("PATCH", "locations", "NL/GWY/LOC1/EVSE-1"),
        ("PUT", "tariffs", "NL/GWY/standard"),
        ("PUT", "sessions", "NL/GWY/session-1"),
        ("POST", "cdrs", ""),
    ]
