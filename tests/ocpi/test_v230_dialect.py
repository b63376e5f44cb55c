"""OCPI 2.3.0: its tables, its examples, taxes, open enums, parking, hubs (TR-19, TR-20, LOC-20)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from gateway.app.ports import Credentials
from gateway.domain.errors import InvalidInput, NotRepresentable
from gateway.domain.ids import CdrId, Party
from gateway.domain.partners import InterfaceRole, PartnerRole, Role
from gateway.domain.pricing import Bill
from gateway.domain.sites import EvseParking, Parking
from gateway.domain.tariffs import Price, Tax, TaxIncluded
from gateway.domain.tokens import session_token
from ocpi import network_objects, v221, v230
from ocpi import wire as types
from ocpi.dialect import Dialect
from tests.builders import CPO, EMSP, evse, location, tariff, token
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
    sent,
)

dialect: Dialect = v230
STAMP = "2026-12-01T00:00:00Z"
EXAMPLES = {
    **{path: kind for path, kind in LATER_EXAMPLES.items() if path != "cdrs/cdr_example.json"},
    "tariffs/tariff_19_simple_north_american_exclusive.json": "Tariff",
    "tariffs/tariff_20_simple_north_american_inclusive.json": "Tariff",
}
BROKEN = {
    **LATER_BROKEN,
    "cdrs/cdr_example.json": ("CDR", r"tariffs\[0\].tax_included: is required"),
}
"""Requirements, section 14."""


@pytest.mark.parametrize("name", sorted(MODELS["2.3.0"]))
def test_models_have_the_fields_of_the_specifications_tables(name: str) -> None:
    assert_fields("2.3.0", name)


@pytest.mark.parametrize("path", sorted(EXAMPLES))
def test_an_example_comes_back_unchanged(path: str) -> None:
    assert_comes_back("2.3.0", path, EXAMPLES[path])


@pytest.mark.parametrize("path", [p for p in sorted(EXAMPLES) if EXAMPLES[p] == "Tariff"])
def test_a_tariff_comes_back_through_our_words(path: str) -> None:
    value = example("2.3.0", path)
    assert sent(v230.write_tariff(network_objects.read_tariff(value))) == value


@pytest.mark.parametrize("path", [p for p in sorted(EXAMPLES) if EXAMPLES[p] == "Location"])
def test_a_location_comes_back_through_our_words(path: str) -> None:
    value = example("2.3.0", path)
    assert sent(v230.write_location(v230.read_location(value))) == value


@pytest.mark.parametrize("path", sorted(BROKEN))
def test_an_example_that_breaks_the_specification_is_refused(path: str) -> None:
    """TAR-11 among them."""
    name, reason = BROKEN[path]
    with pytest.raises(InvalidInput, match=reason):
        types.read(MODELS["2.3.0"][name], example("2.3.0", path))


def test_no_example_is_forgotten() -> None:
    assert examples("2.3.0") in ({*EXAMPLES, *BROKEN, *LATER_PARTIAL}, set())


def test_loc_20_parking_phone_and_connector_capabilities() -> None:
    plug = replace(
        evse().connectors[0], standard="MCS", power_type="DC", capabilities=("ISO_15118_20_PLUG_AND_CHARGE",)
    )
    place = location(
        evse(
            connectors=(plug,),
            parking=(EvseParking("P1", "LEFT"),),
            accepted_service_providers=("Great eMSP",),
        ),
        parking_places=(
            Parking(
                "P1", ("TRUCK_WITH_TRAILER",), True, False, max_vehicle_height=Decimal("4.0"), roofed=False
            ),
        ),
        help_phone="+31 20 1234567",
    )
    written = sent(v230.write_location(place))
    assert_valid("2.3.0", "Location", written)
    assert written["help_phone"] == "+31 20 1234567"
    assert written["parking_places"] == [
        {
            "id": "P1",
            "vehicle_types": ["TRUCK_WITH_TRAILER"],
            "max_vehicle_height": 4,
            "restricted_to_type": True,
            "reservation_required": False,
            "roofed": False,
        }
    ]
    assert written["evses"][0]["parking"] == [{"parking_id": "P1", "evse_position": "LEFT"}]
    assert written["evses"][0]["connectors"][0]["capabilities"] == ["ISO_15118_20_PLUG_AND_CHARGE"]
    assert v230.read_location(written) == place
    earlier = sent(v221.write_location(place))
    assert "evses" not in earlier
    assert not {"parking_places", "help_phone"} & set(earlier)


def test_tr_20_a_value_nobody_has_heard_of_yet_passes_through() -> None:
    value = sent(
        v230.write_location(location(evse(capabilities=("TELEPORTING",)), facilities=("MOON_BASE",)))
    )
    assert (value["facilities"], value["evses"][0]["capabilities"]) == (["MOON_BASE"], ["TELEPORTING"])
    assert sent(v230.write_location(v230.read_location(value))) == value


def test_tr_19_unknown_fields_of_a_token_are_given_back() -> None:
    value = sent(v230.write_token(token())) | {"loyalty": {"level": 3, "since": "2020"}, "colour": "blue"}
    kept = v230.read_token(value)
    assert sent(v230.write_token(kept)) == value
    patched = v230.patch_token(
        kept, {"valid": False, "colour": "red", "last_updated": "2026-12-01T00:00:00Z"}
    )
    back = sent(v230.write_token(patched))
    assert (back["valid"], back["colour"], back["loyalty"]["level"]) == (False, "red", 3)
    with pytest.raises(InvalidInput, match="last_updated: is required"):
        v230.patch_token(kept, {"valid": False})


def test_tr_19_too_many_unknown_fields_are_not_kept() -> None:
    value = sent(v230.write_token(token())) | {"story": "x" * 5000}
    assert v230.read_token(value) == token()


def test_tok_12_a_contract_has_its_own_type_here_and_is_other_before() -> None:
    contract = session(token=session_token(token("DE8ACC12E46L89", type="EMAID")))
    assert v230.write_session(contract, None)["cdr_token"]["type"] == "EMAID"
    assert v221.write_session(contract, None)["cdr_token"]["type"] == "OTHER"


QUEBEC = (Tax("GST", Decimal("0.05"), Decimal(5)), Tax("QST", Decimal("0.1")))
PRICES = [
    (Price(Decimal(1)), {"before_taxes": 1}),
    (Price(Decimal(1), Decimal(1)), {"before_taxes": 1}),
    (
        Price(Decimal(1), Decimal("1.21")),
        {"before_taxes": 1, "taxes": [{"name": "VAT", "amount": Decimal("0.21")}]},
    ),
    (
        Price(
            Decimal(1), Decimal("1.15"), (Tax("GST", Decimal("0.05"), Decimal(5)), Tax("QST", Decimal("0.1")))
        ),
        {
            "before_taxes": 1,
            "taxes": [
                {"name": "GST", "percentage": 5, "amount": Decimal("0.05")},
                {"name": "QST", "amount": Decimal("0.1")},
            ],
        },
    ),
]


@pytest.mark.parametrize(("price", "expected"), PRICES)
def test_ses_09_prices_list_their_taxes(price: Price, expected: object) -> None:
    written = sent(v230.write_session(session(), price))
    assert_valid("2.3.0", "Session", written)
    assert written["total_cost"] == expected


def taxed(amount: str, tax: str) -> Price:
    before, vat = Decimal(amount), Decimal(tax)
    return Price(before, before + vat, (Tax("VAT", vat, Decimal(21)),))


def test_a_cdr_with_taxes_on_every_total() -> None:
    bill = Bill("EUR", total=taxed("10", "2.1"), energy=taxed("10", "2.1"), energy_kwh=Decimal("10.5"))
    written = sent(v230.write_cdr(cdr(bill=bill, tariffs=(tariff(tax_included=TaxIncluded.YES),))))
    assert_valid("2.3.0", "CDR", written)
    expected = {
        "before_taxes": 10,
        "taxes": [{"name": "VAT", "percentage": 21, "amount": Decimal("2.1")}],
    }
    assert (written["total_cost"], written["total_energy_cost"]) == (expected, expected)
    assert written["tariffs"][0]["tax_included"] == "YES"


def test_cdr_03_a_credit_has_negative_taxes() -> None:
    bill = Bill("EUR", total=taxed("10", "2.1"), energy_kwh=Decimal("10.5"))
    written = sent(v230.write_cdr(cdr(id=CdrId("cdr-1-C"), bill=bill, credit_of=CdrId("cdr-1"))))
    assert_valid("2.3.0", "CDR", written)
    assert written["total_cost"]["before_taxes"] == -10
    assert written["total_cost"]["taxes"][0]["amount"] == Decimal("-2.1")
    assert (written["credit"], written["credit_reference_id"]) == (True, "cdr-1")


def test_tar_08_a_tariff_says_whether_taxes_are_in_its_prices() -> None:
    limits = tariff(
        tax_included=TaxIncluded.NOT_APPLICABLE,
        min_price=Price(Decimal(1), Decimal("1.21")),
        max_price=Price(Decimal(50)),
    )
    written = sent(v230.write_tariff(limits))
    assert_valid("2.3.0", "Tariff", written)
    assert written["tax_included"] == "N/A"
    assert written["min_price"] == {"before_taxes": 1, "after_taxes": Decimal("1.21")}
    assert v230.read_tariff(written) == limits
    with pytest.raises(NotRepresentable, match="BOGUS"):
        v230.write_tariff(tariff(type="BOGUS"))


def test_tar_10_a_tariff_2_2_1_cannot_say_is_left_out_of_its_cdr_and_that_is_said() -> None:
    gross = cdr(tariffs=(tariff(tax_included=TaxIncluded.YES),))
    written = sent(v221.write_cdr(gross))
    assert_valid("2.2.1", "CDR", written)
    assert "tariffs" not in written
    assert written["remark"].startswith("left out: tariff standard has prices with taxes")
    assert written["total_cost"] == sent(v221.write_cdr(cdr()))["total_cost"]


def credentials(*roles: PartnerRole) -> Credentials:
    return Credentials("token", "https://example.com/ocpi/versions", roles)


def test_cred_12_a_hub_names_itself_beside_the_parties_it_reaches() -> None:
    both = credentials(
        PartnerRole(Role.EMSP, EMSP, "eMSP"), PartnerRole(Role.HUB, Party("DE", "HUB"), "DEHUB")
    )
    written = sent(v230.write_credentials(both))
    assert_valid("2.3.0", "Credentials", written)
    assert (written["hub_party_id"], len(written["roles"])) == ("DEHUB", 1)
    assert v230.read_credentials(written) == both


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hub_party_id": "D1HUB"}, "hub_party_id"),
        ({"roles": []}, "roles: must have at least 1 element"),
        (
            {
                "roles": [
                    {
                        "role": "HUB",
                        "country_code": "NL",
                        "party_id": "GWY",
                        "business_details": {"name": "x"},
                    }
                ]
            },
            r"roles\[0\].role: must be one of",
        ),
    ],
)
def test_cred_12_there_is_no_role_of_a_hub(change: dict[str, Any], reason: str) -> None:
    written = v230.write_credentials(credentials(PartnerRole(Role.CPO, CPO, "CPO")))
    assert "hub_party_id" not in written
    with pytest.raises(InvalidInput, match=reason):
        v230.read_credentials({**written, **change})


def test_hci_06_parties_behind_a_hub_may_still_be_told_one_by_one() -> None:
    """Credentials list them, and the module of 2.2.1 is served as well (HCI-02: without last_updated)."""
    assert ("hubclientinfo", InterfaceRole.RECEIVER) in dialect.MODULES
    info = {"country_code": "DE", "party_id": "EMS", "role": "EMSP", "status": "CONNECTED"}
    assert types.write(types.read(MODELS["2.3.0"]["ClientInfo"], info)) == info
    with pytest.raises(InvalidInput, match="role"):
        types.read(MODELS["2.3.0"]["ClientInfo"], {**info, "role": "HUB"})
