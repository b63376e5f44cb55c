"""Partners' commands around a memory store: what is refused at once, what starts later, what drivers wish."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import ocpi.v221
from gateway.app.command_intake import MOST_UNFINISHED, Requester
from gateway.app.commands import Commands
from gateway.app.ports import Tx
from gateway.app.preferences import CAPABLE, Wishes
from gateway.app.reservations import concluded
from gateway.domain.asked import (
    CancelAsked,
    Preferences,
    PreferencesAnswer,
    ProfileAsked,
    ReserveAsked,
    StartAsked,
    StopAsked,
    UnlockAsked,
)
from gateway.domain.authorization import AuthMethod
from gateway.domain.chargers import ChargerState
from gateway.domain.commands import CancelReservation, CommandAnswer, Outcome, RemoteStart
from gateway.domain.delivery import Owed
from gateway.domain.errors import InvalidInput, NotCapable, UnknownLocation, UnknownObject
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party, SessionId, TariffId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.profiles import ChargingProfile, ProfilePeriod, RateUnit
from gateway.domain.remote_runs import Reception, Result, Run, RunState
from gateway.domain.sessions import SessionStatus
from tests import builders as b
from tests.app.world import World

URL = "https://ems.example/results/1"
APP = b.token("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER")
WHO = Requester(b.partner(), b.EMSP)


def start(**changes: Any) -> StartAsked:
    return replace(StartAsked(URL, APP, LocationId("LOC1"), EvseUid("EVSE-1")), **changes)


@pytest.fixture
async def commands(world: World) -> AsyncIterator[Commands]:
    world.chargers.present.add(b.CHARGER)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER)))
    made = Commands(world.store, world.chargers, world.clock, world.ids, world.policy, world.wake)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def results(world: World, count: int = 1) -> list[str]:
    """The results that are owed, once there are so many."""
    async with asyncio.timeout(30):
        while True:
            debts = await world.store.read(lambda tx: tx.debts.list())
            found = [d.key.rpartition("/")[2] for d in debts if d.kind is Owed.COMMAND_RESULT]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


def tag_of(world: World) -> str:
    _, command = world.chargers.asked[-1]
    assert isinstance(command, RemoteStart)
    return command.id_token.value


async def test_a_start_days_later_belongs_to_its_command(world: World, commands: Commands) -> None:
    """M21, CMD-06, SES-04: PENDING is INVALID when nothing follows; a replayed start is its own session."""
    assert (await commands.ask(WHO, start(authorization_reference="R"))).answer is Reception.ACCEPTED
    assert await results(world) == ["ACCEPTED"]
    pending = await world.session()
    assert (pending.status, pending.started_at) == (SessionStatus.PENDING, b.NOON)
    world.clock.move(minutes=6)
    await world.closing.close_due()
    assert (await world.session()).status is SessionStatus.INVALID
    world.clock.move(days=3)
    started = await world.start(120, card=tag_of(world))
    assert started.authorization.accepted
    session = (await world.sessions())[-1]
    assert (session.status, session.auth_method) == (SessionStatus.ACTIVE, AuthMethod.COMMAND)
    assert (session.authorization_reference, session.token and session.token.uid) == ("R", APP.uid)
    assert world.partners.asked == []
    assert await world.cdrs() == ()


async def test_the_start_takes_over_the_pending_session(world: World, commands: Commands) -> None:
    """SES-05: one session; its start is the moment it went ACTIVE; a repeat of the start changes nothing."""
    await commands.ask(WHO, start())
    await results(world)
    pending = await world.session()
    await world.start(30, card=tag_of(world), key="k")
    await world.start(30, card=tag_of(world), key="k")
    session = await world.session()
    assert (session.id, session.status, session.started_at) == (pending.id, SessionStatus.ACTIVE, b.at(30))


@pytest.mark.parametrize(("minutes", "asked"), [(14, 0), (16, 1)])
async def test_a_card_named_in_a_command(world: World, commands: Commands, minutes: int, asked: int) -> None:
    """CMD-06: not asked about for 15 minutes, asked about after them."""
    card = b.token("0A0B0C0D")
    await commands.ask(WHO, start(token=card))
    await results(world)
    assert tag_of(world) == "0A0B0C0D"
    world.clock.move(minutes=minutes)
    await world.authorizing.by_card(b.CHARGER, IdToken("0a0b0c0d"), b.PLUG)
    assert len(world.partners.asked) == asked


async def test_what_is_refused_at_once(world: World, commands: Commands) -> None:
    """CMD-07, CMD-10, CMD-15, T18, T35, M24."""
    other = b.partner("Other", party=b.OTHER_EMSP)
    stop = StopAsked(URL, SessionId("none"))
    refused = [
        await commands.ask(WHO, start(token=b.token("X", party=b.OTHER_EMSP))),
        await commands.ask(WHO, start(response_url="https://evil.example/x")),
        await commands.ask(WHO, start(response_url="http://ems.example/x")),
        await commands.ask(WHO, start(response_url="https://ems.example@evil.example/x")),
    ]
    assert {receipt.answer for receipt in refused} == {Reception.REJECTED}
    assert (await commands.ask(WHO, stop)).answer is Reception.UNKNOWN_SESSION
    await world.start()
    session = await world.session()
    theirs = Requester(other, b.OTHER_EMSP)
    foreign = StopAsked("https://oth.example/r", session.id)
    assert (await commands.ask(theirs, foreign)).answer is Reception.REJECTED
    world.chargers.present.clear()
    assert (await commands.ask(WHO, start())).answer is Reception.REJECTED
    assert world.chargers.asked == []


async def test_two_starts_of_one_plug(world: World, commands: Commands) -> None:
    """T35: while a start is awaited the next one is refused, whoever sends it."""
    await commands.ask(WHO, start())
    await results(world)
    assert (await commands.ask(WHO, start())).answer is Reception.REJECTED
    assert len(world.chargers.asked) == 1


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (start(location_id=LocationId("none")), UnknownLocation),
        (start(evse_uid=EvseUid("none")), UnknownLocation),
        (start(connector_id=ConnectorId("9")), UnknownLocation),
        (start(evse_uid=None, connector_id=ConnectorId("1")), InvalidInput),
        (UnlockAsked(URL, LocationId("LOC1"), EvseUid("EVSE-1"), ConnectorId("9")), UnknownLocation),
    ],
)
async def test_places_that_are_not_there(
    world: World, commands: Commands, asked: Any, error: type[Exception]
) -> None:
    """CMD-08, CMD-09."""
    with pytest.raises(error):
        await commands.ask(WHO, asked)


async def test_an_evse_that_wants_its_connector_named(world: World, commands: Commands) -> None:
    """CMD-09: START_SESSION_CONNECTOR_REQUIRED."""
    evse = b.evse(capabilities=("START_SESSION_CONNECTOR_REQUIRED",))
    await world.store.write(lambda tx: tx.locations.save(b.location(evse)))
    with pytest.raises(InvalidInput):
        await commands.ask(WHO, start())
    assert (await commands.ask(WHO, start(connector_id=ConnectorId("1")))).answer is Reception.ACCEPTED


async def test_refusals_of_chargers_are_remembered(world: World, commands: Commands) -> None:
    """M26: NotSupported as the result, and at once the next time, until the charger boots again."""
    world.chargers.answers[b.CHARGER] = CommandAnswer(Outcome.NOT_SUPPORTED, "NotSupported")
    unlock = UnlockAsked(URL, LocationId("LOC1"), EvseUid("EVSE-1"), ConnectorId("1"))
    assert (await commands.ask(WHO, unlock)).answer is Reception.ACCEPTED
    assert await results(world) == [Result.NOT_SUPPORTED]
    assert (await commands.ask(WHO, unlock)).answer is Reception.NOT_SUPPORTED


async def test_reservation_ids_are_their_owners_affair(world: World, commands: Commands) -> None:
    """CMD-11, M27: the same id from the same partner replaces, under the number the charger knows."""
    asked = ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1"), EvseUid("EVSE-1"))
    await commands.ask(WHO, asked)
    await results(world)
    session = await world.session()
    assert session.status is SessionStatus.RESERVATION
    await commands.ask(WHO, replace(asked, expires_at=b.at(7200), reservation_id="r-1"))
    await results(world, 2)
    numbers = {command.number for _, command in world.chargers.asked}  # type: ignore[union-attr]
    assert len(numbers) == 1
    assert (await world.session()).closes_at == b.at(7200) + world.policy.cdr_grace
    late = replace(asked, expires_at=b.NOON - timedelta(seconds=1), reservation_id="R-2")
    assert (await commands.ask(WHO, late)).answer is Reception.REJECTED


def behind(party: Party) -> Requester:
    """A party that asks through a hub."""
    hub = Party("DE", "HUB")
    partner = b.partner(roles=(PartnerRole(Role.HUB, hub, "Hub"),))
    return Requester(partner, party)


async def test_parties_behind_a_hub_do_not_command_each_others_sessions(
    world: World, commands: Commands
) -> None:
    """CMD-10, CP-05, SES-10, T20: one connection, several eMSPs; the hub itself may ask for all of them."""
    await world.start()
    session = await world.session()
    profile = ProfileAsked(URL, session.id, ChargingProfile(RateUnit.AMPERE, (ProfilePeriod(0, Decimal(6)),)))
    stranger = behind(b.OTHER_EMSP)
    assert (await commands.ask(stranger, StopAsked(URL, session.id))).answer is Reception.REJECTED
    assert (await commands.ask_profile(stranger, profile)).answer is Reception.REJECTED
    wishes = Wishes(world.store, world.clock, world.wake)
    with pytest.raises(UnknownObject):
        await wishes.put(stranger.partner, session.id, Preferences("CHEAP"), stranger.sender)
    with pytest.raises(NotCapable):
        await wishes.put(stranger.partner, session.id, Preferences("CHEAP"), b.EMSP)
    assert world.chargers.asked == []
    assert (await commands.ask(behind(b.EMSP), StopAsked(URL, session.id))).answer is Reception.ACCEPTED


async def test_parties_behind_a_hub_do_not_share_reservation_ids(world: World, commands: Commands) -> None:
    """CMD-11, M28: the same id of another party is another reservation, which it cannot cancel either."""
    asked = ReserveAsked(URL, APP, b.at(3600), "1", LocationId("LOC1"), EvseUid("EVSE-1"))
    await commands.ask(behind(b.EMSP), asked)
    await results(world)
    theirs = replace(asked, token=b.token("X", party=b.OTHER_EMSP), expires_at=b.at(60))
    assert (await commands.ask(behind(b.OTHER_EMSP), theirs)).answer is Reception.REJECTED
    assert (await commands.ask(behind(b.OTHER_EMSP), CancelAsked(URL, "1"))).answer is Reception.REJECTED
    assert (await world.session()).status is SessionStatus.RESERVATION
    assert (await commands.ask(behind(b.EMSP), CancelAsked(URL, "1"))).answer is Reception.ACCEPTED


async def test_what_is_to_be_undone_is_undone_after_a_restart(world: World, commands: Commands) -> None:
    """M27, F: a reservation without a holder is cancelled by the next process; no result is sent for it."""
    asked = ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1"), EvseUid("EVSE-1"))
    await commands.ask(WHO, asked)
    await results(world)

    def left_behind(tx: Tx) -> Run:
        run = tx.runs.reservation(b.partner().id, "R-1")
        assert run is not None
        tx.runs.save(replace(run, state=RunState.UNDOING, result=Result.TIMEOUT))
        return run

    run = await world.store.write(left_behind)
    world.wake.commands()
    async with asyncio.timeout(15):
        while await world.store.read(lambda tx: tx.runs.unfinished()):
            await asyncio.sleep(0.01)
    assert world.chargers.asked[-1] == (b.CHARGER, CancelReservation(run.number))
    assert await results(world) == [Result.ACCEPTED]


async def test_a_reservation_that_replaces_another_is_not_undone(world: World, commands: Commands) -> None:
    """CMD-11, M27: TIMEOUT of the second RESERVE_NOW leaves the first one, which has the same number."""
    asked = ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1"), EvseUid("EVSE-1"))
    await commands.ask(WHO, asked)
    await results(world)
    run = await world.store.read(lambda tx: tx.runs.reservation(b.partner().id, "R-1"))
    assert run is not None
    again = replace(run, state=RunState.ASKED, result=None)
    assert concluded(again, Result.TIMEOUT) is RunState.DONE
    assert concluded(replace(again, session_id=None), Result.TIMEOUT) is RunState.UNDOING
    assert concluded(replace(again, session_id=None), Result.REJECTED) is RunState.DONE
    assert concluded(replace(again, session_id=None, state=RunState.WAITING), Result.TIMEOUT) is RunState.DONE


async def test_a_reservation_is_of_a_certain_plug(world: World, commands: Commands) -> None:
    """SES-08, M23: where the partner names no EVSE one is chosen, so that `#NA` never has to be sent."""
    await commands.ask(WHO, ReserveAsked(URL, APP, b.at(3600), "R-1", LocationId("LOC1")))
    await results(world)
    written = ocpi.v221.write_session(await world.session(), None)
    assert (written["evse_uid"], written["connector_id"]) == ("EVSE-1", "1")


async def test_profiles_of_other_partners_sessions(world: World, commands: Commands) -> None:
    """CP-05, T35: only the owner of the session's token sets limits; nothing reaches the charger."""
    await world.start()
    session = await world.session()
    profile = ChargingProfile(RateUnit.AMPERE, (ProfilePeriod(0, Decimal(6)),))
    theirs = Requester(b.partner("Other", party=b.OTHER_EMSP), b.OTHER_EMSP)
    asked = ProfileAsked("https://oth.example/r", session.id, profile)
    assert (await commands.ask_profile(theirs, asked)).answer is Reception.REJECTED
    unknown = replace(asked, session_id=SessionId("none"))
    assert (await commands.ask_profile(theirs, unknown)).answer is Reception.UNKNOWN_SESSION
    assert world.chargers.asked == []


