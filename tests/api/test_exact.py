"""Money and energy never pass through binary floating point, not even on the operator's screen (item 8)."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from gateway.api.exact import read, written
from gateway.api.models import Model, Number


class Weighed(Model):
    at: datetime
    amount: Number
    note: str | None = None


NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("digits", "on_the_wire"),
    [
        ("0.1", "0.1"),
        ("12345678901234567.8901", "12345678901234567.8901"),
        ("2.2500", "2.25"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-0.00", "-0"),
        ("0.000000000000000000001", "0.000000000000000000001"),
    ],
)
def test_every_digit_arrives(digits: str, on_the_wire: str) -> None:
    """TR-33: a number of any length there and back."""
    text = written(Weighed(at=NOON, amount=Decimal(digits)))
    assert f'"amount":{on_the_wire},' in text
    assert read(Weighed, text) == Weighed(at=NOON, amount=Decimal(digits))


def test_moments_are_utc_with_a_z_and_nulls_are_optional() -> None:
    """TR-31."""
    weighed = Weighed(at=NOON, amount=Decimal(1))
    assert written(weighed) == '{"at":"2026-11-22T12:00:00Z","amount":1,"note":null}'
    assert written([weighed], nulls=False) == '[{"at":"2026-11-22T12:00:00Z","amount":1}]'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"at": 1}', '{"at":"2026-11-22T12:00:00Z","amount":"x"}'])
def test_what_is_no_such_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(Weighed, text)
