"""What presets switch on for makes, and what is switched on for one charger: Q04, Q09, Q22, Q26."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from gateway.charger_wiring import charger_limits
from gateway.config import Settings
from gateway.domain.chargers import Charger, ChargerState
from gateway.domain.errors import InvalidInput
from gateway.domain.events import Booted, Habit, PlugStatus, StatusChanged, TransactionStarted
from gateway.domain.ids import ChargerId, PartnerId, RunId
from gateway.domain.remote_runs import tag_for
from gateway.domain.sessions import FlagReason, SessionStatus
from gateway.domain.tokens import SessionToken, session_token
from ocpp_side.endpoint import VERSIONS, ChargerSettings
from ocpp_side.repairs import mistaken_version
from ocpp_side.repairs.presets import BEHAVIOURS, habits_of, read_presets, shipped_presets
from tests import builders as b
from tests.app.world import World
from tests.fakes_ocpp import (
    ChargerSide,
    OpenDoor,
    RecordingCaring,
    RecordingCharging,
    basic,
    charger_side,
)

CP1 = ChargerId("CP-1")
WHEN = "2026-11-22T11:00:00Z"
BOOT_16 = {"chargePointVendor": "FoxESS", "chargePointModel": "EVC"}
BOOT_2X = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def dialled(
    side: ChargerSide, version: str = "ocpp1.6", *, autoping: bool = True
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=(version,), headers=basic(), autoping=autoping) as socket,
    ):
        yield socket


async def ask(socket: aiohttp.ClientWebSocketResponse, action: str, payload: Mapping[str, Any]) -> Any:
    await socket.send_str(orjson.dumps([2, action, action, payload]).decode())
    return orjson.loads(await socket.receive_str(timeout=15))


def test_every_id_a_preset_names_does_something() -> None:
    """A preset that names an id nobody implements would be silently ineffective (issue of Q26)."""
    known = {repair.quirk for version in VERSIONS.values() for repair in version.repairs} | set(BEHAVIOURS)
    named = {id_ for preset in shipped_presets() for id_ in preset.on | preset.off}
    assert named - known == set()
    assert named & set(BEHAVIOURS)


@pytest.mark.parametrize(
    ("vendor", "model", "habits"),
    [
        ("Schneider Electric", "EVlink Wallbox", (Habit.START_AT_END,)),
        ("Alfen BV", "ICU Eve Mini", (Habit.HEXADECIMAL_CARDS, Habit.OWN_CARDS)),
        ("Schneider Electric", "Other", ()),
        ("Nobody", "Nothing", ()),
    ],
)
def test_habits_that_transactions_depend_on(vendor: str, model: str, habits: tuple[Habit, ...]) -> None:
    """Q22, Q26: by vendor and model."""
    assert habits_of(shipped_presets(), vendor, model, "").of_transactions == habits


async def test_habits_travel_with_the_boot() -> None:
    """Q22, Q26: the use cases learn what the make is known for."""
    async with charger_side() as side, dialled(side) as socket:
        boot = {"chargePointVendor": "Schneider Electric", "chargePointModel": "EVlink"}
        assert (await ask(socket, "BootNotification", boot))[2]["status"] == "Accepted"
    (booted,) = side.charging.of(Booted)
    assert isinstance(booted, Booted)
    assert booted.habits == (Habit.START_AT_END,)


OWN = """
[[preset]]
vendor = "*"
charger = "cp-1"
on = ["Q26"]
off = ["Q13"]
"""


async def test_an_operator_switches_repairs_at_one_charger(tmp_path: Path) -> None:
    """Q26, Q13: by a file of its own, for the charger of this identity and no other, whatever its make."""
    (tmp_path / "own.toml").write_text(OWN, encoding="utf-8")
    limits = charger_limits(Settings(charger_presets=tmp_path / "own.toml"))
    boot = {"chargePointVendor": "V", "chargePointModel": "M" * 21}
    answers = {}
    async with charger_side(limits) as side, aiohttp.ClientSession() as http:
        for id_ in ("CP-1", "CP-2"):
            async with http.ws_connect(side.url(id_), protocols=("ocpp1.6",), headers=basic(id_)) as socket:
                answers[id_] = (await ask(socket, "BootNotification", boot))[0]
                await ask(socket, "BootNotification", {**boot, "chargePointModel": "M"})
    assert answers == {"CP-1": 4, "CP-2": 3}
    habits = {e.charger_id: e.habits for e in side.charging.of(Booted) if isinstance(e, Booted)}
    assert habits == {"CP-1": (Habit.START_AT_END,), "CP-2": ()}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[preset]]\nvendor = "*"\non = ["Q99"]', "Q99 cannot be switched"),
        ("[[preset]]\nvendor = 1", "a preset needs a vendor"),
        ("[[", "is not TOML"),
        (None, "GATEWAY_CHARGER_PRESETS cannot be read"),
    ],
)
def test_a_file_that_says_nothing_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    """At the start, with the reason."""
    path = tmp_path / "own.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=says):
        charger_limits(Settings(charger_presets=path))


# Q04: pings


@pytest.mark.parametrize(
    ("own", "make", "pinged"),
    [(None, ("", "", ""), True), (0, ("", "", ""), False), (None, ("Shy", "x", ""), False)],
    ids=["as all", "off in the network file", "off for its make"],
)
async def test_pings_of_one_charger(own: int | None, make: tuple[str, str, str], pinged: bool) -> None:
    """Q04, A06: the network file or a preset keeps pings from a charger that they upset, from no other."""
    shy = read_presets("shy", '[[preset]]\nvendor = "shy"\non = ["Q04"]')
    door = OpenDoor("CP-1")
    door.chargers["CP-1"] = Charger(CP1, (), ping_interval_s=own)
    settings = ChargerSettings(ping_interval_s=0.1, boot_patience_s=60, presets=shy)
    async with (
        charger_side(settings, RecordingCharging(True), door, RecordingCaring(said=make)) as side,
        dialled(side, autoping=False) as socket,
    ):
        if pinged:
            assert (await socket.receive(timeout=15)).type is aiohttp.WSMsgType.PING
        else:
            with pytest.raises(TimeoutError):
                await socket.receive(timeout=0.5)
            assert side.endpoint.chargers.online(CP1)


async def test_who_is_not_pinged_must_be_heard_of() -> None:
    """Q04: without pings a charger that says nothing for three heartbeats is gone; one that beats stays."""
    door = OpenDoor("CP-1")
    door.chargers["CP-1"] = Charger(CP1, (), ping_interval_s=0)
    settings = ChargerSettings(longest_silence_s=2.5, boot_patience_s=60)
    async with charger_side(settings, RecordingCharging(True), door) as side, dialled(side) as socket:
        for _ in range(10):
            await asyncio.sleep(0.3)
            assert (await ask(socket, "Heartbeat", {}))[0] == 3
        assert side.endpoint.chargers.online(CP1)
        await until(lambda: not side.endpoint.chargers.online(CP1))


# Q09: another version than the negotiated one


async def test_messages_of_1_6_over_2_0_1() -> None:
    """Q09: understood and answered as 1.6, counted, and commands follow; Heartbeats tell nothing."""
    caring = RecordingCaring()
    async with charger_side(caring=caring) as side, dialled(side, "ocpp2.0.1") as socket:
        booted = await ask(socket, "BootNotification", BOOT_16)
        assert booted[2]["status"] == "Accepted"
        start = {"connectorId": 1, "idTag": "A", "meterStart": 7, "timestamp": WHEN}
        answer = await ask(socket, "StartTransaction", start)
        assert answer[2]["transactionId"] == 1
        assert (await ask(socket, "Heartbeat", {}))[0] == 3
    assert ("Q09", 1) in caring.log
    (started,) = side.charging.of(TransactionStarted)
    assert isinstance(started, TransactionStarted)
    assert started.meter_start_wh == 7
    assert ("connected", "CP-1", "ocpp1.6") in side.charging.log


async def test_messages_of_2_0_1_over_1_6_and_back() -> None:
    """Q09: in either direction, at any message: whoever changes its mind is followed."""
    async with charger_side() as side, dialled(side) as socket:
        assert (await ask(socket, "BootNotification", BOOT_2X))[2]["status"] == "Accepted"
        state = {"timestamp": WHEN, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
        assert (await ask(socket, "StatusNotification", state))[2] == {}
        card = await ask(socket, "Authorize", {"idToken": {"idToken": "A", "type": "ISO14443"}})
        assert card[2]["idTokenInfo"]["status"] == "Accepted"
        assert (await ask(socket, "Authorize", {"idTag": "A"}))[2]["idTagInfo"]["status"] == "Accepted"
    spoken = [entry[2] for entry in side.charging.log if isinstance(entry, tuple) and entry[0] == "connected"]
    assert spoken == ["ocpp1.6", "ocpp2.0.1", "ocpp1.6"]


@dataclass
class SlowToStore(RecordingCharging):
    """A status takes until it is told to go on."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def status_changed(self, event: StatusChanged) -> None:
        await self.go_on.wait()
        await super().status_changed(event)


