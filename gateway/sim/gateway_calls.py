"""Requests the simulated partner makes at the gateway."""

import asyncio
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from gateway.sim.editions import USUAL, Edition
from gateway.sim.errors import PartnerCallFailed
from gateway.sim.ocpi_wire import Json, JsonObject, Refused, message_ids, read_json, token_header, write_json

_PAGES = 1000
_SUCCESS = range(1000, 2000)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: data and headers of interest."""

    http: int
    data: Json
    next_url: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """What was agreed with the gateway: its token for us, its versions URL, its endpoints and parties.

    `endpoints` are keyed "module/ROLE"; `parties` are (country_code, party_id) of its CPO roles.
    """

    token: str
    versions_url: str
    endpoints: dict[str, str] = field(default_factory=dict)
    parties: tuple[tuple[str, str], ...] = ()

    def url(self, module: str, role: str) -> str:
        """An endpoint without trailing slash. Raises PartnerCallFailed if the gateway has none."""
        url = self.endpoints.get(f"{module}/{role}")
        if url is None:
            raise PartnerCallFailed(f"the gateway has no {module} {role} endpoint")
        return url.rstrip("/")

    def remember(self) -> JsonObject:
        """As JSON, for a later run."""
        return {
            "token": self.token,
            "versions_url": self.versions_url,
            "endpoints": self.endpoints,
            "parties": [list(p) for p in self.parties],
        }

    @classmethod
    def recall(cls, memory: JsonObject) -> Self:
        """The connection of an earlier run."""
        parties = tuple((str(c), str(p)) for c, p in memory["parties"])
        return cls(memory["token"], memory["versions_url"], dict(memory["endpoints"]), parties)


class GatewayCalls:
    """A client of the gateway's OCPI API. Every call has a deadline and raises PartnerCallFailed."""

    def __init__(
        self, country_code: str, party_id: str, deadline_s: float = 30.0, edition: Edition = USUAL
    ) -> None:
        self.edition = edition
        self._country_code = country_code
        self._party_id = party_id
        self._deadline_s = deadline_s
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close idle connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        method: str,
        url: str,
        token: str,
        body: Json = None,
        to: tuple[str, str] | None = None,
    ) -> Answer:
        """One request. `to` adds the routing headers of a functional module (TR-37)."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar())
        headers = {
            "Authorization": token_header(token, encoded=self.edition.encoded),
            **self._message_ids(),
            **self._routing(to),
        }
        data = None if body is None else write_json(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._session.request(
                    method, URL(url, encoded=True), headers=headers, data=data, allow_redirects=False
                ) as response,
            ):
                return _answer(method, url, response, await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as broken:
            raise PartnerCallFailed(f"{method} {url}: {type(broken).__name__} {broken}") from broken

    async def discover(self, versions_url: str, token: str) -> dict[str, str]:
        """Endpoints of the gateway in our version, keyed "module/ROLE" (VER-01, VER-05)."""
        versions = (await self.ask("GET", versions_url, token)).data
        urls = [v["url"] for v in versions if v.get("version") == self.edition.version]
        if not urls:
            raise PartnerCallFailed(f"the gateway does not offer {self.edition.version}")
        details = (await self.ask("GET", urls[0], token)).data
        return self.edition.endpoints_of(details)

    async def pages(self, url: str, connection: Connection, **query: str) -> list[JsonObject]:
        """Every object of a list, following Link verbatim (PAG-06)."""
        following: str | None = str(URL(url).update_query(query)) if query else url
        items: list[JsonObject] = []
        for _ in range(_PAGES):
            if following is None:
                return items
            answer = await self.ask("GET", following, connection.token, to=_first(connection))
            items.extend(answer.data or [])
            following = answer.next_url
        raise PartnerCallFailed(f"{url}: more than {_PAGES} pages")

    async def put_token(self, connection: Connection, token: JsonObject) -> Answer:
        """Push a token to the gateway's Receiver (TOK-01)."""
        url = self._token_url(connection, token)
        return await self.ask("PUT", url, connection.token, token, _first(connection))

    async def get_token(self, connection: Connection, token: JsonObject) -> JsonObject:
        """The token as the gateway holds it."""
        url = self._token_url(connection, token)
        return dict((await self.ask("GET", url, connection.token, to=_first(connection))).data)

    async def patch_token(self, connection: Connection, token: JsonObject, patch: JsonObject) -> Answer:
        """Change a token at the gateway."""
        url = self._token_url(connection, token)
        return await self.ask("PATCH", url, connection.token, patch, _first(connection))

    def _token_url(self, connection: Connection, token: JsonObject) -> str:
        base = connection.url("tokens", "RECEIVER")
        uid = quote(token["uid"], safe="")
        kind = "" if self.edition.platform else f"?type={token['type']}"
        return f"{base}/{self._country_code}/{self._party_id}/{uid}{kind}"

    def _message_ids(self) -> dict[str, str]:
        return {} if self.edition.platform else message_ids()

    def _routing(self, to: tuple[str, str] | None) -> dict[str, str]:
        if to is None or self.edition.platform:
            return {}
        return {
            "OCPI-from-country-code": self._country_code,
            "OCPI-from-party-id": self._party_id,
            "OCPI-to-country-code": to[0],
            "OCPI-to-party-id": to[1],
        }


def _first(connection: Connection) -> tuple[str, str] | None:
    return connection.parties[0] if connection.parties else None


def _answer(method: str, url: str, response: aiohttp.ClientResponse, raw: bytes) -> Answer:
    try:
        envelope = read_json(raw)
        status = int(envelope["status_code"])
    except (Refused, KeyError, TypeError, ValueError) as unreadable:
        text = raw[:200].decode(errors="replace")
        raise PartnerCallFailed(
            f"{method} {url}: HTTP {response.status}, no envelope: {text}"
        ) from unreadable
    if response.status >= 300 or status not in _SUCCESS:  # noqa: PLR2004 - HTTP
        message = envelope.get("status_message")
        raise PartnerCallFailed(f"{method} {url}: HTTP {response.status}, {status} {message}")
    total = response.headers.get("X-Total-Count")
    following = response.links["next"]["url"] if "next" in response.links else None
    return Answer(
        response.status,
        envelope.get("data"),
        None if following is None else str(following),
        None if total is None else int(total),
    )
