"""Generated objects in every version: what is written is valid there, or refused by name (TR-33, LOC-19)."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import NotRepresentable
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff, TaxIncluded
from gateway.domain.tokens import Token
from ocpi import v211, v221, v230
from tests.ocpi.v221_material import locations, tariffs, tokens
from tests.ocpi.versions_material import DIALECTS, assert_valid, sent

VERSIONS = sorted(DIALECTS)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=30)
@given(location=locations())
def test_a_location_is_valid_in_every_version(version: str, location: Location) -> None:
    dialect: Any = DIALECTS[version]
    try:
        written = sent(dialect.write_location(location))
    except NotRepresentable:
        assert (version, location.publish) == ("2.1.1", False)
        return
    assert_valid(version, "Location", written)


@settings(max_examples=30)
@given(location=locations())
def test_what_2_2_1_can_say_2_3_0_says_alike(location: Location) -> None:
    assert v230.write_location(location) == v221.write_location(location)
    assert v230.read_location(sent(v230.write_location(location))) == location


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=30)
@given(tariff=tariffs, taxes=st.sampled_from(TaxIncluded))
def test_a_tariff_is_valid_in_every_version_or_refused(
    version: str, tariff: Tariff, taxes: TaxIncluded
) -> None:
    """TAR-10: only 2.3.0 can say every tariff."""
    dialect: Any = DIALECTS[version]
    gross = replace(tariff, tax_included=taxes)
    try:
        written = sent(dialect.write_tariff(gross))
    except NotRepresentable:
        assert version == "2.1.1" or (version != "2.3.0" and taxes is TaxIncluded.YES)
        return
    assert_valid(version, "Tariff", written)


@settings(max_examples=30)
@given(tariff=tariffs, taxes=st.sampled_from(TaxIncluded))
def test_a_tariff_comes_back_from_2_3_0(tariff: Tariff, taxes: TaxIncluded) -> None:
    gross = replace(tariff, tax_included=taxes)
    assert v230.read_tariff(sent(v230.write_tariff(gross))) == gross


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=30)
@given(token=tokens)
def test_a_token_is_valid_in_every_version(version: str, token: Token) -> None:
    dialect: Any = DIALECTS[version]
    assert_valid(version, "Token", sent(dialect.write_token(token)))


@settings(max_examples=30)
@given(token=tokens)
def test_tok_01_a_token_of_2_1_1_comes_back_as_far_as_it_can_be_said(token: Token) -> None:
    plain = replace(token, group_id=None, default_profile_type=None, energy_contract=None)
    back = v211.read_token(sent(v211.write_token(plain)), token.party)
    assert replace(back, type=token.type, visual_number=token.visual_number, issuer=token.issuer) == plain
