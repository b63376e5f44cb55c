"""One kept-alive connection pool per partner, with the bounds its profile sets (F13)."""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from gateway.domain.ids import PartnerId
from gateway.domain.partner_profiles import Profile
from gateway.domain.partners import Partner
from ocpi.guard import UrlGuard

_CONNECT_S = 10.0
_MOST_MADE_UP_FOR_S = 10.0
"""How far urgent requests beyond the pace can put off the others."""


class Slots:
    """So many at once; when one is free, who is urgent comes before who is not."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def held(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for a slot, and hold it."""
        await self._take(self._urgent if urgent else self._others)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, waiting: "deque[asyncio.Future[None]]") -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the slot was handed over while we were being cancelled
                self._give_back()
            raise

    def _give_back(self) -> None:
        for waiting in (self._urgent, self._others):
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1


class Lane:
    """Calls to one partner: so many at once, so many in a second."""

    def __init__(self, session: aiohttp.ClientSession, profile: Profile) -> None:
        self.session = session
        self._slots = Slots(profile.concurrency)
        self._interval_s = 1 / profile.requests_per_second
        self._burst_s = 1.0
        self._booked_until = 0.0

    @asynccontextmanager
    async def turn(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Wait for the pace and for a slot, and hold the slot.

        A driver waits for what is `urgent`: it goes at once, and the others make up for it later.
        """
        now = asyncio.get_running_loop().time()
        self._booked_until = max(self._booked_until, now - self._burst_s) + self._interval_s
        if urgent:
            self._booked_until = min(self._booked_until, now + _MOST_MADE_UP_FOR_S)
        elif self._booked_until > now:
            await asyncio.sleep(self._booked_until - now)
        async with self._slots.held(urgent=urgent):
            yield


class Lanes:
    """The lanes of all partners; made at the first call, closed together."""

    def __init__(
        self,
        guard: UrlGuard,
        tls: ssl.SSLContext | None = None,
        by_host: Mapping[str, ssl.SSLContext] | None = None,
    ) -> None:
        self._guard = guard
        self._tls = tls
        self._by_host = by_host or {}
        self._lanes: dict[tuple[PartnerId | None, int, int, str], Lane] = {}

    def of(self, partner: Partner | None, host: str = "") -> Lane:
        """A partner's lane; None is for platforms that are not partners yet.

        A host that demands a certificate of ours has a lane of its own.
        """
        profile = partner.profile if partner else Profile()
        host = host if host in self._by_host else ""
        key = (partner.id if partner else None, profile.concurrency, profile.requests_per_second, host)
        lane = self._lanes.get(key)
        if lane is None:
            tls = self._by_host.get(host) or self._tls
            lane = self._lanes[key] = Lane(self._session(profile, tls), profile)
        return lane

    def _session(self, profile: Profile, tls: ssl.SSLContext | None) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=profile.concurrency,
            ssl=tls or True,
            socket_factory=self._guard.make_socket,
            keepalive_timeout=30,
        )
        return aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            headers={"User-Agent": "ocpp-ocpi-gateway", "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        lanes, self._lanes = list(self._lanes.values()), {}
        for lane in lanes:
            await lane.session.close()
