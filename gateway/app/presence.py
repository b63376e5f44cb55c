"""Chargers that went away: after a grace their EVSEs become UNKNOWN to partners (LOC-17, Q08).

What ran at one that never comes back is closed with what is known of it, so that it is billed (C17).
"""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime

from gateway.app import stations
from gateway.app.orphans import close_orphan
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.ids import ChargerId
from gateway.domain.sessions import Session

_LOOK_EVERY_S = 1.0
_LOOK_FOR_LOST_EVERY_S = 3600.0


class Presence:
    """Watches which configured chargers are absent, and since when."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock, policy: Policy, wake: Wake) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._policy = policy
        self._wake = wake
        self._absent_since: dict[ChargerId, datetime] = {}
        self._known_stale = True

    def network_changed(self) -> None:
        """The network file was applied: there may be chargers we have not been watching."""
        self._known_stale = True

    def left(self, charger_id: ChargerId) -> None:
        """A charger's connection ended."""
        self._absent_since[charger_id] = self._clock.now()

    def arrived(self, charger_id: ChargerId) -> None:
        """A charger connected."""
        self._absent_since.pop(charger_id, None)

    async def run(self) -> None:
        """Look around, for ever. Chargers have an hour to come back after a start of ours."""
        looked_s = time.monotonic()
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)
            if time.monotonic() - looked_s >= _LOOK_FOR_LOST_EVERY_S:
                looked_s = time.monotonic()
                await self.close_lost()

    async def close_lost(self) -> None:
        """Close the sessions of chargers that have been away for days; an end that comes corrects them."""
        now = self._clock.now()
        until, online = now - self._policy.lost_after, self._chargers.online
        lost = await self._store.read(
            lambda tx: [
                s for s in tx.sessions.all_open() if not online(s.charger_id) and _silent(tx, s, until)
            ]
        )
        if lost:
            await self._store.write(lambda tx: _close_lost(tx, lost, now))
            self._wake.closing()

    async def look(self) -> None:
        """Mark the EVSEs of chargers that have been away for longer than the grace."""
        now = self._clock.now()
        if self._known_stale:
            self._known_stale = False
            for charger_id in await self._store.read(lambda tx: [c.id for c in tx.chargers.all()]):
                if not self._chargers.online(charger_id):
                    self._absent_since.setdefault(charger_id, now)
        gone = [c for c, since in self._absent_since.items() if now - since >= self._policy.offline_grace]
        for charger_id in gone:
            del self._absent_since[charger_id]
        gone = [c for c in gone if not self._chargers.online(c)]
        if gone:
            await self._store.write(lambda tx: _mark_unknown(tx, gone, now))
            self._wake.deliveries()


def _mark_unknown(tx: Tx, charger_ids: list[ChargerId], now: datetime) -> None:
    for charger_id in charger_ids:
        charger = tx.chargers.get(charger_id)
        if charger is not None:
            stations.refresh_evses(tx, charger, now, online=False)


def _silent(tx: Tx, session: Session, until: datetime) -> bool:
    """Whether nothing was heard of a session's charger since this instant."""
    state = tx.chargers.state(session.charger_id)
    seen_at = state.last_seen_at if state else None
    return max(session.last_updated, seen_at or session.last_updated) < until


def _close_lost(tx: Tx, lost: Collection[Session], now: datetime) -> None:
    for session in lost:
        current = tx.sessions.get(session.id)
        if current is not None and current.open and current.last_updated == session.last_updated:
            close_orphan(tx, current, now, "its charger went away and did not come back")
