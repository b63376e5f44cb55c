"""What a strict eMSP expects of the objects it receives."""

import re
from collections.abc import Iterable

from gateway.sim.editions import USUAL, Edition
from gateway.sim.ocpi_wire import Json, JsonObject, Refused, require_object, same

_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
_DATETIME_MAX = 25


def check(kind: str, body: Json, edition: Edition = USUAL) -> JsonObject:
    """The object, if every required field is there and times are OCPI's (TR-31).

    Raises Refused (2001) naming the field.
    """
    value = require_object(body)
    missing = [name for name in edition.required(kind) if value.get(name) is None]
    if missing:
        raise Refused(f"{kind}: {', '.join(missing)} missing")
    _check_times(value, kind)
    return value


def check_patch(body: Json) -> JsonObject:
    """A PATCH body; it must say when it was made (LOC-04, SES-03). Raises Refused."""
    value = require_object(body)
    if value.get("last_updated") is None:
        raise Refused("a PATCH must contain last_updated")
    _check_times(value, "patch")
    return value


def check_owner(body: JsonObject, country_code: str, party_id: str, edition: Edition = USUAL) -> None:
    """Owner in the body, where it has one, equals the owner in the URL (TR-27). Raises Refused."""
    if edition.platform:
        return
    for name, expected in (("country_code", country_code), ("party_id", party_id)):
        if not same(body[name], expected):
            raise Refused(f"{name} is {body[name]!r} in the body and {expected!r} in the URL")


def check_id(body: JsonObject, field: str, expected: str) -> None:
    """Id in the body equals the id in the URL (TR-27). Raises Refused."""
    if field in body and not same(body[field], expected):
        raise Refused(f"{field} is {body[field]!r} in the body and {expected!r} in the URL")


def check_token_owner(body: JsonObject, country_code: str, party_id: str, edition: Edition = USUAL) -> None:
    """A session or CDR is about one of our drivers (SES-02, CDR-09). Raises Refused."""
    if edition.platform or not edition.token_owner:
        return
    token = require_object(body["cdr_token"])
    if not (same(token.get("country_code"), country_code) and same(token.get("party_id"), party_id)):
        raise Refused(f"cdr_token belongs to {token.get('country_code')}-{token.get('party_id')}, not to us")


def check_location(body: Json, edition: Edition = USUAL) -> JsonObject:
    """A location with every EVSE and connector in it."""
    value = check("location", body, edition)
    for evse in _objects(value.get("evses")):
        check_evse(evse, edition)
    return value


def check_evse(body: Json, edition: Edition = USUAL) -> JsonObject:
    """An EVSE with its connectors; there must be one (LOC-06)."""
    value = check("evse", body, edition)
    if not value["connectors"]:
        raise Refused("evse: connectors must not be empty")
    for connector in _objects(value["connectors"]):
        check("connector", connector, edition)
    return value


def _objects(value: Json) -> Iterable[Json]:
    return value if isinstance(value, list) else ()


def _check_times(value: JsonObject, kind: str) -> None:
    for name, moment in value.items():
        if name == "last_updated" or name.endswith(("_date_time", "_datetime")):
            _check_time(f"{kind}.{name}", moment)


def _check_time(name: str, moment: Json) -> None:
    if moment is None:
        return
    if not isinstance(moment, str) or len(moment) > _DATETIME_MAX or not _DATETIME.fullmatch(moment):
        raise Refused(f"{name}: {moment!r} is not a DateTime")
