"""A partner allows a card at some EVSEs of a charger only (TOK-08, D06, M12): wherever it is used then."""

from dataclasses import replace

import pytest

from gateway.app.ports import Tx
from gateway.domain.authorization import PartnerVerdict, Verdict
from gateway.domain.chargers import PlugMapping
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorId, ConnectorNumber, EvseUid
from gateway.domain.readings import ReadingContext
from gateway.domain.tokens import Whitelist
from tests import builders as b
from tests.app.test_reporting import CARD, ENDED, STARTED, UPDATED, register, report, tell
from tests.app.world import World

HERE, THERE = ConnectorNumber(2), ConnectorNumber(1)


@pytest.fixture
async def world() -> World:
    """A charger with three EVSEs; the card's issuer allows it at the second only."""
    made = await World().furnish()

    def three(tx: Tx) -> None:
        uids = [EvseUid(f"EVSE-{n}") for n in (1, 2, 3)]
        tx.locations.save(b.location(*(b.evse(uid) for uid in uids)))
        plugs = tuple(PlugMapping(ConnectorNumber(n), uid, ConnectorId("1")) for n, uid in enumerate(uids, 1))
        tx.chargers.save(replace(b.charger(), plugs=plugs))
        tx.tokens.save(b.partner().id, b.token(whitelist=Whitelist.NEVER))

    await made.store.write(three)
    allowed = PartnerVerdict(Verdict.ALLOWED, allowed_evse_uids=frozenset({EvseUid("evse-2")}))
    made.partners.verdicts[b.partner().id] = allowed
    return made


async def test_the_charger_hears_where(world: World) -> None:
    """D06, M12: nothing is said where all its EVSEs are allowed."""
    told = await world.authorizing.by_card(b.CHARGER, CARD, None)
    assert (told.accepted, told.only_at) == (True, (2,))
    everywhere = frozenset(EvseUid(f"EVSE-{n}") for n in (1, 2, 3, 4))
    world.partners.verdicts[b.partner().id] = PartnerVerdict(Verdict.ALLOWED, allowed_evse_uids=everywhere)
    assert (await world.authorizing.by_card(b.CHARGER, CARD, None)).only_at == ()


@pytest.mark.parametrize(("number", "accepted"), [(HERE, True), (THERE, False)])
async def test_a_start_elsewhere_is_refused(world: World, number: ConnectorNumber, *, accepted: bool) -> None:
    """TOK-08, C06: the card was accepted before it was known at which of the plugs it would start."""
    assert (await world.authorizing.by_card(b.CHARGER, IdToken(CARD.value), None)).accepted
    started = await world.start(card=CARD.value, number=number)
    assert started.authorization.accepted is accepted
    assert (await world.session()).refused is not accepted


@pytest.mark.parametrize(("number", "accepted"), [(HERE, True), (THERE, False)])
@pytest.mark.parametrize("first", ["cable", "card"])
async def test_a_2x_transaction_elsewhere_is_refused(
    world: World, first: str, number: ConnectorNumber, *, accepted: bool
) -> None:
    """TOK-08, D08: the EVSE is named by one message, the card by another."""
    begin = (register(0, 1000, ReadingContext.BEGIN),)
    with_cable, with_card = {"number": number, "samples": begin}, {"number": None, "id_token": CARD}
    one, two = (with_cable, with_card) if first == "cable" else (with_card, with_cable)
    await tell(world, report(STARTED, 0, 0, **one), report(UPDATED, 1, 10, **two))
    session = await world.session()
    assert (session.refused, session.token is not None and not session.refused) == (not accepted, accepted)
    end = register(600, 3000, ReadingContext.END)
    await tell(world, report(ENDED, 2, 600, number=None, samples=(end,)))
    world.clock.time = b.at(3600)
    await world.closing.close_due()
    assert len(await world.cdrs()) == int(accepted)
