"""The outbox: one lane per partner, parents first, only what was sent is settled."""

from dataclasses import replace

import pytest

from gateway.app import entitlement
from gateway.app.parcels import CdrParcel, EvseParcel, LocationParcel, Parcel, SessionParcel
from gateway.domain.delivery import Answer, Debt, DebtState, Owed
from gateway.domain.ids import EvseUid
from gateway.domain.partners import Partner, PartnerState
from gateway.domain.sites import EvseStatus
from tests import builders as b
from tests.app.world import World
from tests.fakes import ACCEPTED

EMSP = b.partner()


async def owe_location(world: World) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: entitlement.owe_location(tx, b.location(), now))


async def debt(world: World, kind: Owed = Owed.LOCATION, key: str = "LOC1") -> Debt:
    found = await world.store.read(lambda tx: tx.debts.get(EMSP.id, kind, key))
    assert found is not None
    return found


async def test_what_is_sent_is_settled(world: World) -> None:
    await owe_location(world)
    await world.deliveries.send_due(EMSP)
    assert [type(parcel) for _, parcel in world.partners.sent] == [LocationParcel]
    assert (await debt(world)).state is DebtState.SETTLED
    assert await world.deliveries.send_due(EMSP) == 0


async def test_changes_during_an_outage_become_one_request(world: World) -> None:
    """Class A: N changes, one PUT."""
    for _ in range(10):
        await owe_location(world)
    await world.deliveries.send_due(EMSP)
    assert len(world.partners.sent) == 1
    assert (await debt(world)).settled == 10


async def test_a_change_between_send_and_settle_is_not_lost(world: World) -> None:
    """Only the revision that was sent is settled."""
    sent: list[Parcel] = []

    def answer(partner: Partner, parcel: Parcel) -> Answer:
        sent.append(parcel)
        return ACCEPTED

    world.partners.answering = answer
    await owe_location(world)
    before = await debt(world)
    await owe_location(world)
    from gateway.app.settling import settle

    await world.store.write(lambda tx: settle(tx, before, ACCEPTED, world.clock.now(), 0.0))
    after = await debt(world)
    assert (after.settled, after.revision, after.state) == (1, 2, DebtState.WAITING)


@pytest.mark.parametrize(
    ("answer", "state", "attempts"),
    [
        (ACCEPTED, DebtState.SETTLED, 0),
        (Answer(http_status=201, ocpi_status=1000), DebtState.SETTLED, 0),
        (Answer(http_status=200, ocpi_status=2001), DebtState.PARKED, 1),
        (Answer(http_status=200, ocpi_status=3000), DebtState.WAITING, 1),
        (Answer(http_status=200, ocpi_status=4002), DebtState.WAITING, 1),
        (Answer(http_status=200), DebtState.WAITING, 1),
        (Answer(http_status=302), DebtState.WAITING, 1),
        (Answer(http_status=400), DebtState.PARKED, 1),
        (Answer(http_status=404), DebtState.PARKED, 1),
        (Answer(http_status=405), DebtState.PARKED, 1),
        (Answer(http_status=408), DebtState.WAITING, 1),
        (Answer(http_status=429), DebtState.WAITING, 1),
        (Answer(http_status=500), DebtState.WAITING, 1),
        (Answer(http_status=503), DebtState.WAITING, 1),
        (Answer(error="timeout"), DebtState.WAITING, 1),
        (Answer(error="connection refused", sent=False), DebtState.WAITING, 1),
    ],
)
async def test_answers_are_classified(world: World, answer: Answer, state: DebtState, attempts: int) -> None:
    """Reliability 4.3: the answer table, for current state."""
    world.partners.answering = lambda partner, parcel: answer
    await owe_location(world)
    await world.deliveries.send_due(EMSP)
    settled = await debt(world)
    assert (settled.state, settled.attempts) == (state, attempts)


async def test_the_back_off_grows_and_is_stored(world: World) -> None:
    world.partners.answering = lambda partner, parcel: Answer(http_status=500)
    await owe_location(world)
    waits = []
    for _ in range(5):
        await world.deliveries.send_due(EMSP)
        found = await debt(world)
        waits.append((found.next_attempt_at - world.clock.now()).total_seconds())
        world.clock.time = found.next_attempt_at
    for wait, base in zip(waits, [30, 60, 120, 300, 900], strict=True):
        assert base * 0.8 <= wait <= base * 1.2


