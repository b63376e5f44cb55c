"""A remote start answered with another card than it named: its number tells, for one transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.app.command_intake import Requester
from gateway.app.commands import Commands
from gateway.app.reporting import Reported
from gateway.domain.asked import StartAsked
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import RemoteStart
from gateway.domain.events import IdToken, TransactionReported
from gateway.domain.ids import ConnectorNumber, EvseUid, LocationId, TransactionRef
from gateway.domain.readings import ReadingContext
from tests import builders as b
from tests.app.test_reporting import ENDED, STARTED, UPDATED, register, report, tell
from tests.app.world import World

APP = b.token("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER")
WHO = Requester(b.partner(), b.EMSP)
START = StartAsked("https://ems.example/results/1", APP, LocationId("LOC1"), EvseUid("EVSE-1"))
OWN = IdToken("PNC-0001", "Local")


@pytest.fixture
async def number(world: World) -> AsyncIterator[int]:
    """The number of a remote start that the charger accepted."""
    world.chargers.present.add(b.CHARGER)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER)))
    commands = Commands(world.store, world.chargers, world.clock, world.ids, world.policy, world.wake)
    task = asyncio.create_task(commands.run())
    await commands.ask(WHO, START)
    async with asyncio.timeout(15):
        while not [s for s in await world.sessions() if s.awaited]:
            await asyncio.sleep(0.01)
    _, asked = world.chargers.asked[-1]
    assert isinstance(asked, RemoteStart)
    yield asked.remote_start_id
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def begun(start_id: int, seconds: float, **more: object) -> TransactionReported:
    fields = {"id_token": OWN, "remote_start_id": start_id, **more}
    begin = register(seconds, 1000, ReadingContext.BEGIN)
    return report(STARTED, 0, seconds, samples=(begin,), trigger="RemoteStart", **fields)


def accepted(told: Reported) -> bool:
    assert told.authorization is not None
    return told.authorization.accepted


async def test_its_number_says_whose_transaction_it_is(world: World, number: int) -> None:
    """D16, Q22: also for the message that comes twice, and when the card is told again."""
    assert accepted(await tell(world, begun(number, 5)))
    assert accepted(await tell(world, begun(number, 5)))
    assert accepted(await tell(world, report(UPDATED, 1, 10, id_token=OWN)))
    (session,) = await world.sessions()
    assert session.token is not None
    assert (session.token.uid, session.open) == (APP.uid, True)


async def test_a_number_that_is_said_for_ever_means_nobody(world: World, number: int) -> None:
    """D16: after its transaction, the next driver with an unknown card does not charge for the first one."""
    await tell(world, begun(number, 5), report(ENDED, 1, 60, samples=(register(60, 1500),)))
    later = replace(begun(number, 120), transaction=TransactionRef("another"))
    assert not accepted(await tell(world, later))


async def test_a_number_of_another_plug_means_nobody(world: World, number: int) -> None:
    """D16: an EVSE beside the one that was started."""
    assert not accepted(await tell(world, begun(number, 5, number=ConnectorNumber(2))))
