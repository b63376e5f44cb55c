"""Work that comes round: partners' token lists are read in full from time to time (TOK-04).

And what a list brought: locations its partner may see now (LOC-12).
"""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime

from gateway.app import revealing
from gateway.app.policy import Policy
from gateway.app.ports import Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.delivery import Owed
from gateway.domain.ids import PartnerId
from gateway.domain.partners import InterfaceRole

_LOOK_EVERY_S = 600.0
_SETTLE_S = 1.0
"""How long further tokens are waited for."""
_REST = 20
"""How many times as long as the last look nothing is done: tokens may come for hours."""


class Upkeep:
    """Owes what is due by the calendar."""

    def __init__(self, store: Store, clock: Clock, policy: Policy, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._wake = wake

    async def run(self) -> None:
        """Look at the calendar, and at partners with new tokens, for ever; begins with all partners."""
        partners: frozenset[PartnerId] | None = None
        while True:
            await self.look()
            began = time.monotonic()
            await self.reveal(partners)
            rest_s = max(_SETTLE_S, _REST * (time.monotonic() - began))
            await self._wake.tokens_alarm.wait(_LOOK_EVERY_S)
            await asyncio.sleep(rest_s)
            partners = frozenset(self._wake.with_tokens)
            self._wake.with_tokens.difference_update(partners)

    async def reveal(self, partners: Collection[PartnerId] | None) -> None:
        """Owe these partners (None: all) the locations that a token of theirs shows them."""
        found = await self._store.read(lambda tx: revealing.to_reveal(tx, partners))
        if found:
            now = self._clock.now()
            await self._store.write(lambda tx: revealing.reveal(tx, found, now))
            self._wake.deliveries()

    async def look(self) -> None:
        """Owe a pull of every token list that has not been read for a while."""
        now = self._clock.now()
        await self._store.write(lambda tx: self._owe_pulls(tx, now))
        self._wake.deliveries()

    def _owe_pulls(self, tx: Tx, now: datetime) -> None:
        for partner in tx.partners.all():
            pulled = partner.tokens_pulled_at
            stale = pulled is None or now - pulled >= self._policy.token_pull_interval
            if (
                partner.active
                and stale
                and partner.endpoint("tokens", InterfaceRole.SENDER)
                and not tx.debts.unsettled(partner.id, Owed.PULL_TOKENS, "tokens")
            ):
                tx.debts.owe(partner.id, Owed.PULL_TOKENS, "tokens", now, now)
