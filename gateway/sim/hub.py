"""A simulated hub: one connection, several eMSPs behind it, each with its own books (HUB-01 to HUB-06).

The hub routes by the OCPI-to headers: to a party, to all of them (a broadcast), or, where nobody is named, to
whoever knows the token. Behind it the request is made anew, with its own X-Request-ID.
"""

import uuid
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from yarl import URL

from gateway.sim.errors import PartnerCallFailed
from gateway.sim.faults import Handle
from gateway.sim.ledger import Ledger
from gateway.sim.ocpi_wire import UNKNOWN_TOKEN, JsonObject, Refused, envelope, read_json, utc_now
from gateway.sim.partner import SimulatedPartner
from gateway.sim.receiver import Receiver
from gateway.sim.sender import TokenSender

UNKNOWN_RECEIVER, NOT_CONNECTED = 4001, 4003
_BROADCAST_MODULES = frozenset({"locations", "tariffs"})
_BROADCAST_METHODS = frozenset({"POST", "PUT", "PATCH"})
_INNER = "/ocpi/behind"
_BODY_ONLY = frozenset({"host", "content-length", "x-request-id", "connection"})


@dataclass(slots=True)
class Behind:
    """An eMSP behind the hub. `status`: CONNECTED, OFFLINE, PLANNED or SUSPENDED (HCI-03)."""

    country_code: str
    party_id: str
    ledger: Ledger
    receiver: Receiver
    sender: TokenSender
    status: str = "CONNECTED"
    last_updated: str = ""

    @property
    def name(self) -> str:
        """Like NL-EMS."""
        return f"{self.country_code}-{self.party_id}"

    def as_json(self) -> JsonObject:
        """A ClientInfo object (HCI-02)."""
        return {
            "country_code": self.country_code,
            "party_id": self.party_id,
            "role": "EMSP",
            "status": self.status,
            "last_updated": self.last_updated or utc_now(),
        }


