"""The cable first, the driver later: the transaction of a 2.x charger began before its command did.

Chargers whose transactions start with the cable (TxStartPoint EVConnected) have named the transaction by the
time an app starts it, or the card of a reservation is shown (D08, D16, M27).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from gateway.app.command_intake import Requester
from gateway.app.commands import Commands
from gateway.app.ports import Tx
from gateway.domain.asked import ReserveAsked, StartAsked
from gateway.domain.chargers import ChargerState, PlugMapping, PlugState
from gateway.domain.commands import RemoteStart, ReserveNow
from gateway.domain.delivery import Owed
from gateway.domain.events import IdToken, PlugStatus
from gateway.domain.ids import ConnectorId, ConnectorNumber, EvseUid, LocationId
from gateway.domain.periods import PeriodDimension
from gateway.domain.readings import ChargingState, ReadingContext
from gateway.domain.sessions import Session, SessionStatus
from tests import builders as b
from tests.app.test_reporting import ENDED, STARTED, UPDATED, close, register, report, tell
from tests.app.test_reservations_given_up import COSTLY
from tests.app.world import World

URL = "https://ems.example/results/1"
APP = b.token("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER")
WHO = Requester(b.partner(), b.EMSP)
START = StartAsked(URL, APP, LocationId("LOC1"), EvseUid("EVSE-1"), authorization_reference="REF-1")
RESERVE = ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1"), EvseUid("EVSE-1"))


@pytest.fixture
async def commands(world: World) -> AsyncIterator[Commands]:
    world.chargers.present.add(b.CHARGER)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER)))
    made = Commands(world.store, world.chargers, world.clock, world.ids, world.policy, world.wake)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def plugged_in(world: World) -> None:
    """The cable, and the car that is ready: a transaction of nobody."""
    begin = register(0, 1000, ReadingContext.BEGIN)
    await tell(world, report(STARTED, 0, 0, samples=(begin,), trigger="CablePluggedIn"))
    await tell(world, report(UPDATED, 1, 5, state=ChargingState.IDLE, trigger="ChargingStateChanged"))


async def results(world: World) -> list[str]:
    """The results that are owed, once there is one."""
    async with asyncio.timeout(15):
        while True:
            debts = await world.store.read(lambda tx: tx.debts.list())
            found = [d.key.rpartition("/")[2] for d in debts if d.kind is Owed.COMMAND_RESULT]
            if found:
                return found
            await asyncio.sleep(0.01)


async def told(world: World) -> dict[str, Session]:
    """The sessions the partner hears of, by their ids."""
    debts = await world.store.read(lambda tx: tx.debts.list())
    owed = {debt.key for debt in debts if debt.kind is Owed.SESSION}
    return {session.id: session for session in await world.sessions() if session.id in owed}


async def charged(world: World) -> None:
    """Power, a pause of the car, and the end."""
    charging, paused = ChargingState.CHARGING, ChargingState.SUSPENDED_EV
    await tell(
        world,
        report(UPDATED, 3, 60, state=charging, trigger="ChargingStateChanged"),
        report(UPDATED, 4, 1200, samples=(register(1200, 3000),), trigger="MeterValuePeriodic"),
        report(UPDATED, 5, 1200, state=paused, trigger="ChargingStateChanged"),
        report(ENDED, 6, 1800, samples=(register(1800, 3000, ReadingContext.END),), trigger="EVDeparted"),
    )
    await close(world)


@pytest.mark.parametrize("named", ["by card and number", "by number alone"])
async def test_an_app_starts_a_plugged_car(world: World, commands: Commands, named: str) -> None:
    """D16, SES-04, Q45: the session its partner knows becomes ACTIVE, and the partner hears of no other."""
    await plugged_in(world)
    world.clock.time = b.at(30)
    await commands.ask(WHO, START)
    assert await results(world) == ["ACCEPTED"]
    (pending,) = await told(world)
    _, asked = world.chargers.asked[-1]
    assert isinstance(asked, RemoteStart)
    token = IdToken(asked.id_token.value, "Central") if named == "by card and number" else None
    world.clock.time = b.at(40)
    started = report(UPDATED, 2, 40, id_token=token, remote_start_id=asked.remote_start_id)
    answer = await tell(world, started)
    assert answer.authorization is not None
    assert answer.authorization.accepted
    await charged(world)
    (session,) = (await told(world)).values()
    assert (session.id, session.status) == (pending, SessionStatus.COMPLETED)
    (cdr,) = await world.cdrs()
    assert (cdr.session_id, cdr.authorization_reference, cdr.token.uid) == (pending, "REF-1", APP.uid)
    assert (cdr.started_at, cdr.ended_at, cdr.bill.energy_kwh) == (b.at(40), b.at(1800), 2)
    assert PeriodDimension.PARKING_TIME in {v.type for period in cdr.periods for v in period.volumes}


async def test_an_app_starts_the_reserved_plug_of_a_plugged_car(world: World, commands: Commands) -> None:
    """M27: the charger knows the driver by the name it was reserved for, though the cable came between."""
    await commands.ask(WHO, RESERVE)
    await results(world)
    (reserved,) = await told(world)
    _, held = world.chargers.asked[-1]
    assert isinstance(held, ReserveNow)
    await plugged_in(world)
    await commands.ask(WHO, START)
    async with asyncio.timeout(15):
        while not isinstance(world.chargers.asked[-1][1], RemoteStart):
            await asyncio.sleep(0.01)
    _, asked = world.chargers.asked[-1]
    assert isinstance(asked, RemoteStart)
    assert asked.id_token == held.id_token
    await tell(world, report(UPDATED, 2, 40, id_token=asked.id_token, remote_start_id=asked.remote_start_id))
    await charged(world)
    (session,) = (await told(world)).values()
    assert (session.id, session.status) == (reserved, SessionStatus.COMPLETED)


@pytest.mark.parametrize("plugged", [True, False])
async def test_a_start_without_an_evse_goes_where_the_car_is(
    world: World, commands: Commands, *, plugged: bool
) -> None:
    """M23, D08: a transaction that waits for its driver is a plugged car, not a plug that is taken."""
    second = ConnectorNumber(2)

    def two_evses(tx: Tx) -> None:
        tx.locations.save(b.location(b.evse(), b.evse("EVSE-2")))
        plugs = (
            PlugMapping(b.PLUG, EvseUid("EVSE-1"), ConnectorId("1")),
            PlugMapping(second, EvseUid("EVSE-2"), ConnectorId("1")),
        )
        tx.chargers.save(replace(b.charger(), plugs=plugs))
        states = tuple(PlugState(number, PlugStatus.AVAILABLE, b.at(0)) for number in (b.PLUG, second))
        tx.chargers.save_state(ChargerState(b.CHARGER, plugs=states))

    await world.store.write(two_evses)
    if plugged:
        await tell(world, report(STARTED, 0, 0, number=second, trigger="CablePluggedIn"))
    await commands.ask(WHO, replace(START, evse_uid=None))
    await results(world)
    _, asked = world.chargers.asked[-1]
    assert isinstance(asked, RemoteStart)
    assert asked.number == (second if plugged else b.PLUG)


async def test_a_reservation_is_used_by_a_plugged_car(world: World, commands: Commands) -> None:
    """M27, D08: it is not billed as one that nobody used, beside the charging itself."""
    await world.store.write(lambda tx: tx.tariffs.save(COSTLY))
    await commands.ask(WHO, RESERVE)
    await results(world)
    (reserved,) = await told(world)
    _, asked = world.chargers.asked[-1]
    assert isinstance(asked, ReserveNow)
    world.clock.move(seconds=60)
    await plugged_in(world)
    card = IdToken(asked.id_token.value, "Central")
    await tell(world, report(UPDATED, 2, 40, id_token=card, trigger="Authorized"))
    assert (await told(world))[reserved].status is SessionStatus.ACTIVE
    await charged(world)
    world.clock.move(hours=2)
    await world.closing.close_due()
    (session,) = (await told(world)).values()
    assert (session.id, session.status) == (reserved, SessionStatus.COMPLETED)
    (cdr,) = await world.cdrs()
    assert (cdr.session_id, cdr.bill.energy_kwh, cdr.bill.total.before_taxes) == (reserved, 2, 0)
