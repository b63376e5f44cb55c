"""Ways in which a partner's server misbehaves, by name. A new one is a function and a row in the table."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from gateway.sim.ocpi_wire import INVALID, SERVER_ERROR, envelope

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Mode(StrEnum):
    """How the simulated partner answers; the reliability scenarios F5 to F10, F13 and F7."""

    NORMAL = "normal"
    ERROR_500 = "error-500"
    TOO_MANY = "too-many-429"
    SLOW = "slow"
    STATUS_2001 = "status-2001"
    STATUS_3000 = "status-3000"
    DROP_ANSWER = "drop-answer"
    HTML = "html"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    REDIRECT = "redirect"
    UNAUTHORIZED = "unauthorized-401"
    TOO_MANY_BARE = "too-many-429-bare"
    RANDOM_500 = "random-500"
    WRONG_ENVELOPE = "wrong-envelope"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A fault's numbers: how slow, what Retry-After says (None: no such header), how often it fails."""

    delay_s: float = 5.0
    retry_after_s: int | None = 1
    failing_share: float = 0.5


Fault = Callable[[web.Request, Handle, Disturbance], Awaitable[web.StreamResponse]]


async def disturbed(
    mode: Mode, request: web.Request, handle: Handle, disturbance: Disturbance
) -> web.StreamResponse:
    """Answer a request in this mode. Only SLOW and DROP_ANSWER let it through to the books."""
    return await _FAULTS[mode](request, handle, disturbance)


async def _normal(request: web.Request, handle: Handle, _: Disturbance) -> web.StreamResponse:
    return await handle(request)


async def _error_500(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return web.Response(status=500, text="Internal Server Error")


async def _too_many(request: web.Request, _: Handle, disturbance: Disturbance) -> web.StreamResponse:
    del request
    after = disturbance.retry_after_s
    return web.Response(status=429, headers=None if after is None else {"Retry-After": str(after)})


async def _slow(request: web.Request, handle: Handle, disturbance: Disturbance) -> web.StreamResponse:
    await asyncio.sleep(disturbance.delay_s)
    return await handle(request)


async def _status_2001(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return envelope(status=INVALID, message="refused by fault mode")


async def _status_3000(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return envelope(status=SERVER_ERROR, message="failed by fault mode")


async def _drop_answer(request: web.Request, handle: Handle, _: Disturbance) -> web.StreamResponse:
    """The request takes effect, but nobody learns of it (F7)."""
    answer = await handle(request)
    if request.transport is not None:
        request.transport.abort()
    return answer


async def _html(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")


async def _empty(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return web.Response(status=200)


async def _truncated(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return web.Response(text='{"status_code": 10', content_type="application/json")


async def _redirect(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": str(request.url)})


async def _unauthorized(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    del request
    return envelope(status=INVALID, message="unauthorized by fault mode", http=401)


async def _too_many_bare(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    """Without Retry-After, as some do."""
    del request
    return web.Response(status=429)


async def _random_500(request: web.Request, handle: Handle, disturbance: Disturbance) -> web.StreamResponse:
    """Fails every so often, before anything happened."""
    if random.random() < disturbance.failing_share:  # noqa: S311 - a simulation
        return web.Response(status=500, text="Internal Server Error")
    return await handle(request)


async def _wrong_envelope(request: web.Request, _: Handle, __: Disturbance) -> web.StreamResponse:
    """JSON, but not OCPI's."""
    del request
    return web.json_response({"success": True, "result": {}})


_FAULTS: dict[Mode, Fault] = {
    Mode.NORMAL: _normal,
    Mode.ERROR_500: _error_500,
    Mode.TOO_MANY: _too_many,
    Mode.SLOW: _slow,
    Mode.STATUS_2001: _status_2001,
    Mode.STATUS_3000: _status_3000,
    Mode.DROP_ANSWER: _drop_answer,
    Mode.HTML: _html,
    Mode.EMPTY: _empty,
    Mode.TRUNCATED: _truncated,
    Mode.REDIRECT: _redirect,
    Mode.UNAUTHORIZED: _unauthorized,
    Mode.TOO_MANY_BARE: _too_many_bare,
    Mode.RANDOM_500: _random_500,
    Mode.WRONG_ENVELOPE: _wrong_envelope,
}