async def test_retry_after_is_honoured(world: World) -> None:
    """F6: no request before Retry-After."""
    world.partners.answering = lambda partner, parcel: Answer(http_status=429, retry_after_s=600)
    await owe_location(world)
    await world.deliveries.send_due(EMSP)
    assert ((await debt(world)).next_attempt_at - world.clock.now()).total_seconds() >= 600


async def test_a_partner_that_refuses_our_token_is_left_alone(world: World) -> None:
    """401: stop everything at once, say so; nothing is lost."""
    world.partners.answering = lambda partner, parcel: Answer(http_status=401)
    await owe_location(world)
    await world.store.write(lambda tx: tx.debts.owe(EMSP.id, Owed.TARIFF, "NL-GWY/standard", b.NOON, b.NOON))
    await world.deliveries.send_due(EMSP)
    assert len(world.partners.sent) == 1
    found = await world.store.read(lambda tx: tx.partners.get(EMSP.id))
    assert found is not None
    assert found.state is PartnerState.AUTH_FAILED
    assert (await debt(world)).state is DebtState.WAITING


async def finished_session(world: World) -> None:
    started = await world.start()
    await world.stop(started.transaction, 600, 5000)
    world.clock.move(minutes=11)
    await world.closing.close_due()


async def test_location_before_session_before_cdr(world: World) -> None:
    await owe_location(world)
    await finished_session(world)
    while await world.deliveries.send_due(EMSP):
        world.clock.move(seconds=2)
    kinds = [type(parcel) for _, parcel in world.partners.sent]
    assert kinds == [LocationParcel, SessionParcel, CdrParcel]


async def test_children_wait_for_a_parent_that_is_on_its_way(world: World) -> None:
    def answer(partner: Partner, parcel: Parcel) -> Answer:
        return Answer(http_status=500) if isinstance(parcel, LocationParcel) else ACCEPTED

    world.partners.answering = answer
    await owe_location(world)
    await finished_session(world)
    await world.deliveries.send_due(EMSP)
    assert {type(parcel) for _, parcel in world.partners.sent} == {LocationParcel}


async def test_a_parent_that_keeps_failing_does_not_hold_money_back(world: World) -> None:
    def answer(partner: Partner, parcel: Parcel) -> Answer:
        return Answer(http_status=500) if isinstance(parcel, LocationParcel) else ACCEPTED

    world.partners.answering = answer
    await owe_location(world)
    await finished_session(world)
    for _ in range(40):
        await world.deliveries.send_due(EMSP)
        world.clock.move(seconds=30)
    assert CdrParcel in {type(parcel) for _, parcel in world.partners.sent}


async def test_a_refused_cdr_is_tried_three_times_and_then_waits_for_a_person(world: World) -> None:
    """F9: 2001 is parked with its reason."""
    refusal = Answer(http_status=200, ocpi_status=2001, message="unknown tariff")
    world.partners.answering = lambda p, parcel: refusal if isinstance(parcel, CdrParcel) else ACCEPTED
    await finished_session(world)
    for _ in range(30):
        await world.deliveries.send_due(EMSP)
        world.clock.move(minutes=1)
    cdr_debt = await debt(world, Owed.CDR, "id-1")
    assert (cdr_debt.state, cdr_debt.attempts) == (DebtState.PARKED, 3)
    assert cdr_debt.reason == "HTTP 200, OCPI 2001: unknown tariff"


@pytest.mark.parametrize(("holds", "posts"), [(True, 1), (False, 2), (None, 2)])
async def test_after_a_lost_answer_the_cdr_is_looked_up_before_it_is_sent_again(
    world: World, holds: bool | None, posts: int
) -> None:
    """F7, CDR-10: GET precedes the second POST; found there means delivered."""
    answers = iter([Answer(error="timeout"), ACCEPTED, ACCEPTED])
    world.partners.holds_cdr = holds
    world.partners.answering = lambda p, parcel: next(answers) if isinstance(parcel, CdrParcel) else ACCEPTED
    await finished_session(world)
    for _ in range(5):
        await world.deliveries.send_due(EMSP)
        world.clock.move(minutes=1)
    assert sum(isinstance(parcel, CdrParcel) for _, parcel in world.partners.sent) == posts
    assert len(world.partners.looked_up) == 1
    assert (await debt(world, Owed.CDR, "id-1")).state is DebtState.SETTLED


