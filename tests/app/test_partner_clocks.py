"""F36: a partner whose clock is wrong loses no update of its tokens."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from gateway.app.tokens import Tokens
from gateway.domain.ids import TokenUid
from gateway.domain.partners import Partner
from gateway.domain.tokens import Token
from gateway.store.memory import MemoryStore
from tests.builders import NOON, partner, token
from tests.fakes import FakeClock, FakePartners


@dataclass
class Skewed(FakePartners):
    """Stamps and filters its tokens by its own clock, as partners do."""

    shelf: dict[str, Token] = field(default_factory=dict)

    async def tokens(self, partner: Partner, since: datetime | None) -> AsyncIterator[Sequence[Token]]:
        del partner
        yield [t for t in self.shelf.values() if since is None or t.last_updated >= since]


@pytest.mark.parametrize("minutes", [-10, -1, 0, 1, 10])
async def test_f36_a_clock_ten_minutes_wrong_costs_no_update(minutes: float) -> None:
    skew = timedelta(minutes=minutes)
    store, clock, partners = MemoryStore(), FakeClock(NOON), Skewed()
    await store.write(lambda tx: tx.partners.save(partner()))
    tokens = Tokens(store, partners, clock)
    for round_ in range(4):
        clock.move(minutes=3)
        changed = token("CARD", valid=bool(round_ % 2), last_updated=clock.now() + skew)
        partners.shelf["CARD"] = replace(changed, issuer=f"round {round_}")
        clock.move(seconds=20)
        mine = await store.read(lambda tx: tx.partners.get(partner().id))
        assert mine is not None
        await tokens.pull(mine)
        (held,) = await store.read(lambda tx: tx.tokens.by_uid(TokenUid("CARD")))
        assert held.token == partners.shelf["CARD"]
