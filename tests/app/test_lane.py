"""Lanes: many hands, one per object; a partner that is down is probed; a moved partner is found again."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from gateway.app import entitlement
from gateway.app.parcels import CdrParcel, Parcel
from gateway.app.ports import Tx
from gateway.app.settling import settle
from gateway.domain.delivery import Answer, Debt, DebtState, Owed
from gateway.domain.ids import CdrId
from gateway.domain.partners import InterfaceRole, Partner, PartnerState, Reach, ReachState
from tests import builders as b
from tests.app.world import World
from tests.fakes import ACCEPTED, FakePartners

EMSP = b.partner()
BROKEN = Answer(error="no answer within 30 s")


async def owe(world: World, *keys: str) -> None:
    now = world.clock.now()

    def work(tx) -> None:
        for key in keys:
            tx.debts.owe(EMSP.id, Owed.TARIFF, f"NL-GWY/{key}", now, now)

    await world.store.write(work)


async def partner(world: World) -> Partner:
    found = await world.store.read(lambda tx: tx.partners.get(EMSP.id))
    assert found is not None
    return found


async def debt(world: World, kind: Owed, key: str) -> Debt:
    found = await world.store.read(lambda tx: tx.debts.get(EMSP.id, kind, key))
    assert found is not None
    return found


@dataclass
class SlowPartners(FakePartners):
    """Takes its time; counts how many requests it serves at once."""

    at_once: int = 0
    most: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, partner: Partner, parcel: Parcel) -> Answer:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_once -= 1
        return await super().deliver(partner, parcel)


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_f13_as_many_at_once_as_the_profile_allows_and_no_more(concurrency: int) -> None:
    partners = SlowPartners()
    world = await World(partners=partners).furnish()
    bounded = replace(EMSP, profile=replace(EMSP.profile, concurrency=concurrency))
    await world.store.write(lambda tx: tx.partners.save(bounded))
    await owe(world, *(f"T{n}" for n in range(40)))
    assert await world.deliveries.send_due(bounded) == 40
    assert partners.most == concurrency


async def test_f3_a_partner_that_is_down_is_probed_with_one_request_and_then_gets_everything(
    world: World,
) -> None:
    world.partners.answering = lambda p, parcel: BROKEN
    await owe(world, *(f"T{n}" for n in range(30)))
    await world.deliveries.send_due(EMSP)
    down = await partner(world)
    assert (down.reach.state, len(world.partners.sent)) == (ReachState.DOWN, 3)
    assert down.reach.hold_until is not None

    world.clock.move(seconds=40)
    await world.deliveries.send_due(EMSP)
    assert len(world.partners.sent) == 4

    world.partners.answering = lambda p, parcel: ACCEPTED
    world.clock.move(minutes=2)
    await world.deliveries.send_due(EMSP)
    assert (await partner(world)).reach == Reach()
    assert len(world.partners.sent) == 4 + 30


@pytest.mark.parametrize("concurrency", [1, 4])
async def test_f39_what_changes_all_the_time_does_not_hold_up_the_bills(concurrency: int) -> None:
    """A partner that is slower than the changes of its sessions gets its CDRs all the same."""
    world = await World().furnish()
    await finished(world)
    await world.deliveries.send_due(EMSP)
    (cdr,) = await world.cdrs()
    bounded = replace(EMSP, profile=replace(EMSP.profile, concurrency=concurrency))
    now = world.clock.now()

    def more(tx: Tx) -> None:
        tx.partners.save(bounded)
        for number in range(20):
            tx.cdrs.add(replace(cdr, id=CdrId(f"C{number}"), session_id=None))
            tx.debts.owe(EMSP.id, Owed.CDR, f"C{number}", now, now)

    await world.store.write(more)
    await owe(world, *(f"T{n}" for n in range(200)))
    world.partners.sent.clear()
    await world.deliveries.send_due(bounded)
    places = [n for n, (_, parcel) in enumerate(world.partners.sent) if isinstance(parcel, CdrParcel)]
    assert len(places) == 20
    assert places[-1] < 60


async def test_f4_the_state_of_a_partner_survives_a_restart(world: World) -> None:
    """Back-off is stored: a new process does not hammer, and does not forget."""
    world.partners.answering = lambda p, parcel: BROKEN
    await owe(world, "T1", "T2", "T3", "T4")
    await world.deliveries.send_due(EMSP)
    again = World(store=world.store, clock=world.clock)
    assert await again.deliveries.send_due(EMSP) == 0
    again.clock.move(minutes=1)
    assert await again.deliveries.send_due(EMSP) == 4


@pytest.mark.parametrize(
    ("answer", "least"), [(Answer(http_status=429), 2), (Answer(http_status=429, retry_after_s=120), 120)]
)
async def test_f6_nothing_is_sent_before_the_partner_wants_it(
    world: World, answer: Answer, least: int
) -> None:
    world.partners.answering = lambda p, parcel: answer
    await owe(world, "T1", "T2")
    await world.deliveries.send_due(EMSP)
    assert len(world.partners.sent) == 1
    world.clock.move(seconds=least - 0.5)
    await owe(world, "T3")
    assert await world.deliveries.send_due(EMSP) == 0


async def finished(world: World) -> None:
    started = await world.start()
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()


async def cdr_after(world: World, *answers: Answer) -> Debt:
    """A CDR whose first attempts are answered like this; the others are accepted."""
    script = iter(answers)

    def answer(p: Partner, parcel: Parcel) -> Answer:
        return next(script, ACCEPTED) if isinstance(parcel, CdrParcel) else ACCEPTED

    world.partners.answering = answer
    await finished(world)
    for _ in range(len(answers) + 1):
        await world.deliveries.send_due(EMSP)
        world.clock.move(minutes=6)
    (cdr,) = await world.cdrs()
    return await debt(world, Owed.CDR, cdr.id)


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(http_status=200, ocpi_status=2001, message="CDR was already received"),
        Answer(http_status=409, message="conflict"),
    ],
)
async def test_f7_refused_as_duplicate_after_a_lost_answer_is_delivered(
    world: World, refusal: Answer
) -> None:
    settled = await cdr_after(world, BROKEN, refusal)
    assert (settled.state, settled.answer is not None) == (DebtState.SETTLED, True)
    assert len(world.partners.looked_up) == 1


async def test_f7_a_refusal_for_another_reason_stays_a_refusal(world: World) -> None:
    wrong = Answer(http_status=200, ocpi_status=2001, message="unknown tariff")
    refused = await cdr_after(world, BROKEN, wrong, wrong, wrong)
    assert refused.state is DebtState.PARKED


async def test_f2_a_cdr_whose_answer_was_never_stored_is_looked_up_first(world: World) -> None:
    """The process died between sending and settling: in doubt from before the request."""
    world.partners.answering = lambda p, parcel: ACCEPTED
    await finished(world)
    (cdr,) = await world.cdrs()

    class Died(BaseException):
        pass

    async def dying(partner: Partner, parcel: Parcel) -> Answer:
        if isinstance(parcel, CdrParcel):
            raise Died
        return ACCEPTED

    world.partners.deliver = dying  # type: ignore[method-assign]
    with pytest.raises(Died):
        await world.deliveries.send_due(EMSP)
    again = World(store=world.store, clock=world.clock)
    again.partners.holds_cdr = True
    await again.deliveries.send_due(EMSP)
    assert [d.key for d in again.partners.looked_up] == [cdr.id]
    assert again.partners.sent == []


async def test_f10_404_finds_the_endpoints_that_moved(world: World) -> None:
    moved = tuple(replace(e, url=e.url.replace("://", "://new.")) for e in EMSP.endpoints)

    def answer(p: Partner, parcel: Parcel) -> Answer:
        old = p.endpoint("tariffs", InterfaceRole.RECEIVER)
        return Answer(http_status=404) if old and "new." not in old.url else ACCEPTED

    world.partners.answering = answer
    world.partners.listed[EMSP.id] = moved
    await owe(world, "T1", "T2")
    await world.deliveries.send_due(EMSP)
    assert (await partner(world)).endpoints == moved
    states = {(await debt(world, Owed.TARIFF, f"NL-GWY/{key}")).state for key in ("T1", "T2")}
    assert states == {DebtState.SETTLED}


async def test_f34_a_token_rotated_in_flight_is_read_again_once(world: World) -> None:
    """In-flight 401: one look at the stored token, no alarm where it was replaced meanwhile."""
    newer = replace(EMSP, outbound_token="sealed:newer")

    async def answer(p: Partner, parcel: Parcel) -> Answer:
        world.partners.sent.append((p.id, parcel))
        if p.outbound_token == newer.outbound_token:
            return ACCEPTED
        await world.store.write(lambda tx: tx.partners.save(newer))
        return Answer(http_status=401)

    world.partners.deliver = answer  # type: ignore[method-assign]
    await owe(world, "T1")
    await world.deliveries.send_due(EMSP)
    assert (await debt(world, Owed.TARIFF, "NL-GWY/T1")).state is DebtState.SETTLED
    assert (await partner(world)).state is PartnerState.REGISTERED
    assert len(world.partners.sent) == 2


async def test_a_deleted_tariff_that_the_partner_does_not_know_is_gone(world: World) -> None:
    """TAR: DELETE answered with 404 did what was wanted (TR-22)."""
    gone = Answer(http_status=404, request="DELETE https://x")
    await owe(world, "T1")
    before = await debt(world, Owed.TARIFF, "NL-GWY/T1")
    await world.store.write(lambda tx: settle(tx, before, gone, world.clock.now(), 0.0))
    assert (await debt(world, Owed.TARIFF, "NL-GWY/T1")).state is DebtState.SETTLED


async def test_the_schedule_keeps_its_shape_at_another_pace(world: World) -> None:
    """4.3: everything times `delivery_retry_seconds` / 30."""
    failing = Answer(http_status=200, ocpi_status=3000)
    await world.store.write(lambda tx: entitlement.owe_location(tx, b.location(), world.clock.now()))
    before = await debt(world, Owed.LOCATION, "LOC1")
    waits = []
    for _ in range(3):
        now = world.clock.now()
        await world.store.write(lambda tx, now=now: settle(tx, before, failing, now, 0.0, 0.1))
        waits.append((await debt(world, Owed.LOCATION, "LOC1")).next_attempt_at - now)
    assert waits == [timedelta(seconds=3), timedelta(seconds=6), timedelta(seconds=12)]


@dataclass
class Unreachable(FakePartners):
    """The old address takes requests and never answers; the new one is well."""

    hanging: int = 0

    async def deliver(self, partner: Partner, parcel: Parcel) -> Answer:
        if partner.outbound_token == EMSP.outbound_token:
            self.hanging += 1
            await asyncio.Event().wait()
        return await super().deliver(partner, parcel)


async def test_cred07_what_hangs_at_the_old_address_follows_a_partner_that_registered_anew() -> None:
    """A new registration frees the hands at once; a request that may have arrived is no longer built upon."""
    partners = Unreachable()
    world = await World(partners=partners).furnish()
    await owe(world, "T1")
    held = replace(await debt(world, Owed.TARIFF, "NL-GWY/T1"), holding="a digest")
    await world.store.write(lambda tx: tx.debts.save(held))
    running = asyncio.create_task(world.deliveries.run())
    try:
        async with asyncio.timeout(15):
            while not partners.hanging:
                await asyncio.sleep(0.01)
            there = tuple(replace(e, url=e.url.replace("//", "//new.")) for e in EMSP.endpoints)
            moved = replace(await partner(world), outbound_token="sealed anew", endpoints=there)
            await world.store.write(lambda tx: tx.partners.save(moved))
            world.wake.deliveries()
            while not partners.sent:
                await asyncio.sleep(0.01)
            while (await debt(world, Owed.TARIFF, "NL-GWY/T1")).state is not DebtState.SETTLED:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert partners.hanging == 1
