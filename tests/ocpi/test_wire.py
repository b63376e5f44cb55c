"""The types OCPI messages are made of (TR-19 to TR-21, TR-31 to TR-34)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import InvalidInput
from ocpi import json
from ocpi.wire import (
    AtLeastOne,
    CountryCode,
    CredentialsToken,
    DateTime,
    DisplayText,
    Flag,
    Id36,
    Many,
    Number,
    PartyId,
    String45,
    Url,
    Whole,
    Wire,
    open_enum,
    present,
    read,
    verbatim,
    write,
    write_datetime,
)


class Sample(Wire):
    """One field of every type."""

    at: DateTime | None = None
    amount: Number | None = None
    count: Whole | None = None
    flag: Flag | None = None
    id: Id36 | None = None
    country: CountryCode | None = None
    party: PartyId | None = None
    token: CredentialsToken | None = None
    text: String45 | None = None
    signed: Annotated[str, verbatim(10)] | None = None
    url: Url | None = None
    kind: Annotated[str, open_enum("RFID", "OTHER")] | None = None
    texts: Many[DisplayText] = ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-06-29T20:39:09Z", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T20:39:09", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29t20:39:09z", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29 20:39:09Z", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T20:39Z", datetime(2015, 6, 29, 20, 39, tzinfo=UTC)),
        (" 2015-06-29T20:39:09Z ", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T20:39:09.5Z", datetime(2015, 6, 29, 20, 39, 9, 500_000, tzinfo=UTC)),
        ("2015-06-29T20:39:09.123456789Z", datetime(2015, 6, 29, 20, 39, 9, 123_456, tzinfo=UTC)),
        ("2015-06-29T20:39:09,25Z", datetime(2015, 6, 29, 20, 39, 9, 250_000, tzinfo=UTC)),
        ("2015-06-29T22:39:09+02:00", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T22:39:09+0200", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T15:09:09-05:30", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
        ("2015-06-29T20:39:09+00:00", datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)),
    ],
)
def test_tr_31_datetimes_are_read_leniently(text: str, expected: datetime) -> None:
    found = read(Sample, {"at": text}).at
    assert found == expected
    assert found is not None
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2015-06-29",
        "20150629T203909Z",
        "2015-W27-1T20:39:09Z",
        "2015-13-29T20:39:09Z",
        "2015-02-30T20:39:09Z",
        "2015-06-29T24:39:09Z",
        "2015-06-29T20:39:09+25:00",
        "0001-01-01T00:00:00+01:00",
        "29.06.2015 20:39",
        "now",
        1435610349,
        True,
        {},
    ],
)
def test_tr_31_what_is_no_datetime_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="at: must be a date and time like"):
        read(Sample, {"at": value})


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2015, 6, 29, 20, 39, 9, 999_999, tzinfo=UTC), "2015-06-29T20:39:09Z"),
        (datetime.fromisoformat("2015-06-29T22:39:09+02:00"), "2015-06-29T20:39:09Z"),
        (datetime(999, 1, 2, 3, 4, 5, tzinfo=UTC), "0999-01-02T03:04:05Z"),
    ],
)
def test_tr_31_datetimes_are_written_in_one_form(moment: datetime, text: str) -> None:
    assert write_datetime(moment) == text


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_tr_31_a_written_datetime_reads_back_to_the_second(moment: datetime) -> None:
    assert read(Sample, {"at": write_datetime(moment)}).at == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("0.25"), Decimal("0.25")),
        (3, Decimal(3)),
        (0, Decimal(0)),
        (Decimal("-1.5"), Decimal("-1.5")),
        ("2.00", Decimal("2.00")),
        (" 7 ", Decimal(7)),
        ("-0.5", Decimal("-0.5")),
        (Decimal("1E+3"), Decimal(1000)),
    ],
)
def test_tr_33_numbers_are_read_exactly(value: object, expected: Decimal) -> None:
    assert read(Sample, {"amount": value}).amount == expected


@pytest.mark.parametrize(
    "value",
    [
        True,
        "",
        "1,5",
        "1e5",
        "NaN",
        "Infinity",
        "twelve",
        "١٢",
        [1],
        {},
        10**15,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        Decimal("0E+999999"),
        Decimal("1E-999999"),
    ],
)
def test_tr_33_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="amount: must be a number"):
        read(Sample, {"amount": value})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.23456", b"1.2346"),
        ("1.00005", b"1.0001"),
        ("-1.00005", b"-1.0001"),
        ("2.5000", b"2.5"),
        ("0.00001", b"0"),
        ("-0.00001", b"0"),
        ("100", b"100"),
    ],
)
def test_tr_33_numbers_are_rounded_once_to_four_decimals(value: str, text: bytes) -> None:
    written = write(Sample(amount=Decimal(value)))
    assert json.render(written) == b'{"amount":' + text + b"}"


@pytest.mark.parametrize(("value", "expected"), [(230, 230), (Decimal("230.0"), 230), ("16", 16), (0, 0)])
def test_whole_numbers_are_read(value: object, expected: int) -> None:
    assert read(Sample, {"count": value}).count == expected


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("count", Decimal("230.5"), "must be a whole number"),
        ("count", "many", "must be a number"),
        ("flag", 1, "must be true or false"),
        ("flag", "true", "must be true or false"),
        ("id", "", "at least 1 character"),
        ("id", "x" * 37, "at most 36 characters"),
        ("id", "caf\u00e9", "printable ASCII"),
        ("id", "a\nb", "printable ASCII"),
        ("id", 12, "must be a string"),
        ("country", "NLD", "alpha-2|at most 2"),
        ("country", "N1", "alpha-2"),
        ("party", "EMSP", "three letters or digits|at most 3"),
        ("party", "E*S", "three letters or digits"),
        ("token", "", "at least 1 character"),
        ("token", "a b", "no spaces"),
        ("token", "x" * 65, "at most 64 characters"),
        ("text", "x" * 46, "at most 45 characters"),
        ("text", "\ud800", "Unicode"),
        ("signed", "x" * 11, "at most 10 characters"),
        ("url", "", "at least 1 character"),
        ("url", "https://example.com/" + "x" * 255, "at most 255 characters"),
        ("kind", "", "at least 1 character"),
        ("kind", 7, "must be a string"),
        ("texts", "hello", "must be a list"),
        ("texts", {"language": "en"}, "must be a list"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(field: str, value: object, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as caught:
        read(Sample, {field: value})
    assert caught.value.field == field


def test_tr_32_texts_lose_control_characters_but_signed_data_does_not() -> None:
    found = read(Sample, {"text": "one\r\ntwo\x00", "signed": "a\r\nb"})
    assert found.text == "one two "
    assert found.signed == "a\r\nb"


def test_tr_20_an_open_enum_keeps_what_it_does_not_know() -> None:
    assert read(Sample, {"kind": "EMAID"}).kind == "EMAID"


@pytest.mark.parametrize("value", [{}, {"texts": None, "at": None}, {"texts": []}, {"extra": {"deep": [1]}}])
def test_tr_19_tr_21_null_omitted_empty_and_unknown_are_nothing(value: object) -> None:
    assert read(Sample, value) == Sample()
    assert write(read(Sample, value)) == {}


class Inner(Wire):
    """A list that may not be empty."""

    numbers: AtLeastOne[Number]


class Outer(Wire):
    """A list of those."""

    inner: AtLeastOne[Inner]


@pytest.mark.parametrize(
    ("value", "field", "rule"),
    [
        ({}, "inner", "is required"),
        ({"inner": None}, "inner", "must be a list"),
        ({"inner": []}, "inner", "at least 1 element"),
        ({"inner": [{"numbers": [1]}, {}]}, "inner[1].numbers", "is required"),
        ({"inner": [{"numbers": [1, "x"]}]}, "inner[0].numbers[1]", "must be a number"),
        ({"inner": [7]}, "inner[0]", "must be a JSON object"),
        ([], "", "must be a JSON object"),
        (None, "", "must be a JSON object"),
    ],
)
def test_errors_point_into_lists(value: object, field: str, rule: str) -> None:
    with pytest.raises(InvalidInput, match=rule) as caught:
        read(Outer, value)
    assert caught.value.field == field


def test_an_error_counts_the_others_and_repeats_no_value() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(Sample, {"token": "very secret", "flag": 3, "amount": "x"})
    assert "(and 2 more)" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_present_keeps_false_and_zero() -> None:
    assert present(a=False, b=0, c=Decimal(0), d="", e=None, f=[], g=(), h={}) == {
        "a": False,
        "b": 0,
        "c": 0,
        "d": "",
    }
