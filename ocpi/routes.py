"""The endpoints partners call: ONE set for all versions. Read, one use case, write; refusals are exceptions.

Mount `ocpi_app` at /ocpi. Every path also works with a trailing slash and is never redirected (TR-29).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from gateway.app.callers import Caller
from gateway.app.ports import Page, PageQuery
from gateway.domain.errors import InvalidInput, NotAuthenticated, UnknownToken
from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, TokenUid
from gateway.domain.partners import Endpoint
from gateway.domain.tokens import Token
from ocpi.body import read_json
from ocpi.dialect import Dialect, Json
from ocpi.envelope import ABSENT, write_envelope
from ocpi.errors import UnknownPath
from ocpi.fitting import fitted
from ocpi.middleware import answer, common_headers, identify, refusals
from ocpi.operations import OPERATIONS, Operation, offered
from ocpi.paging import page_headers, read_page_query
from ocpi.routes_commands import COMMAND_HANDLERS
from ocpi.routes_invoices import INVOICE_HANDLERS
from ocpi.routing import read_party, read_route
from ocpi.services import CALLER, DIALECT, ROUTE, SERVICES, Services
from ocpi.shared.clients import read_client, write_client
from ocpi.skipping import remembered, written

T = TypeVar("T")

Endpoint_ = Callable[[web.Request, Operation], Awaitable[web.StreamResponse]]


def ocpi_app(services: Services) -> web.Application:
    """The application partners talk to."""
    app = web.Application(middlewares=[refusals, identify(services)])
    app[SERVICES] = services
    app.on_response_prepare.append(common_headers)
    for operation in OPERATIONS:
        handler = _bound(operation, HANDLERS[operation.name])
        for path in (operation.path, f"{operation.path}/"):
            app.router.add_route(operation.method, path, handler)
    return app


def _bound(operation: Operation, endpoint: Endpoint_) -> Handler:
    """An endpoint behind the checks that its kind needs: version, token purpose, routing headers."""

    async def handler(request: web.Request) -> web.StreamResponse:
        services, caller = request.app[SERVICES], request[CALLER]
        if "version" in request.match_info:
            dialect = services.dialects.get(request.match_info["version"])
            if dialect is None:
                raise UnknownPath("this OCPI version is not spoken here; see /ocpi/versions")
            request[DIALECT] = dialect
            if operation.functional:
                _check_open(operation, dialect, caller)
            if operation.routed:
                await _route(request, services, dialect)
        return await endpoint(request, operation)

    return handler


def _check_open(operation: Operation, dialect: Dialect, caller: Caller) -> None:
    """Whether a module is there for the caller. Raises NotAuthenticated or UnknownPath."""
    if not caller.may_use_modules:
        raise NotAuthenticated("this token opens only versions and credentials")
    if not offered(operation, dialect):
        raise UnknownPath("this OCPI version has no such module")
    if not caller.partner.profile.agreed_on(operation.module):
        raise UnknownPath(f"{operation.module} is not agreed with you")


async def _route(request: web.Request, services: Services, dialect: Dialect) -> None:
    if dialect.ROUTING_HEADERS:
        ours = [role.party for role in await services.views.parties()]
        request[ROUTE] = read_route(request.headers, request[CALLER].partner, ours)


def _answer(request: web.Request, data: Json = ABSENT, *, http: int = 200) -> web.Response:
    services = request.app[SERVICES]
    return answer(services, write_envelope(services.clock.now(), data=data), http=http)


# Versions


async def versions(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET versions. Spec: OCPI 2.2.1 version_information_endpoint."""
    services = request.app[SERVICES]
    return _answer(request, [{"version": v, "url": services.url(v)} for v in services.dialects])


