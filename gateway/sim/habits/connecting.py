"""Habits at the socket: how a charger connects, how it comes back, and what it does once it is there."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from gateway.sim.clock import stamp
from gateway.sim.dialing import Dialing
from gateway.sim.habit import Body, Habit, Moment
from gateway.sim.habits import answering
from gateway.sim.station import Identity

_PORTS = {"ws": 80, "wss": 443}
_HISTORY = 50
"""Readings in a flush of history, one an hour."""
_AWAY = timedelta(minutes=6)
Dials = Callable[[Dialing], Dialing]


def _offering(*subprotocols: str) -> Dials:
    return lambda usual: replace(usual, subprotocols=subprotocols)


def _raw_key(password: str) -> bytes:
    """The bytes that the hex digits of a key mean; a key that is none is sent as hex digits."""
    try:
        return bytes.fromhex(password)
    except ValueError:
        return password.encode().hex().encode()


async def _half_a_handshake(url: str, _: Identity) -> None:
    """A request that lacks `Connection: Upgrade`."""
    place = urlsplit(url)
    lines = (f"GET {place.path} HTTP/1.1", f"Host: {place.netloc}", "Upgrade: websocket", "", "")
    secure = True if place.scheme == "wss" else None
    reader, writer = await asyncio.open_connection(place.hostname, _port(url), ssl=secure)
    writer.write("\r\n".join(lines).encode())
    await reader.readline()
    writer.close()


async def _without_roots(url: str, _: Identity) -> None:
    """A TLS client that trusts nobody; on a plain port it hangs up before it said anything."""
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if urlsplit(url).scheme == "wss" else None
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        opened = await asyncio.open_connection(urlsplit(url).hostname, _port(url), ssl=strict)
        opened[1].transport.abort()


def _port(url: str) -> int:
    place = urlsplit(url)
    return place.port or _PORTS[place.scheme]


async def _leave_half_open(body: Body) -> None:
    body.leave_half_open()


async def _drop(body: Body) -> None:
    body.drop()


async def _tell_history(body: Body, plug_key: str) -> None:
    """Readings of weeks ago, once."""
    if body.connections > 1:
        return
    first = body.clock.now() - timedelta(weeks=2)
    for number in range(_HISTORY):
        sampled = {"value": "5" if plug_key == "connectorId" else 5}
        value = {"timestamp": stamp(first + timedelta(hours=number)), "sampledValue": [sampled]}
        await body.call("MeterValues", {plug_key: 1, "meterValue": [value]})


EVERY = (
    Habit("Q01", "offers no WebSocket subprotocol", dials=_offering()),
    Habit("Q01.2", "offers a WebSocket subprotocol nobody knows", dials=_offering("ocpp1.6j")),
    Habit(
        "Q03",
        "opens a new connection while charging and leaves the old one half open",
        moments={Moment.CHARGING: _leave_half_open},
    ),
    Habit("Q04", "breaks at a ping and answers none", dials=lambda usual: replace(usual, pongs=False)),
    Habit(
        "Q06",
        "begins with a handshake that lacks Connection: Upgrade",
        dials=lambda usual: replace(usual, knock=_half_a_handshake),
    ),
    Habit(
        "Q07",
        "restarts three times right after its boot",
        dials=lambda usual: replace(usual, restarts=3),
    ),
    Habit(
        "Q08",
        "loses the connection while charging and does not dial again for six minutes",
        dials=lambda usual: replace(usual, away=_AWAY),
        moments={Moment.CHARGING: _drop},
    ),
    Habit("Q10", "sends its key as the bytes it means", dials=lambda usual: replace(usual, key=_raw_key)),
    Habit(
        "Q11",
        "hangs up during the TLS handshake as it does not know the authority, then does",
        dials=lambda usual: replace(usual, knock=_without_roots),
    ),
    Habit(
        "Q12",
        "sends BootNotification only when it is asked to",
        dials=lambda usual: replace(usual, introduces=False),
    ),
    Habit(
        "Q12.2",
        "never sends BootNotification",
        dials=lambda usual: replace(usual, introduces=False),
        answers=answering.rejects_boots,
    ),
)
V16 = (
    Habit("Q09", "negotiates 2.0.1 and speaks 1.6", dials=_offering("ocpp2.0.1")),
    Habit(
        "Q38",
        "tells weeks of old meter values after its first connect",
        moments={Moment.CONNECTED: lambda body: _tell_history(body, "connectorId")},
    ),
)
V2X = (
    Habit("Q09", "negotiates 1.6 and speaks 2.x", dials=_offering("ocpp1.6")),
    replace(V16[1], moments={Moment.CONNECTED: lambda body: _tell_history(body, "evseId")}),
)
