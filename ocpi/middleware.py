"""What is true of every partner request: who calls, how a refusal looks, what is recorded."""

import logging

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.app.attempts import Attempts
from gateway.domain.errors import GatewayError, NotAuthenticated
from ocpi.authorization_header import read_tokens
from ocpi.envelope import write_envelope
from ocpi.errors import BodyTooLarge, HttpRefusal, TooManyAttempts, UnknownPath, WrongMethod, status_of
from ocpi.recording import readable
from ocpi.routing import echoed_ids, write_route
from ocpi.services import BODY, CALLER, DIALECT, ROUTE, SERVICES, Services

log = logging.getLogger(__name__)


_JSON = "application/json"


def answer(services: Services, body: bytes, *, http: int = 200) -> web.Response:
    """An envelope as a response."""
    del services
    return web.Response(status=http, body=body, content_type=_JSON, charset="utf-8")


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into an envelope (TR-12), and record the exchange."""
    services = request.app[SERVICES]
    try:
        response = await handler(request)
    except GatewayError as error:
        response = _refused(request, error)
    except web.HTTPException as error:
        response = _refused(request, _meant(error))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except Exception:
        # The edge of the process: a partner gets no trace, the operator gets all of it.
        log.exception("%s %s failed", request.method, request.path)
        body = write_envelope(services.clock.now(), 3000, message="Internal error")
        response = answer(services, body, http=500)
    _record(services, request, response)
    return response


def identify(services: Services) -> Middleware:
    """Find out who calls before anything else is looked at (TR-06, VER-07, T14)."""
    failures = Attempts(services.failures_burst, services.failures_per_second, services.monotonic)

    @web.middleware
    async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
        tokens = read_tokens(request.headers.get("Authorization"))
        caller = await services.callers.recognise(tokens) if tokens else None
        if caller is None:
            if not failures.allowed(request.remote or ""):
                raise TooManyAttempts
            reason = "unknown token" if tokens else "expected the header Authorization: Token <token>"
            raise NotAuthenticated(reason)
        request[CALLER] = caller
        return await handler(request)

    return identified


async def common_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Message ids and routing headers of every answer, also of those a handler sends itself."""
    response.headers.update(echoed_ids(request.headers))
    route = request.get(ROUTE)
    if route is not None:
        response.headers.update(write_route(route.receiver, route.sender))


def _refused(request: web.Request, error: GatewayError) -> web.Response:
    services, dialect = request.app[SERVICES], request.get(DIALECT)
    http, ocpi = status_of(error)
    ocpi = dialect.STATUS_CODES.get(ocpi, ocpi) if dialect is not None else ocpi
    if http >= 500:  # noqa: PLR2004
        log.warning("refused a partner's request: %s", error)
    response = answer(services, write_envelope(services.clock.now(), ocpi, message=str(error)), http=http)
    match error:
        case NotAuthenticated():
            response.headers["WWW-Authenticate"] = "Token"
        case TooManyAttempts():
            response.headers["Retry-After"] = "10"
        case BodyTooLarge():
            response.force_close()
    return response


def _meant(error: web.HTTPException) -> GatewayError:
    match error:
        case web.HTTPNotFound():
            return UnknownPath()
        case web.HTTPMethodNotAllowed():
            return WrongMethod()
        case web.HTTPRequestEntityTooLarge():
            return BodyTooLarge()
    return HttpRefusal(error.reason, error.status)


def _record(services: Services, request: web.Request, response: web.StreamResponse) -> None:
    caller = request.get(CALLER)
    if services.recorder is None or caller is None:
        return
    body = response.body if isinstance(response, web.Response) else None
    text = readable(request.get(BODY, b"")) + "\n" + readable(body if isinstance(body, bytes) else b"")
    summary = f"{request.method} {request.path_qs} -> {response.status}"
    services.recorder.exchange(caller.partner.id, "in", summary, text.strip())
