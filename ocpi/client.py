"""Calls to partners: the port `Partners` over HTTP."""

import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Container, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urljoin

from gateway.app.crashpoints import crash_point
from gateway.app.parcels import CdrParcel, CommandResultParcel, Parcel, TariffRemovalParcel
from gateway.app.ports import Agreement, Credentials, Held, Ids, Recorder, Secrets
from gateway.domain.authorization import PartnerVerdict, Place
from gateway.domain.delivery import Answer, Debt, Judgement, judge
from gateway.domain.errors import (
    ForbiddenUrl,
    GatewayError,
    InvalidInput,
    NotRepresentable,
    PartnerUnreachable,
)
from gateway.domain.hubs import HubClient
from gateway.domain.ids import Party
from gateway.domain.partners import Endpoint, InterfaceRole, Partner, Role
from gateway.domain.tokens import Token
from ocpi import flows, json
from ocpi.authorization_header import write_token
from ocpi.comparing import differing
from ocpi.dialect import Dialect, Json
from ocpi.driver import Send, run, stream
from ocpi.exchange import MAX_ANSWER, MAX_LIST, TOTAL_S, exchange
from ocpi.fitting import fitted, sendable
from ocpi.flows import Ask
from ocpi.guard import UrlGuard, host_of
from ocpi.lanes import Lanes
from ocpi.recording import readable
from ocpi.replies import Reply
from ocpi.routing import MESSAGE_IDS, write_route
from ocpi.shared.clients import read_clients
from ocpi.wire import write_datetime

log = logging.getLogger(__name__)

OurParties = Callable[[], Awaitable[Sequence[Party]]]

_MISSING_MODULE = 501
_NOT_FOUND = 404


async def _nobody() -> Sequence[Party]:
    return ()


@dataclass(frozen=True, slots=True)
class _Terms:
    """How a platform is talked to: token, its form, hosts, and routing headers where they belong."""

    token: str
    encoded: bool
    hosts: Container[str]
    partner: Partner | None = None
    routing: Mapping[str, str] | None = None


