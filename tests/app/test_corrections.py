"""Records that were wrong are credited, never changed; flagged sessions wait (CDR-03, C17c, M51)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.app.corrections import Corrections
from gateway.app.releasing import Releasing
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import CannotPrice, InvalidInput, UnknownObject
from gateway.domain.flags import Flag, FlagReason
from gateway.domain.ids import CdrId, SessionId
from gateway.domain.sessions import SessionStatus
from tests import builders as b
from tests.app.world import World

LOST = timedelta(hours=1)


def corrections(world: World) -> Corrections:
    return Corrections(world.store, world.clock, world.ids, world.wake)


def releasing(world: World) -> Releasing:
    return Releasing(world.store, world.clock, world.ids, world.wake)


async def charged(world: World) -> Cdr:
    """A session of 5 kWh with its CDR of 0.50 + 5 x 0.35 = 2.25."""
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 1200, 6000)
    world.clock.move(minutes=21)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.total.before_taxes == Decimal("2.25")
    return cdr


async def orphaned(world: World) -> tuple[str, Cdr]:
    """A session given up with 2 kWh, because another one began; its CDR is out."""
    started = await world.start(meter=1000)
    await world.values(started.transaction, b.register_sample(600, 3000))
    await world.start(1800, meter=6000, card=None)
    world.clock.move(minutes=31)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == 2
    return started.transaction, cdr


async def owed(world: World) -> list[str]:
    return [d.key for d in await world.store.read(lambda tx: tx.debts.list()) if d.kind is Owed.CDR]


async def test_credit_and_new_cdr_in_one_commit(world: World) -> None:
    """CDR-03: the chain, the totals and the debts."""
    first = await charged(world)
    done = await corrections(world).credit(first.id, "the driver complained")
    original, credit, new = await world.cdrs()
    assert original == first
    assert (credit.id, new.id) == (done.credit, done.replacement)
    assert (credit.credit_of, credit.replaces, credit.bill) == (first.id, None, first.bill)
    assert credit.remark == "credit: the driver complained"
    assert (new.credit_of, new.replaces, new.bill.total) == (None, first.id, first.bill.total)
    assert await owed(world) == [first.id, credit.id, new.id]


async def test_a_credit_alone(world: World) -> None:
    """CDR-03."""
    first = await charged(world)
    done = await corrections(world).credit(first.id, "nothing was delivered", replacement=False)
    assert done.replacement is None
    assert [c.credit_of for c in await world.cdrs()] == [None, first.id]


async def test_a_cdr_is_credited_once_and_a_credit_never(world: World) -> None:
    """CDR-03."""
    first = await charged(world)
    done = await corrections(world).credit(first.id, "once")
    for cdr_id, reason in ((first.id, "was credited already"), (done.credit, "is the credit of")):
        with pytest.raises(InvalidInput, match=reason):
            await corrections(world).credit(cdr_id, "again")
    with pytest.raises(UnknownObject):
        await corrections(world).credit(CdrId("nobody"), "again")
    assert len(await world.cdrs()) == 3
    assert done.replacement is not None
    await corrections(world).credit(done.replacement, "the new one may be wrong too")
    assert len(await world.cdrs()) == 5


async def test_values_that_came_after_the_cdr_are_in_the_new_one(world: World) -> None:
    """Q36: nothing a charger said is lost; a person decides whether it changes money."""
    first = await charged(world)
    (session,) = await world.sessions()
    await world.store.write(lambda tx: tx.sessions.save(replace(session, meter_stop_wh=Decimal(7000))))
    await corrections(world).credit(first.id, "the display said 6 kWh")
    new = (await world.cdrs())[-1]
    assert (new.bill.energy_kwh, new.bill.total.before_taxes) == (Decimal(6), Decimal("2.60"))
    assert (await world.session()).energy_wh == 6000


async def test_a_late_stop_corrects_the_cdr_of_an_orphan(world: World) -> None:
    """C17c: credit and new CDR by themselves; a repeat of the stop changes nothing more."""
    transaction, first = await orphaned(world)
    for _ in range(2):
        await world.stop(transaction, 1500, 5000)
        original, credit, new = await world.cdrs()
        assert (original, credit.credit_of, new.replaces) == (first, first.id, first.id)
        assert (new.bill.energy_kwh, new.ended_at) == (Decimal(4), b.at(1500))
        assert new.remark is not None
        assert "no end was received" not in new.remark
    assert await owed(world) == [first.id, credit.id, new.id]
    assert await world.kept() == ()
    session = next(s for s in await world.sessions() if s.token)
    assert (session.status, session.energy_wh) == (SessionStatus.COMPLETED, 4000)


async def test_a_late_stop_that_agrees_changes_no_money(world: World) -> None:
    """C17c: the guess was right."""
    transaction, first = await orphaned(world)
    await world.stop(transaction, (first.ended_at - b.NOON).total_seconds(), 3000)
    assert await world.cdrs() == (first,)
    session = next(s for s in await world.sessions() if s.token)
    assert FlagReason.ORPHAN_CLOSED not in {flag.reason for flag in session.flags}


async def test_a_late_stop_that_cannot_be_believed_is_kept(world: World) -> None:
    """C17c: a jump is never billed by itself, not even as a correction."""
    transaction, first = await orphaned(world)
    await world.stop(transaction, 1500, 5_000_000)
    assert await world.cdrs() == (first,)
    (kept,) = await world.kept()
    assert "there can be no new CDR" in kept.reason


async def test_a_session_without_tariff_waits_and_is_released_when_there_is_one(world: World) -> None:
    """M51: its CDR waits with its reason; released too early it says why, and nothing changes."""
    await world.store.write(lambda tx: tx.tariffs.remove(b.CPO, b.tariff().id))
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 1200, 6000)
    world.clock.move(minutes=21)
    await world.closing.close_due()
    waiting = await world.session()
    assert await world.store.read(lambda tx: tx.sessions.waiting()) == [waiting]
    assert FlagReason.CANNOT_PRICE in {flag.reason for flag in waiting.flags}
    with pytest.raises(CannotPrice, match="no tariff applies"):
        await releasing(world).release(waiting.id, (), "please")
    assert await world.session() == waiting

    await world.store.write(lambda tx: tx.tariffs.save(b.tariff()))
    released = await releasing(world).release(waiting.id, (), "tariff was forgotten")
    assert (released.status, released.flags, released.notes) == (
        SessionStatus.COMPLETED,
        (),
        ("tariff was forgotten",),
    )
    (cdr,) = await world.cdrs()
    assert cdr.bill.total.before_taxes == Decimal("2.25")
    assert await owed(world) == [cdr.id]
    assert await world.store.read(lambda tx: tx.sessions.waiting()) == []


async def test_a_jump_is_billed_only_when_a_person_accepted_it(world: World) -> None:
    """M45, M51."""
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 1200, 900_000)
    world.clock.move(minutes=21)
    await world.closing.close_due()
    assert await world.cdrs() == ()
    waiting = await world.session()
    with pytest.raises(CannotPrice, match="accept it with METER_JUMP"):
        await releasing(world).release(waiting.id, (), "hm")
    for wrong in (FlagReason.CANNOT_PRICE, FlagReason.ESTIMATED):
        with pytest.raises(InvalidInput, match="no flag that can be accepted"):
            await releasing(world).release(waiting.id, (wrong,), "hm")
    released = await releasing(world).release(waiting.id, (FlagReason.METER_JUMP,), "a truck depot")
    assert released.status is SessionStatus.COMPLETED
    assert released.accepted_flags == (FlagReason.METER_JUMP,)
    (cdr,) = await world.cdrs()
    assert FlagReason.METER_JUMP in {flag.reason for flag in released.flags}
    assert cdr.session_id == waiting.id


async def test_only_what_waits_is_released(world: World) -> None:
    """A final session has another CDR only after its last one was credited (CDR-03)."""
    first = await charged(world)
    session = await world.session()
    with pytest.raises(UnknownObject):
        await releasing(world).release(SessionId("nobody"), (), "x")
    with pytest.raises(InvalidInput, match="does not wait"):
        await releasing(world).release(session.id, (), "x")
    await corrections(world).credit(first.id, "first the credit", replacement=False)
    await releasing(world).release(session.id, (), "then the new one")
    assert [c.replaces for c in await world.cdrs()] == [None, None, first.id]


async def test_one_session_that_cannot_be_priced_stops_no_other(world: World) -> None:
    """M51: bad input waits; the rest goes on."""
    await world.start(meter=1000)
    session = await world.session()
    broken = replace(session, terms=replace(session.terms, currency="USD"))
    await world.store.write(lambda tx: tx.sessions.save(broken))
    await world.stop(session.transaction or "", 1200, 6000)
    other = await world.start(2000, meter=6000)
    await world.stop(other.transaction, 2400, 7000)
    world.clock.move(minutes=41)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.session_id != session.id
    (waiting,) = await world.store.read(lambda tx: tx.sessions.waiting())
    assert (waiting.id, [f.reason for f in waiting.flags]) == (session.id, [FlagReason.CANNOT_PRICE])
    assert waiting.flags == (Flag(FlagReason.CANNOT_PRICE, "tariff standard is in EUR, the session in USD"),)


async def test_debts_of_a_correction_wait_like_all_others(world: World) -> None:
    """CDR-09: the partner that got the CDR gets the credit."""
    first = await charged(world)
    await corrections(world).credit(first.id, "x")
    debts = [d for d in await world.store.read(lambda tx: tx.debts.list()) if d.kind is Owed.CDR]
    assert {(d.partner_id, d.state) for d in debts} == {(b.partner().id, DebtState.WAITING)}
