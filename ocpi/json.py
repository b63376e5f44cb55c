"""JSON bytes in and out, with exact numbers: `Decimal` and `int`, never binary floating point."""

import json
from decimal import Decimal
from typing import Any

import orjson

from gateway.domain.errors import GatewayError

MAX_DEPTH = 32
"""Objects and lists nested deeper than this are refused; no OCPI object comes near it."""
MAX_EXPONENT = 308
"""Powers of ten that others can read (RFC 8259, 6); written out in digits, more would fill the memory."""
_SURELY_64_BITS = 18
"""Characters of a whole number that fits 64 bits whatever its digits."""


class MalformedJson(GatewayError):
    """This is not valid JSON."""


def parse(body: bytes) -> Any:
    """Read one JSON document: whole numbers of 64 bits as `int`, all others as `Decimal`.

    A byte order mark is tolerated. Raises MalformedJson for anything that is not JSON in UTF-8, for NaN and
    Infinity, for a number past MAX_EXPONENT, for a name that occurs twice in one object, and beyond
    MAX_DEPTH. Spec: RFC 8259; TR-14, TR-33.
    """
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_float=_decimal,
            parse_int=_whole,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise MalformedJson(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels") from None
    except (ValueError, ArithmeticError):
        raise MalformedJson("a number is too large") from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _refuse_depth(value)
    return value


def render(value: Any) -> bytes:
    """Print compact UTF-8. `Decimal` becomes a JSON number without trailing zeros.

    Raises TypeError for a value JSON has no form for (also dates: a dialect writes them as text).
    """
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    return orjson.dumps(value, default=_default, option=options)


def number_text(number: Decimal) -> str:
    """A finite number as JSON text: plain digits, no exponent, no trailing zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _default(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(number_text(value))
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise MalformedJson(f"the number {text[:32]} is too large or too small")
    return number


def _whole(text: str) -> int | Decimal:
    if len(text) <= _SURELY_64_BITS:
        return int(text)
    whole = _decimal(text)
    return int(whole) if -(2**63) <= whole < 2**63 else whole


def _refuse_constant(name: str) -> Any:
    raise MalformedJson(f"{name} is not a JSON value")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson(f"the name {_repeated(pairs)[:64]!r} occurs twice in one object")
    return found


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _refuse_depth(value: Any) -> None:
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        level = [inner for container in level for inner in _containers(container)]
        if not level:
            return
    raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels")


def _containers(container: dict[str, Any] | list[Any]) -> list[dict[str, Any] | list[Any]]:
    children = container.values() if isinstance(container, dict) else container
    return [child for child in children if isinstance(child, dict | list)]
