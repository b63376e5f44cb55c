"""Lines of the checklist that no other test is about, one by one, with the real use cases behind them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import aiohttp
import orjson
import pytest

from gateway.app.commands import Commands
from gateway.domain.chargers import ChargerState, PlugMapping, PlugState
from gateway.domain.commands import Command, CommandAnswer, Outcome
from gateway.domain.delivery import Owed
from gateway.domain.errors import PartnerUnreachable
from gateway.domain.events import IdToken, PlugStatus, StatusChanged, TransactionPhase, TransactionStarted
from gateway.domain.ids import ChargerId, ConnectorId, ConnectorNumber, EvseUid
from gateway.domain.remote_runs import Reception
from gateway.domain.sites import EvseStatus
from gateway.domain.tokens import Whitelist
from ocpp_side.translate import v2x
from tests import builders as b
from tests.app.test_commands import WHO, results, start
from tests.app.world import World
from tests.fakes import FakeChargers
from tests.fakes_ocpp import basic, charger_side

OTHER = ChargerId("CP-2")
SECOND = ConnectorNumber(2)


async def two_plugs(number: ConnectorNumber = SECOND, connector: str = "1", uid: str = "EVSE-2") -> World:
    """A charger with plug 1 at EVSE-1, and another one as given."""
    world = await World().furnish()
    first = PlugMapping(b.PLUG, EvseUid("EVSE-1"), ConnectorId("1"))
    charger = b.charger(b.CHARGER, first, PlugMapping(number, EvseUid(uid), ConnectorId(connector)))
    evse = b.evse()
    both = replace(evse, connectors=(*evse.connectors, replace(evse.connectors[0], id=ConnectorId("2"))))
    location = b.location(both, b.evse("EVSE-2"))
    await world.store.write(lambda tx: tx.locations.save(location))
    await world.store.write(lambda tx: tx.chargers.save(charger))
    return world


async def shown(world: World) -> dict[str, EvseStatus]:
    (location,) = await world.store.read(lambda tx: tx.locations.all())
    return {evse.uid: evse.status for evse in location.evses}


async def test_m01_a_connector_of_1_6_is_an_evse() -> None:
    """M01: what happens at one leaves the other alone; each charges for itself."""
    world = await two_plugs()
    await world.status(0, PlugStatus.AVAILABLE)
    await world.status(0, PlugStatus.AVAILABLE, SECOND)
    await world.status(5, PlugStatus.CHARGING, SECOND)
    assert await shown(world) == {"EVSE-1": EvseStatus.AVAILABLE, "EVSE-2": EvseStatus.CHARGING}
    one, two = await world.start(meter=1), await world.start(seconds=1, meter=2, number=SECOND)
    assert one.transaction != two.transaction
    assert {s.plug.evse_uid for s in await world.sessions()} == {"EVSE-1", "EVSE-2"}
    assert all(s.open for s in await world.sessions())


async def test_m02_connectors_of_2x_share_their_evse() -> None:
    """M02: two connectors of one EVSE are one status; the session names the connector in use."""
    cable = ConnectorNumber(1, 2)
    world = await two_plugs(cable, "2", "EVSE-1")
    await world.status(0, PlugStatus.AVAILABLE)
    await world.status(0, PlugStatus.OCCUPIED, cable)
    assert (await shown(world))["EVSE-1"] is EvseStatus.CHARGING
    await world.start(number=cable)
    assert (await world.session()).plug.connector_id == "2"


async def test_m04_ids_of_our_own() -> None:
    """M04: neither the number of 1.6 nor a charger's word becomes the id of a session or a CDR."""
    world = await World().furnish()
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 600, 6000)
    world.clock.move(minutes=20)
    await world.closing.close_due()
    session, (cdr,) = await world.session(), await world.cdrs()
    assert started.transaction not in (session.id, cdr.id)
    assert len(session.id) <= 36
    assert len(cdr.id) <= 39


async def test_m52_a_cdr_has_a_copy_of_its_place() -> None:
    """M52, CDR-05: what is renamed later stays in the CDR as it was; the meter is named."""
    world = await World().furnish()
    state = ChargerState(b.CHARGER, meter_serial_number="METER-7")
    await world.store.write(lambda tx: tx.chargers.save_state(state))
    started = await world.start(meter=1000)
    moved = replace(b.location(), name="Renamed", last_updated=b.at(60))
    await world.store.write(lambda tx: tx.locations.save(moved))
    await world.stop(started.transaction, 600, 6000)
    world.clock.move(minutes=20)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.plug.location.name == "Station Square"
    assert (await world.session()).meter_id == "METER-7"


