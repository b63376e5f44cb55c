"""What chargers follow while a partner steers a session: asked for, converted, told when it changed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from gateway.app.active_profiles import ActiveProfiles
from gateway.app.command_intake import Requester
from gateway.app.commands import Commands
from gateway.domain.asked import ActiveProfileAsked, ProfileAsked, ProfileRemovalAsked, ProfileRequest
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import (
    Command,
    CommandAnswer,
    ConfigurationKey,
    GetCompositeSchedule,
    GetConfiguration,
    Outcome,
    SetChargingProfile,
)
from gateway.domain.delivery import Owed
from gateway.domain.errors import ChargerRefused, ChargerSilent
from gateway.domain.ids import ChargerId, RunId
from gateway.domain.partners import Endpoint, InterfaceRole
from gateway.domain.profiles import ActiveProfile, ChargingProfile, ProfilePeriod, RateUnit
from gateway.domain.remote_runs import Result, Run
from gateway.domain.sessions import Session
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeChargers

A, W = RateUnit.AMPERE, RateUnit.WATT
URL = "https://ems.example/results/1"
_SENDER = Endpoint(
    "chargingprofiles", InterfaceRole.SENDER, "https://ems.example/ocpi/2.2.1/chargingprofiles"
)
PARTNER = replace(b.partner(), endpoints=(*b.partner().endpoints, _SENDER))


@dataclass
class Steered(FakeChargers):
    """A charger that follows `limit`, in its own unit, and says which units it takes (None: an error)."""

    limit: str = "16"
    unit: RateUnit = A
    units: str | None = "Current,Power"
    failure: Exception | type[Exception] | None = None
    composite: CommandAnswer | None = None
    now: Callable[[], datetime] = field(default=lambda: b.NOON)

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        answer = await super().ask(charger_id, command, within)
        match command:
            case GetConfiguration() if self.units is None:
                raise ChargerRefused("no", code="NotSupported")
            case GetConfiguration((key,)):
                found = (ConfigurationKey(key, self.units, readonly=True),) if self.units else ()
                return replace(answer, configuration=found)
            case GetCompositeSchedule(duration_s=duration_s):
                if self.failure is not None:
                    raise self.failure
                if self.composite is not None:
                    return self.composite
                profile = ChargingProfile(
                    self.unit, (ProfilePeriod(0, Decimal(self.limit)),), None, duration_s
                )
                return replace(answer, schedule=ActiveProfile(self.now(), profile))
            case _:
                return answer

    def asked_for(self, kind: type[Command]) -> int:
        return sum(isinstance(command, kind) for _, command in self.asked)


@dataclass
class Scene:
    world: World
    chargers: Steered

    async def told(self) -> int:
        """How often an active profile became owed."""
        debts = await self.world.store.read(lambda tx: tx.debts.list())
        return sum(debt.revision for debt in debts if debt.kind is Owed.ACTIVE_PROFILE)

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not what():
                await asyncio.sleep(0.01)

    async def until_results(self, count: int) -> None:
        """So many commands have their result."""
        async with asyncio.timeout(15):
            while sum(run.done for run in await self.runs()) < count:
                await asyncio.sleep(0.01)

    async def runs(self) -> list[Run]:
        """All commands, oldest first."""
        found = await self.world.store.read(
            lambda tx: [tx.runs.get(RunId(f"id-{n}")) for n in range(self.world.ids.given + 1)]
        )
        return [run for run in found if run is not None]

    async def steer(self, unit: RateUnit = A) -> None:
        """The partner has set a profile."""
        session = await self.world.session()
        changed = replace(session, profile_set_at=self.world.clock.now(), profile_unit=unit)
        await self.world.store.write(lambda tx: tx.sessions.save(changed))

    def profiles(self, **policy: timedelta) -> ActiveProfiles:
        it = self.world
        return ActiveProfiles(it.store, self.chargers, it.clock, replace(it.policy, **policy), it.wake)


@pytest.fixture
async def scene(world: World) -> Scene:
    chargers = Steered(present={b.CHARGER})
    chargers.now = world.clock.now
    await world.store.write(
        lambda tx: (tx.partners.save(PARTNER), tx.chargers.save_state(ChargerState(b.CHARGER)))
    )
    await world.start()
    return Scene(world, chargers)


async def test_only_changes_are_told(scene: Scene) -> None:
    """CP-03, M63: asked as often as you like, told once; what the partner set is the unit it hears."""
    await scene.steer(W)
    profiles = scene.profiles()
    for limit, told in (("16", 1), ("16", 1), ("6", 2), ("6", 2), ("16", 3)):
        scene.chargers.limit = limit
        scene.world.clock.move(minutes=5)
        await profiles.look_at(None)
        assert await scene.told() == told
    active = (await scene.world.session()).active_profile
    assert active is not None
    assert (active.profile.unit, active.profile.periods[0].limit) == (W, Decimal(11040))


async def test_who_is_not_asked(scene: Scene) -> None:
    """CP-03: a session no partner steers, a charger that is away, another charger, a session that ended."""
    profiles = scene.profiles()
    await profiles.look_at(None)
    await scene.steer()
    await profiles.look_at({ChargerId("another")})
    scene.chargers.present.clear()
    await profiles.look_at(None)
    scene.chargers.present.add(b.CHARGER)
    session = await scene.world.session()
    assert session.transaction is not None
    await scene.world.stop(session.transaction, 60, 2000)
    await profiles.look_at(None)
    assert scene.chargers.asked_for(GetCompositeSchedule) == 0
    assert await scene.told() == 0


@pytest.mark.parametrize("failure", [ChargerSilent, ChargerRefused])
async def test_a_charger_that_does_not_tell(scene: Scene, failure: type[Exception]) -> None:
    """M63: nothing is told then, and it is asked again the next time."""
    await scene.steer()
    scene.chargers.failure = failure
    await scene.profiles().look_at(None)
    assert await scene.told() == 0
    scene.chargers.failure = None
    await scene.profiles().look_at(None)
    assert await scene.told() == 1


@pytest.mark.parametrize("word", ["error", "status"])
async def test_m62_a_charger_that_cannot_tell(scene: Scene, word: str) -> None:
    """M62, M63: the profile that was set last stands for the active one; after its removal nothing does."""
    world, chargers = scene.world, scene.chargers
    if word == "error":
        chargers.failure = ChargerRefused("no", code="NotImplemented")
    else:
        chargers.composite = CommandAnswer(Outcome.NOT_SUPPORTED, "NotSupported")
    commands = Commands(world.store, chargers, world.clock, world.ids, world.policy, world.wake)
    who, session = Requester(PARTNER, b.EMSP), await world.session()
    limits = ChargingProfile(A, (ProfilePeriod(0, Decimal(10)), ProfilePeriod(600, Decimal(-1))))

    async def ask(asked: ProfileRequest, count: int) -> Run:
        await commands.ask_profile(who, asked)
        await scene.until_results(count)
        (run,) = [r for r in await scene.runs() if r.accepted_at == world.clock.now()]
        world.clock.move(minutes=5)
        return run

    task = asyncio.create_task(commands.run())
    try:
        before = await ask(ActiveProfileAsked(URL, session.id, 600), 1)
        await ask(ProfileAsked(URL, session.id, limits), 2)
        async with asyncio.timeout(15):
            while not await scene.told():
                await asyncio.sleep(0.01)
        after = await ask(ActiveProfileAsked(URL, session.id, 600), 3)
        await ask(ProfileRemovalAsked(URL, session.id), 4)
        gone = await ask(ActiveProfileAsked(URL, session.id, 600), 5)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [run.result for run in (before, after, gone)] == [
        Result.REJECTED,
        Result.ACCEPTED,
        Result.REJECTED,
    ]
    assert after.active is not None
    assert [(p.start_s, p.limit) for p in after.active.profile.periods] == [(0, 10), (600, 16)]
    assert after.active.starts_at == session.started_at
    assert await scene.told() == 1


@asynccontextmanager
async def running(profiles: ActiveProfiles) -> AsyncIterator[None]:
    task = asyncio.create_task(profiles.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_chargers_are_asked_from_time_to_time(scene: Scene) -> None:
    """M63: nothing rings, the charger changed its mind, the partner learns of it."""
    await scene.steer()
    async with running(scene.profiles(profile_poll=timedelta(milliseconds=20))):
        await scene.until(lambda: scene.chargers.asked_for(GetCompositeSchedule) > 1)
        assert await scene.told() == 1
        scene.chargers.limit = "6"
        before = scene.chargers.asked_for(GetCompositeSchedule)
        await scene.until(lambda: scene.chargers.asked_for(GetCompositeSchedule) > before + 1)
        assert await scene.told() == 2


async def test_a_charger_that_was_limited_is_asked(scene: Scene) -> None:
    """M63: after NotifyChargingLimit, also where nobody asks from time to time; others are left alone."""
    await scene.steer()
    scene.chargers.present.add(ChargerId("another"))
    async with running(scene.profiles(profile_poll=timedelta())):
        scene.world.charging.limits_changed(ChargerId("another"))
        scene.world.charging.limits_changed(b.CHARGER)
        scene.world.charging.limits_changed(b.CHARGER)
        await scene.until(lambda: scene.chargers.asked_for(GetCompositeSchedule) > 0)
    assert [charger for charger, _ in scene.chargers.asked] == [b.CHARGER]
    assert scene.world.wake.limited == set()


@pytest.mark.parametrize(
    ("units", "given", "sent"),
    [
        ("Current,Power", (A, "16"), (A, "16")),
        ("Current", (A, "16"), (A, "16")),
        ("Power", (A, "16"), (W, "11040")),
        ("A", (W, "11040"), (A, "16")),
        ("A,W", (W, "4000"), (W, "4000")),
        ("", (W, "4000"), (W, "4000")),
        (None, (W, "4000"), (W, "4000")),
    ],
)
async def test_a_charger_gets_limits_in_a_unit_it_takes(
    scene: Scene, units: str | None, given: tuple[RateUnit, str], sent: tuple[RateUnit, str]
) -> None:
    """M60: ChargingScheduleAllowedChargingRateUnit; who does not say gets what the partner said."""
    it, chargers = scene.world, scene.chargers
    chargers.units = units
    commands = Commands(it.store, chargers, it.clock, it.ids, it.policy, it.wake)
    task = asyncio.create_task(commands.run())
    try:
        unit, limit = given
        profile = ChargingProfile(unit, (ProfilePeriod(0, Decimal(limit)),), min_rate=Decimal(limit))
        asked = ProfileAsked(URL, (await it.session()).id, profile)
        await commands.ask_profile(Requester(PARTNER, b.EMSP), asked)
        await scene.until(lambda: chargers.asked_for(GetCompositeSchedule) > 0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    (made,) = [c for _, c in chargers.asked if isinstance(c, SetChargingProfile)]
    assert (made.profile.unit, made.profile.periods[0].limit) == (sent[0], Decimal(sent[1]))
    assert made.profile.min_rate == Decimal(sent[1])
    session: Session = await it.session()
    assert session.profile_unit is unit
    runs = await it.store.read(lambda tx: [d.key for d in tx.debts.list() if d.kind is Owed.COMMAND_RESULT])
    assert [key.rpartition("/")[2] for key in runs] == [Result.ACCEPTED]
