"""Reservations that a charger gives up by itself (OCPP 2.x ReservationStatusUpdate; D19, M27, M28)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from gateway.app.command_intake import Requester
from gateway.app.commands import Commands
from gateway.domain.asked import CancelAsked, ReserveAsked
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import CancelReservation, Command, CommandAnswer, ReserveNow
from gateway.domain.delivery import Owed
from gateway.domain.events import ReservationEnded
from gateway.domain.ids import ChargerId, EvseUid, LocationId
from gateway.domain.sessions import SessionStatus
from gateway.domain.tariffs import Dimension, ReservationRule, Restrictions, TariffElement
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeChargers

URL, OTHER_URL = "https://ems.example/results/1", "https://ems.example/results/2"
WHO = Requester(b.partner(), b.EMSP)
APP = b.token("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER")


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Commands]:
    """Commands at work; the plug is reserved for a driver of the partner."""
    world.chargers.present.add(b.CHARGER)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER)))
    commands = Commands(world.store, world.chargers, world.clock, world.ids, world.policy, world.wake)
    task = asyncio.create_task(commands.run())
    try:
        await commands.ask(
            WHO, ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1"), EvseUid("EVSE-1"))
        )
        await results(world, 1)
        yield commands
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def results(world: World, count: int) -> list[str]:
    """The results that are owed, once there are so many."""
    async with asyncio.timeout(15):
        while True:
            debts = await world.store.read(lambda tx: tx.debts.list())
            found = [d.key.rpartition("/")[2] for d in debts if d.kind is Owed.COMMAND_RESULT]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


def number_of(world: World) -> int:
    (command,) = [c for _, c in world.chargers.asked if isinstance(c, ReserveNow)]
    return command.number


@pytest.mark.parametrize(
    ("unused", "expected"),
    [(False, ["ACCEPTED", "CANCELED_RESERVATION"]), (True, ["ACCEPTED"])],
    ids=["taken away", "not used"],
)
async def test_the_session_ends(world: World, *, unused: bool, expected: list[str]) -> None:
    """M28, CMD-12: INVALID; only what was taken away from the driver is told as our cancellation."""
    async with running(world):
        event = ReservationEnded(b.CHARGER, number_of(world), unused)
        await world.charging.reservation_ended(event)
        await world.charging.reservation_ended(event)
    assert (await world.session()).status is SessionStatus.INVALID
    assert await results(world, len(expected)) == expected


COSTLY = b.tariff(
    elements=(
        TariffElement(
            (b.component(Dimension.TIME, "3600"),),
            Restrictions(reservation=ReservationRule.RESERVATION_EXPIRES),
        ),
    )
)


async def test_an_unused_reservation_is_billed_where_it_costs_something(world: World) -> None:
    """M27: its CDR has the time until the charger gave it up, and no more."""
    await world.store.write(lambda tx: tx.tariffs.save(COSTLY))
    async with running(world):
        world.clock.move(minutes=10)
        await world.charging.reservation_ended(ReservationEnded(b.CHARGER, number_of(world), unused=True))
    (cdr,) = await world.cdrs()
    assert (await world.session()).status is SessionStatus.COMPLETED
    assert cdr.bill.total.before_taxes == 600


class Hesitating(FakeChargers):
    """Accepts everything, a cancellation only when told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_to_cancel, self.go_on = asyncio.Event(), asyncio.Event()

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        if isinstance(command, CancelReservation):
            self.asked_to_cancel.set()
            await self.go_on.wait()
        return await super().ask(charger_id, command, within)


async def test_a_cancellation_on_its_way_tells_its_own_result() -> None:
    """M28: a charger that reports what it was just asked to do does not make it our cancellation."""
    chargers = Hesitating()
    world = await World(chargers=chargers).furnish()
    async with running(world) as commands:
        await commands.ask(WHO, CancelAsked(OTHER_URL, "R-1"))
        async with asyncio.timeout(15):
            await chargers.asked_to_cancel.wait()
        await world.charging.reservation_ended(ReservationEnded(b.CHARGER, number_of(world), unused=False))
        chargers.go_on.set()
        assert await results(world, 2) == ["ACCEPTED", "ACCEPTED"]
    assert (await world.session()).status is SessionStatus.INVALID
