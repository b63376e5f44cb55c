"""The token of a request to the operator side, and how often a wrong one may be tried."""

import hmac
import logging
import time
from collections.abc import Callable

from aiohttp import web

from gateway.app.attempts import Attempts
from gateway.domain.errors import GatewayError, NotAuthenticated

log = logging.getLogger(__name__)

_AT_ONCE = 20
_PER_SECOND = 0.5
RETRY_AFTER_S = 10


class TooManyAttempts(GatewayError):
    """Too many wrong bearer tokens came from this address; wait before the next."""


class TokenCheck:
    """Lets in who presents one of the tokens (T2, T13). A wrong one costs its address an attempt.

    The right token is never kept out: it is long enough that guessing is hopeless, and behind a proxy all
    callers share an address. Addresses are remembered in a bounded number.
    """

    def __init__(self, *tokens: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._tokens = [token.encode() for token in tokens if token]
        self._failures = Attempts(_AT_ONCE, _PER_SECOND, monotonic)

    def require(self, request: web.Request) -> None:
        """Raises NotAuthenticated or TooManyAttempts."""
        if self._presented(request):
            return
        address = request.remote or ""
        if not self._failures.allowed(address):
            raise TooManyAttempts
        log.warning("a wrong bearer token from %s", address, extra={"remote": address})
        raise NotAuthenticated("the bearer token is missing or wrong")

    def _presented(self, request: web.Request) -> bool:
        """Compared in constant time (T13)."""
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        given = shown.strip().encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(token, given) for token in self._tokens]
        return scheme.lower() == "bearer" and any(matches)
