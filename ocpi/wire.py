"""Types that OCPI messages of every version are made of, as pydantic annotations.

Reading is lenient where partners are known to differ and the meaning is plain; writing is exact. An unknown
field is ignored, null is the same as omitted, and an empty list is the same as no list (TR-19, TR-21).
"""

import re
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    StrictBool,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    WrapSerializer,
    create_model,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.domain.errors import InvalidInput
from gateway.domain.units import in_utc, round4

T = TypeVar("T")
WireT = TypeVar("WireT", bound="Wire")

_PRINTABLE_ASCII = r"^[\x20-\x7e]*$"
_NOT_BLANK_ASCII = r"^[\x21-\x7e]*$"
_COUNTRY = r"^[A-Za-z]{2}$"
_ALPHA3 = r"^[A-Za-z]{3}$"
_CURRENCY = r"^[A-Z]{3}$"
_LANGUAGE = r"^[a-z]{2}$"
_PARTY = r"^[A-Za-z0-9]{3}$"
_TIME = r"^([0-1][0-9]|2[0-3]):[0-5][0-9]$"
_DATE = r"^([12][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

_PATTERN_RULES = {
    _PRINTABLE_ASCII: "may only contain printable ASCII characters",
    _NOT_BLANK_ASCII: "may only contain printable ASCII characters and no spaces",
    _COUNTRY: "must be an ISO 3166-1 alpha-2 country code",
    _ALPHA3: "must be an ISO 3166-1 alpha-3 country code",
    _CURRENCY: "must be an ISO 4217 currency code in capitals",
    _LANGUAGE: "must be an ISO 639-1 language code",
    _PARTY: "must be three letters or digits",
    _TIME: 'must be a time like "09:30", at most "23:59"',
    _DATE: 'must be a date like "2024-12-31"',
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,30})?)?(Z|z|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2}([-_].*)?", re.ASCII)
_NUMERIC = re.compile(r"-?\d{1,15}(\.\d{1,30})?", re.ASCII)
_MAX_MAGNITUDE = 15
_MAX_FRACTION = 40


def ci_string(length: int, *, at_least: int = 0) -> StringConstraints:
    """CiString(length): printable ASCII, compared without regard to case (TR-32)."""
    return StringConstraints(strict=True, min_length=at_least, max_length=length, pattern=_PRINTABLE_ASCII)


def verbatim(length: int) -> StringConstraints:
    """string(length) whose every character matters, such as signed data (CDR-12)."""
    return StringConstraints(strict=True, max_length=length)


def matching(pattern: str, length: int) -> StringConstraints:
    """string(length) of one form."""
    return StringConstraints(strict=True, max_length=length, pattern=pattern)


def open_enum(*known: str) -> Any:
    """An enum that others may extend: any name is accepted, `known` are the specification's (TR-20)."""
    return Field(min_length=1, max_length=255, examples=sorted(known), strict=True)


def clean(value: str) -> str:
    """A text without control characters, which OCPI forbids (TR-32)."""
    return _CONTROL.sub(" ", value)


def _cleaned(value: object) -> object:
    return clean(value) if isinstance(value, str) else value


def _without_region(value: object) -> object:
    """The language of a tag like "en-GB" or "EN", which partners send although OCPI wants "en"."""
    return value[:2].lower() if isinstance(value, str) and _LANGUAGE_TAG.fullmatch(value) else value


CLEANED = BeforeValidator(_cleaned)
"""Marks a text for people: control characters are replaced, not refused."""


def refuse(rule: str) -> PydanticCustomError:
    """The error of a validator; `rule` completes the sentence "<field> ..."."""
    return PydanticCustomError("ocpi", "{rule}", {"rule": rule})


def read_datetime(value: object) -> datetime:
    """A DateTime in UTC. Offsets, fractions and a missing zone (UTC) are understood (TR-31)."""
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
        try:
            return in_utc(datetime.fromisoformat(value.strip().upper().replace(",", ".")))
        except (ValueError, OverflowError):
            pass
    raise refuse('must be a date and time like "2024-12-31T23:59:59Z"')


