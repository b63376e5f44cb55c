"""Tokens, authorizations, credentials and version details in OCPI 2.2.1 (TOK-, CRED-, VER-)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.app.ports import Credentials
from gateway.domain.authorization import PartnerVerdict, Place, Verdict
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import EvseUid, LocationId, Party
from gateway.domain.partners import Endpoint, InterfaceRole, PartnerRole, Role
from gateway.domain.tokens import Token
from ocpi import v221
from tests.builders import CPO, at, token
from tests.ocpi.v221_material import assert_valid, sent, tokens


def card() -> dict[str, Any]:
    """A token with something in every field."""
    return {
        "country_code": "NL",
        "party_id": "EMS",
        "uid": "04A1B2C3",
        "type": "RFID",
        "contract_id": "NL-EMS-C12345678-X",
        "visual_number": "1234-5678",
        "issuer": "Great eMSP",
        "group_id": "FLEET-7",
        "valid": True,
        "whitelist": "ALLOWED_OFFLINE",
        "language": "nl",
        "default_profile_type": "GREEN",
        "energy_contract": {"supplier_name": "Windy", "contract_id": "W-1"},
        "last_updated": "2026-11-22T12:00:00Z",
    }


def test_a_token_goes_through_unchanged() -> None:
    written = sent(v221.write_token(v221.read_token(card())))
    assert written == card()
    assert_valid("Token", written)


@settings(deadline=None, max_examples=60)
@given(tokens)
def test_every_token_comes_back(original: Token) -> None:
    assert v221.read_token(sent(v221.write_token(original))) == original


@settings(deadline=None, max_examples=30)
@given(tokens)
def test_what_is_written_follows_the_tables(original: Token) -> None:
    assert_valid("Token", sent(v221.write_token(original)))


def test_an_empty_group_is_no_group() -> None:
    assert v221.read_token(card() | {"group_id": ""}).group_id is None


def test_tr_20_token_types_of_later_versions_are_kept() -> None:
    assert v221.read_token(card() | {"type": "EMAID"}).type == "EMAID"


@pytest.mark.parametrize("language", ["nl", "NL", "nl-NL", "nl_BE"])
def test_tr_34_a_region_is_not_part_of_the_language(language: str) -> None:
    assert v221.read_token(card() | {"language": language}).language == "nl"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"uid": ""}, "uid"),
        ({"uid": "x" * 37}, "uid"),
        ({"uid": 4711}, "uid"),
        ({"valid": "true"}, "valid"),
        ({"whitelist": "SOMETIMES"}, "whitelist"),
        ({"language": "dutch"}, "language"),
        ({"language": "?!"}, "language"),
        ({"energy_contract": {}}, "energy_contract.supplier_name"),
        ({"issuer": None}, "issuer"),
        ({"default_profile_type": "SLOW"}, "default_profile_type"),
        ({"last_updated": Decimal(5)}, "last_updated"),
    ],
)
def test_a_broken_token_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        v221.read_token(card() | change)
    assert caught.value.field == field


def test_tok_03_a_patch_changes_what_it_names() -> None:
    found = v221.patch_token(token(group_id="G"), {"valid": False, "last_updated": "2026-11-22T12:01:00Z"})
    assert found == token(group_id="G", valid=False, last_updated=at(60))


def test_tr_22_a_patch_cannot_remove() -> None:
    found = v221.patch_token(token(group_id="G"), {"group_id": None, "last_updated": "2026-11-22T12:01:00Z"})
    assert found.group_id == "G"


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"valid": False}, "last_updated"),
        ({"valid": False, "last_updated": None}, "last_updated"),
        ({"last_updated": "soon"}, "last_updated"),
        ({"last_updated": "2026-11-22T12:01:00Z", "uid": "OTHER"}, "uid"),
        ({"last_updated": "2026-11-22T12:01:00Z", "party_id": "OTH"}, "party_id"),
        ({"last_updated": "2026-11-22T12:01:00Z", "type": "APP_USER"}, "type"),
        ({"last_updated": "2026-11-22T12:01:00Z", "whitelist": "MAYBE"}, "whitelist"),
        ([], ""),
    ],
)
def test_tok_02_tr_27_a_patch_that_cannot_be_applied_is_refused(patch: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        v221.patch_token(token(), patch)
    assert caught.value.field == field


def test_tr_32_a_patch_may_repeat_the_identity_in_another_case() -> None:
    patch = {"uid": "04a1b2c3", "party_id": "ems", "last_updated": "2026-11-22T12:01:00Z", "valid": False}
    assert v221.patch_token(token(), patch).valid is False


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"allowed": "ALLOWED"}, PartnerVerdict(Verdict.ALLOWED)),
        (
            {
                "allowed": "ALLOWED",
                "token": card(),
                "location": {"location_id": "LOC1", "evse_uids": ["EVSE-1"]},
                "authorization_reference": "REF-1",
                "info": {"language": "nl", "text": "Welkom"},
            },
            PartnerVerdict(
                Verdict.ALLOWED,
                v221.read_token(card()),
                "REF-1",
                "Welkom",
                "nl",
                frozenset({EvseUid("EVSE-1")}),
            ),
        ),
        ({"allowed": "ALLOWED", "location": {"location_id": "LOC1"}}, PartnerVerdict(Verdict.ALLOWED)),
        ({"allowed": "NO_CREDIT", "authorization_reference": ""}, PartnerVerdict(Verdict.NO_CREDIT)),
    ],
)
def test_tok_08_authorizations_are_read(value: dict[str, Any], expected: PartnerVerdict) -> None:
    assert v221.read_authorization(value) == expected


@pytest.mark.parametrize(
    ("value", "field"),
    [({}, "allowed"), ({"allowed": "UNKNOWN"}, "allowed"), ({"allowed": "ALLOWED", "token": {}}, "token")],
)
def test_a_broken_authorization_is_refused(value: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        v221.read_authorization(value)
    assert caught.value.field.startswith(field)


def test_tok_06_a_place_is_location_references() -> None:
    place = v221.write_place(Place(LocationId("LOC1"), (EvseUid("EVSE-1"),)))
    assert place == {"location_id": "LOC1", "evse_uids": ["EVSE-1"]}
    assert v221.write_place(Place(LocationId("LOC1"))) == {"location_id": "LOC1"}
    assert_valid("LocationReferences", place)


def test_cred_11_credentials_go_through_unchanged() -> None:
    ours = Credentials(
        "s3cret-token",
        "https://gateway.example/ocpi/versions",
        (
            PartnerRole(Role.CPO, CPO, "Gateway Charging", "https://gateway.example"),
            PartnerRole(Role.CPO, Party("DE", "GWY"), "Gateway Deutschland"),
        ),
    )
    written = sent(v221.write_credentials(ours))
    assert_valid("Credentials", written)
    assert v221.read_credentials(written) == ours


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"token": ""}, "token"),
        ({"token": "two words"}, "token"),
        ({"token": "caf\u00e9"}, "token"),
        ({"roles": []}, "roles"),
        ({"roles": [{"role": "CPO", "country_code": "NL", "party_id": "GWY"}]}, "roles[0].business_details"),
        ({"url": None}, "url"),
    ],
)
def test_broken_credentials_name_the_field(change: dict[str, Any], field: str) -> None:
    role = {
        "role": "EMSP",
        "country_code": "NL",
        "party_id": "EMS",
        "business_details": {"name": "Great eMSP"},
    }
    value = {"token": "abc", "url": "https://ems.example/ocpi/versions", "roles": [role]} | change
    with pytest.raises(InvalidInput) as caught:
        v221.read_credentials(value)
    assert caught.value.field == field


def test_ver_02_endpoints_go_through_unchanged() -> None:
    endpoints = (
        Endpoint("credentials", InterfaceRole.SENDER, "https://gateway.example/ocpi/2.2.1/credentials"),
        Endpoint("tokens", InterfaceRole.RECEIVER, "https://gateway.example/ocpi/2.2.1/tokens"),
    )
    written = v221.write_version_details(endpoints)
    assert_valid("VersionDetails", written)
    assert v221.read_version_details(written) == endpoints


def test_ver_03_ver_05_unknown_modules_are_kept_and_the_role_of_credentials_is_ignored() -> None:
    endpoints = [
        {"identifier": "credentials", "url": "https://ems.example/credentials"},
        {"identifier": "nl-hub-extras", "role": "RECEIVER", "url": "https://ems.example/extras/"},
    ]
    assert v221.read_version_details({"version": "2.2.1", "endpoints": endpoints}) == (
        Endpoint("credentials", InterfaceRole.SENDER, "https://ems.example/credentials"),
        Endpoint("nl-hub-extras", InterfaceRole.RECEIVER, "https://ems.example/extras/"),
    )
    received = Endpoint("credentials", InterfaceRole.RECEIVER, "https://gateway.example/credentials")
    assert v221.write_version_details([received])["endpoints"][0]["role"] == "SENDER"


def test_an_endpoint_without_role_is_refused_elsewhere() -> None:
    endpoints = [{"identifier": "tokens", "url": "https://ems.example/tokens"}]
    with pytest.raises(InvalidInput, match="is required") as caught:
        v221.read_version_details({"version": "2.2.1", "endpoints": endpoints})
    assert caught.value.field == "endpoints[0].role"
