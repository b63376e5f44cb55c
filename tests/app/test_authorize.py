"""Cards: TOK-05 to TOK-10 and 4.D of the OCPP notes."""

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.authorization import AuthMethod, Authorization, PartnerVerdict, Place, Verdict
from gateway.domain.errors import PartnerUnreachable
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorNumber, EvseUid, LocationId, PartnerId, Party, TokenUid
from gateway.domain.partners import Partner, PartnerState
from gateway.domain.sites import ExceptionalPeriod, OpeningTimes
from gateway.domain.tokens import Whitelist
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakePartners

CARD = "04A1B2C3"
ALLOWED, BLOCKED, NOT_ALLOWED = Verdict.ALLOWED, Verdict.BLOCKED, Verdict.NOT_ALLOWED
ASKED, NOT_ASKED = 1, 0
DOWN = PartnerUnreachable("down")


async def show(world: World, card: str = CARD, number: ConnectorNumber | None = None) -> Authorization:
    return await world.authorizing.by_card(b.CHARGER, IdToken(card), number)


async def own(world: World, **changes: object) -> None:
    await world.store.write(lambda tx: tx.tokens.save(b.partner().id, b.token(**changes)))


@pytest.mark.parametrize(
    ("whitelist", "valid", "partner_says", "verdict", "method", "asked"),
    [
        (Whitelist.ALWAYS, True, None, ALLOWED, AuthMethod.WHITELIST, NOT_ASKED),
        (Whitelist.ALWAYS, False, None, BLOCKED, AuthMethod.WHITELIST, NOT_ASKED),
        (Whitelist.ALLOWED, True, None, ALLOWED, AuthMethod.WHITELIST, NOT_ASKED),
        (Whitelist.ALLOWED, False, None, BLOCKED, AuthMethod.WHITELIST, NOT_ASKED),
        (Whitelist.ALLOWED_OFFLINE, True, PartnerVerdict(ALLOWED), ALLOWED, AuthMethod.AUTH_REQUEST, ASKED),
        (Whitelist.ALLOWED_OFFLINE, True, PartnerVerdict(BLOCKED), BLOCKED, AuthMethod.AUTH_REQUEST, ASKED),
        (Whitelist.ALLOWED_OFFLINE, False, PartnerVerdict(ALLOWED), ALLOWED, AuthMethod.AUTH_REQUEST, ASKED),
        (Whitelist.ALLOWED_OFFLINE, True, DOWN, ALLOWED, AuthMethod.WHITELIST, ASKED),
        (Whitelist.ALLOWED_OFFLINE, False, DOWN, BLOCKED, AuthMethod.WHITELIST, ASKED),
        (Whitelist.NEVER, True, PartnerVerdict(ALLOWED), ALLOWED, AuthMethod.AUTH_REQUEST, ASKED),
        (Whitelist.NEVER, False, PartnerVerdict(ALLOWED), ALLOWED, AuthMethod.AUTH_REQUEST, ASKED),
        (Whitelist.NEVER, True, DOWN, NOT_ALLOWED, AuthMethod.WHITELIST, ASKED),
    ],
)
async def test_whitelist_rules(
    world: World,
    whitelist: Whitelist,
    valid: bool,
    partner_says: PartnerVerdict | PartnerUnreachable | None,
    verdict: Verdict,
    method: AuthMethod,
    asked: int,
) -> None:
    """TOK-05, whole table."""
    await own(world, whitelist=whitelist, valid=valid)
    if partner_says is not None:
        world.partners.verdicts[b.partner().id] = partner_says
    decision = await show(world)
    assert (decision.verdict, decision.method, len(world.partners.asked)) == (verdict, method, asked)


async def test_the_partner_hears_where_the_driver_stands(world: World) -> None:
    """TOK-06: LocationReferences always; one EVSE when the plug is known."""
    await own(world, whitelist=Whitelist.NEVER)
    await show(world, number=b.PLUG)
    (asked,) = world.partners.asked
    assert asked[3] == Place(LocationId("LOC1"), (EvseUid("EVSE-1"),), b.CPO)


@pytest.mark.parametrize(("listed", "verdict"), [("evse-1", ALLOWED), ("EVSE-9", NOT_ALLOWED)])
async def test_allowed_elsewhere_is_refused_here(world: World, listed: str, verdict: Verdict) -> None:
    """TOK-08: our EVSE must be among those the partner lists."""
    await own(world, whitelist=Whitelist.NEVER)
    answer = PartnerVerdict(ALLOWED, allowed_evse_uids=frozenset({EvseUid(listed)}))
    world.partners.verdicts[b.partner().id] = answer
    assert (await show(world, number=b.PLUG)).verdict is verdict


async def test_tok_09_a_hidden_or_closed_place_charges_all_the_same(world: World) -> None:
    """TOK-09: whether a location is published, or open, is no question of authorization."""
    christmas = (ExceptionalPeriod(b.at(-60), b.at(3600)),)
    hours = OpeningTimes(twentyfourseven=False, exceptional_closings=christmas)
    hidden = b.location(publish=False, opening_times=hours)
    await world.store.write(lambda tx: tx.locations.save(hidden))
    assert (await show(world)).verdict is ALLOWED
    await own(world, whitelist=Whitelist.NEVER)
    world.partners.verdicts[b.partner().id] = PartnerVerdict(ALLOWED)
    assert (await show(world, number=b.PLUG)).verdict is ALLOWED


