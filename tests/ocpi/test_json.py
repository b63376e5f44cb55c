"""JSON in and out: exact numbers, and nothing that is not JSON (TR-14, TR-33)."""

from decimal import Decimal

import pytest

from ocpi.json import MAX_DEPTH, MalformedJson, parse, render
from tests.builders import NOON


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b"", "line 1"),
        (b"{", "line 1, column 2"),
        (b'{"a":1,}', "line 1"),
        (b"{'a':1}", "line 1"),
        (b"<html></html>", "line 1, column 1"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "Infinity"),
        (b'{"a":1,"a":2}', "'a' occurs twice"),
        (b'{"a":"\xff"}', "UTF-8"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "too large", id="endless number"),
        (b'{"a":1e309}', "1e309 is too large"),
        (b'{"a":-1e-309}', "too small"),
        (b'{"a":1e999999999999}', "too large"),
        pytest.param(nested(MAX_DEPTH + 1), "nested deeper", id="one level too deep"),
        pytest.param(nested(200_000), "nested deeper", id="bottomless list"),
        pytest.param(b'{"a":' * 40 + b"1" + b"}" * 40, "nested deeper", id="objects too deep"),
    ],
)
def test_what_is_not_json_is_refused_with_a_reason(body: bytes, hint: str) -> None:
    with pytest.raises(MalformedJson, match=hint):
        parse(body)


def test_numbers_stay_exact() -> None:
    found = parse(b'{"a":0.1,"b":12345678901234567890.123456789,"c":7,"d":1e2}')
    assert found == {"a": Decimal("0.1"), "b": Decimal("12345678901234567890.123456789"), "c": 7, "d": 100}
    assert type(found["c"]) is int
    assert type(found["a"]) is Decimal


@pytest.mark.parametrize(
    "whole", [2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 20000000000000000000, 10**18, 10**300]
)
def test_whole_numbers_of_any_length_are_read_and_written(whole: int) -> None:
    found = parse(b"[%d]" % whole)
    assert found == [whole]
    assert type(found[0]) is (int if -(2**63) <= whole < 2**63 else Decimal)
    assert render(found) == b"[%d]" % whole


def test_a_large_object_with_one_repeated_name_is_refused_quickly() -> None:
    body = b"{" + b",".join(b'"%d":1' % n for n in range(50_000)) + b',"49999":1}'
    with pytest.raises(MalformedJson, match="'49999' occurs twice"):
        parse(body)


def test_depth_up_to_the_limit_is_read() -> None:
    assert parse(nested(MAX_DEPTH)) is not None
    assert len(parse(b"[" + b",".join([b"{}"] * 100) + b"]")) == 100


def test_a_byte_order_mark_is_tolerated() -> None:
    assert parse(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.5000"), b"1.5"),
        (Decimal(100), b"100"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("0.0000"), b"0"),
        (Decimal("-0.2500"), b"-0.25"),
        (Decimal("0.00001"), b"0.00001"),
        ({"ü": ["é", None, True]}, '{"ü":["é",null,true]}'.encode()),
    ],
)
def test_numbers_are_printed_as_plain_digits(value: object, text: bytes) -> None:
    assert render(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), NOON, object(), b"bytes"])
def test_what_json_has_no_form_for_is_not_printed(value: object) -> None:
    with pytest.raises(TypeError):
        render({"value": value})