async def version(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET version details (VER-02 to VER-04)."""
    services, dialect = request.app[SERVICES], request[DIALECT]
    agreed_on = request[CALLER].partner.profile.agreed_on
    served = [(module, role) for module, role in dialect.MODULES if agreed_on(module)]
    endpoints = [Endpoint(m, role, services.url(dialect.VERSION, m)) for m, role in served]
    return _answer(request, dialect.write_version_details(endpoints))


# Credentials


async def credentials_get(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET credentials: ours for the caller, with the token it presented (CRED-10)."""
    services, caller = request.app[SERVICES], request[CALLER]
    ours = await services.registration.credentials_for(caller.partner, caller.token)
    return _answer(request, request[DIALECT].write_credentials(ours))


async def credentials_post(request: web.Request, _: Operation) -> web.StreamResponse:
    """POST credentials: token A dies when our answer has left, not before (CRED-06, T15)."""
    services, caller, dialect = request.app[SERVICES], request[CALLER], request[DIALECT]
    theirs = dialect.read_credentials(await read_json(request, services.body_deadline_s))
    ours = await services.registration.accept(caller.key, dialect.VERSION, theirs, caller.token)
    response = _answer(request, dialect.write_credentials(ours))
    services.callers.spend(caller.key)
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        services.callers.restore(caller.key)
        return response
    if request.transport is None or request.transport.is_closing():
        services.callers.restore(caller.key)
    else:
        await services.callers.forget(caller.key)
    return response


async def credentials_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT credentials: the caller's new token, and a new one of ours (CRED-07)."""
    services, caller, dialect = request.app[SERVICES], request[CALLER], request[DIALECT]
    theirs = dialect.read_credentials(await read_json(request, services.body_deadline_s))
    ours = await services.registration.renew(caller.key, dialect.VERSION, theirs, caller.token)
    return _answer(request, dialect.write_credentials(ours))


async def credentials_delete(request: web.Request, _: Operation) -> web.StreamResponse:
    """DELETE credentials (CRED-09)."""
    await request.app[SERVICES].registration.unregister(request[CALLER].key)
    return _answer(request)


# Lists


def _query(request: web.Request, operation: Operation) -> PageQuery:
    route = request.get(ROUTE)
    party = route.receiver if route is not None and route.named else None
    return read_page_query(request.query, party=party, needs_date=operation.by_date)


def _sender(request: web.Request) -> Party | None:
    route = request.get(ROUTE)
    return None if route is None else route.sender


def _page(
    request: web.Request, operation: Operation, query: PageQuery, page: Page[T], write: Callable[[T], Json]
) -> web.Response:
    services, dialect = request.app[SERVICES], request[DIALECT]
    profile = request[CALLER].partner.profile
    items = written(page.items, write, operation.module)
    response = _answer(request, [fitted(operation.module, item, profile) for item in items])
    url = services.url(dialect.VERSION, operation.module)
    response.headers.update(page_headers(url, query, page.total))
    return response


async def locations(request: web.Request, operation: Operation) -> web.StreamResponse:
    """GET locations (LOC-01)."""
    query = _query(request, operation)
    page = await request.app[SERVICES].views.locations(request[CALLER].partner, query)
    return _page(request, operation, query, page, remembered(request[DIALECT].write_location))


async def tariffs(request: web.Request, operation: Operation) -> web.StreamResponse:
    """GET tariffs."""
    query = _query(request, operation)
    page = await request.app[SERVICES].views.tariffs(request[CALLER].partner, query)
    return _page(request, operation, query, page, remembered(request[DIALECT].write_tariff))


async def sessions(request: web.Request, operation: Operation) -> web.StreamResponse:
    """GET sessions of the caller's drivers (SES-01)."""
    query, dialect = _query(request, operation), request[DIALECT]
    page = await request.app[SERVICES].views.sessions(request[CALLER].partner, query, _sender(request))
    return _page(request, operation, query, page, lambda priced: dialect.write_session(*priced))


async def cdrs(request: web.Request, operation: Operation) -> web.StreamResponse:
    """GET CDRs of the caller's drivers (CDR-09)."""
    query = _query(request, operation)
    page = await request.app[SERVICES].views.cdrs(request[CALLER].partner, query, _sender(request))
    return _page(request, operation, query, page, request[DIALECT].write_cdr)


# Locations, one object


def _place(request: web.Request) -> tuple[LocationId, EvseUid, ConnectorId]:
    names = ("location_id", "evse_uid", "connector_id")
    location_id, evse_uid, connector_id = (request.match_info.get(name, "") for name in names)
    return LocationId(location_id), EvseUid(evse_uid), ConnectorId(connector_id)


async def location(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET a location."""
    location_id, _uid, _connector = _place(request)
    found = await request.app[SERVICES].views.location(request[CALLER].partner, location_id)
    return _answer(request, request[DIALECT].write_location(found))


async def evse(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET an EVSE."""
    location_id, uid, _connector = _place(request)
    found = await request.app[SERVICES].views.evse(request[CALLER].partner, location_id, uid)
    return _answer(request, request[DIALECT].write_evse(found))


async def connector(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET a connector."""
    location_id, uid, id_ = _place(request)
    found = await request.app[SERVICES].views.connector(request[CALLER].partner, location_id, uid, id_)
    return _answer(request, request[DIALECT].write_connector(found))


# Tokens


def _token_key(request: web.Request) -> tuple[Party, TokenUid]:
    path = request.match_info
    party = read_party(path["country_code"], path["party_id"], "country_code", "party_id")
    return party, TokenUid(path["token_uid"])


async def _of_its_type(request: web.Request, use: Callable[[str], Awaitable[T]]) -> T:
    """Use the token of the type the URL names, or else of the likeliest type that there is (TOK-01)."""
    given = request.query.get("type")
    *others, last = (given,) if given else request[DIALECT].TOKEN_TYPES
    for type_ in others:
        try:
            return await use(type_)
        except UnknownToken:
            continue
    return await use(last)


async def token_get(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET a token of the caller's (TOK-01)."""
    tokens, partner = request.app[SERVICES].tokens, request[CALLER].partner
    party, uid = _token_key(request)
    token = await _of_its_type(request, lambda type_: tokens.get(partner, party, uid, type_))
    return _answer(request, request[DIALECT].write_token(token))


async def token_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT a token: 201 if it is new (TOK-01, TR-16). Body and URL must name the same token (TR-27)."""
    services = request.app[SERVICES]
    party, uid = _token_key(request)
    token = request[DIALECT].read_token(await read_json(request, services.body_deadline_s), party)
    _check_named(token, party, uid, request.query.get("type"))
    new = await services.tokens.put(request[CALLER].partner, token)
    return _answer(request, http=201 if new else 200)


async def token_patch(request: web.Request, _: Operation) -> web.StreamResponse:
    """PATCH a token (TOK-02, TOK-03)."""
    services, dialect, partner = request.app[SERVICES], request[DIALECT], request[CALLER].partner
    party, uid = _token_key(request)
    patch = await read_json(request, services.body_deadline_s)
    if not isinstance(patch, Mapping):
        raise InvalidInput("the body must be a JSON object")

    async def change(type_: str) -> None:
        await services.tokens.patch(partner, party, uid, type_, lambda t: dialect.patch_token(t, patch))

    await _of_its_type(request, change)
    return _answer(request)


def _check_named(token: Token, party: Party, uid: TokenUid, type_: str | None) -> None:
    """Where the URL gives no type the body's counts: several platforms never send the parameter."""
    if token.party.country_code != party.country_code:
        raise InvalidInput(f"must be {party.country_code} as in the URL", field="country_code")
    if token.party != party:
        raise InvalidInput(f"must be {party.party_id} as in the URL", field="party_id")
    if token.uid.casefold() != uid.casefold():
        raise InvalidInput(f"must be {uid} as in the URL", field="uid")
    if type_ and token.type.casefold() != type_.casefold():
        raise InvalidInput(f"must be {type_} as in the URL", field="type")


# Parties behind a hub


async def client_get(request: web.Request, _: Operation) -> web.StreamResponse:
    """GET a party behind the calling hub (HCI-01)."""
    found = await request.app[SERVICES].hubs.get(request[CALLER].partner, _client_party(request))
    return _answer(request, write_client(found))


async def client_put(request: web.Request, _: Operation) -> web.StreamResponse:
    """PUT a party behind the calling hub: 201 if it is new (HCI-01). Body and URL must agree (TR-27)."""
    services, hub = request.app[SERVICES], request[CALLER].partner
    party = _client_party(request)
    client = read_client(await read_json(request, services.body_deadline_s), hub.id)
    if client.party != party:
        raise InvalidInput(f"must name {party} as in the URL", field="party_id")
    new = await services.hubs.put(hub, client)
    return _answer(request, http=201 if new else 200)


def _client_party(request: web.Request) -> Party:
    path = request.match_info
    return read_party(path["country_code"], path["party_id"], "country_code", "party_id")


HANDLERS: Mapping[str, Endpoint_] = {
    **INVOICE_HANDLERS,
    "versions": versions,
    "version": version,
    "credentials_get": credentials_get,
    "credentials_post": credentials_post,
    "credentials_put": credentials_put,
    "credentials_delete": credentials_delete,
    "locations": locations,
    "location": location,
    "evse": evse,
    "connector": connector,
    "tariffs": tariffs,
    "sessions": sessions,
    "cdrs": cdrs,
    "client_get": client_get,
    "client_put": client_put,
    "token_get": token_get,
    "token_put": token_put,
    "token_patch": token_patch,
    **COMMAND_HANDLERS,
}
"""What answers each operation of the table."""