async def change_status(world: World, status: EvseStatus) -> None:
    def work(tx: object) -> None:
        changed = tx.locations.get(b.location().id).with_evse_status(EvseUid("EVSE-1"), status, b.NOON)  # type: ignore[attr-defined]
        tx.locations.save(changed)  # type: ignore[attr-defined]
        entitlement.owe_evse(tx, changed, EvseUid("EVSE-1"), world.clock.now())  # type: ignore[arg-type]

    await world.store.write(work)


async def test_a_status_goes_as_a_patch_only_to_who_has_the_location(world: World) -> None:
    """LOC-03, debounced: the location first, later only the status."""
    await change_status(world, EvseStatus.AVAILABLE)
    await world.deliveries.send_due(EMSP)
    await change_status(world, EvseStatus.CHARGING)
    assert await world.deliveries.send_due(EMSP) == 0
    world.clock.move(seconds=2)
    await world.deliveries.send_due(EMSP)
    assert [type(p) for _, p in world.partners.sent] == [LocationParcel, EvseParcel]


async def test_a_patch_of_an_unknown_location_becomes_a_put(world: World) -> None:
    """TR-22, LOC-18: 404 on PATCH."""
    await change_status(world, EvseStatus.AVAILABLE)
    await world.deliveries.send_due(EMSP)
    world.partners.answering = lambda p, parcel: (
        Answer(http_status=404) if isinstance(parcel, EvseParcel) else ACCEPTED
    )
    await change_status(world, EvseStatus.CHARGING)
    for _ in range(3):
        world.clock.move(seconds=2)
        await world.deliveries.send_due(EMSP)
    assert [type(p) for _, p in world.partners.sent] == [LocationParcel, EvseParcel, LocationParcel]


async def test_an_object_that_cannot_be_sent_does_not_stop_the_others(world: World) -> None:
    """F38: a poison message is parked, with its reason."""

    def answer(partner: Partner, parcel: Parcel) -> Answer:
        if isinstance(parcel, LocationParcel):
            raise KeyError("poison")
        return ACCEPTED

    world.partners.answering = answer
    await owe_location(world)
    await world.store.write(lambda tx: tx.debts.owe(EMSP.id, Owed.TARIFF, "NL-GWY/standard", b.NOON, b.NOON))
    await world.deliveries.send_due(EMSP)
    assert (await debt(world)).state is DebtState.PARKED
    assert "poison" in ((await debt(world)).reason or "")
    assert (await debt(world, Owed.TARIFF, "NL-GWY/standard")).state is DebtState.SETTLED


async def test_sessions_and_cdrs_go_to_the_tokens_partner_and_nobody_else(world: World) -> None:
    """SES-02, CDR-09: the peers' worst bug."""
    other = b.partner("Other eMSP", party=b.OTHER_EMSP)
    await world.store.write(lambda tx: tx.partners.save(other))
    await finished_session(world)
    debts = await world.store.read(lambda tx: tx.debts.list())
    personal = {(d.partner_id, d.kind) for d in debts if d.kind in (Owed.SESSION, Owed.CDR)}
    assert personal == {(EMSP.id, Owed.SESSION), (EMSP.id, Owed.CDR)}


async def test_a_hidden_location_is_pushed_to_nobody(world: World) -> None:
    """LOC-12."""
    hidden = replace(b.location(), publish=False)
    await world.store.write(lambda tx: entitlement.owe_location(tx, hidden, b.NOON))
    assert await world.store.read(lambda tx: tx.debts.list()) == []


async def test_a_token_pull_is_owed_like_anything_else(world: World) -> None:
    await world.store.write(lambda tx: tx.debts.owe(EMSP.id, Owed.PULL_TOKENS, "tokens", b.NOON, b.NOON))
    await world.deliveries.send_due(EMSP)
    assert world.pulled == [EMSP.id]