def write_datetime(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, valid in every version; fractions of a second are cut off (TR-31)."""
    return in_utc(moment).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def read_number(value: object) -> Decimal:
    """A number, exactly; numeric strings are understood (TR-33)."""
    match value:
        case bool():
            pass
        case int() | Decimal() if _moderate(number := Decimal(value)):
            return number
        case str() if _NUMERIC.fullmatch(value.strip()):
            return Decimal(value.strip())
    raise refuse("must be a number of reasonable size")


def write_number(value: Decimal) -> Decimal:
    """The number as it is published: rounded once, half up, to four decimals (TR-33)."""
    return round4(value)


def read_whole(value: object) -> int:
    """A whole number; `230.0` and `"230"` are understood."""
    number = read_number(value)
    if number != number.to_integral_value():
        raise refuse("must be a whole number")
    return int(number)


def _moderate(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and number.adjusted() < _MAX_MAGNITUDE
        and -_MAX_FRACTION <= exponent < _MAX_MAGNITUDE
    )


DateTime = Annotated[
    datetime,
    PlainValidator(read_datetime),
    PlainSerializer(write_datetime, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 25}),
]
Number = Annotated[
    Decimal,
    PlainValidator(read_number),
    PlainSerializer(write_number, return_type=Decimal),
    WithJsonSchema({"type": "number"}),
]
Whole = Annotated[int, PlainValidator(read_whole), WithJsonSchema({"type": "integer"})]
Flag = StrictBool
Id36 = Annotated[str, ci_string(36, at_least=1)]
CiString36 = Annotated[str, ci_string(36)]
CountryCode = Annotated[str, matching(_COUNTRY, 2)]
CountryAlpha3 = Annotated[str, matching(_ALPHA3, 3)]
PartyId = Annotated[str, matching(_PARTY, 3)]
TimeOfDay = Annotated[str, matching(_TIME, 5)]
LocalDate = Annotated[str, matching(_DATE, 10)]
CredentialsToken = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=64, pattern=_NOT_BLANK_ASCII)
]
Url = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=255, strip_whitespace=True),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": 255}),
]
String20 = Annotated[str, verbatim(20), CLEANED]
String45 = Annotated[str, verbatim(45), CLEANED]
String64 = Annotated[str, verbatim(64), CLEANED]
String100 = Annotated[str, verbatim(100), CLEANED]
String255 = Annotated[str, verbatim(255), CLEANED]
String512 = Annotated[str, verbatim(512), CLEANED]
Currency = Annotated[str, matching(_CURRENCY, 3)]
Language = Annotated[str, matching(_LANGUAGE, 2), BeforeValidator(_without_region)]


def _nothing_is_empty(value: object) -> object:
    return () if value is None else value


def _as_list(value: object, serialize: SerializerFunctionWrapHandler) -> list[Any]:
    return list(serialize(value))


Many = Annotated[tuple[T, ...], BeforeValidator(_nothing_is_empty), WrapSerializer(_as_list)]
"""Cardinality `*`: null, omitted and empty are the same."""
AtLeastOne = Annotated[tuple[T, ...], Field(min_length=1), WrapSerializer(_as_list)]
"""Cardinality `+`."""


class Wire(BaseModel):
    """An OCPI object as it travels: the specification's names, nothing else."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


def derived(model: type[WireT], *without: str, **fields: Any) -> type[Wire]:
    """A model of another version: without some fields, with others as (annotation, default).

    Validators of the whole object stay only where no field is taken away.
    """
    if not without:
        return create_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)
    kept: dict[str, Any] = {
        name: (info.annotation, copy(info))
        for name, info in model.model_fields.items()
        if name not in (*without, *fields)
    }
    return create_model(model.__name__, __base__=Wire, __doc__=model.__doc__, **kept, **fields)


class DisplayText(Wire):
    """A text for people with its language. Spec: OCPI types "DisplayText class"."""

    language: Language
    text: String512


def read(model: type[WireT], value: object) -> WireT:
    """Parsed JSON as a wire object. Raises InvalidInput with the field's path and the rule it breaks."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _invalid(error) from None


def write(message: Wire) -> dict[str, Any]:
    """A wire object as JSON-ready values, without what is empty or not set."""
    return message.model_dump(exclude_defaults=True)


def present(**fields: Any) -> dict[str, Any]:
    """An object of the given fields without those that are empty (TR-21)."""
    return {name: value for name, value in fields.items() if value is not None and value not in ((), [], {})}


def _invalid(error: ValidationError) -> InvalidInput:
    problems = error.errors(include_url=False, include_input=False)
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidInput(_rule(problems[0]) + more, field=_path(problems[0]["loc"]))


def _path(steps: tuple[int | str, ...]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


_RULES: Mapping[str, str] = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_unicode": "must be a string of valid Unicode",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "string_too_long": "may have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_short": "must have at least {min_length} element",
    "literal_error": "must be one of {expected}",
}


def _rule(problem: ErrorDetails) -> str:
    """The broken rule as a person would say it."""
    facts = problem.get("ctx", {})
    if "pattern" in facts:
        return _PATTERN_RULES.get(facts["pattern"], f"must match {facts['pattern']}")
    rule = _RULES.get(problem["type"])
    return rule.format(**facts) if rule else problem["msg"]
