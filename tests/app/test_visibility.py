"""Who sees which location and tariff: the same for pushes and lists (LOC-12, LOC-05, T20, LOC-03)."""

import asyncio
from dataclasses import replace

import pytest

from gateway.app.entitlement import owe_evse, owe_location, owe_tariff
from gateway.app.network_merge import only_connector
from gateway.app.parcels import LocationParcel
from gateway.app.partner_views import PartnerViews
from gateway.app.policy import Policy
from gateway.app.ports import PageQuery, Tx
from gateway.app.tokens import Tokens
from gateway.app.upkeep import Upkeep
from gateway.app.wake import Wake
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.ids import ConnectorId, EvseUid, Party
from gateway.domain.partner_profiles import Profile
from gateway.domain.sites import EvseStatus, Location, PublishToken
from gateway.domain.tokens import Token
from gateway.store.memory import MemoryStore
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeClock, FakePartners

HERS = PublishToken(visual_number="NL-EMS-1", issuer="Great eMSP")
OTHER_CPO = Party("BE", "GWY")
CASES = [
    (b.location(), Profile(), True),
    (b.location(publish=False), Profile(), False),
    (b.location(publish=False, publish_allowed_to=(HERS,)), Profile(), True),
    (b.location(publish=False, publish_allowed_to=(replace(HERS, issuer="Someone"),)), Profile(), False),
    (
        b.location(publish=False, publish_allowed_to=(PublishToken(uid="04a1b2c3", type="RFID"),)),
        Profile(),
        True,
    ),
    (
        b.location(publish=False, publish_allowed_to=(PublishToken(uid="FFFF", type="RFID"),)),
        Profile(),
        False,
    ),
    (b.location(publish=False, publish_allowed_to=(PublishToken(group_id="fleet"),)), Profile(), True),
    (b.location(), Profile(hidden_locations=("loc1",)), False),
    (b.location(), Profile(our_parties=(OTHER_CPO,)), False),
    (b.location(party=OTHER_CPO), Profile(our_parties=(OTHER_CPO,)), True),
]


@pytest.mark.parametrize(("location", "profile", "visible"), CASES)
async def test_loc_12_pushes_and_lists_follow_one_rule(
    location: Location, profile: Profile, visible: bool
) -> None:
    store, partner = MemoryStore(), b.partner(profile=profile)
    token = b.token(visual_number="NL-EMS-1", group_id="FLEET")

    def work(tx: Tx) -> bool:
        tx.partners.save(partner)
        tx.tokens.save(partner.id, token)
        tx.locations.save(location)
        owe_location(tx, location, b.NOON)
        return tx.debts.get(partner.id, Owed.LOCATION, location.id) is not None

    assert await store.write(work) is visible
    page = await PartnerViews(store).locations(partner, PageQuery())
    assert (page.items, page.total) == (((location,), 1) if visible else ((), 0))


async def test_a_partner_hears_when_a_location_is_no_longer_published() -> None:
    """LOC-12: once, as a whole; of its status it hears nothing any more."""
    store, partner = MemoryStore(), b.partner()
    unpublished = b.location(publish=False)

    def work(tx: Tx) -> list[tuple[Owed, DebtState]]:
        tx.partners.save(partner)
        owe_location(tx, b.location(), b.NOON)
        debt = tx.debts.get(partner.id, Owed.LOCATION, "LOC1")
        assert debt is not None
        tx.debts.save(replace(debt, state=DebtState.SETTLED, settled=debt.revision))
        owe_location(tx, unpublished, b.at(1))
        owe_evse(tx, unpublished, EvseUid("EVSE-1"), b.at(2))
        return [(d.kind, d.state) for d in tx.debts.list()]

    assert await store.write(work) == [(Owed.LOCATION, DebtState.WAITING)]


async def test_tariffs_of_other_parties_are_not_for_this_partner() -> None:
    """T20: neither pushed nor listed."""
    store, partner = MemoryStore(), b.partner(profile=Profile(our_parties=(OTHER_CPO,)))

    def work(tx: Tx) -> int:
        tx.partners.save(partner)
        for tariff in (b.tariff(), b.tariff(party=OTHER_CPO)):
            tx.tariffs.save(tariff)
            owe_tariff(tx, tariff, b.NOON)
        return len(tx.debts.list())

    assert await store.write(work) == 1
    page = await PartnerViews(store).tariffs(partner, PageQuery())
    assert [tariff.party for tariff in page.items] == [OTHER_CPO]


