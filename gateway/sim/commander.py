"""What the simulated partner asks of chargers through the gateway, and what comes back."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from gateway.sim.editions import Edition
from gateway.sim.gateway_calls import Connection, GatewayCalls
from gateway.sim.ledger import Ledger
from gateway.sim.ocpi_wire import JsonObject, envelope, read_json, require_object


@dataclass(slots=True)
class Asked:
    """One request: the gateway's immediate answer, and every result that was sent for it."""

    id: str
    receipt: JsonObject = field(default_factory=dict)
    results: list[JsonObject] = field(default_factory=list)


class Commander:
    """Sends commands and charging profiles, and books the results. Calls raise PartnerCallFailed."""

    def __init__(
        self,
        ledger: Ledger,
        calls: GatewayCalls,
        edition: Edition,
        connection: Callable[[], Connection],
        url: Callable[[], str],
    ) -> None:
        self.active_profiles: dict[str, list[JsonObject]] = {}
        self.asked: dict[str, Asked] = {}
        self._ledger = ledger
        self._calls = calls
        self.edition = edition
        self._connection = connection
        self._url = url

    def routes(self, base: str) -> list[web.RouteDef]:
        """Where results and active profiles arrive."""
        return [
            web.post(f"{base}/commands/results/{{id}}", self._post_result),
            web.post(f"{base}/chargingprofiles/results/{{id}}", self._post_result),
            web.put(f"{base}/chargingprofiles/{{session_id}}", self._put_active),
        ]

    async def send(self, command: str, **fields: object) -> Asked:
        """POST a command; `response_url` is added unless it is among the fields."""
        asked = self._new()
        body = {"response_url": self._response_url("commands", asked), **fields}
        url = f"{self._connection().url('commands', 'RECEIVER')}/{command}"
        return await self._ask(asked, "POST", url, body)

    async def set_profile(self, session_id: str, **profile: object) -> Asked:
        """PUT a charging profile."""
        asked = self._new()
        body = {"charging_profile": profile, "response_url": self._response_url("chargingprofiles", asked)}
        return await self._ask(asked, "PUT", self._profile_url(session_id), body)

    async def get_profile(self, session_id: str, duration_s: int) -> Asked:
        """GET the limits in force; the URL is written as the specification's example does, unencoded."""
        asked = self._new()
        query = f"duration={duration_s}&response_url={self._response_url('chargingprofiles', asked)}"
        return await self._ask(asked, "GET", f"{self._profile_url(session_id)}?{query}")

    async def clear_profile(self, session_id: str) -> Asked:
        """DELETE the profile."""
        asked = self._new()
        response_url = quote(self._response_url("chargingprofiles", asked), safe="")
        return await self._ask(
            asked, "DELETE", f"{self._profile_url(session_id)}?response_url={response_url}"
        )

    async def result(self, asked: Asked, within: float = 10.0) -> JsonObject:
        """The first result that comes for a request. Raises NotSeenInTime."""
        return await self._ledger.until(
            lambda: asked.results[0] if asked.results else None, "the result of a command", within
        )

    def _profile_url(self, session_id: str) -> str:
        return f"{self._connection().url('chargingprofiles', 'RECEIVER')}/{session_id}"

    def _response_url(self, module: str, asked: Asked) -> str:
        return f"{self._url()}/ocpi/emsp/{self.edition.version}/{module}/results/{asked.id}"

    def _new(self) -> Asked:
        asked = Asked(secrets.token_hex(8))
        self.asked[asked.id] = asked
        return asked

    async def _ask(self, asked: Asked, method: str, url: str, body: JsonObject | None = None) -> Asked:
        known = self._connection()
        to = known.parties[0] if known.parties else None
        asked.receipt = (await self._calls.ask(method, url, known.token, body, to)).data
        return asked

    async def _post_result(self, request: web.Request) -> web.StreamResponse:
        value = require_object(read_json(await request.read()))
        asked = self.asked.setdefault(request.match_info["id"], Asked(request.match_info["id"]))
        asked.results.append(value)
        return envelope()

    async def _put_active(self, request: web.Request) -> web.StreamResponse:
        value = require_object(read_json(await request.read()))
        self.active_profiles.setdefault(request.match_info["session_id"], []).append(value)
        return envelope()