async def test_a_charger_that_waits_for_its_answer_is_not_lost() -> None:
    """A06: its pongs are heard while a message of its own is still in work, however long that takes."""
    charging = SlowToStore(booted_before=True)
    settings = ChargerSettings(ping_interval_s=2, boot_patience_s=60)
    state = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    async with charger_side(settings, charging) as side, dialled(side, autoping=False) as socket:
        await socket.send_str(orjson.dumps([2, "slow", "StatusNotification", state]).decode())
        for _ in range(2):
            ping = await socket.receive(timeout=15)
            assert ping.type is aiohttp.WSMsgType.PING
            await socket.pong(ping.data)
        charging.go_on.set()
        while (message := await socket.receive(timeout=15)).type is aiohttp.WSMsgType.PING:
            await socket.pong(message.data)
        assert orjson.loads(message.data) == [3, "slow", {}]


async def test_the_other_version_can_be_switched_off() -> None:
    """Q09: switched off by a preset, the negotiated version counts."""
    strict = read_presets("strict", '[[preset]]\nvendor = "*"\noff = ["Q09"]')
    async with charger_side(ChargerSettings(presets=strict)) as side, dialled(side, "ocpp2.0.1") as socket:
        assert (await ask(socket, "BootNotification", BOOT_16))[0] == 4


