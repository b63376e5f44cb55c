"""One kept-alive connection pool per partner, with the bounds its profile sets (F13)."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from gateway.domain.ids import PartnerId
from gateway.domain.partner_profiles import Profile
from gateway.domain.partners import Partner
from ocpi.guard import UrlGuard

_CONNECT_S = 10.0


class Lane:
    """Calls to one partner: so many at once, so many in a second."""

    def __init__(self, session: aiohttp.ClientSession, profile: Profile) -> None:
        self.session = session
        self._slots = asyncio.Semaphore(profile.concurrency)
        self._interval_s = 1 / profile.requests_per_second
        self._burst_s = 1.0
        self._booked_until = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a slot and for the pace, and hold the slot."""
        async with self._slots:
            now = asyncio.get_running_loop().time()
            self._booked_until = max(self._booked_until, now - self._burst_s) + self._interval_s
            if self._booked_until > now:
                await asyncio.sleep(self._booked_until - now)
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
