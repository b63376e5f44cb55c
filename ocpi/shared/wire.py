"""Objects that look the same in every version of OCPI. Spec: mod_locations, mod_tariffs, mod_tokens."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, PlainValidator, WithJsonSchema, model_validator

from ocpi.wire import (
    DateTime,
    DisplayText,
    Number,
    String100,
    TimeOfDay,
    Url,
    Whole,
    Wire,
    ci_string,
    open_enum,
    refuse,
    verbatim,
)

Status = Literal[
    "AVAILABLE",
    "BLOCKED",
    "CHARGING",
    "INOPERATIVE",
    "OUTOFORDER",
    "PLANNED",
    "REMOVED",
    "RESERVED",
    "UNKNOWN",
]
ConnectorFormat = Literal["SOCKET", "CABLE"]
EnergySourceCategory = Literal[
    "NUCLEAR", "GENERAL_FOSSIL", "COAL", "GAS", "GENERAL_GREEN", "SOLAR", "WIND", "WATER"
]
DayOfWeek = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
TariffDimensionType = Literal["ENERGY", "FLAT", "PARKING_TIME", "TIME"]
WhitelistType = Literal["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"]
AllowedType = Literal["ALLOWED", "BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"]
IMAGE_CATEGORIES = frozenset({"CHARGER", "ENTRANCE", "LOCATION", "NETWORK", "OPERATOR", "OTHER", "OWNER"})

_DEGREES = re.compile(r"[+-]?\d{1,3}(\.\d{1,30})?", re.ASCII)


def _degrees(limit: int) -> PlainValidator:
    """Degrees as decimal text; how many decimals a partner gave is kept for as long as possible."""

    def check(value: object) -> str:
        if isinstance(value, str) and _DEGREES.fullmatch(value.strip()):
            text = value.strip().removeprefix("+")
            if abs(Decimal(text)) <= limit:
                return text
        raise refuse(f"must be decimal degrees in a string, between -{limit} and {limit}")

    return PlainValidator(check)


Latitude = Annotated[
    str,
    _degrees(90),
    WithJsonSchema({"type": "string", "maxLength": 10, "pattern": r"^-?[0-9]{1,2}\.[0-9]{5,7}$"}),
]
Longitude = Annotated[
    str,
    _degrees(180),
    WithJsonSchema({"type": "string", "maxLength": 11, "pattern": r"^-?[0-9]{1,3}\.[0-9]{5,7}$"}),
]


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise refuse('must be an IANA time zone like "Europe/Amsterdam"') from None
    return value


TimeZone = Annotated[str, verbatim(255), AfterValidator(_time_zone)]


class GeoLocation(Wire):
    """Spec: "GeoLocation class" (LOC-10)."""

    latitude: Latitude
    longitude: Longitude


class AdditionalGeoLocation(GeoLocation):
    """Spec: "AdditionalGeoLocation class"."""

    name: DisplayText | None = None


class Image(Wire):
    """Spec: "Image class"."""

    url: Url
    thumbnail: Url | None = None
    category: Annotated[str, open_enum(*IMAGE_CATEGORIES)]
    type: Annotated[str, ci_string(4)]
    width: Whole | None = None
    height: Whole | None = None


class BusinessDetails(Wire):
    """Spec: "BusinessDetails class"."""

    name: String100
    website: Url | None = None
    logo: Image | None = None


class RegularHours(Wire):
    """Spec: "RegularHours class"; local times, weekday 1 is Monday (LOC-16)."""

    weekday: Whole
    period_begin: TimeOfDay
    period_end: TimeOfDay

    @model_validator(mode="after")
    def _within_one_day(self) -> "RegularHours":
        if self.weekday not in range(1, 8):
            raise refuse("must have a weekday from 1 (Monday) to 7 (Sunday)")
        if self.period_end <= self.period_begin:
            raise refuse("must end later on the day than it begins; split hours at midnight")
        return self


class ExceptionalPeriod(Wire):
    """Spec: "ExceptionalPeriod class"; UTC."""

    period_begin: DateTime
    period_end: DateTime


class EnergySource(Wire):
    """Spec: "EnergySource class"."""

    source: EnergySourceCategory
    percentage: Number


class StatusSchedule(Wire):
    """Spec: "StatusSchedule class"."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class Envelope(Wire):
    """Spec: transport_and_format "Response format" (TR-11)."""

    status_code: Whole
    timestamp: DateTime
    status_message: str | None = None
    data: Any = None