@pytest.mark.parametrize("subprotocol", sorted(VERSIONS))
def test_what_tells_versions_apart_is_required(subprotocol: str) -> None:
    """Q09: the telling fields are required by their own schema, and no field of the other family's."""
    version = VERSIONS[subprotocol]
    for action, name in version.telling.items():
        rules = {(broken.rule, name in broken.violation.description) for broken in
                 version.schemas.broken(action, {})}  # fmt: skip
        assert ("required", True) in rules, action
    families = (mistaken_version.V16, mistaken_version.V2X)
    for action in set(families[0]) & set(families[1]):
        assert families[0][action] != families[1][action]


def test_an_ordinary_message_tells_nothing() -> None:
    """Q09: what lacks the telling fields of all versions changes nothing."""
    families = (mistaken_version.V16, mistaken_version.V2X)
    for own in families:
        assert mistaken_version.spoken(own, families, "Heartbeat", {}) is None
        assert mistaken_version.spoken(own, families, "Authorize", {}) is None
        assert mistaken_version.spoken(own, families, "DataTransfer", {"vendorId": "v", "data": {}}) is None


# Q22: names of drivers

APP = session_token(b.token("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER"))
RFID = session_token(b.token("04A1B2C3"))
WORDS = session_token(b.token("CARD-OF-7"))


@pytest.mark.parametrize(
    ("token", "hexadecimal", "own"),
    [(RFID, True, True), (RFID, False, True), (WORDS, False, True), (WORDS, True, False), (APP, True, False)],
    ids=["hex card", "hex card elsewhere", "other card elsewhere", "other card", "app"],
)
def test_names_of_hexadecimal_digits(token: SessionToken, hexadecimal: bool, own: bool) -> None:
    """Q22, M21: a card that fits stays; everybody else gets 16 hexadecimal digits that are no card's uid."""
    tag = tag_for(token, PartnerId("p"), RunId("r"), hexadecimal=hexadecimal)
    assert (tag == token.uid) is own
    if not own:
        assert len(tag) == 16
        assert set(tag) <= set("0123456789ABCDEF")
        assert tag.startswith("F")
        assert tag != tag_for(token, PartnerId("p"), RunId("other"), hexadecimal=True)


# Q26: a start in place of the end


@pytest.fixture
async def evlink() -> World:
    world = await World().furnish()
    state = ChargerState(b.CHARGER, habits=(Habit.START_AT_END,))
    await world.store.write(lambda tx: tx.chargers.save_state(state))
    return world


@pytest.mark.parametrize(
    ("register", "kwh"), [(0, Decimal("2.5")), (6000, Decimal(5))], ids=["always 0", "goes on"]
)
async def test_a_start_in_place_of_the_end(evlink: World, register: int, kwh: Decimal) -> None:
    """Q26: a second start ends the session, with its meter value only where that can be; a repeat is none."""
    started = await evlink.start(meter=1000)
    await evlink.values(started.transaction, b.register_sample(600, 3500))
    for _ in range(2):
        again = await evlink.start(seconds=1200, meter=register)
        assert again.transaction == started.transaction
        assert again.authorization.accepted
    await evlink.status(1210, PlugStatus.AVAILABLE)
    evlink.clock.move(minutes=30)
    await evlink.closing.close_due()
    session = await evlink.session()
    assert (session.status, session.ended_at) == (SessionStatus.COMPLETED, b.at(1200))
    flags = {flag.reason for flag in session.flags}
    assert FlagReason.ORPHAN_CLOSED not in flags
    assert (FlagReason.ESTIMATED in flags) is (register == 0)
    (cdr,) = await evlink.cdrs()
    assert cdr.bill.energy_kwh == kwh


async def test_starts_that_are_starts(evlink: World) -> None:
    """Q26, C18: after the plug was free, or by another card, a start begins a session of its own."""
    first = await evlink.start(meter=1000)
    await evlink.status(600, PlugStatus.AVAILABLE)
    second = await evlink.start(seconds=900, meter=0)
    assert second.transaction != first.transaction
    other = await evlink.start(seconds=1800, card="STRANGER", meter=0)
    assert other.transaction not in (first.transaction, second.transaction)
    assert len(await evlink.sessions()) == 3


async def test_other_makes_start_as_they_say() -> None:
    """C18: without the habit a second start is a new session."""
    world = await World().furnish()
    first = await world.start(meter=1000)
    second = await world.start(seconds=900, meter=2000)
    assert second.transaction != first.transaction