async def test_q15_states_of_the_charger_alone() -> None:
    """Q15: they say nothing of its plugs, but a fault of the whole charger counts for all."""
    world = await two_plugs()
    whole = ConnectorNumber(0)
    await world.status(0, PlugStatus.AVAILABLE, whole)
    assert set((await shown(world)).values()) == {EvseStatus.UNKNOWN}
    await world.status(1, PlugStatus.AVAILABLE)
    await world.status(2, PlugStatus.FAULTED, whole)
    assert set((await shown(world)).values()) == {EvseStatus.OUTOFORDER}
    await world.status(3, PlugStatus.AVAILABLE, whole)
    assert await shown(world) == {"EVSE-1": EvseStatus.AVAILABLE, "EVSE-2": EvseStatus.UNKNOWN}


BOOTS: dict[str, dict[str, object]] = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}
STATES: dict[str, dict[str, object]] = {
    "ocpp1.6": {"errorCode": "NoError", "status": "Available"},
    "ocpp2.0.1": {"timestamp": "2026-11-22T11:00:00Z", "connectorStatus": "Available", "connectorId": 1},
}
PLUGS = {"ocpp1.6": "connectorId", "ocpp2.0.1": "evseId"}


@pytest.mark.parametrize("version", sorted(BOOTS))
@pytest.mark.parametrize(("number", "told"), [(0, False), (1, True)])
async def test_q15_a_state_of_no_plug_leaves_the_question_open(version: str, number: int, told: bool) -> None:
    """Q15, C02: a charger that told only of itself after its boot is still to be asked for its states."""
    state = {**STATES[version], PLUGS[version]: number}
    async with (
        charger_side() as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(version,), headers=basic()) as socket,
    ):
        for action, payload in (("BootNotification", BOOTS[version]), ("StatusNotification", state)):
            await socket.send_str(orjson.dumps([2, action, action, payload]).decode())
            assert orjson.loads(await socket.receive_str(timeout=15))[0] == 3
        (line,) = side.endpoint.chargers.lines()
        assert (line.station.booted_now, line.station.reported_status) == (True, told)


@dataclass
class Busy(FakeChargers):
    """A charger that does something of its own before it answers."""

    first: Callable[[Command], object] = lambda command: None

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        doing = self.first(command)
        if asyncio.iscoroutine(doing):
            await doing
        return await super().ask(charger_id, command, within)


async def commanding(chargers: Busy) -> tuple[World, Commands]:
    world = await World(chargers=chargers).furnish()
    chargers.present.add(b.CHARGER)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER)))
    return world, Commands(world.store, chargers, world.clock, world.ids, world.policy, world.wake)


