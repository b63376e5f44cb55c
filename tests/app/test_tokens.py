"""Partners' token lists (TOK-01 to TOK-04, TOK-14, T20, T21, T36)."""

from dataclasses import replace

import pytest

from gateway.app.ports import OwnedToken, Tx
from gateway.app.tokens import Tokens
from gateway.domain.errors import InvalidInput, NotYours, UnknownToken
from gateway.domain.ids import PartnerId, TokenUid
from gateway.domain.partners import PartnerRole, PartnerState, Role
from gateway.domain.tokens import Token
from gateway.store.memory import MemoryStore
from tests.builders import EMSP, NOON, OTHER_EMSP, at, partner, token
from tests.fakes import FakeClock, FakePartners

MINE = partner()


class Shelf:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.partners = FakePartners()
        self.tokens = Tokens(self.store, self.partners, FakeClock(at(60)))

    async def stored(self, uid: str = "04A1B2C3") -> list[OwnedToken]:
        return list(await self.store.read(lambda tx: tx.tokens.by_uid(TokenUid(uid))))


@pytest.fixture
async def shelf() -> Shelf:
    made = Shelf()
    await made.store.write(lambda tx: tx.partners.save(MINE))
    return made


@pytest.mark.parametrize(
    ("seconds", "kept"), [(-1, "first"), (0, "second"), (1, "second")], ids=["older", "as old", "newer"]
)
async def test_older_tokens_are_ignored_with_success(shelf: Shelf, seconds: int, kept: str) -> None:
    """T36."""
    assert await shelf.tokens.put(MINE, token(issuer="first")) is True
    assert await shelf.tokens.put(MINE, token(issuer="second", last_updated=at(seconds))) is False
    assert [o.token.issuer for o in await shelf.stored()] == [kept]


@pytest.mark.parametrize("role", [Role.CPO, Role.HUB])
async def test_only_emsp_parties_have_tokens(shelf: Shelf, role: Role) -> None:
    """TOK-14: a party the platform plays another role for does not count."""
    other = replace(MINE, roles=(PartnerRole(role, EMSP, "x"),))
    with pytest.raises(NotYours):
        await shelf.tokens.put(other, token())
    assert await shelf.stored() == []


CHANGES = [
    ("party", OTHER_EMSP),
    ("uid", TokenUid("FFFF")),
    ("type", "APP_USER"),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
async def test_a_patch_cannot_rename_a_token(shelf: Shelf, field: str, value: object) -> None:
    """T21."""
    await shelf.tokens.put(MINE, token())

    def change(before: Token) -> Token:
        return replace(before, **{field: value})  # type: ignore[arg-type]

    with pytest.raises(InvalidInput):
        await shelf.tokens.patch(MINE, EMSP, TokenUid("04A1B2C3"), "RFID", change)
    assert [o.token for o in await shelf.stored()] == [token()]


async def test_a_token_stored_by_another_platform_is_unknown(shelf: Shelf) -> None:
    """T20: even if the party were shared."""
    await shelf.store.write(lambda tx: tx.tokens.save(PartnerId("stranger"), token()))
    with pytest.raises(UnknownToken):
        await shelf.tokens.get(MINE, EMSP, TokenUid("04A1B2C3"), "RFID")


async def test_a_party_that_moved_takes_its_tokens_along(shelf: Shelf) -> None:
    """CRED-13: the former platform no longer speaks for the party; its tokens go to the new one."""
    former = partner("Former", state=PartnerState.REMOVED)

    def work(tx: Tx) -> None:
        tx.partners.save(former)
        tx.tokens.save(former.id, token(last_updated=at(999)))

    await shelf.store.write(work)
    await shelf.tokens.put(MINE, token(issuer="new home"))
    assert [(o.partner_id, o.token.issuer) for o in await shelf.stored()] == [(MINE.id, "new home")]


async def test_a_pull_takes_what_is_valid_and_remembers_when(shelf: Shelf) -> None:
    """TR-28, TOK-04: adds and updates, removes nothing; the next pull overlaps (F36)."""
    await shelf.tokens.put(MINE, token("KEPT"))
    await shelf.tokens.put(MINE, token("NEWER", last_updated=at(5)))
    shelf.partners.lists[MINE.id] = [
        [token("ONE"), token("FOREIGN", party=OTHER_EMSP)],
        [token("NEWER", issuer="old news")],
    ]
    await shelf.tokens.pull(MINE)
    assert [len(await shelf.stored(uid)) for uid in ("KEPT", "ONE", "FOREIGN", "NEWER")] == [1, 1, 0, 1]
    assert (await shelf.stored("NEWER"))[0].token.issuer == "Great eMSP"
    pulled = await shelf.store.read(lambda tx: tx.partners.get(MINE.id))
    assert pulled is not None
    assert pulled.tokens_pulled_at == at(60)
    assert at(60) > NOON
