"""How often someone may try: a token bucket per key, forgetting those that are full again."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Attempts:
    """`burst` attempts at once, then `per_second`, for every key (an address)."""

    def __init__(self, burst: int, per_second: float, monotonic: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_second
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allowed(self, key: str) -> bool:
        """Take one attempt; False if none is left."""
        now = self._monotonic()
        bucket = self._buckets.pop(key, None) or _Bucket(float(self._burst), now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        allowed = bucket.left >= 1
        if allowed:
            bucket.left -= 1
        self._buckets[key] = bucket
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return allowed
