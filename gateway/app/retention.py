"""What grows for ever is kept for a time only: samples, decisions about cards, acknowledged deliveries.

Sessions and CDRs are never deleted, nor is anything that prices, verifies or reconciles them. A session whose
samples are gone is `thinned`: what was counted from them stands, and a correction prices that.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from gateway.app.policy import Policy
from gateway.app.ports import Clock, Store, Tx
from gateway.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

BATCH = 200
"""Rows deleted in one unit of work: a few milliseconds in which no charger is answered."""
_EVERY_S = 3600.0
_FIRST_AFTER_S = 90.0
_PAUSE_S = 0.02

_Drop = Callable[[Tx, datetime, int], int]


class Retention:
    """Deletes what is older than the policy says, in small steps between which others get their turn."""

    def __init__(self, store: Store, clock: Clock, policy: Policy, every_s: float = _EVERY_S) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._every_s = every_s

    async def run(self) -> None:
        """Sweep soon after the start and then every hour, for ever."""
        await asyncio.sleep(min(_FIRST_AFTER_S, self._every_s))
        while True:
            try:
                await self.sweep()
            except StoreUnavailable as error:
                log.warning("old rows were not deleted: %s", error)
            await asyncio.sleep(self._every_s)

    async def sweep(self) -> dict[str, int]:
        """Delete everything that is old enough; returns how many rows of what. Raises StoreUnavailable."""
        now = self._clock.now()
        dropped = {what: await self._drop(drop, now - keep) for what, keep, drop in self._terms()}
        if any(dropped.values()):
            log.info("deleted what is old: %s", ", ".join(f"{n} {what}" for what, n in dropped.items()))
        return dropped

    def _terms(self) -> Iterator[tuple[str, timedelta, _Drop]]:
        """What is kept for how long; what has no term is kept for ever."""
        keep = self._policy
        terms: tuple[tuple[str, timedelta | None, _Drop], ...] = (
            ("samples", keep.keep_samples, lambda tx, before, limit: tx.old.drop_samples(before, limit)),
            (
                "authorizations",
                keep.keep_authorizations,
                lambda tx, before, limit: tx.old.drop_authorizations(before, limit),
            ),
            (
                "deliveries",
                keep.keep_deliveries,
                lambda tx, before, limit: tx.old.drop_deliveries(before, limit),
            ),
        )
        for what, term, drop in terms:
            if term is not None:
                yield what, term, drop

    async def _drop(self, drop: _Drop, before: datetime) -> int:
        total = 0
        while done := await self._store.write(lambda tx: drop(tx, before, BATCH)):
            total += done
            await asyncio.sleep(_PAUSE_S)
        return total
