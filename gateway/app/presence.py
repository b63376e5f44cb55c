"""Chargers that went away: after a grace their EVSEs become UNKNOWN to partners (LOC-17, Q08)."""

import asyncio
from datetime import datetime

from gateway.app import stations
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.ids import ChargerId

_LOOK_EVERY_S = 1.0


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
        """Look around, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

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
