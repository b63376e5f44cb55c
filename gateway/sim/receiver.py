"""The simulated partner's Receiver interfaces: locations, tariffs, sessions, CDRs pushed by the gateway."""

from collections.abc import Callable

from aiohttp import web

from gateway.sim.checks import (
    check,
    check_evse,
    check_id,
    check_location,
    check_owner,
    check_patch,
    check_token_owner,
)
from gateway.sim.editions import USUAL, Edition
from gateway.sim.ledger import Held, Ledger, keep
from gateway.sim.ocpi_wire import (
    UNKNOWN_LOCATION,
    Json,
    JsonObject,
    Refused,
    envelope,
    read_json,
    require_object,
    same,
)

_EVSE_LEVEL, _CONNECTOR_LEVEL = 4, 5
_UNNAMED = "-"
"""Stands for the owner of a CDR of 2.1.1, which neither its body nor its URL names."""


class Receiver:
    """Takes objects in, strictly, and books them.

    `refuse_duplicate_cdrs`: a CDR id that is already held is answered with 2001 instead of being ignored.
    """

    def __init__(self, ledger: Ledger, country_code: str, party_id: str, edition: Edition = USUAL) -> None:
        self.edition = edition
        self.refuse_duplicate_cdrs = True
        self._ledger = ledger
        self._country_code = country_code
        self._party_id = party_id

    def routes(self, base: str) -> list[web.RouteDef]:
        """Routes below `base`; paths are matched with and without a trailing slash."""
        return [
            web.get(f"{base}/{{module:locations|tariffs|sessions}}/{{path:.+}}", self._get),
            web.put(f"{base}/locations/{{path:.+}}", self._put_location),
            web.patch(f"{base}/locations/{{path:.+}}", self._patch_location),
            web.put(f"{base}/tariffs/{{path:.+}}", self._put_tariff),
            web.delete(f"{base}/tariffs/{{path:.+}}", self._delete_tariff),
            web.put(f"{base}/sessions/{{path:.+}}", self._put_session),
            web.patch(f"{base}/sessions/{{path:.+}}", self._patch_session),
            web.post(f"{base}/cdrs", self._post_cdr),
            web.post(f"{base}/cdrs/", self._post_cdr),
            web.get(f"{base}/cdrs/{{path:.+}}", self._get_cdr),
        ]

    async def _get(self, request: web.Request) -> web.StreamResponse:
        path = _segments(request)
        held = self._ledger.books()[request.match_info["module"]].get(_key(path))
        if held is None:
            raise Refused("not held here", http=404)
        return envelope(_descend(held.body, path))

    async def _put_location(self, request: web.Request) -> web.StreamResponse:
        path, body = _segments(request), read_json(await request.read())
        if len(path) >= _EVSE_LEVEL:
            held = self._known_location(path)
            new = _replace_part(held.body, path, body, self.edition)
        else:
            value = check_location(body, self.edition)
            check_owner(value, path[0], path[1], self.edition)
            check_id(value, "id", path[2])
            held, new = keep(self._ledger.locations, _key(path), value)
        held.puts += 1
        return envelope(http=201 if new else 200)

    async def _patch_location(self, request: web.Request) -> web.StreamResponse:
        path, patch = _segments(request), check_patch(read_json(await request.read()))
        held = self._known_location(path)
        part = _descend(held.body, path)
        part.update(patch)
        held.body["last_updated"] = patch["last_updated"]
        held.patches += 1
        return envelope()

    async def _put_tariff(self, request: web.Request) -> web.StreamResponse:
        path, value = _segments(request), check("tariff", await _body(request), self.edition)
        check_owner(value, path[0], path[1], self.edition)
        check_id(value, "id", path[2])
        held, new = keep(self._ledger.tariffs, _key(path), value)
        held.puts += 1
        return envelope(http=201 if new else 200)

    async def _delete_tariff(self, request: web.Request) -> web.StreamResponse:
        key = _key(_segments(request))
        if self._ledger.tariffs.pop(key, None) is None:
            raise Refused("no such tariff", http=404)
        self._ledger.removed_tariffs.add(key)
        return envelope()

    async def _put_session(self, request: web.Request) -> web.StreamResponse:
        path, value = _segments(request), check("session", await _body(request), self.edition)
        check_owner(value, path[0], path[1], self.edition)
        check_id(value, "id", path[2])
        check_token_owner(value, self._country_code, self._party_id, self.edition)
        self._check_final(path, value)
        held, new = keep(self._ledger.sessions, _key(path), value)
        held.puts += 1
        return envelope(http=201 if new else 200)

    async def _patch_session(self, request: web.Request) -> web.StreamResponse:
        path, patch = _segments(request), check_patch(read_json(await request.read()))
        held = self._ledger.sessions.get(_key(path))
        if held is None:
            raise Refused("no such session", http=404)
        periods = [*held.body.get("charging_periods", []), *(patch.pop("charging_periods", None) or [])]
        value = {**held.body, **patch, "charging_periods": periods}
        self._check_final(path, value)
        keep(self._ledger.sessions, _key(path), value)
        held.patches += 1
        return envelope()

    def _check_final(self, path: list[str], value: JsonObject) -> None:
        """COMPLETED and INVALID are final (SES-04)."""
        held = self._ledger.sessions.get(_key(path))
        before = None if held is None else held.body["status"]
        if before in ("COMPLETED", "INVALID") and value["status"] != before:
            raise Refused(f"session went from {before} to {value['status']}")

    async def _post_cdr(self, request: web.Request) -> web.StreamResponse:
        value = check("cdr", await _body(request), self.edition)
        check_token_owner(value, self._country_code, self._party_id, self.edition)
        if not value["charging_periods"]:
            raise Refused("cdr: charging_periods must not be empty")
        owner = (value.get("country_code", _UNNAMED), value.get("party_id", _UNNAMED))
        key = _key([*owner, value["id"]])
        held = self._ledger.cdrs.get(key)
        if held is not None:
            held.posts += 1
            self._ledger.duplicate_cdrs += 1
            if self.refuse_duplicate_cdrs:
                raise Refused(f"CDR {value['id']} was already received")
        else:
            held, _ = keep(self._ledger.cdrs, key, value)
            held.posts += 1
        url = f"{request.url.origin()}{request.path.rstrip('/')}/{key}"
        return envelope(http=201, location=url)

    async def _get_cdr(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"].strip("/")
        by_id = (h for h in self._ledger.cdrs.values() if same(h.body["id"], path))
        held = next(by_id, None) if "/" not in path else self._ledger.cdrs.get(_key(_segments(request)))
        if held is None:
            raise Refused("no such CDR", http=404)
        return envelope(held.body)

    def _known_location(self, path: list[str]) -> Held:
        held = self._ledger.locations.get(_key(path))
        if held is None:
            raise Refused("no such location", status=UNKNOWN_LOCATION, http=404)
        return held


async def _body(request: web.Request) -> Json:
    return read_json(await request.read())


def _segments(request: web.Request) -> list[str]:
    path = request.match_info["path"].strip("/").split("/")
    if len(path) < 3:  # noqa: PLR2004 - country, party, id
        raise Refused("the URL must name country, party and id", http=404)
    return path


def _key(path: list[str]) -> str:
    return "/".join(path[:3]).upper()


def _part(parts: Json, field: str, wanted: str) -> JsonObject:
    for part in parts if isinstance(parts, list) else ():
        if same(part.get(field), wanted):
            return require_object(part) if not isinstance(part, dict) else part
    raise Refused(f"no {field} {wanted}", status=UNKNOWN_LOCATION, http=404)


def _descend(body: JsonObject, path: list[str]) -> JsonObject:
    if len(path) >= _EVSE_LEVEL:
        body = _part(body.get("evses"), "uid", path[3])
    if len(path) >= _CONNECTOR_LEVEL:
        body = _part(body.get("connectors"), "id", path[4])
    return body


def _replace_part(location: JsonObject, path: list[str], body: Json, edition: Edition) -> bool:
    connector = len(path) >= _CONNECTOR_LEVEL
    checked: Callable[[], JsonObject] = (
        (lambda: check("connector", body, edition)) if connector else (lambda: check_evse(body, edition))
    )
    value, field = checked(), "id" if connector else "uid"
    check_id(value, field, path[-1])
    parent = _descend(location, path[:-1])
    parts: list[JsonObject] = parent.setdefault("connectors" if connector else "evses", [])
    kept = [p for p in parts if not same(p.get(field), path[-1])]
    new = len(kept) == len(parts)
    parts[:] = [*kept, value]
    location["last_updated"] = value["last_updated"]
    return new