class SimulatedHub(SimulatedPartner):
    """A hub, by default DE-HUB. `parties` are those behind it, by names like NL-EMS."""

    def __init__(
        self,
        *parties: str,
        country_code: str = "DE",
        party_id: str = "HUB",
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
    ) -> None:
        super().__init__(
            country_code, party_id, name="Simulated hub", host=host, port=port, public_url=public_url
        )
        self.parties = {name.upper(): self._party(*name.upper().split("-", 1)) for name in parties}
        self.routed: list[tuple[str, str, dict[str, str]]] = []
        self._http: aiohttp.ClientSession | None = None

    def _party(self, country_code: str, party_id: str) -> Behind:
        ledger = Ledger()
        receiver = Receiver(ledger, country_code, party_id, self.edition)
        sender = TokenSender(ledger, country_code, party_id, self.edition)
        return Behind(country_code, party_id, ledger, receiver, sender)

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        await super().start()
        self._http = aiohttp.ClientSession()

    async def close(self) -> None:
        """Stop listening and calling."""
        if self._http is not None:
            await self._http.close()
        await super().close()

    async def report(self, name: str, status: str) -> int:
        """Change a party's status and tell the gateway; returns the HTTP status (HCI-01)."""
        party = self.parties[name]
        party.status, party.last_updated = status, utc_now()
        if self.connection is None:
            raise PartnerCallFailed("not registered at the gateway")
        url = self.connection.url("hubclientinfo", "RECEIVER")
        path = f"{url}/{party.country_code}/{party.party_id}"
        return (await self.calls.ask("PUT", path, self.connection.token, party.as_json())).http

    # --- what the gateway may ask

    def _credentials(self, token: str) -> JsonObject:
        body = super()._credentials(token)
        return {**body, "roles": [{**role, "role": "HUB"} for role in body["roles"]]}

    def _routes(self) -> list[web.RouteDef]:
        routes = [r for r in super()._routes() if not _functional(r.path)]
        routes.append(web.get("/ocpi/emsp/{version}/hubclientinfo", self._get_clients))
        routes.append(web.route("*", "/ocpi/emsp/{version}/{module}{tail:(/.*)?}", self._forward))
        for party in self.parties.values():
            base = f"{_INNER}/{party.name}"
            routes += [*party.receiver.routes(base), *party.sender.routes(base)]
        return routes

    async def _get_details(self, request: web.Request) -> web.StreamResponse:
        del request
        base = f"{self.url}/ocpi/emsp/{self.edition.version}"
        endpoints = self.edition.endpoints(base)
        endpoints.append({"identifier": "hubclientinfo", "role": "SENDER", "url": f"{base}/hubclientinfo"})
        return envelope({"version": self.edition.version, "endpoints": endpoints})

    async def _get_clients(self, request: web.Request) -> web.StreamResponse:
        del request
        clients = [party.as_json() for party in self.parties.values()]
        answer = envelope(clients)
        answer.headers.update({"X-Total-Count": str(len(clients)), "X-Limit": "100"})
        return answer

    async def _admitted(self, request: web.Request, handler: Handle, module: str) -> web.StreamResponse:
        if request.path.startswith(_INNER):
            self._presented(request)
            return await handler(request)
        return await super()._admitted(request, handler, module)

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        """Route a request by its headers; what cannot be handed on is 4001 or 4003 (TR-17)."""
        receiver = _named(request)
        if receiver is None:
            return await self._ask_around(request)
        if receiver == f"{self.country_code}-{self.party_id}":
            return await self._for_all(request)
        party = self.parties.get(receiver)
        if party is None:
            raise Refused(f"{receiver} is not known here", status=UNKNOWN_RECEIVER)
        if party.status != "CONNECTED":
            raise Refused(f"{receiver} is {party.status}", status=NOT_CONNECTED)
        return await self._hand_on(request, party)

    async def _ask_around(self, request: web.Request) -> web.StreamResponse:
        """Open routing: the first that knows the token answers (HUB-03)."""
        for party in self._connected_parties():
            answer = await self._hand_on(request, party)
            if isinstance(answer.body, bytes) and read_json(answer.body)["status_code"] != UNKNOWN_TOKEN:
                return answer
        raise Refused("nobody behind the hub knows this", status=UNKNOWN_TOKEN, http=404)

    async def _for_all(self, request: web.Request) -> web.StreamResponse:
        """A broadcast, or a list of everybody's objects (HUB-02, HUB-04)."""
        module = request.match_info["module"]
        if request.method == "GET" and module == "tokens":
            cards = [p.sender.token(card) for p in self.parties.values() for card in p.sender.cards.values()]
            answer = envelope(cards)
            answer.headers.update({"X-Total-Count": str(len(cards)), "X-Limit": "1000"})
            return answer
        if module not in _BROADCAST_MODULES or request.method not in _BROADCAST_METHODS:
            raise Refused(f"{request.method} {module} is not broadcast")
        for party in self._connected_parties():
            await self._hand_on(request, party)
        return envelope()

    def _connected_parties(self) -> list[Behind]:
        return [party for party in self.parties.values() if party.status == "CONNECTED"]

    async def _hand_on(self, request: web.Request, party: Behind) -> web.Response:
        """Make the request again behind the hub (HUB-05)."""
        headers = {n: v for n, v in request.headers.items() if n.lower() not in _BODY_ONLY}
        headers["X-Request-ID"] = str(uuid.uuid4())
        self.routed.append((party.name, request.headers.get("X-Request-ID", ""), headers))
        tail = request.rel_url.raw_path_qs.split(f"/{request.match_info['module']}", 1)[1]
        url = f"http://{self._host}:{self.port}{_INNER}/{party.name}/{request.match_info['module']}{tail}"
        if self._http is None:
            raise Refused("the hub is closing", status=NOT_CONNECTED)
        async with self._http.request(
            request.method, URL(url, encoded=True), data=await request.read(), headers=headers
        ) as answer:
            content = await answer.read()
            party.ledger.changed()
            kept = {n: v for n, v in answer.headers.items() if n in ("Location", "Link", "X-Total-Count")}
            return web.Response(
                body=content, status=answer.status, headers=kept, content_type="application/json"
            )


def _functional(path: str) -> bool:
    return path.startswith("/ocpi/emsp/") and "/credentials" not in path


def _named(request: web.Request) -> str | None:
    country, party = (request.headers.get(f"OCPI-to-{part}", "") for part in ("country-code", "party-id"))
    return f"{country}-{party}".upper() if country and party else None
