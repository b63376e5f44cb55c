"""What a session costs is told with CostUpdated where no answer to a TransactionEvent could tell it (D21)."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.app.costs import CostsTold, running_cost
from gateway.app.running_costs import RunningCosts
from gateway.domain.capabilities import RUNNING_COST
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.device_commands import ShowCost
from gateway.domain.errors import ChargerRefused, ChargerSilent, GatewayError, InvalidInput
from gateway.domain.ids import ChargerId, SessionId
from gateway.domain.readings import ReadingContext
from gateway.domain.tariffs import Price
from tests import builders as b
from tests.app.test_reporting import CARD, ENDED, STARTED, TX, UPDATED, register, report, tell
from tests.app.world import World
from tests.fakes import FakeChargers

BEGIN = ReadingContext.BEGIN
BEGUN = report(STARTED, 0, 0, id_token=CARD, samples=(register(0, 1000, BEGIN),), trigger="Authorized")
WAIT = timedelta(seconds=90)
"""The pause between two costs in answers, and the minute in which a further answer may come."""


@dataclass
class Display(FakeChargers):
    """A charger with a display, which may answer with an error."""

    error: GatewayError | None = None
    shown: list[Price] = field(default_factory=list)

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        if self.error is not None:
            self.asked.append((charger_id, command))
            raise self.error
        answer = await super().ask(charger_id, command, within)
        assert isinstance(command, ShowCost)
        assert command.transaction == TX
        self.shown.append(command.total)
        return answer


@dataclass
class Scene:
    """A charger with a display, and the loop that tells it costs."""

    world: World
    display: Display
    costs: RunningCosts

    async def look(self, after: timedelta = WAIT) -> None:
        self.world.clock.time += after
        await self.costs.look()

    async def meter(self, seconds: float, wh: float) -> None:
        """Values outside any TransactionEvent."""
        self.world.clock.time += timedelta(seconds=1)
        await self.world.values(TX, register(seconds, wh))


@pytest.fixture
async def scene(world: World) -> Scene:
    state = ChargerState(b.CHARGER, features=("Core", RUNNING_COST))
    await world.store.write(lambda tx: tx.chargers.save_state(state))
    display = Display(present={b.CHARGER})
    return Scene(world, display, RunningCosts(world.store, display, world.clock, world.costs))


async def test_costs_that_no_answer_tells(scene: Scene) -> None:
    """D21: once for each change, with the total so far, and not before an answer had its time to tell it."""
    begun = await tell(scene.world, BEGUN)
    await scene.look()
    assert scene.display.shown == []
    await scene.meter(600, 3000)
    await scene.look(WAIT - timedelta(seconds=2))
    assert scene.display.shown == []
    await scene.look()
    known = running_cost(await scene.world.session())
    assert scene.display.shown == [known] != [begun.cost]
    await scene.look()
    assert len(scene.display.shown) == 1
    await scene.meter(900, 4000)
    await scene.look()
    assert scene.display.shown[1:] == [running_cost(await scene.world.session())] != [known]


async def test_what_an_answer_told_is_not_told_again(scene: Scene) -> None:
    """D21: as long as TransactionEvents with values come, their answers are enough."""
    await tell(scene.world, BEGUN)
    for number in range(1, 5):
        await scene.look(timedelta(seconds=45))
        sample = register(number * 60, 1000 + number * 500)
        assert (await tell(scene.world, report(UPDATED, number, number * 60, samples=(sample,)))).cost
    assert scene.display.asked == []


async def test_the_end_tells_the_cost_all_the_same(scene: Scene) -> None:
    """D21: what CostUpdated told is told with the end again, and nothing after it."""
    await tell(scene.world, BEGUN)
    await scene.meter(600, 3000)
    await scene.look()
    end = register(700, 3000, ReadingContext.END)
    ended = await tell(scene.world, report(ENDED, 1, 700, samples=(end,)))
    assert ended.cost is not None
    assert scene.world.costs.overdue(b.at(86400), 1) == []
    await scene.look()
    assert len(scene.display.shown) == 1


@pytest.mark.parametrize(
    "error", [ChargerRefused("no", code="NotImplemented"), ChargerRefused("no", code="InternalError"),
              InvalidInput("OCPP 1.6 cannot")], ids=str,
)  # fmt: skip
async def test_who_refuses_is_not_told_until_it_connects_again(scene: Scene, error: GatewayError) -> None:
    """D21: neither of this nor of later sessions; a new connection is a new chance."""
    await tell(scene.world, BEGUN)
    await scene.meter(600, 3000)
    scene.display.error = error
    await scene.look()
    assert len(scene.display.asked) == 1
    scene.display.error = None
    await scene.meter(700, 4000)
    await scene.look()
    assert len(scene.display.asked) == 1
    await scene.world.charging.connected(b.CHARGER, "ocpp2.0.1")
    await scene.look()
    assert scene.display.shown == [running_cost(await scene.world.session())]


async def test_who_is_silent_or_away_is_told_later(scene: Scene) -> None:
    """D21: nobody waits for a charger, and nothing is taken as told before it answered."""
    await tell(scene.world, BEGUN)
    await scene.meter(600, 3000)
    scene.display.error = ChargerSilent("no answer")
    await scene.look()
    scene.display.error = None
    scene.display.present.clear()
    await scene.look()
    assert (len(scene.display.asked), scene.display.shown) == (1, [])
    scene.display.present.add(b.CHARGER)
    await scene.look()
    assert scene.display.shown == [running_cost(await scene.world.session())]


async def test_only_chargers_that_show_costs(scene: Scene) -> None:
    """D21: TariffCostCtrlr has to say so."""
    plain = ChargerState(b.CHARGER, features=("Core", "Tariff"))
    await scene.world.store.write(lambda tx: tx.chargers.save_state(plain))
    await tell(scene.world, BEGUN)
    await scene.meter(600, 3000)
    await scene.look()
    assert scene.display.asked == []


async def test_a_session_without_a_price(scene: Scene) -> None:
    """D21, SES-09: what is not known is not told, and it is not free either."""
    await scene.world.store.write(lambda tx: [tx.tariffs.remove(t.party, t.id) for t in tx.tariffs.all()])
    assert (await tell(scene.world, BEGUN)).cost is None
    await scene.meter(600, 3000)
    await scene.look()
    assert running_cost(await scene.world.session()) is None
    assert scene.display.asked == []


async def test_what_ran_before_a_restart(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """D21: it is not known any more what was told; the cost is told again, and once only."""
    monkeypatch.setattr("gateway.app.running_costs._LOOK_EVERY_S", 0.002)
    await tell(scene.world, BEGUN)
    world = scene.world
    again = RunningCosts(world.store, scene.display, world.clock, CostsTold(world.policy.session_update))
    task = asyncio.create_task(again.run())
    try:
        async with asyncio.timeout(15):
            while not scene.display.shown:
                world.clock.time += WAIT
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    world.clock.time += WAIT
    await again.look()
    assert scene.display.shown == [running_cost(await world.session())]


def test_a_round_is_bounded() -> None:
    """D21: the rest has its turn in the next one, and nobody has it twice before."""
    costs, names = CostsTold(timedelta(seconds=30)), [SessionId(name) for name in "abcde"]
    for name in names:
        costs.heard(name, b.NOON)
    assert [costs.overdue(b.NOON + WAIT, 3) for _ in range(3)] == [names[:3], names[3:], []]