@pytest.mark.parametrize("missing", ["location_id", "evse_uid", "connector_id", "response_url"])
def test_an_unlock_names_its_connector(missing: str) -> None:
    """CMD-14."""
    body = {"response_url": URL, "location_id": "LOC1", "evse_uid": "EVSE-1", "connector_id": "1"}
    read = ocpi.v221.COMMANDS.read["UNLOCK_CONNECTOR"]
    assert isinstance(read(body, None), UnlockAsked)
    with pytest.raises(InvalidInput, match=missing):
        read({name: value for name, value in body.items() if name != missing}, None)


async def test_the_number_of_commands_under_way_is_bounded(world: World) -> None:
    """T35: nobody keeps all chargers busy."""
    world.chargers.present.add(b.CHARGER)
    idle = Commands(world.store, world.chargers, world.clock, world.ids, world.policy, world.wake)
    unlock = UnlockAsked(URL, LocationId("LOC1"), EvseUid("EVSE-1"), ConnectorId("1"))
    answers = [(await idle.ask(WHO, unlock)).answer for _ in range(MOST_UNFINISHED + 1)]
    assert answers.count(Reception.REJECTED) == 1


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ("CHEAP", PreferencesAnswer.ACCEPTED),
        ("REGULAR", PreferencesAnswer.ACCEPTED),
        ("FAST", PreferencesAnswer.PROFILE_TYPE_NOT_SUPPORTED),
        ("GREEN", PreferencesAnswer.NOT_POSSIBLE),
    ],
)
async def test_wishes_switch_the_tariff(world: World, wish: str, answer: PreferencesAnswer) -> None:
    """SES-10, M64: only what the connector has a tariff for, in the session's currency."""
    evse = b.evse(capabilities=(CAPABLE,), tariff_ids=("standard", "cheap", "green"))

    await world.store.write(
        lambda tx: (
            tx.locations.save(b.location(evse)),
            tx.tariffs.save(b.tariff(id_="cheap", type="PROFILE_CHEAP")),
            tx.tariffs.save(b.tariff(id_="green", type="PROFILE_GREEN", currency="SEK")),
        )
    )
    started = await world.start(0, meter=0)
    await world.values(started.transaction, b.register_sample(300, 1000))
    world.clock.time = b.at(600)
    session = await world.session()
    wishes = Wishes(world.store, world.clock, world.wake)
    assert await wishes.put(b.partner(), session.id, Preferences(wish)) is answer
    world.clock.time = b.at(1500)
    await world.stop(started.transaction, 1200, 4000)
    world.clock.move(minutes=5)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    tariffs = [period.tariff_id for period in cdr.periods]
    assert tariffs == (["standard", "cheap"] if wish == "CHEAP" else ["standard"])
    if wish == "CHEAP":
        assert {tariff.id for tariff in cdr.tariffs} == {TariffId("standard"), TariffId("cheap")}


async def test_wishes_that_are_not_heard(world: World) -> None:
    """SES-10: an EVSE that is not capable, another's session, no session."""
    await world.start()
    session = await world.session()
    wishes = Wishes(world.store, world.clock, world.wake)
    with pytest.raises(NotCapable):
        await wishes.put(b.partner(), session.id, Preferences("CHEAP"))
    for partner, id_ in ((b.partner("Other", party=b.OTHER_EMSP), session.id), (b.partner(), SessionId("x"))):
        with pytest.raises(UnknownObject):
            await wishes.put(partner, id_, Preferences("CHEAP"))
