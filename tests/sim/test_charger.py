"""The simulated charger against a central system nobody here wrote: it must be a real OCPP 1.6J client."""

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from ocpp.exceptions import NotImplementedError as OcppNotImplemented
from ocpp.v16 import call
from ocpp.v16.enums import AvailabilityType, MessageTrigger, ResetType

from gateway.sim.charger import SimulatedCharger
from gateway.sim.errors import CardRefused, ConnectionTurnedDown
from gateway.sim.script import ChargePlan, Misbehaviour, charge, charge_on_remote_start
from gateway.sim.station import Identity

SHORT = ChargePlan(
    "CARD-1",
    power_kw=Decimal(150),
    duration=timedelta(minutes=10),
    sample_every=timedelta(minutes=2),
    speed=3000,
)


@pytest.fixture
async def charger(central: Any) -> AsyncIterator[SimulatedCharger]:
    station = SimulatedCharger(
        central.url,
        Identity("CP 1", "secret", connectors=2),
        patience_s=2,
        on_remote_start=charge_on_remote_start(SHORT),
    )
    station.station.configuration["TransactionMessageRetryInterval"].value = "0"
    async with station:
        yield station


async def test_it_introduces_itself(central: Any, charger: SimulatedCharger) -> None:
    """A01 percent-encoded identity, B02 Basic authentication, C01 boot, C02 a status for every plug."""
    await central.until(lambda: len(central.of("StatusNotification")) == 2)
    assert central.sessions[0].id == "CP%201"
    scheme, _, value = central.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"CP 1:secret")
    assert central.of("BootNotification")[0]["charge_point_vendor"] == "Simulated"
    assert [s["connector_id"] for s in central.of("StatusNotification")] == [1, 2]


async def test_a_charge_tells_one_consistent_story(central: Any, charger: SimulatedCharger) -> None:
    """C06, C10 to C12: register values rise, the stop carries begin, samples and end."""
    charged = await charge(charger, SHORT)
    registers = [Decimal(m["meter_value"][0]["sampled_value"][0]["value"]) for m in central.of("MeterValues")]
    assert len(registers) >= 4
    assert registers == sorted(set(registers))
    assert charged.energy_wh == pytest.approx(25_000, rel=0.05)
    (start,), (stop,) = central.of("StartTransaction"), central.of("StopTransaction")
    assert stop["transaction_id"] == charged.transaction_id == 42
    assert stop["meter_stop"] - start["meter_start"] == charged.energy_wh
    contexts = [v["sampled_value"][0]["context"] for v in stop["transaction_data"]]
    assert (contexts[0], contexts[-1]) == ("Transaction.Begin", "Transaction.End")
    assert contexts[1:-1] == ["Sample.Periodic"] * len(registers)
    statuses = [s["status"] for s in central.of("StatusNotification") if s["connector_id"] == 1]
    assert statuses == ["Available", "Preparing", "Charging", "Finishing", "Available"]


async def test_a_car_that_pauses_is_suspended(central: Any, charger: SimulatedCharger) -> None:
    """Q18: the transaction goes on while the car takes nothing."""
    paused = ChargePlan("CARD-1", duration=timedelta(minutes=1), pause=timedelta(minutes=5), speed=3000)
    await charge(charger, paused)
    assert "SuspendedEV" in [s["status"] for s in central.of("StatusNotification")]
    stop = central.of("StopTransaction")[0]
    last = [v["sampled_value"][0]["value"] for v in stop["transaction_data"]][-2:]
    assert len({int(Decimal(v)) for v in last}) == 1


async def test_a_refused_card_starts_nothing(central: Any, charger: SimulatedCharger) -> None:
    """C05: no transaction for a card that is not accepted."""
    with pytest.raises(CardRefused, match="Invalid"):
        await charge(charger, ChargePlan("STRANGER"))
    assert central.of("StartTransaction") == []


async def test_a_start_that_is_refused_is_stopped(central: Any, charger: SimulatedCharger) -> None:
    """C08: a card rejected at StartTransaction ends with reason DeAuthorized."""
    await charge(charger, ChargePlan("STRANGER", speed=3000), authorize=False)
    (stop,) = central.of("StopTransaction")
    assert stop["reason"] == "DeAuthorized"


async def test_offline_messages_are_replayed_in_order(central: Any, charger: SimulatedCharger) -> None:
    """C16: what happened without a connection arrives afterwards, with its own times, and without a boot."""
    plan = ChargePlan(
        "CARD-1", speed=3000, misbehaviours=frozenset({Misbehaviour.OFFLINE_REPLAY}), kwh=Decimal(2)
    )
    await charge(charger, plan)
    assert len(central.sessions) == 2
    assert len(central.of("BootNotification")) == 1
    order = [a for a, _ in central.calls if a in {"StartTransaction", "MeterValues", "StopTransaction"}]
    assert order[0] == "StartTransaction"
    assert order[-1] == "StopTransaction"
    times = [m["meter_value"][0]["timestamp"] for m in central.of("MeterValues")]
    assert times == sorted(times)


