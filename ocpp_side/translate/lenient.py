"""Reading what is readable from what chargers send (section 3 of the OCPP notes). Pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

Payload = Mapping[str, object]
"""The body of an OCPP message as JSON gave it: nothing in it may be believed unseen."""

_MOST_DIGITS = 15


def number(value: object) -> Decimal | None:
    """A number, also where it came as a string (Q31); None for anything else, NaN and absurd sizes too."""
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        value = str(value)
    try:
        read = Decimal(value)
    except InvalidOperation:
        return None
    return read if read.is_finite() and read.adjusted() < _MOST_DIGITS else None


def whole(value: object) -> int | None:
    """A whole number, also `"1"` and `1.0`; None for anything else."""
    if value is None:
        return None
    read = number(value)
    return int(read) if read is not None and read == read.to_integral_value() else None


def text(value: object, longest: int) -> str | None:
    """A text, cut to its longest (Q13); numbers count as text; None for nothing at all."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip()[:longest] or None


def rows(value: object) -> tuple[Payload, ...]:
    """The objects of a list; a lone object counts as a list of one (Q31), anything else is left out."""
    if isinstance(value, dict):
        return (value,)
    if not isinstance(value, list):
        return ()
    return tuple([item for item in value if isinstance(item, dict)])