async def two_partners(world: World) -> tuple[PartnerId, PartnerId]:
    other = b.partner("Other eMSP", party=b.OTHER_EMSP)
    await world.store.write(lambda tx: tx.partners.save(other))
    return b.partner().id, other.id


async def test_an_unknown_card_is_asked_everywhere_and_the_first_yes_wins(world: World) -> None:
    """TOK-10."""
    first, second = await two_partners(world)
    world.partners.verdicts[first] = PartnerVerdict(Verdict.UNKNOWN)
    unknown_here = b.token("AABBCCDD", party=b.OTHER_EMSP)
    world.partners.verdicts[second] = PartnerVerdict(ALLOWED, token=unknown_here, reference="R")
    decision = await show(world, "aa:bb:cc:dd")
    assert {asked[:3] for asked in world.partners.asked} == {
        (first, "AABBCCDD", "RFID"),
        (second, "AABBCCDD", "RFID"),
    }
    assert decision.accepted
    assert (decision.partner_id, decision.reference) == (second, "R")
    assert decision.token is not None
    assert decision.token.party == b.OTHER_EMSP


async def test_one_partner_down_does_not_hide_the_others_yes(world: World) -> None:
    first, second = await two_partners(world)
    world.partners.verdicts[first] = DOWN
    world.partners.verdicts[second] = PartnerVerdict(ALLOWED)
    assert (await show(world, "FFFF")).partner_id == second


async def test_a_partner_cannot_speak_for_a_party_that_is_not_its_own(world: World) -> None:
    """T16: the token in the answer binds only the partner's own parties."""
    world.partners.verdicts[b.partner().id] = PartnerVerdict(
        ALLOWED, token=b.token("FFFF", party=b.OTHER_EMSP)
    )
    decision = await show(world, "FFFF")
    assert decision.token is not None
    assert decision.token.party == b.EMSP


async def test_only_registered_partners_are_asked(world: World) -> None:
    await world.store.write(lambda tx: tx.partners.save(b.partner(state=PartnerState.PAUSED)))
    decision = await show(world, "FFFF")
    assert decision.verdict is Verdict.UNKNOWN
    assert world.partners.asked == []


class SilentPartners(FakePartners):
    async def authorize(
        self,
        partner: Partner,
        uid: str,
        type_: str,
        place: Place | None,
        within: timedelta,
        owner: Party | None = None,
    ) -> PartnerVerdict:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


@pytest.mark.parametrize(
    ("whitelist", "verdict"),
    [(Whitelist.ALLOWED_OFFLINE, ALLOWED), (Whitelist.NEVER, NOT_ALLOWED)],
)
async def test_the_deadline_answers_for_a_silent_partner(whitelist: Whitelist, verdict: Verdict) -> None:
    """One deadline for everything; then the whitelist's word."""
    world = await World(partners=SilentPartners()).furnish()
    world.policy = world.policy.__class__(authorize_deadline=timedelta(milliseconds=50))
    world.__post_init__()
    await own(world, whitelist=whitelist)
    assert (await show(world)).verdict is verdict


async def test_one_uid_at_two_partners_is_ambiguous_unless_one_is_rfid(world: World) -> None:
    """M10."""
    _, second = await two_partners(world)
    await world.store.write(
        lambda tx: tx.tokens.save(second, b.token(CARD, party=b.OTHER_EMSP, type="APP_USER"))
    )
    assert (await show(world)).partner_id == b.partner().id
    await world.store.write(lambda tx: tx.tokens.save(second, b.token(CARD, party=b.OTHER_EMSP)))
    assert not (await show(world)).accepted


@pytest.mark.parametrize("shown", ["04a1b2c3", "04:A1:B2:C3", "04 A1 B2 C3"])
async def test_card_numbers_are_compared_without_case_and_separators(world: World, shown: str) -> None:
    """Q24, M10."""
    decision = await show(world, shown)
    assert decision.accepted
    assert decision.token is not None
    assert decision.token.uid == TokenUid(CARD)


async def test_decisions_are_kept_with_their_reason(world: World) -> None:
    await show(world)
    ((_, charger_id, shown, decision),) = await world.store.read(lambda tx: tx.authorizations.log(10))
    assert (charger_id, shown) == (b.CHARGER, CARD)
    assert decision.reason


async def test_m11_groups_of_two_emsps_are_not_one(world: World) -> None:
    """However they are called, and however it is known: from the list, or from the answer."""
    _, second = await two_partners(world)
    tokens = {
        uid: b.token(uid, party=party, group_id=group)
        for uid, party, group in (
            ("A1", b.EMSP, "fleet"),
            ("A2", b.EMSP, "FLEET"),
            ("B1", b.OTHER_EMSP, "FLEET"),
            ("B2", b.OTHER_EMSP, "FLEET"),
            ("B3", b.EMSP, "FLEET"),
        )
    }
    listed = [(b.partner().id, "A1"), (b.partner().id, "A2"), (second, "B1")]
    await world.store.write(lambda tx: [tx.tokens.save(owner, tokens[uid]) for owner, uid in listed])

    async def group(uid: str) -> str:
        world.partners.verdicts[second] = PartnerVerdict(ALLOWED, token=tokens[uid])
        return ((await show(world, uid)).group_id or "none").upper()

    named = {uid: await group(uid) for uid in tokens}
    assert named["A1"] == named["A2"] != named["B1"] == named["B2"]
    assert named["B3"] == "NONE"  # who answers does not speak for that party