async def test_an_unanswered_stop_is_sent_again_unchanged(central: Any, charger: SimulatedCharger) -> None:
    """F15, Q02: the connection dies instead of an answer; the same content comes again."""
    transaction = charger.begin(1, "CARD-1", Decimal(1000))
    await charger.settled()
    central.muted = {"StopTransaction"}
    charger.end(transaction)
    await central.until(lambda: len(central.of("StopTransaction")) == 1)
    central.muted = set()
    await charger.settled()
    first, *again = central.of("StopTransaction")
    assert again
    assert all(copy == first for copy in again)
    assert charger.courier.pending == 0


@pytest.mark.parametrize(
    ("misbehaviour", "starts", "stops"),
    [
        (Misbehaviour.DUPLICATE_FRAMES, 2, 2),
        (Misbehaviour.MISSING_STOP, 1, 0),
    ],
)
async def test_misbehaviours(
    central: Any, charger: SimulatedCharger, misbehaviour: Misbehaviour, starts: int, stops: int
) -> None:
    """Q02 duplicates with a new message id, C17 a stop that never comes."""
    await charge(charger, ChargePlan("CARD-1", speed=3000, misbehaviours=frozenset({misbehaviour})))
    assert len(central.of("StartTransaction")) == starts
    assert len(central.of("StopTransaction")) == stops


async def test_remote_start_and_stop(central: Any, charger: SimulatedCharger) -> None:
    """C19, C20: accepted, authorized, started; a stop ends it with reason Remote."""
    charger.station.takes_remote_starts = True
    long = ChargePlan("CARD-1", duration=timedelta(hours=2), sample_every=timedelta(minutes=1))
    charger._on_remote_start = charge_on_remote_start(long)
    (session,) = central.sessions
    started = await session.ask(call.RemoteStartTransaction(id_tag="CARD-1", connector_id=2))
    assert started.status == "Accepted"
    await central.until(lambda: central.of("StartTransaction"))
    await charger.settled()
    assert (await session.ask(call.RemoteStopTransaction(transaction_id=7))).status == "Rejected"
    assert (await session.ask(call.RemoteStopTransaction(transaction_id=42))).status == "Accepted"
    await central.until(lambda: central.of("StopTransaction"))
    assert central.of("Authorize")
    assert central.of("StartTransaction")[0]["connector_id"] == 2
    assert central.of("StopTransaction")[0]["reason"] == "Remote"


async def test_commands_are_answered(central: Any, charger: SimulatedCharger) -> None:
    """C21, C25 to C28: unlock, configuration, trigger, availability, cache."""
    (session,) = central.sessions
    assert (await session.ask(call.UnlockConnector(1))).status == "Unlocked"
    assert (await session.ask(call.UnlockConnector(9))).status == "NotSupported"
    assert (await session.ask(call.ChangeConfiguration("MeterValueSampleInterval", "5"))).status == "Accepted"
    assert (await session.ask(call.ChangeConfiguration("NumberOfConnectors", "5"))).status == "Rejected"
    assert (await session.ask(call.ChangeConfiguration("Colour", "red"))).status == "NotSupported"
    answer = await session.ask(call.GetConfiguration(key=["MeterValueSampleInterval", "Colour"]))
    assert answer.configuration_key == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "5"}]
    assert answer.unknown_key == ["Colour"]
    assert (await session.ask(call.ClearCache())).status == "Accepted"
    await central.until(lambda: len(central.of("StatusNotification")) == 2)
    assert (await session.ask(call.ChangeAvailability(1, AvailabilityType.inoperative))).status == "Accepted"
    await central.until(lambda: len(central.of("StatusNotification")) == 3)
    assert central.of("StatusNotification")[-1]["status"] == "Unavailable"
    assert (await session.ask(call.TriggerMessage(MessageTrigger.meter_values, 1))).status == "Accepted"
    await central.until(lambda: central.of("MeterValues"))
    with pytest.raises(OcppNotImplemented):
        await session.ask(call.GetLog({"remoteLocation": "https://log.example"}, "DiagnosticsLog", 1))


async def test_reset_boots_again(central: Any, charger: SimulatedCharger) -> None:
    """C27: a reset closes the connection and boots anew."""
    (session,) = central.sessions
    assert (await session.ask(call.Reset(ResetType.hard))).status == "Accepted"
    await central.until(lambda: len(central.of("BootNotification")) == 2)
    assert len(central.sessions) == 2


async def test_nobody_there(unused_tcp_port: int) -> None:
    """A charger says plainly that it could not connect."""
    charger = SimulatedCharger(f"ws://127.0.0.1:{unused_tcp_port}/ocpp", Identity("CP"))
    with pytest.raises(ConnectionTurnedDown):
        await charger.connect()
