"""The operator API on aiohttp: authentication, limits, validation, errors; and the health endpoints."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.api import models
from gateway.api.bearer import RETRY_AFTER_S, TokenCheck, TooManyAttempts
from gateway.api.errors import UNEXPECTED, answer_for
from gateway.api.exact import written
from gateway.api.operations import Call, Download, Operation, Services
from gateway.api.table import OPERATIONS
from gateway.domain.errors import GatewayError, InvalidInput, NotAuthenticated, UnknownObject

log = logging.getLogger(__name__)

PREFIX = "/api/v1"
_LARGEST_BODY = 1024 * 1024
_LARGEST_NETWORK = 16 * 1024 * 1024
_BODY_DEADLINE_S = 30

Route = Callable[[web.Request], Awaitable[web.Response]]


class BodyTooLarge(GatewayError):
    """The body is larger than this operation takes."""


def add_routes(app: web.Application, services: Services, admin_token: str) -> None:
    """Serve the API under /api/v1, and /healthz and /readyz without authentication."""
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz(services))
    check = TokenCheck(admin_token)
    for operation in OPERATIONS:
        path = PREFIX + operation.path.replace("{key}", "{key:.+}")
        app.router.add_route(operation.method, path, _route(operation, services, check))
    app.router.add_route("*", PREFIX + "{tail:(?:/.*)?}", _nothing_here(check))


async def _healthz(request: web.Request) -> web.Response:
    del request
    return web.json_response({"status": "ok"})


def _readyz(services: Services) -> Route:
    async def readyz(request: web.Request) -> web.Response:
        del request
        problem = await services.health()
        body: dict[str, bool | int | str] = {"ready": problem is None}
        if problem is not None:
            body["reason"] = problem
        verified = services.keeping.verifier.last
        if verified is not None:
            body["invariants_broken"] = len(verified.findings)
            body["verified_at"] = verified.at.isoformat()
        return web.json_response(body, status=503 if problem else 200)

    return readyz


def _route(operation: Operation, services: Services, check: TokenCheck) -> Route:
    async def respond(request: web.Request) -> web.Response:
        try:
            check.require(request)
            call = await _read(operation, services, request)
            return _answer(await operation.handler(call))
        except BodyTooLarge as error:
            return _json(413, models.Error(error="body_too_large", message=str(error)))
        except GatewayError as error:
            return _refusal(error)
        except Exception:
            # The edge of the API: the caller learns that it failed, the log why.
            log.exception("%s failed", operation.name, extra={"operation": operation.name})
            return _json(500, UNEXPECTED)

    return respond


def _nothing_here(check: TokenCheck) -> Route:
    async def respond(request: web.Request) -> web.Response:
        try:
            check.require(request)
        except GatewayError as error:
            return _refusal(error)
        return _refusal(UnknownObject(f"there is no operation {request.method} {request.path}"))

    return respond


async def _read(operation: Operation, services: Services, request: web.Request) -> Call:
    path = dict(request.match_info)
    query = _validated(operation.query, _query(request)) if operation.query else None
    if operation.text_body:
        text = _decoded(await _body(request, _LARGEST_NETWORK))
        return Call(services, path, query, None, text)
    if operation.body is None:
        return Call(services, path, query, None)
    return Call(services, path, query, _validated_json(operation.body, await _body(request, _LARGEST_BODY)))


def _query(request: web.Request) -> dict[str, str]:
    for name in request.query:
        if len(request.query.getall(name)) > 1:
            raise InvalidInput("given more than once", field=name)
    return dict(request.query)


async def _body(request: web.Request, limit: int) -> bytes:
    """The body, within a size and a time (T23, T25)."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_DEADLINE_S):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise BodyTooLarge(f"the body is larger than {limit // 1024} KiB")
                chunks.append(chunk)
    except TimeoutError as error:
        raise InvalidInput(f"the body did not arrive within {_BODY_DEADLINE_S} s") from error
    return b"".join(chunks)


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the body is not UTF-8 text (byte {error.start})") from error


def _validated(kind: type[BaseModel], value: object) -> BaseModel:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise _invalid(error) from error


def _validated_json(kind: type[BaseModel], body: bytes) -> BaseModel:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidInput:
    first = error.errors(include_input=False, include_url=False)[0]
    reason = str(first["msg"]).removeprefix("Value error, ")
    return InvalidInput(reason, field=".".join(str(part) for part in first["loc"]))


def _answer(said: BaseModel | Download) -> web.Response:
    if not isinstance(said, Download):
        return _json(200, said)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(said.name, safe='')}",
    }
    return web.Response(body=said.content, content_type=said.media_type, headers=headers)


def _refusal(error: GatewayError) -> web.Response:
    status, body = answer_for(error)
    response = _json(status, body)
    if isinstance(error, NotAuthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="gateway"'
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _json(status: int, body: BaseModel) -> web.Response:
    without_nulls = isinstance(body, models.Error)
    text = written(body, nulls=not without_nulls)
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)
