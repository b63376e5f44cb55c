"""A simulated eMSP: an OCPI platform on a real HTTP socket, strict about what it receives."""

import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from gateway.sim.cards import Card
from gateway.sim.checks import check
from gateway.sim.commander import Asked, Commander
from gateway.sim.editions import EDITIONS, USUAL
from gateway.sim.errors import PartnerCallFailed
from gateway.sim.faults import Disturbance, Mode, disturbed
from gateway.sim.gateway_calls import Connection, GatewayCalls
from gateway.sim.ledger import Exchange, Ledger
from gateway.sim.ocpi_wire import (
    CANNOT_USE_API,
    SERVER_ERROR,
    Json,
    JsonObject,
    Refused,
    envelope,
    read_json,
    tokens_in,
)
from gateway.sim.receiver import Receiver
from gateway.sim.sender import TokenSender

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MESSAGE_IDS = ("X-Request-ID", "X-Correlation-ID")
_KEPT_BODY = 4096


class SimulatedPartner:
    """An eMSP with one party, its cards and its ledger, that speaks one version of OCPI.

    Either side may start: `register` with the gateway's versions URL and token, or `invite` and let the
    gateway connect. `mode` disturbs the functional modules, or only those in `disturbed_modules`.
    `public_url` is what the gateway is told; it defaults to the address that is listened on.
    """

    def __init__(
        self,
        country_code: str = "NL",
        party_id: str = "EMS",
        *,
        name: str = "Simulated eMSP",
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        version: str = USUAL.version,
    ) -> None:
        self.edition = EDITIONS[version]
        self.country_code = country_code
        self.party_id = party_id
        self.name = name
        self.ledger = Ledger()
        self.receiver = Receiver(self.ledger, country_code, party_id, self.edition)
        self.sender = TokenSender(self.ledger, country_code, party_id, self.edition)
        self.calls = GatewayCalls(country_code, party_id, edition=self.edition)
        self.connection: Connection | None = None
        self.commander = Commander(self.ledger, self.calls, self.edition, self._known, lambda: self.url)
        self.mode = Mode.NORMAL
        self.disturbance = Disturbance()
        self.disturbed_modules: frozenset[str] | None = None
        self.accepted_tokens: set[str] = set()
        self.invitations: set[str] = set()
        self._host, self._port, self._public_url = host, port, public_url
        self._runner: web.AppRunner | None = None
        self._recalled_url: str | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- life

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and calling."""
        await self.calls.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._port

    @property
    def url(self) -> str:
        """Where the gateway reaches this platform."""
        return (self._public_url or f"http://{self._host}:{self._port}").rstrip("/")

    @property
    def versions_url(self) -> str:
        """Where a connection starts."""
        return f"{self.url}/ocpi/versions"

    def remember(self) -> JsonObject:
        """Registration and books as JSON, for a later run. It contains secrets."""
        return {
            "url": self.url,
            "accepted_tokens": sorted(self.accepted_tokens),
            "connection": None if self.connection is None else self.connection.remember(),
            "ledger": self.ledger.remember(),
        }

    def recall(self, memory: JsonObject) -> None:
        """Continue an earlier run. Raises KeyError or TypeError for what `remember` did not write."""
        self._recalled_url = memory["url"]
        self.accepted_tokens = set(memory["accepted_tokens"])
        if memory["connection"] is not None:
            self.connection = Connection.recall(memory["connection"])
        self.ledger.recall(memory["ledger"])

    @property
    def recalled_at_same_url(self) -> bool:
        """Whether the gateway still finds this platform where the remembered run told it."""
        return self._recalled_url == self.url

    def forget(self) -> None:
        """Drop the registration, not the books."""
        self.connection = None
        self.accepted_tokens.clear()

    # --- what a partner does at the gateway

    def invite(self) -> str:
        """A new token A for the gateway to connect with."""
        token = secrets.token_hex(24)
        self.invitations.add(token)
        return token

    async def register(self, versions_url: str, token_a: str) -> Connection:
        """Discover and POST credentials; our token works before we ask (CRED-04).

        Raises PartnerCallFailed.
        """
        return await self._exchange("POST", versions_url, token_a)

    async def renew(self, versions_url: str | None = None) -> Connection:
        """PUT credentials with a fresh token; the old one works until this succeeded (CRED-07, CRED-08)."""
        known = self._known()
        return await self._exchange("PUT", versions_url or known.versions_url, known.token)

    async def speak(self, version: str) -> Connection:
        """Change to another version and say so by PUT credentials (CRED-07). Raises PartnerCallFailed."""
        before, self.edition = self.edition, EDITIONS[version]
        self._spread_edition()
        try:
            return await self.renew()
        except PartnerCallFailed:
            self.edition = before
            self._spread_edition()
            raise

    def _spread_edition(self) -> None:
        for part in (self.receiver, self.sender, self.calls, self.commander):
            part.edition = self.edition

    async def unregister(self) -> None:
        """DELETE credentials and forget the connection (CRED-09)."""
        known = self._known()
        await self.calls.ask("DELETE", self._credentials_url(known), known.token)
        self.forget()

    async def still_registered(self) -> bool:
        """Whether the gateway still accepts the token it gave us."""
        if self.connection is None:
            return False
        try:
            await self.calls.ask("GET", self._credentials_url(self.connection), self.connection.token)
        except PartnerCallFailed:
            return False
        return True

    async def push_card(self, card: Card) -> int:
        """Issue a card and PUT it to the gateway; returns the HTTP status (201: it was new)."""
        token = self.sender.token(self.sender.issue(card))
        return (await self.calls.put_token(self._known(), token)).http

    async def fetch_card(self, card: Card) -> JsonObject:
        """The card as the gateway holds it. Raises PartnerCallFailed if it does not."""
        return await self.calls.get_token(self._known(), self.sender.token(card))

    async def command(self, name: str, body: JsonObject) -> Asked:
        """Ask something of a charger; the answer's `results` fill later. Raises PartnerCallFailed."""
        return await self.commander.send(name, **body)

    async def pull(self, module: str, **query: str) -> list[JsonObject]:
        """Every object of one of the gateway's Sender lists."""
        known = self._known()
        return await self.calls.pages(known.url(module, "SENDER"), known, **query)

    async def _exchange(self, method: str, versions_url: str, token: str) -> Connection:
        before, ours = set(self.accepted_tokens), secrets.token_urlsafe(32)
        self.accepted_tokens.add(ours)
        try:
            endpoints = await self.calls.discover(versions_url, token)
            draft = Connection(token, versions_url, endpoints)
            answer = await self.calls.ask(
                method, self._credentials_url(draft), token, self._credentials(ours)
            )
        except PartnerCallFailed:
            self.accepted_tokens = before
            raise
        self.connection = self._connected(
            check("credentials", answer.data, self.edition), versions_url, endpoints
        )
        self.accepted_tokens = {ours}
        return self.connection

    def _connected(self, credentials: JsonObject, versions_url: str, endpoints: dict[str, str]) -> Connection:
        parties = self.edition.parties(credentials)
        return Connection(str(credentials["token"]), versions_url, endpoints, parties)

    def _known(self) -> Connection:
        if self.connection is None:
            raise PartnerCallFailed("not registered at the gateway")
        return self.connection

    @staticmethod
    def _credentials_url(connection: Connection) -> str:
        """The one credentials endpoint, whatever role it is listed with (VER-03)."""
        role = "SENDER" if "credentials/SENDER" in connection.endpoints else "RECEIVER"
        return connection.url("credentials", role)

    def _credentials(self, token: str) -> JsonObject:
        party = (self.name, self.country_code, self.party_id)
        return self.edition.credentials(token, self.versions_url, *party)

    # --- what the gateway may ask

    def _routes(self) -> list[web.RouteDef]:
        base = "/ocpi/emsp/{version}"
        routes = [
            web.get("/ocpi/versions", self._get_versions),
            web.get("/ocpi/{version}", self._get_details),
            *self.receiver.routes(base),
            *self.sender.routes(base),
            *self.commander.routes(base),
        ]
        for method, handler in (
            ("GET", self._get_credentials),
            ("POST", self._post_credentials),
            ("PUT", self._put_credentials),
            ("DELETE", self._delete_credentials),
        ):
            routes.append(web.route(method, f"{base}/credentials", handler))
        return routes

    async def _get_versions(self, request: web.Request) -> web.StreamResponse:
        del request
        version = self.edition.version
        return envelope([{"version": version, "url": f"{self.url}/ocpi/{version}"}])

    async def _get_details(self, request: web.Request) -> web.StreamResponse:
        del request
        version = self.edition.version
        endpoints = self.edition.endpoints(f"{self.url}/ocpi/emsp/{version}")
        return envelope({"version": version, "endpoints": endpoints})

    async def _get_credentials(self, request: web.Request) -> web.StreamResponse:
        return envelope(self._credentials(self._presented(request)))

    async def _post_credentials(self, request: web.Request) -> web.StreamResponse:
        if self.connection is not None:
            raise Refused("already registered", http=405)
        return await self._accept(request)

    async def _put_credentials(self, request: web.Request) -> web.StreamResponse:
        if self.connection is None:
            raise Refused("not registered", http=405)
        return await self._accept(request)

    async def _delete_credentials(self, request: web.Request) -> web.StreamResponse:
        del request
        if self.connection is None:
            raise Refused("not registered", http=405)
        self.forget()
        return envelope()

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        """Call back with the given token while the request is open (CRED-03)."""
        theirs = check("credentials", read_json(await request.read()), self.edition)
        try:
            endpoints = await self.calls.discover(theirs["url"], theirs["token"])
        except PartnerCallFailed as unusable:
            raise Refused(str(unusable), status=CANNOT_USE_API) from unusable
        ours = secrets.token_urlsafe(32)
        self.connection = self._connected(theirs, theirs["url"], endpoints)
        self.invitations.discard(self._presented(request))
        self.accepted_tokens = {ours}
        return envelope(self._credentials(ours))

    def _presented(self, request: web.Request) -> str:
        """The token in the header, if it is one we know. Raises Refused with HTTP 401 (TR-06)."""
        for token in tokens_in(request.headers.get("Authorization"), encoded=self.edition.encoded):
            if token in self.accepted_tokens or token in self.invitations:
                return token
        raise Refused("missing or unknown token", http=401)

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Token, fault mode, refusals as envelopes, message ids, and the entry in the ledger."""
        module = _module(request)
        try:
            answer = await self._admitted(request, handler, module)
        except Refused as refusal:
            answer = envelope(status=refusal.status, message=str(refusal), http=refusal.http)
        except web.HTTPException as refusal:
            answer = envelope(status=SERVER_ERROR, message=refusal.reason, http=refusal.status)
        for name in _MESSAGE_IDS:
            if name in request.headers:
                answer.headers[name] = request.headers[name]
        await self._book(request, module, answer)
        return answer

    async def _admitted(self, request: web.Request, handler: _Handler, module: str) -> web.StreamResponse:
        token = self._presented(request)
        functional = module not in ("versions", "credentials")
        if functional and token in self.invitations:
            raise Refused("this token only opens versions and credentials", http=401)
        self._remark_headers(request, functional=functional)
        wanted = self.disturbed_modules
        if functional and (wanted is None or module in wanted):
            return await disturbed(self.mode, request, handler, self.disturbance)
        return await handler(request)

    def _remark_headers(self, request: web.Request, *, functional: bool) -> None:
        wanted = [] if self.edition.platform else [*_MESSAGE_IDS]
        if functional and not self.edition.platform:
            wanted += [f"OCPI-{d}-{p}" for d in ("from", "to") for p in ("country-code", "party-id")]
        if request.method in {"POST", "PUT", "PATCH"} and request.can_read_body:
            wanted.append("Content-Type")
        for name in wanted:
            if name not in request.headers:
                self.ledger.remark(
                    f"{request.method} {_module(request)}: no {name} header (TR-10, TR-36, TR-37)"
                )

    async def _book(self, request: web.Request, module: str, answer: web.StreamResponse) -> None:
        body = await request.read() if request.can_read_body or request.body_exists else b""
        self.ledger.exchanges.append(
            Exchange(
                request.method,
                module,
                request.path,
                body[:_KEPT_BODY].decode(errors="replace"),
                answer.status,
                _status(answer),
            )
        )
        self.ledger.changed()


def _module(request: web.Request) -> str:
    parts = request.path.strip("/").split("/")
    return parts[3] if len(parts) > 3 else "versions"  # noqa: PLR2004 - ocpi/emsp/version/module


def _status(answer: web.StreamResponse) -> int | None:
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return None
    try:
        value: Json = read_json(answer.body)
    except Refused:
        return None
    return value.get("status_code") if isinstance(value, dict) else None
