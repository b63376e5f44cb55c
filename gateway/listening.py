"""The socket, the web server on it, and the loops behind it: started in order, stopped in reverse."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from aiohttp import web

from gateway.app.supervise import Supervisor

Loop = Callable[[], Awaitable[None]]
_BACKLOG = 1024
_DRAIN_S = 5.0
"""For requests in flight at a stop; aiohttp waits as long again after it has cancelled them."""


def listener(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 picks a free one. Raises OSError if the address cannot be had."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # The protocol is named because asyncio only switches Nagle's algorithm off for a socket that has one.
    bound = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


async def start_tls(
    stack: AsyncExitStack, app: web.Application, bound: socket.socket, context: ssl.SSLContext
) -> None:
    """Serve another application with TLS; the stack stops it."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_DRAIN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, bound, backlog=_BACKLOG, ssl_context=context).start()


async def start(
    stack: AsyncExitStack,
    app: web.Application,
    bound: socket.socket,
    loops: Mapping[str, Loop],
    before_stop: Loop,
) -> None:
    """Run the loops and serve the application.

    The stack undoes it: stop accepting, `before_stop` (send chargers away), finish requests, end the loops.
    """
    supervisor = Supervisor()
    stack.push_async_callback(supervisor.stop)
    for name, loop in loops.items():
        supervisor.start(name, loop)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=_DRAIN_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.SockSite(runner, bound, backlog=_BACKLOG)
    await site.start()
    stack.push_async_callback(before_stop)
    stack.push_async_callback(site.stop)
