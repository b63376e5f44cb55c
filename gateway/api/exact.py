"""Models to JSON and back without a detour through binary floating point."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

import orjson
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def written(value: BaseModel | Sequence[BaseModel], *, indented: bool = False, nulls: bool = True) -> str:
    """JSON text; a `Decimal` is a number with all its digits, and without zeros at its end."""
    if isinstance(value, BaseModel):
        plain: object = value.model_dump(exclude_none=not nulls)
    else:
        plain = [item.model_dump(exclude_none=not nulls) for item in value]
    return text_of(plain, indented=indented)


def text_of(plain: object, *, indented: bool = False) -> str:
    """JSON text of dicts, lists and scalars; a `Decimal` is a number."""
    return orjson.dumps(
        plain, default=_number, option=_OPTIONS | (orjson.OPT_INDENT_2 if indented else 0)
    ).decode()


def read(kind: type[M], text: str | bytes) -> M:
    """The model in a JSON text; numbers keep every digit. Raises ValueError for anything else."""
    return kind.model_validate(json.loads(text, parse_float=Decimal))


def _number(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError(f"{type(value).__name__} has no JSON form")
    text = format(value, "f")
    return orjson.Fragment((text.rstrip("0").rstrip(".") or "0") if "." in text else text)
