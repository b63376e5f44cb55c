"""A partner's platform over real HTTP, written against the specification and nothing of the gateway's.

It is an eMSP (NL-EMS unless told otherwise) that can register with the gateway, be registered with, take
pushes, list tokens and authorize. Misbehaviour is put in `tricks`, by method and path suffix.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

STAMP = "2026-11-22T12:00:00Z"
RECEIVERS = ("locations", "tariffs", "sessions", "cdrs")

Trick = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def envelope(data: Any = None, status: int = 1000, message: str = "ok") -> dict[str, Any]:
    return {"data": data, "status_code": status, "status_message": message, "timestamp": STAMP}


def encoded(token: str) -> str:
    return "Token " + base64.b64encode(token.encode()).decode()


def token_object(uid: str = "04A1B2C3", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": "NL",
        "party_id": "EMS",
        "uid": uid,
        "type": "RFID",
        "contract_id": f"NL-EMS-C{uid}",
        "issuer": "Fake eMSP",
        "valid": True,
        "whitelist": "ALLOWED",
        "last_updated": STAMP,
        **changes,
    }


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakePartner:
    country: str = "NL"
    party: str = "EMS"
    versions: tuple[str, ...] = ("2.2.1", "2.1.1", "9.9")
    modules: tuple[str, ...] = ("credentials", "tokens", *RECEIVERS)
    base64: bool = True
    url: str = ""
    invitation: str = "fake-token-a"
    """Token A of this partner, for a gateway that registers here."""
    our_token: str | None = None
    """What the gateway presents here."""
    gateway_token: str | None = None
    """What we present at the gateway."""
    gateway_endpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    authorizations: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    tricks: dict[tuple[str, str], Trick] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    async def start(self) -> "FakePartner":
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def stop(self) -> None:
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    @property
    def versions_url(self) -> str:
        return f"{self.url}/ocpi/versions"

    def roles(self) -> list[dict[str, Any]]:
        return [
            {
                "role": "EMSP",
                "country_code": self.country,
                "party_id": self.party,
                "business_details": {"name": "Fake eMSP"},
            }
        ]

    def credentials(self, token: str) -> dict[str, Any]:
        return {"token": token, "url": self.versions_url, "roles": self.roles()}

    # As a client of the gateway

    async def call(
        self, method: str, url: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        status, answer, _ = await self.call_full(method, url, body, token=token, **headers)
        return status, answer

    async def call_full(
        self, method: str, url: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        assert self._session
        value = token or self.gateway_token or ""
        sent = {"Authorization": encoded(value) if self.base64 else f"Token {value}"}
        sent |= {"X-Request-ID": str(uuid4()), "X-Correlation-ID": str(uuid4())}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with self._session.request(
            method, url, data=data, headers=sent, allow_redirects=False
        ) as response:
            return response.status, await response.json(), dict(response.headers)

    async def endpoints_of(self, versions_url: str, token: str) -> dict[tuple[str, str], str]:
        _, versions = await self.call("GET", versions_url, token=token)
        url = next(v["url"] for v in versions["data"] if v["version"] == "2.2.1")
        _, details = await self.call("GET", url, token=token)
        return {(e["identifier"], e["role"]): e["url"] for e in details["data"]["endpoints"]}

    async def register_at(
        self, versions_url: str, token_a: str, **changes: Any
    ) -> tuple[int, dict[str, Any]]:
        """The whole handshake as its sender; our token B works before the POST (CRED-04)."""
        self.gateway_endpoints = await self.endpoints_of(versions_url, token_a)
        self.our_token = str(uuid4())
        body = self.credentials(self.our_token) | changes
        url = self.gateway_endpoints["credentials", "SENDER"]
        status, answer = await self.call("POST", url, body, token=token_a)
        if answer["status_code"] == 1000:
            self.gateway_token = answer["data"]["token"]
        return status, answer

    def endpoint(self, module: str, role: str = "SENDER") -> str:
        return self.gateway_endpoints[module, role]

    # As a server

    def requests(self, method: str, ending: str) -> list[Seen]:
        return [s for s in self.seen if s.method == method and s.path.rstrip("/").endswith(ending)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        self.seen.append(Seen(request.method, request.path, dict(request.headers), body))
        for (method, ending), trick in self.tricks.items():
            if request.method == method and request.path.endswith(ending):
                response = await trick(request)
                if response is not None:
                    return response
        if not self._knows(request):
            return web.json_response(envelope(status=2001, message="unknown token"), status=401)
        parts = request.path.strip("/").split("/")
        if parts[1:] == ["versions"]:
            versions = [{"version": v, "url": f"{self.url}/ocpi/{v}"} for v in self.versions]
            return web.json_response(envelope(versions))
        if len(parts) == 2:
            return web.json_response(envelope(self._details(parts[1])))
        return await self._module(request, parts[2], parts[3:], body)

    def _knows(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        accepted = [t for t in (self.our_token, self.invitation) if t]
        return given in [encoded(t) if self.base64 else f"Token {t}" for t in accepted]

    def _details(self, version: str) -> dict[str, Any]:
        endpoints = [
            {
                "identifier": module,
                "role": "RECEIVER" if module in RECEIVERS else "SENDER",
                "url": f"{self.url}/ocpi/{version}/{module}",
            }
            for module in self.modules
        ]
        return {"version": version, "endpoints": endpoints}

    async def _module(
        self, request: web.Request, module: str, rest: list[str], body: Any
    ) -> web.StreamResponse:
        if module == "credentials":
            return await self._credentials(request, body)
        if module == "tokens" and rest and rest[-1] == "authorize":
            info = self.authorizations.get(rest[0])
            if info is None:
                return web.json_response(envelope(status=2004, message="unknown token"), status=404)
            return web.json_response(envelope(info))
        if module == "tokens":
            return self._token_page(request)
        return self._store(request, module, rest, body)

    async def _credentials(self, request: web.Request, body: Any) -> web.StreamResponse:
        if request.method == "DELETE":
            self.our_token = self.gateway_token = None
            return web.json_response(envelope())
        # Call the gateway back while its request is open (CRED-03).
        self.gateway_endpoints = await self.endpoints_of(body["url"], body["token"])
        self.gateway_token = body["token"]
        self.our_token, self.invitation = str(uuid4()), ""
        return web.json_response(envelope(self.credentials(self.our_token)))

    def _token_page(self, request: web.Request) -> web.Response:
        offset = int(request.query.get("offset", 0))
        headers = {"X-Total-Count": str(len(self.tokens)), "X-Limit": str(self.page)}
        following = offset + self.page
        if following < len(self.tokens):
            url = request.url.update_query(offset=following, limit=self.page)
            headers["Link"] = f'<{url}>; rel="next"'
        return web.json_response(envelope(self.tokens[offset:following]), headers=headers)

    def _store(self, request: web.Request, module: str, rest: list[str], body: Any) -> web.Response:
        key = "/".join((module, *rest))
        if request.method == "POST":
            key = f"{module}/{body['id']}"
            self.objects[key] = body
            where = {"Location": f"{self.url}/ocpi/2.2.1/{key}"}
            return web.json_response(envelope(), status=201, headers=where)
        if request.method == "GET":
            found = self.objects.get(key)
            return web.json_response(envelope(found), status=200 if found else 404)
        if request.method == "DELETE":
            self.objects.pop(key, None)
        elif request.method == "PATCH":
            self.objects[key] = {**self.objects.get(key, {}), **body}
        else:
            self.objects[key] = body
        return web.json_response(envelope())