@pytest.mark.parametrize(
    ("state", "result"),
    [
        (PlugStatus.FINISHING, "EVSE_OCCUPIED"),
        (PlugStatus.PREPARING, "REJECTED"),
        (PlugStatus.UNAVAILABLE, "EVSE_INOPERATIVE"),
    ],
)
async def test_q17_a_charger_that_is_stuck_says_so_to_the_partner(state: PlugStatus, result: str) -> None:
    """Q17, M24: a plug that wants to be unplugged first is a reason, not a TIMEOUT."""
    chargers = Busy(answers={b.CHARGER: CommandAnswer(Outcome.REJECTED, "Rejected")})
    world, commands = await commanding(chargers)
    plug = PlugState(b.PLUG, state, b.NOON)
    await world.store.write(lambda tx: tx.chargers.save_state(ChargerState(b.CHARGER, plugs=(plug,))))
    running = asyncio.create_task(commands.run())
    try:
        assert (await commands.ask(WHO, start())).answer is Reception.ACCEPTED
        assert await results(world) == [result]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_q28_a_start_before_its_announcement() -> None:
    """Q28, M24: a transaction that is reported before the command is answered is that command's, once."""
    chargers = Busy()
    world, commands = await commanding(chargers)
    chargers.first = lambda command: world.start(seconds=1, card=command.id_token.value)  # type: ignore[union-attr]
    running = asyncio.create_task(commands.run())
    try:
        assert (await commands.ask(WHO, start())).answer is Reception.ACCEPTED
        assert await results(world) == ["ACCEPTED"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    session = await world.session()
    assert (session.open, session.partner_id) == (True, b.partner().id)


async def test_f02_a_partner_that_is_away_is_no_charger_s_trouble() -> None:
    """F02: cards are judged by policy, start and stop are answered, what is owed waits for the partner."""
    world = await World().furnish()
    world.partners.verdicts[b.partner().id] = PartnerUnreachable("no route")
    offline = replace(b.token(), whitelist=Whitelist.ALLOWED_OFFLINE)
    await world.store.write(lambda tx: tx.tokens.save(b.partner().id, offline))
    async with asyncio.timeout(10):
        card = await world.authorizing.by_card(b.CHARGER, IdToken("04A1B2C3"), b.PLUG)
        started = await world.start(meter=1000)
        await world.stop(started.transaction, 600, 6000)
    assert card.accepted
    assert started.authorization.accepted
    world.clock.move(minutes=20)
    await world.closing.close_due()
    debts = await world.store.read(lambda tx: tx.debts.list())
    assert {Owed.SESSION, Owed.CDR} <= {debt.kind for debt in debts}


async def test_f04_one_card_at_two_chargers_at_once() -> None:
    """F04: two transactions of the same driver within a second are two sessions, told apart to the end."""
    world = await World().furnish()
    plug = PlugMapping(b.PLUG, EvseUid("EVSE-2"), ConnectorId("1"))
    await world.store.write(lambda tx: tx.locations.save(b.location(b.evse(), b.evse("EVSE-2"))))
    await world.store.write(lambda tx: tx.chargers.save(b.charger(OTHER, plug)))
    here, there = await asyncio.gather(
        *(
            world.charging.started(
                TransactionStarted(id_, b.PLUG, b.at(0), "key", IdToken("04A1B2C3"), Decimal(1000))
            )
            for id_ in (b.CHARGER, OTHER)
        )
    )
    assert here.transaction != there.transaction
    await world.stop(here.transaction, 600, 3000)
    by_charger = {session.charger_id: session for session in await world.sessions()}
    assert (by_charger[b.CHARGER].open, by_charger[OTHER].open) == (False, True)


async def test_f04_by_app_and_card_at_once() -> None:
    """F04: a card shown at the plug while the app starts it is one transaction; the app gets one result."""
    chargers = Busy(answers={b.CHARGER: CommandAnswer(Outcome.REJECTED, "Rejected")})
    world, commands = await commanding(chargers)
    chargers.first = lambda command: world.start(seconds=1)
    running = asyncio.create_task(commands.run())
    try:
        assert (await commands.ask(WHO, start())).answer is Reception.ACCEPTED
        assert await results(world) == ["EVSE_OCCUPIED"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    session = await world.session()
    assert session.token is not None
    assert (session.open, session.token.uid) == (True, "04A1B2C3")


@pytest.mark.parametrize("trigger", ["CostLimitReached", "TimeLimitReached", "EnergyLimitReached"])
def test_e05_a_limit_that_was_reached(trigger: str) -> None:
    """E05: a message about a limit is a message about its transaction, whatever limit it names."""
    limit = {"maxCost": 12.5, "maxEnergy": 9000, "maxTime": 3600, "maxSoC": 80}
    payload = {
        "eventType": "Updated", "timestamp": "2026-11-22T12:00:00Z", "triggerReason": trigger, "seqNo": 4,
        "transactionInfo": {"transactionId": "tx-1", "transactionLimit": limit},
    }  # fmt: skip
    read = v2x.transaction_reported(b.CHARGER, payload, b.NOON)
    assert (read.event.phase, read.event.trigger, read.lost) == (TransactionPhase.UPDATED, trigger, ())


async def test_a_status_is_a_fact_of_the_charger() -> None:
    """M01: a plug that the network file does not know changes no EVSE, and nothing breaks."""
    world = await World().furnish()
    before = await shown(world)
    await world.charging.status_changed(
        StatusChanged(b.CHARGER, ConnectorNumber(9), PlugStatus.FAULTED, b.at(0))
    )
    assert {**before, "EVSE-1": EvseStatus.UNKNOWN} == await shown(world)
