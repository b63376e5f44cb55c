"""Whatever a partner sends, a reader returns an object or names the field; nothing else escapes (TR-15)."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import InvalidInput
from ocpi import json, v221
from tests.ocpi.test_v221_locations import garage
from tests.ocpi.test_v221_tariffs import evening
from tests.ocpi.test_v221_tokens import card

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=60)
    | st.sampled_from(["2026-02-30T00:00:00Z", "9" * 400, "99:99", "\ud800", "#NA", Decimal("1E+999999")])
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)

ALLOWED = {"allowed": "ALLOWED", "token": card(), "location": {"location_id": "L", "evse_uids": ["E"]}}
DETAILS = {
    "version": "2.2.1",
    "endpoints": [{"identifier": "tokens", "role": "SENDER", "url": "https://ems.example/tokens"}],
}
CREDENTIALS = {
    "token": "abc",
    "url": "https://ems.example/versions",
    "roles": [
        {"role": "EMSP", "country_code": "NL", "party_id": "EMS", "business_details": {"name": "Great eMSP"}}
    ],
}
Reader = Callable[[Any], object]
READERS: list[tuple[Reader, dict[str, Any]]] = [
    (v221.read_location, garage()),
    (v221.read_tariff, evening()),
    (v221.read_token, card()),
    (v221.read_authorization, ALLOWED),
    (v221.read_version_details, DETAILS),
    (v221.read_credentials, CREDENTIALS),
]


def refusal(read: Reader, value: Any) -> InvalidInput | None:
    """How a reader refuses a value, if it does."""
    try:
        read(value)
    except InvalidInput as refused:
        return refused
    return None


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value with each of its keys."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(READERS), anything)
def test_any_json_is_read_or_refused(reader: tuple[Reader, dict[str, Any]], value: Any) -> None:
    refused = refusal(reader[0], value)
    assert refused is None or str(refused)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(READERS), st.data(), anything)
def test_one_wrong_field_is_read_or_refused(
    reader: tuple[Reader, dict[str, Any]], data: st.DataObject, value: Any
) -> None:
    read, good = reader
    changed = deepcopy(good)
    container, key = data.draw(st.sampled_from(list(places(changed))))
    container[key] = value
    refused = refusal(read, changed)
    assert refused is None or refused.field


@pytest.mark.parametrize(("read", "good"), READERS)
def test_the_good_ones_are_good(read: Reader, good: dict[str, Any]) -> None:
    assert read(json.parse(json.render(good)))


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_json_or_malformed(body: bytes) -> None:
    """T9, T23: what is read is what was said, also when it is written and read again."""
    try:
        value = json.parse(body)
    except json.MalformedJson:
        return
    assert json.parse(json.render(value)) == value
