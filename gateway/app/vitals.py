"""How the gateway is doing, in numbers for a monitoring system. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.domain.delivery import Backlog
from gateway.domain.errors import StoreUnavailable
from gateway.domain.ids import PartnerId
from gateway.domain.partners import Partner


@dataclass(frozen=True, slots=True)
class Pulse:
    """One look: who is on the line, and what is owed to whom. `partners` is None if nothing can be read."""

    at: datetime
    chargers_online: int
    partners: Sequence[Partner] | None
    backlog: Sequence[Backlog]

    @property
    def names(self) -> dict[PartnerId, str]:
        """Partners' names by their ids."""
        return {partner.id: partner.name for partner in self.partners or ()}


class Vitals:
    """Takes the pulse, also while the database is in trouble."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock

    async def take(self) -> Pulse:
        """Look now."""
        online, now = len(self._chargers.connected()), self._clock.now()
        try:
            partners, backlog = await self._store.read(_owed)
        except StoreUnavailable:
            return Pulse(now, online, None, ())
        return Pulse(now, online, partners, backlog)


def _owed(tx: Tx) -> tuple[Sequence[Partner], Sequence[Backlog]]:
    return tx.partners.all(), tx.debts.backlog()
