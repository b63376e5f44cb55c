"""How often is too often: token buckets for messages and for failed attempts to connect (T2, T26)."""

from collections import OrderedDict
from collections.abc import Callable

Monotonic = Callable[[], float]
"""Seconds on a clock that never jumps."""

_REMEMBERED = 10_000


class Bucket:
    """A token bucket: `burst` at once, then `per_second`."""

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = burst
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until there is a token; 0 if there is one now."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._per_second

    def take(self, now: float) -> float:
        """Take a token, on credit if need be; the seconds to wait for it."""
        wait = self.wait_s(now)
        self._tokens -= 1
        return wait


class Doorkeeper:
    """Turns away who failed too often, by address and by charger id, before any other work is done.

    Whoever got in with an id from an address is not kept out by other people's failures: guessing at a
    charger's id must not lock the charger out.
    """

    def __init__(self, burst: int, per_minute: float, monotonic: Monotonic) -> None:
        self._burst = burst
        self._per_second = per_minute / 60
        self._monotonic = monotonic
        self._failures: OrderedDict[str, Bucket] = OrderedDict()
        self._welcome: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, remote: str, charger_id: str) -> float:
        """Seconds this caller has to wait; 0 if it may try now."""
        if (remote, charger_id) in self._welcome:
            return 0.0
        now = self._monotonic()
        buckets = (self._failures.get(key) for key in _keys(remote, charger_id))
        return max((bucket.wait_s(now) for bucket in buckets if bucket), default=0.0)

    def failed(self, remote: str, charger_id: str) -> None:
        """Count a failed attempt."""
        self._welcome.pop((remote, charger_id), None)
        now = self._monotonic()
        for key in _keys(remote, charger_id):
            bucket = self._failures.get(key)
            if bucket is None:
                bucket = self._failures[key] = Bucket(self._burst, self._per_second, now)
            self._failures.move_to_end(key)
            bucket.take(now)
        _forget_oldest(self._failures)

    def admitted(self, remote: str, charger_id: str) -> None:
        """Remember who got in."""
        self._welcome[remote, charger_id] = None
        self._welcome.move_to_end((remote, charger_id))
        _forget_oldest(self._welcome)


def _keys(remote: str, charger_id: str) -> tuple[str, str]:
    return f"address {remote}", f"id {charger_id}"


def _forget_oldest(remembered: OrderedDict[str, Bucket] | OrderedDict[tuple[str, str], None]) -> None:
    while len(remembered) > _REMEMBERED:
        remembered.popitem(last=False)
