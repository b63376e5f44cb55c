"""`reconcile`: what a partner should have beside what it acknowledged and what it says it holds."""

from dataclasses import replace

import pytest

from gateway.app.parcels import Parcel
from gateway.app.ports import Held, Tx
from gateway.app.reconcile import Reconciling
from gateway.domain.books import Difference, Reconciliation
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import UnknownObject
from gateway.domain.ids import TariffId
from gateway.domain.partners import FAILURES_UNTIL_DOWN, Partner, Reach
from tests import builders as b
from tests.app.world import World


async def settled(world: World) -> World:
    """A finished session; the partner has it, its CDR, the location and the tariff."""
    now = world.clock.now()

    def work(tx: Tx) -> None:
        tx.debts.owe(b.partner().id, Owed.LOCATION, "LOC1", now, now)
        tx.debts.owe(b.partner().id, Owed.TARIFF, "NL-GWY/standard", now, now)

    await world.store.write(work)
    started = await world.start()
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    await world.deliveries.send_due(b.partner())
    return world


def comparing(world: World) -> Reconciling:
    return Reconciling(world.store, world.partners, world.clock, world.wake, world.policy, 0)


async def reconciled(world: World, *, repair: bool = False) -> Reconciliation:
    reconciling = comparing(world)
    return await reconciling.reconcile("Great eMSP", repair=repair)


async def test_f37_books_that_agree(world: World) -> None:
    done = await reconciled(await settled(world))
    assert (done.compared, done.asked, done.discrepancies) == (4, 4, ())


@pytest.mark.parametrize(
    ("held", "difference"),
    [(Held(False), Difference.MISSING), (Held(True, ("kwh",)), Difference.DIFFERENT)],
)
async def test_f37_what_the_partner_holds_otherwise_is_sent_again_but_never_a_different_cdr(
    world: World, held: Held, difference: Difference
) -> None:
    await settled(world)
    world.partners.held = lambda partner, parcel: held
    done = await reconciled(world, repair=True)
    assert {d.difference for d in done.discrepancies} == {difference}
    left = {d.kind for d in done.discrepancies if not d.repaired}
    assert left == ({Owed.CDR} if difference is Difference.DIFFERENT else set())


async def test_i3_what_was_never_owed_or_was_given_up_is_missing(world: World) -> None:
    await settled(world)
    (cdr,) = await world.cdrs()

    def work(tx: Tx) -> None:
        debt = tx.debts.get(b.partner().id, Owed.CDR, cdr.id)
        assert debt is not None
        tx.debts.save(replace(debt, state=DebtState.DROPPED, settled=0, reason="given up: a test"))

    await world.store.write(work)
    (found,) = (await reconciled(world, repair=True)).discrepancies
    assert (found.kind, found.difference, found.repaired) == (Owed.CDR, Difference.MISSING, True)
    sent = len(world.partners.sent)
    await world.deliveries.send_due(b.partner())
    assert len(world.partners.sent) == sent + 1


async def test_f37_a_removed_tariff_that_the_partner_still_has_is_extra(world: World) -> None:
    await settled(world)
    await world.store.write(lambda tx: tx.tariffs.remove(b.CPO, b.tariff().id))
    (found,) = (await reconciled(world)).discrepancies
    assert (found.kind, found.difference) == (Owed.TARIFF, Difference.EXTRA)


async def test_f37_nobody_to_reconcile_with(world: World) -> None:
    with pytest.raises(UnknownObject):
        await comparing(world).reconcile("Nobody")


async def night(world: World, questions: int = 200) -> Reconciliation:
    """What the next night finds."""
    world.clock.move(hours=25)
    policy = replace(world.policy, nightly_questions=questions)
    comparing_by_night = Reconciling(world.store, world.partners, world.clock, world.wake, policy, 0)
    await comparing_by_night.nightly()
    return await comparing_by_night.report(b.partner().name)


async def test_f37_a_night_reports_what_differs_and_repairs_nothing_of_it(world: World) -> None:
    await settled(world)
    world.partners.held = lambda partner, parcel: Held(True, ("kwh",))
    sent = len(world.partners.sent)
    done = await night(world)
    assert (done.compared, done.asked, done.open) == (4, 4, 4)
    await world.deliveries.send_due(b.partner())
    assert len(world.partners.sent) == sent
    by_name = await comparing(world).reports()
    assert by_name == [(b.partner().name, done)]


async def test_f37_a_night_owes_what_was_never_owed_but_not_what_a_person_gave_up(world: World) -> None:
    await settled(world)
    (cdr,) = await world.cdrs()

    def work(tx: Tx) -> None:
        debt = tx.debts.get(b.partner().id, Owed.CDR, cdr.id)
        assert debt is not None
        tx.debts.save(replace(debt, state=DebtState.DROPPED, settled=0, reason="given up: a test"))
        tx.tariffs.save(replace(b.tariff(), id=TariffId("forgotten")))

    await world.store.write(work)
    done = await night(world)
    assert {(d.kind, d.repaired) for d in done.discrepancies} == {(Owed.CDR, False), (Owed.TARIFF, True)}
    assert done.open == 1


async def test_f37_nights_ask_few_questions_and_come_round(world: World) -> None:
    """With 3 questions a night every one of 4 objects was asked about after two nights."""
    await settled(world)
    world.clock.move(hours=48)
    asked: list[str] = []

    def held(partner: Partner, parcel: Parcel) -> Held:
        asked.append(type(parcel).__name__)
        return Held(True)

    world.partners.held = held
    counts = [(await night(world, questions=3)).asked for _ in range(2)]
    assert counts == [3, 3]
    assert set(asked) == {"LocationParcel", "TariffParcel", "SessionParcel", "CdrParcel"}


async def test_f37_a_night_comes_once_a_day_and_survives_a_restart(world: World) -> None:
    await settled(world)
    first = await night(world)
    world.clock.move(hours=3)
    await comparing(world).nightly()
    assert await comparing(world).report(b.partner().name) == first
    await comparing(world).reconcile(b.partner().name)
    world.clock.move(hours=22)
    await comparing(world).nightly()
    again = await comparing(world).report(b.partner().name)
    assert again.nightly_at is not None
    assert first.nightly_at is not None
    assert again.nightly_at > first.nightly_at


async def test_f37_a_partner_that_answers_no_questions_is_not_asked_on(world: World) -> None:
    await settled(world)

    def work(tx: Tx) -> None:
        now = world.clock.now()
        for number in range(10):
            tx.tariffs.save(replace(b.tariff(), id=TariffId(f"T{number}")))
            tx.debts.owe(b.partner().id, Owed.TARIFF, f"NL-GWY/T{number}", now, now)

    await world.store.write(work)
    await world.deliveries.send_due(b.partner())
    done = await night(world)
    assert (done.asked, done.unanswered) == (6, 6)
    assert done.open == 0


async def test_f37_a_partner_that_is_down_is_not_asked(world: World) -> None:
    await settled(world)
    down = replace(b.partner(), reach=Reach(FAILURES_UNTIL_DOWN))
    await world.store.write(lambda tx: tx.partners.save(down))
    done = await night(world)
    assert (done.compared, done.asked) == (4, 0)