class PartnerClient:
    """Implements `gateway.app.ports.Partners`. Every call has a deadline and an end."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        secrets: Secrets,
        ids: Ids,
        *,
        allow_private: bool = False,
        our_parties: OurParties = _nobody,
        recorder: Recorder | None = None,
        tls: ssl.SSLContext | None = None,
        tls_by_host: Mapping[str, ssl.SSLContext] | None = None,
        deadline_s: float = TOTAL_S,
    ) -> None:
        self._dialects = dialects
        self._secrets = secrets
        self._ids = ids
        self._guard = UrlGuard(allow_private=allow_private)
        self._our_parties = our_parties
        self._recorder = recorder
        self._deadline_s = deadline_s
        self._lanes = Lanes(self._guard, tls, tls_by_host)

    async def close(self) -> None:
        """Close all connections."""
        await self._lanes.close()

    async def deliver(self, partner: Partner, parcel: Parcel) -> Answer:
        """Send one parcel and report what came back. Never raises for what a partner does."""
        if isinstance(parcel, TariffRemovalParcel) and len(parcel.receivers) > 1:
            return await self._deliver_each(partner, parcel)
        if isinstance(parcel, CdrParcel) and parcel.cdr.credit_of and not partner.profile.credit_cdrs:
            message = "this partner takes no credit CDRs: settle it outside OCPI"
            return Answer(http_status=_MISSING_MODULE, message=message, sent=False)
        try:
            dialect = self._dialect(partner)
            request = dialect.request_for(parcel, partner)
            terms = self._terms(partner, write_route(request.sender, request.receiver))
            body = sendable(parcel, request.module, request.body, partner.profile)
        except NotRepresentable as error:
            return Answer(http_status=400, message=str(error), sent=False)
        except GatewayError as error:
            return Answer(error=str(error), sent=False)
        endpoint = partner.endpoint(request.module, request.role)
        if endpoint is None and request.url is None:
            return _nowhere(partner, request.module)
        url = request.url or flows.join(
            endpoint.url if endpoint else "", *request.path, slash=partner.profile.trailing_slash
        )
        try:
            urgent = isinstance(parcel, CommandResultParcel)
            reply = await self._send(terms, Ask(request.method, url, body, routed=True), urgent=urgent)
        except GatewayError as error:
            reply = Reply(error=str(error), sent=False)
        shown = "" if body is None else readable(json.render(body))
        return _answer(reply, url, f"{request.method} {url}\n{shown}".strip())

    async def _deliver_each(self, partner: Partner, parcel: TariffRemovalParcel) -> Answer:
        """Tell every party behind a hub; the answer of the first that does not take it, else of the last."""
        answer = Answer(http_status=_MISSING_MODULE, sent=False)
        for receiver in parcel.receivers:
            answer = await self.deliver(partner, replace(parcel, receivers=(receiver,)))
            if judge(answer) not in (Judgement.DELIVERED, Judgement.UNKNOWN_THERE):
                break
        return answer

    async def ask(self, partner: Partner, ask: Ask) -> Reply:
        """One request of no use case, such as a check. Raises PartnerUnreachable or ForbiddenUrl."""
        return await self._send(self._terms(partner, await self._routing(partner)), ask)

    async def find_cdr(self, partner: Partner, debt: Debt) -> bool | None:
        """Whether the CDR is where the partner said it put it, else below its CDR endpoint.

        None if it does not tell. Where no URL was given the address is a guess, so that only "yes" counts.
        Raises PartnerUnreachable where nobody answers.
        """
        endpoint = partner.endpoint("cdrs", InterfaceRole.RECEIVER)
        id_ = f"{partner.profile.cdr_id_prefix}{debt.key}"
        url = debt.partner_url or (flows.join(endpoint.url, id_) if endpoint else None)
        if url is None:
            return None
        reply = await self._send(self._terms(partner), Ask("GET", url, routed=True))
        if reply.error is not None and reply.http_status is None:
            raise PartnerUnreachable(reply.error)
        if reply.success and _is_object(reply.data, id_):
            return True
        unsure = debt.partner_url is None or reply.unanswered or reply.http_status in (401, 403)
        return None if unsure else False

    async def holds(self, partner: Partner, parcel: Parcel, url: str | None) -> Held:
        """Ask for one object and compare it with ours; `url`: where the partner said it keeps it.

        A 404 at an address the partner never named is no proof of absence. Raises PartnerUnreachable or
        NotRepresentable.
        """
        request = self._dialect(partner).request_for(parcel, partner)
        endpoint = partner.endpoint(request.module, request.role)
        if endpoint is None or not isinstance(request.body, dict):
            return Held(None)
        path = request.path or (str(request.body.get("id", "")),)
        where = url if url and not request.path else flows.join(endpoint.url, *path)
        terms = self._terms(partner, write_route(request.sender, request.receiver))
        reply = await self._send(terms, Ask("GET", where, routed=True))
        if reply.success:
            ours = fitted(request.module, request.body, partner.profile)
            return Held(True, differing(ours, reply.data))
        absent = reply.http_status == _NOT_FOUND and (bool(request.path) or url is not None)
        return Held(False if absent else None)

    async def endpoints(self, partner: Partner) -> Sequence[Endpoint]:
        """The partner's endpoints as it lists them now. Raises PartnerUnreachable or ForbiddenUrl."""
        terms = self._terms(partner)
        flow = flows.discover(partner.versions_url or "", self._dialects, partner.version)
        agreement = await run(flow, self._sender(terms))
        for endpoint in agreement.endpoints:
            self._guard.check(endpoint.url, terms.hosts)
        return agreement.endpoints

    async def authorize(
        self,
        partner: Partner,
        uid: str,
        type_: str,
        place: Place | None,
        within: timedelta,
        owner: Party | None = None,
    ) -> PartnerVerdict:
        """Ask in real time (TOK-06). Raises PartnerUnreachable, also where nothing is offered.

        Without an owner nobody is named as the receiver, and a hub finds out who knows the token (HUB-03).
        """
        endpoint = partner.endpoint("tokens", InterfaceRole.SENDER)
        if endpoint is None:
            raise PartnerUnreachable(f"{partner.name} offers no real-time authorization")
        routing = await self._routing(partner, place.party if place else None, owner)
        slash = partner.profile.trailing_slash
        flow = flows.authorize(self._dialect(partner), endpoint.url, uid, type_, place, slash=slash)
        try:
            return await run(flow, self._sender(self._terms(partner, routing), within.total_seconds()))
        except ForbiddenUrl as error:
            raise PartnerUnreachable(str(error)) from error

    async def tokens(self, partner: Partner, since: datetime | None) -> AsyncIterator[Sequence[Token]]:
        """The partner's token list, page by page (TOK-04). Raises PartnerUnreachable."""
        endpoint = partner.endpoint("tokens", InterfaceRole.SENDER)
        if endpoint is None:
            raise PartnerUnreachable(f"{partner.name} offers no token list")
        dialect = self._dialect(partner)
        mark = "&" if "?" in endpoint.url else "?"
        filter_ = f"{mark}{urlencode({'date_from': write_datetime(since)})}" if since else ""
        # A whole list of a hub is asked from the hub itself (HUB-04).
        routing = await self._routing(partner, receiver=partner.hub)
        async with aclosing(self._pages(self._terms(partner, routing), endpoint.url + filter_)) as pages:
            async for values in pages:
                yield _read_tokens(dialect, partner, values)

    async def clients(self, hub: Partner) -> AsyncIterator[Sequence[HubClient]]:
        """The parties behind a hub, page by page (HCI-04), without routing headers (TR-37).

        Raises PartnerUnreachable.
        """
        endpoint = hub.endpoint("hubclientinfo", InterfaceRole.SENDER)
        if endpoint is None:
            raise PartnerUnreachable(f"{hub.name} offers no list of parties")
        async with aclosing(self._pages(self._terms(hub), endpoint.url)) as pages:
            async for values in pages:
                yield read_clients(values, hub.id)

    async def _pages(self, terms: _Terms, url: str) -> AsyncGenerator[Sequence[Json], None]:
        try:
            async with aclosing(stream(flows.pages(url), self._sender(terms))) as pages:
                async for page in pages:
                    yield page.values
        except ForbiddenUrl as error:
            raise PartnerUnreachable(str(error)) from error

    async def discover(self, versions_url: str, token: str, version: str | None = None) -> Agreement:
        """GET versions and details; `version` None picks the newest common one.

        The token is presented Base64-encoded and, if it is not accepted, raw (TR-04). Raises
        PartnerUnreachable, NoCommonVersion, MissingEndpoints or ForbiddenUrl.
        """
        for encoded in (True, False):
            terms = _Terms(token, encoded, {host_of(versions_url)})
            try:
                flow = flows.discover(versions_url, self._dialects, version)
                agreement = await run(flow, self._sender(terms))
            except flows.TokenRefused:
                if not encoded:
                    raise
            else:
                for endpoint in agreement.endpoints:
                    self._guard.check(endpoint.url, terms.hosts)
                crash_point("handshake", "discovered")
                return replace(agreement, token_base64=encoded)
        raise PartnerUnreachable(f"{versions_url} does not accept the token")

    async def post_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        """Register. Raises PartnerRefused, or PartnerUnreachable when it is not known what happened."""
        return await self._exchange("POST", agreement, token, ours)

    async def put_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        """Renew. Raises PartnerRefused, or PartnerUnreachable when it is not known what happened."""
        return await self._exchange("PUT", agreement, token, ours)

    async def delete_credentials(self, partner: Partner) -> None:
        """Unregister. Raises PartnerRefused, PartnerUnreachable or ForbiddenUrl."""
        url = flows.credentials_url(partner.endpoints)
        await run(flows.delete_credentials(url), self._sender(self._terms(partner)))

    async def _exchange(
        self, method: str, agreement: Agreement, token: str, ours: Credentials
    ) -> Credentials:
        dialect = self._dialects[agreement.version]
        encoded = dialect.TOKEN_BASE64 if agreement.token_base64 is None else agreement.token_base64
        # Discovery has checked these endpoints against the host that was agreed on.
        hosts = {host_of(endpoint.url) for endpoint in agreement.endpoints}
        flow = flows.exchange_credentials(dialect, agreement, method, ours)
        crash_point("handshake", method, "before")
        theirs = await run(flow, self._sender(_Terms(token, encoded, hosts)))
        crash_point("handshake", method, "answered")
        return theirs

    # How a request is made.

    def _dialect(self, partner: Partner) -> Dialect:
        dialect = self._dialects.get(partner.version or "")
        if dialect is None:
            raise PartnerUnreachable(f"{partner.name} is not registered with a version spoken here")
        return dialect

    def _terms(self, partner: Partner, routing: Mapping[str, str] | None = None) -> _Terms:
        if partner.outbound_token is None:
            raise PartnerUnreachable(f"{partner.name} is not registered: there is no token for it")
        dialect = self._dialect(partner)
        wanted = partner.profile.token_base64
        encoded = dialect.TOKEN_BASE64 if wanted is None else wanted
        token = self._secrets.open(partner.outbound_token)
        hosts = {host_of(partner.versions_url or "")}
        return _Terms(token, encoded, hosts, partner, routing if dialect.ROUTING_HEADERS else None)

    async def _routing(
        self, partner: Partner, sender: Party | None = None, receiver: Party | None = None
    ) -> Mapping[str, str]:
        """Headers of a request; who is not named is our first party, and the partner's only one."""
        if sender is None:
            sender = next(iter(await self._our_parties()), None)
        theirs = partner.parties(Role.EMSP)
        return write_route(sender, receiver or (theirs[0] if len(theirs) == 1 else None))

    def _sender(self, terms: _Terms, within_s: float | None = None) -> Send:
        async def send(ask: Ask) -> Reply:
            return await self._send(terms, ask, within_s, urgent=within_s is not None)

        return send

    async def _send(
        self, terms: _Terms, ask: Ask, within_s: float | None = None, *, urgent: bool = False
    ) -> Reply:
        """Make one request. Raises ForbiddenUrl before anything is sent."""
        self._guard.check(ask.url, terms.hosts)
        body = None if ask.body is None else json.render(ask.body)
        lane = self._lanes.of(terms.partner, host_of(ask.url))
        async with lane.turn(urgent=urgent):
            reply = await exchange(
                lane.session,
                ask.method,
                ask.url,
                self._headers(terms, ask),
                body,
                most_bytes=MAX_LIST if ask.large else MAX_ANSWER,
                within_s=within_s or self._deadline_s,
            )
        crash_point("partner", ask.method, "answered")
        self._record(terms.partner, ask, body, reply)
        return reply

    def _headers(self, terms: _Terms, ask: Ask) -> dict[str, str]:
        headers = dict(terms.partner.profile.static_headers) if terms.partner else {}
        headers["Authorization"] = write_token(terms.token, encoded=terms.encoded)
        headers.update({name: self._ids.new() for name in MESSAGE_IDS})
        if ask.body is not None:
            headers["Content-Type"] = "application/json"
        if ask.routed and terms.routing is not None:
            headers.update(terms.routing)
        return headers

    def _record(self, partner: Partner | None, ask: Ask, body: bytes | None, reply: Reply) -> None:
        if self._recorder is not None:
            summary = f"{ask.method} {ask.url} -> {reply.described()}"
            text = f"{readable(body or b'')}\n{reply.body or ''}".strip()
            self._recorder.exchange(partner.id if partner else None, "out", summary, text)


