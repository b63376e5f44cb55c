"""F24: a clock that ran ahead and was put right leaves nothing waiting for the time it told."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app.clockwatch import ClockWatch
from gateway.domain.delivery import Answer, DebtState, Owed
from gateway.domain.partners import Reach
from tests import builders as b
from tests.app.world import World
from tests.fakes import ACCEPTED

BACK = [timedelta(hours=1), timedelta(days=1), timedelta(days=400)]


def watch(world: World) -> ClockWatch:
    return ClockWatch(world.store, world.clock, world.wake)


@pytest.mark.parametrize("back", BACK, ids=str)
async def test_f24_what_failed_before_the_clock_went_back_is_tried_again_at_once(
    world: World, back: timedelta
) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: tx.debts.owe(b.partner().id, Owed.TARIFF, "NL-GWY/standard", now, now))
    world.partners.answering = lambda partner, parcel: Answer(error="no answer")
    await world.deliveries.send_due(b.partner())
    world.partners.answering = lambda partner, parcel: ACCEPTED
    world.clock.move(seconds=-back.total_seconds())
    assert await world.deliveries.send_due(b.partner()) == 0
    assert await watch(world).repair(jumped=True) == 1
    assert await world.deliveries.send_due(b.partner()) == 1
    (debt,) = await world.store.read(lambda tx: tx.debts.list())
    assert debt.state is DebtState.SETTLED


async def test_f24_a_session_that_ended_before_the_clock_went_back_gets_its_cdr(world: World) -> None:
    started = await world.start()
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(days=-1)
    await world.closing.close_due()
    assert not await world.cdrs()
    await watch(world).repair(jumped=True)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.ended_at > cdr.started_at


async def test_f24_a_partner_is_not_left_alone_by_the_old_clock(world: World) -> None:
    held = replace(b.partner(), reach=Reach(3, world.clock.now() + timedelta(minutes=5)))
    await world.store.write(lambda tx: tx.partners.save(held))
    world.clock.move(days=-1)
    await watch(world).repair(jumped=True)
    partner = await world.store.read(lambda tx: tx.partners.get(held.id))
    assert partner is not None
    assert partner.reach.hold_until is None


async def test_f24_a_schedule_of_a_right_clock_stays(world: World) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: tx.debts.owe(b.partner().id, Owed.TARIFF, "NL-GWY/standard", now, now))
    world.partners.answering = lambda partner, parcel: Answer(error="no answer")
    await world.deliveries.send_due(b.partner())
    before = await world.store.read(lambda tx: tx.debts.list())
    assert await watch(world).repair(jumped=False) == 0
    assert await world.store.read(lambda tx: tx.debts.list()) == before


async def test_f24_a_jump_is_noticed_beside_the_monotonic_clock(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.app.clockwatch._LOOK_EVERY_S", 0.01)
    running = asyncio.create_task(watch(world).run())
    try:
        await asyncio.sleep(0.05)
        world.clock.move(days=-1)
        async with asyncio.timeout(15):
            while "clock was set by -86400 s" not in caplog.text:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_f24_what_was_put_off_behind_something_put_off_is_due_as_well(world: World) -> None:
    """A CDR waits for its session's delivery, whose next attempt the old clock put hours ahead."""
    started = await world.start()
    world.partners.answering = lambda partner, parcel: Answer(error="no answer")
    await world.deliveries.send_due(b.partner())
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(hours=-2)
    now = world.clock.now()
    await watch(world).repair(jumped=True)
    assert not [d for d in await world.store.read(lambda tx: tx.debts.list()) if d.next_attempt_at > now]
