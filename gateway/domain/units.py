"""Quantities. `Decimal` throughout; units are in the names; rounding happens here and nowhere else."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
_ONE = Decimal(1)
_FOUR_PLACES = Decimal("0.0001")
_FIFTEEN_PLACES = Decimal("1e-15")
_WH_PER_KWH = Decimal(1000)
_SECONDS_PER_HOUR = Decimal(3600)


def round4(value: Decimal) -> Decimal:
    """Round half up to the four decimals OCPI numbers carry. Spec: OCPI 2.2.1 types "number" (TR-33)."""
    rounded = value.quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP)
    return rounded or ZERO


def kwh(wh: Decimal) -> Decimal:
    """Wh to kWh, exactly."""
    return wh / _WH_PER_KWH


def seconds(span: timedelta) -> Decimal:
    """A duration in seconds, exactly (timedelta is microseconds inside)."""
    return Decimal(span.days * 86_400 + span.seconds) + Decimal(span.microseconds) / Decimal(1_000_000)


def hours(span: timedelta) -> Decimal:
    """A duration in hours, the unit of OCPI's TIME, PARKING_TIME and RESERVATION_TIME."""
    return seconds(span) / _SECONDS_PER_HOUR


def in_utc(moment: datetime) -> datetime:
    """Make a moment aware and UTC; a naive one is taken as UTC (Q19)."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def settled(value: Decimal) -> Decimal:
    """`round4` for the result of divisions: digits beyond the fifteenth are noise and must not tip a tie."""
    return round4(value.quantize(_FIFTEEN_PLACES))


def whole_seconds(amount_h: Decimal) -> Decimal:
    """Hours to whole seconds: four decimals of an hour (0.36 s) name no finer instant."""
    return (amount_h * _SECONDS_PER_HOUR).quantize(_ONE, rounding=ROUND_HALF_UP)
