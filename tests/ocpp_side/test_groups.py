"""Groups of cards as chargers know them: names that fit, in every message that names one (TOK-11, M11)."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.commands import Command, RemoteStart, ReserveNow
from gateway.domain.events import IdToken
from gateway.domain.station_commands import LocalListEntry, SendLocalList
from ocpp_side.translate import v2x, v2x_commands, v16, v16_commands
from ocpp_side.v16 import V16
from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from tests import builders as b

LONG = "fleet-of-the-great-company-in-utrecht"[:36]
_FITS = re.compile(r"[A-Z0-9]{1,36}")
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=36)


@pytest.mark.parametrize(
    ("group_id", "in_v16", "in_v2x"),
    [
        ("12345", "12345", "12345"),
        ("Fleet7", "FLEET7", "FLEET7"),
        ("X" * 20, "X" * 20, "X" * 20),
        ("X" * 21, None, "X" * 21),
        (LONG, None, None),
        ("fleet-1", None, None),
        ("Größe", None, None),
    ],
)
def test_tok_11_names_of_groups(group_id: str, in_v16: str | None, in_v2x: str | None) -> None:
    """TOK-11: what fits stays, everything else has an alias of 16 characters; None: an alias."""
    for name, expected in (
        (v16.parent_id_tag(group_id), in_v16),
        (str(v2x.group_token(group_id)["idToken"]), in_v2x),
    ):
        assert name == expected if expected else re.fullmatch(r"G[A-Z2-7]{15}", name)


@given(PRINTABLE)
def test_tok_11_every_name_fits_and_case_does_not_count(group_id: str) -> None:
    name, token = v16.parent_id_tag(group_id), str(v2x.group_token(group_id)["idToken"])
    assert _FITS.fullmatch(name)
    assert len(name) <= 20
    assert _FITS.fullmatch(token)
    assert name == v16.parent_id_tag(group_id.swapcase())
    assert token == v2x.group_token(group_id.swapcase())["idToken"]


@given(PRINTABLE, PRINTABLE)
def test_tok_11_different_groups_have_different_names(one: str, other: str) -> None:
    assert (v16.parent_id_tag(one) == v16.parent_id_tag(other)) == (one.casefold() == other.casefold())


RESERVE = ReserveNow(7, b.PLUG, IdToken("04A1B2C3"), b.at(600), LONG)
START = RemoteStart(IdToken("04A1B2C3"), b.PLUG, 7, LONG)
LISTED = SendLocalList(1, (LocalListEntry("04A1B2C3", group_id=LONG),), full=True)


@pytest.mark.parametrize("version", [V16, V201, V21], ids=lambda v: v.subprotocol)
@pytest.mark.parametrize("command", [RESERVE, START, LISTED], ids=lambda c: type(c).__name__)
def test_commands_name_the_group_validly(version: Any, command: Command) -> None:
    """TOK-11, M11: every request that names a group is valid; 1.6 has no place for one in a remote start."""
    action, payload = version.call_of(command)
    name = v16.parent_id_tag(LONG)
    assert (name in str(payload)) == (version is not V16 or command is not START)
    assert version.schemas.valid(action, payload)


@pytest.mark.parametrize("command", [RESERVE, START], ids=lambda c: type(c).__name__)
def test_without_a_group_nothing_is_said_of_one(command: Any) -> None:
    for call_of in (v16_commands.call_of, v2x_commands.call_of):
        _, payload = call_of(replace(command, group_id=None))
        assert not {"parentIdTag", "groupIdToken"} & payload.keys()


def test_a_decision_names_the_same_group_as_a_reservation() -> None:
    """M11: the charger compares the two texts."""
    allowed = Authorization(Verdict.ALLOWED, "", group_id=LONG.upper())
    assert v16.id_tag_info(allowed)["parentIdTag"] == v16_commands.call_of(RESERVE)[1]["parentIdTag"]
    _, reserved = v2x_commands.call_of(RESERVE)
    assert v2x.id_token_info(allowed)["groupIdToken"] == reserved["groupIdToken"]
