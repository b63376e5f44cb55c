"""Our object beside what a partner says it holds, compared by value and not by spelling."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from ocpi.dialect import Json, JsonObject


def differing(ours: JsonObject, theirs: Json) -> tuple[str, ...]:
    """Names of our fields that the partner holds otherwise or not at all; what it adds is its own."""
    if not isinstance(theirs, dict):
        return ("everything",)
    return tuple(name for name, value in ours.items() if not _same(value, theirs.get(name)))


def _same(ours: Json, theirs: Json) -> bool:
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and not differing(ours, theirs)
    if isinstance(ours, list | tuple):
        if not isinstance(theirs, list):
            return not ours and theirs is None
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, bool) or ours is None:
        return bool(ours == theirs)
    if isinstance(ours, int | float | Decimal):
        return _number(ours) == _number(theirs)
    moment = _moment(ours)
    return bool(ours == theirs) or (moment is not None and moment == _moment(theirs))


def _number(value: Json) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, str) or len(value) < len("2026-01-01T00:00:00"):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=None) if moment.utcoffset() is None or not moment.utcoffset() else moment