def _nowhere(partner: Partner, module: str) -> Answer:
    lacks = f"the partner has no {module} endpoint for us"
    message = lacks if partner.profile.agreed_on(module) else f"{module} is not agreed with this partner"
    return Answer(http_status=_MISSING_MODULE, message=message, sent=False)


def _is_object(data: Json, id_: str) -> bool:
    """Whether a partner's answer is the object with this id (ids are compared without case, TR-32)."""
    held = data.get("id") if isinstance(data, dict) else None
    return isinstance(held, str) and held.casefold() == id_.casefold()


def _read_tokens(dialect: Dialect, partner: Partner, values: Sequence[object]) -> Sequence[Token]:
    """The tokens of a page that can be read; the others cost a line in the log (TR-24)."""
    tokens: list[Token] = []
    parties = partner.parties(Role.EMSP)
    owner = parties[0] if len(parties) == 1 else None
    for value in values:
        try:
            tokens.append(dialect.read_token(value, owner))
        except InvalidInput as error:
            log.warning("a token listed by %s cannot be read: %s", partner.name, error)
    return tokens


def _answer(reply: Reply, url: str, request: str) -> Answer:
    return Answer(
        http_status=reply.http_status,
        ocpi_status=reply.ocpi_status,
        message=reply.message,
        error=reply.error,
        sent=reply.sent,
        retry_after_s=reply.retry_after_s,
        url=urljoin(url, reply.location) if reply.location else None,
        request=request,
        body=reply.body,
    )
