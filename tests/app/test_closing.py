"""Sessions whose time has come are closed some at a time, each by itself (issue F, delivery of CDRs)."""

from dataclasses import replace

from gateway.app.ports import Tx
from gateway.domain.sessions import SessionStatus
from tests.app.world import World


async def test_many_that_are_due_are_all_closed_and_one_that_cannot_be_waits_for_a_person(
    world: World,
) -> None:
    for number in range(12):
        started = await world.start(1000 * number)
        await world.stop(str(started.transaction), 1000 * number + 600, 3000)
    broken = (await world.sessions())[3]
    unknown_zone = replace(broken.terms, time_zone="Nowhere/Land")

    def spoil(tx: Tx) -> None:
        tx.sessions.save(replace(broken, terms=unknown_zone))

    await world.store.write(spoil)
    world.clock.move(hours=12)
    await world.closing.close_due()
    sessions = await world.sessions()
    assert [s.id for s in sessions if s.status is not SessionStatus.COMPLETED] == [broken.id]
    assert sessions[3].waits
    assert len(await world.cdrs()) == 11
