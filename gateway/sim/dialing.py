"""How a simulated charger connects: what it offers, how it proves who it is, and what it gets wrong."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

import aiohttp

from gateway.sim.errors import ConnectionTurnedDown
from gateway.sim.station import Identity

_PING_S = 30


@dataclass(frozen=True, slots=True)
class Dialing:
    """How it connects. `key`: the password as it is sent. `pongs` False: a ping ends the connection.

    `introduces` False: it boots only when asked to. `restarts`: how often it starts anew right after its
    first boots. `away`: charger time before it dials again. `knock` comes before it dials: URL and identity.
    """

    subprotocols: tuple[str, ...]
    key: Callable[[str], bytes] = str.encode
    pongs: bool = True
    introduces: bool = True
    restarts: int = 0
    away: timedelta = timedelta()
    knock: Callable[[str, Identity], Awaitable[None]] | None = None


def address_of(url: str, identity: Identity) -> str:
    """Where a charger connects: the OCPP base URL with its identity."""
    return f"{url.rstrip('/')}/{quote(identity.id, safe='')}"


async def open_socket(
    session: aiohttp.ClientSession, url: str, identity: Identity, dialing: Dialing, within: float
) -> aiohttp.ClientWebSocketResponse:
    """The WebSocket to the gateway. Raises ConnectionTurnedDown."""
    headers = {}
    if identity.password is not None:
        pair = identity.id.encode() + b":" + dialing.key(identity.password)
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    try:
        async with asyncio.timeout(within):
            if dialing.knock is not None:
                await dialing.knock(url, identity)
            return await session.ws_connect(
                url,
                protocols=dialing.subprotocols,
                headers=headers,
                autoping=dialing.pongs,
                heartbeat=_PING_S if dialing.pongs else None,
            )
    except aiohttp.WSServerHandshakeError as refused:
        raise ConnectionTurnedDown(f"{url}: HTTP {refused.status}", refused.status) from refused
    except (aiohttp.ClientError, OSError, TimeoutError) as broken:
        raise ConnectionTurnedDown(f"{url}: {broken}") from broken