async def test_tar_01_a_removed_tariff_is_taken_back_from_who_has_it() -> None:
    """Also from a partner that may not see it any more; who never had it and may not see it hears nothing."""
    store, elsewhere = MemoryStore(), Profile(our_parties=(OTHER_CPO,))
    had, never = b.partner("Had", profile=elsewhere), b.partner("Never", profile=elsewhere)

    def work(tx: Tx) -> list[tuple[str, int]]:
        for partner in (had, never):
            tx.partners.save(partner)
        tx.debts.owe(had.id, Owed.TARIFF, f"{b.CPO}/standard", b.NOON, b.NOON)
        owe_tariff(tx, b.tariff(), b.NOON)
        owe_tariff(tx, b.tariff(), b.NOON, removed=True)
        return [(debt.partner_id, debt.revision) for debt in tx.debts.list()]

    assert await store.write(work) == [(had.id, 2)]


HIDDEN = b.location(publish=False, publish_allowed_to=(PublishToken(group_id="FLEET"),))


async def test_loc_12_a_later_token_reveals_a_location() -> None:
    """Once, to its partner alone; another group's token shows nothing."""
    store, partner = MemoryStore(), b.partner()
    other = b.partner("Other", party=b.OTHER_EMSP)
    wake, clock = Wake(), FakeClock()
    tokens = Tokens(store, FakePartners(), clock, wake)
    upkeep = Upkeep(store, clock, Policy(), wake)

    async def owed() -> list[tuple[str, str, int]]:
        debts = await store.read(lambda tx: tx.debts.list())
        return [(d.partner_id, d.key, d.revision) for d in debts if d.kind is Owed.LOCATION]

    await store.write(
        lambda tx: (tx.partners.save(partner), tx.partners.save(other), tx.locations.save(HIDDEN))
    )
    await tokens.put(partner, b.token("01", group_id="other"))
    await upkeep.reveal(None)
    assert await owed() == []
    running = asyncio.create_task(upkeep.run())
    try:
        await tokens.put(partner, b.token("02", group_id="fleet"))
        async with asyncio.timeout(15):
            while not await owed():
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await tokens.put(partner, b.token("03", group_id="fleet"))
    await upkeep.reveal({partner.id, other.id})
    assert await owed() == [(partner.id, "LOC1", 1)]


def test_loc_03_a_change_of_one_connector_is_found() -> None:
    """LOC-02: times go upwards; anything else that differs makes it a change of the whole location."""
    before = b.location(b.evse("EVSE-1"), b.evse("EVSE-2"))
    (old,) = before.evses[0].connectors
    connector = replace(old, max_amperage=32, last_updated=b.at(60))
    evse = replace(before.evses[0], connectors=(connector,), last_updated=b.at(60))
    after = replace(before, evses=(evse, before.evses[1]), last_updated=b.at(60))
    assert only_connector(before, after) == (EvseUid("EVSE-1"), ConnectorId("1"))
    assert only_connector(before, replace(after, name="Elsewhere")) is None
    assert (
        only_connector(before, replace(after, evses=(replace(evse, floor_level="1"), before.evses[1])))
        is None
    )
    removed = replace(before.evses[1], status=EvseStatus.REMOVED)
    assert only_connector(before, replace(after, evses=(evse, removed))) is None
    assert only_connector(None, after) is None
    assert only_connector(before, before) is None


async def test_loc_12_a_location_that_a_token_showed_is_hidden_again(world: World) -> None:
    """LOC-05: its partner gets it once more, for nobody to be shown, then nothing until it may see it."""
    partner, upkeep = b.partner(), Upkeep(world.store, world.clock, Policy(), Wake())
    await world.store.write(
        lambda tx: (tx.locations.save(HIDDEN), tx.tokens.save(partner.id, _hers("fleet")))
    )

    async def pushed() -> list[tuple[bool, tuple[PublishToken, ...]]]:
        """What the partner gets now, looked at twice."""
        world.partners.sent.clear()
        for _ in range(2):
            await upkeep.reveal(None)
            await world.deliveries.send_due(partner)
        places = [p.location for _, p in world.partners.sent if isinstance(p, LocationParcel)]
        assert len(places) == len(world.partners.sent)
        return [(place.publish, place.publish_allowed_to) for place in places]

    async def belongs_to(group: str) -> list[tuple[bool, tuple[PublishToken, ...]]]:
        await world.store.write(lambda tx: tx.tokens.save(partner.id, _hers(group)))
        return await pushed()

    shown, to_nobody = (False, HIDDEN.publish_allowed_to), (False, ())
    assert await pushed() == [shown]
    assert await belongs_to("other") == [to_nobody]
    changed = HIDDEN.with_evse_status(EvseUid("EVSE-1"), EvseStatus.CHARGING, b.at(5))

    def change(tx: Tx) -> None:
        tx.locations.save(changed)
        owe_evse(tx, changed, EvseUid("EVSE-1"), b.NOON)
        owe_location(tx, changed, b.NOON)

    await world.store.write(change)
    assert await pushed() == []
    assert await belongs_to("fleet") == [shown]


def _hers(group: str) -> Token:
    return b.token("02", group_id=group)
