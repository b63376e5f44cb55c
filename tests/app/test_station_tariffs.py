"""Which chargers are given which tariffs, and when (E04)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app import station_tariffs
from gateway.app.operations import Operations
from gateway.app.station_tariffs import FEATURE
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import Command, CommandAnswer, Outcome
from gateway.domain.device_commands import ClearTariffs, SetDefaultTariff
from gateway.domain.errors import ChargerRefused, ChargerSilent
from gateway.domain.ids import ChargerId
from gateway.domain.tariffs import Dimension
from gateway.domain.tasks import StepState, Task
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World

OTHER = b.tariff(b.component(Dimension.ENERGY, "0.99"))


class Showing:
    """A charger that shows tariffs; it is asked something (`meanwhile`) and answers when it may `go_on`."""

    def __init__(self) -> None:
        self.shown: dict[int, str] = {}
        self.asked = 0
        self.answer: CommandAnswer | ChargerRefused | ChargerSilent = CommandAnswer(Outcome.ACCEPTED)
        self.meanwhile = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def online(self, charger_id: ChargerId) -> bool:
        return True

    def connected(self) -> list[ChargerId]:
        return [b.CHARGER]

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        self.asked += 1
        self.meanwhile.set()
        await self.go_on.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        match command:
            case SetDefaultTariff(evse, tariff) if self.answer.outcome is Outcome.ACCEPTED:
                (price,) = [c.price for e in tariff.elements for c in e.components if c.type == "ENERGY"]
                self.shown[evse] = f"{price:f}"
            case ClearTariffs(evse):
                self.shown.pop(evse, None)
        return self.answer


@asynccontextmanager
async def at_work(world: World, charger: Showing) -> AsyncIterator[Operations]:
    state = ChargerState(b.CHARGER, features=("Core", FEATURE), booted_at=b.NOON)
    await world.store.write(lambda tx: tx.chargers.save_state(state))
    secrets = KeyedSecrets("k" * 32)
    operations = Operations(world.store, charger, world.clock, world.ids, world.policy, secrets)
    task = asyncio.create_task(operations.run())
    try:
        yield operations
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.005)


async def tasks(world: World) -> list[Task]:
    return list(await world.store.read(lambda tx: tx.tasks.latest(100)))


async def settled(world: World) -> list[Task]:
    """All tasks, once none is open."""
    async with asyncio.timeout(15):
        while await world.store.read(lambda tx: tx.tasks.open()):
            await asyncio.sleep(0.005)
    return await tasks(world)


async def test_a_change_while_a_charger_is_told(world: World) -> None:
    """E04: what changed in between is told after that, not an hour later."""
    charger = Showing()
    charger.go_on.clear()
    async with at_work(world, charger) as operations:
        await charger.meanwhile.wait()
        await world.store.write(lambda tx: tx.tariffs.save(OTHER))
        operations.tariffs_changed()
        await asyncio.sleep(0)
        charger.go_on.set()
        await until(lambda: charger.shown == {1: "0.99"})
        assert len(await settled(world)) == 2


async def test_a_boot_while_a_charger_is_told(world: World) -> None:
    """E04: what it was told before it booted does not count."""
    charger = Showing()
    charger.go_on.clear()
    async with at_work(world, charger):
        await charger.meanwhile.wait()
        again = ChargerState(b.CHARGER, features=("Core", FEATURE), booted_at=b.at(5))
        await world.store.write(lambda tx: tx.chargers.save_state(again))
        charger.go_on.set()
        await until(lambda: charger.asked == 2)
        done = await settled(world)
        assert [task.steps[0].state for task in done] == [StepState.DONE, StepState.DONE]
        care = await world.store.read(lambda tx: tx.care.get(b.CHARGER))
        assert care.tariffs


@pytest.mark.parametrize(
    ("answer", "remembered"),
    [
        (CommandAnswer(Outcome.FAILED, "TooManyElements"), True),
        (ChargerRefused("no", code="NotSupported"), True),
        (ChargerSilent("no answer"), False),
    ],
    ids=["refused", "not supported", "silent"],
)
async def test_what_is_refused_is_not_repeated_at_once(
    world: World, answer: CommandAnswer | ChargerRefused | ChargerSilent, *, remembered: bool
) -> None:
    """E04: a person sees the reason in the task; the next try comes with a change, or in an hour."""
    charger = Showing()
    charger.answer = answer
    async with at_work(world, charger) as operations:
        await until(lambda: charger.asked)
        (task,) = await settled(world)
        assert task.steps[0].state is StepState.FAILED
        assert task.steps[0].detail
        operations.wake()
        operations.wake()
        owed = await world.store.read(lambda tx: station_tariffs.owed(tx, world.clock.now()))
        assert owed == ([] if remembered else [b.CHARGER])
        assert len(await tasks(world)) == 1


async def test_only_chargers_that_show_tariffs(world: World) -> None:
    """E04: one that did not say it can is never asked."""
    state = ChargerState(b.CHARGER, features=("Core",))
    await world.store.write(lambda tx: tx.chargers.save_state(state))
    assert await world.store.read(lambda tx: station_tariffs.owed(tx, world.clock.now())) == []
    await world.store.write(lambda tx: tx.chargers.save_state(replace(state, features=("Core", FEATURE))))
    assert await world.store.read(lambda tx: station_tariffs.owed(tx, world.clock.now())) == [b.CHARGER]
