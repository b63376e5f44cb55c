"""Operations on chargers: tasks with a result for each, the recipe, lists of cards (C23, C25, C27)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app import local_lists, recipe, stations
from gateway.app.caring import Caring, Repaired
from gateway.app.operations import LIFE, Operations
from gateway.domain.care import Progress, ProgressKind, ProgressReported
from gateway.domain.commands import (
    ChangeConfiguration,
    Command,
    CommandAnswer,
    ConfigurationKey,
    GetConfiguration,
    Outcome,
)
from gateway.domain.errors import ChargerOffline, ChargerRefused, UnknownObject
from gateway.domain.events import Booted
from gateway.domain.ids import ChargerId, TokenUid
from gateway.domain.station_commands import (
    CertificateSigned,
    GetDiagnostics,
    GetLocalListVersion,
    GetLog,
    SendLocalList,
    UpdateFirmware,
)
from gateway.domain.tasks import Operation, OperationKind, StepState, Task
from gateway.domain.tokens import Whitelist
from gateway.domain.variables import Variable
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World

LOG = Operation(OperationKind.LOG, location="https://log.example")
FIRMWARE = Operation(OperationKind.FIRMWARE, location="https://fw.example/1")


class Charger:
    """A charger with a configuration and a list of cards, behind the `Chargers` port."""

    def __init__(self) -> None:
        self.present = True
        self.keys: dict[str, str] = {"GetConfigurationMaxKeys": "3", "SendLocalListMaxLength": "2"}
        self.refused: set[str] = set()
        self.version = 0
        self.cards: set[str] = set()
        self.asked: list[Command] = []
        self.old = False

    def online(self, charger_id: ChargerId) -> bool:
        return self.present

    def connected(self) -> list[ChargerId]:
        return [b.CHARGER] if self.present else []

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:  # noqa: C901
        if not self.present:
            raise ChargerOffline
        self.asked.append(command)
        match command:
            case GetConfiguration(keys):
                assert len(keys) <= 3 or not self.keys
                rows = tuple(
                    ConfigurationKey(k, self.keys[k], readonly=False) for k in keys if k in self.keys
                )
                return CommandAnswer(Outcome.ACCEPTED, configuration=rows)
            case ChangeConfiguration(key, value):
                if value in self.refused:
                    return CommandAnswer(Outcome.REJECTED, "Rejected")
                self.keys[key] = value
            case GetLocalListVersion():
                return CommandAnswer(Outcome.ACCEPTED, list_version=self.version)
            case SendLocalList():
                return self._list(command)
            case GetLog() if self.old:
                raise ChargerRefused("no", code="NotImplemented")
            case GetDiagnostics():
                return CommandAnswer(Outcome.ACCEPTED, file_name="diagnostics.zip")
            case _:
                pass
        return CommandAnswer(Outcome.ACCEPTED, "Accepted")

    def _list(self, command: SendLocalList) -> CommandAnswer:
        assert len(command.entries) <= 2
        if command.version <= self.version and not command.full:
            return CommandAnswer(Outcome.VERSION_MISMATCH)
        if command.full:
            self.cards = set()
        for entry in command.entries:
            (self.cards.discard if entry.verdict is None else self.cards.add)(entry.card)
        self.version = command.version
        return CommandAnswer(Outcome.ACCEPTED)


class Yard:
    """One charger, the operations on it, and what it reports."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.charger = Charger()
        secrets = KeyedSecrets("a-secret-key-of-the-tests")
        self.operations = Operations(world.store, self.charger, world.clock, world.ids, world.policy, secrets)
        self.caring = Caring(world.store, self.operations, None, world.clock, world.ids)

    async def until(self, task: Task, condition: Callable[[Task], bool]) -> Task:
        async with asyncio.timeout(30):
            while not condition(task := await self.operations.task(task.id)):
                self.operations.wake()
                await asyncio.sleep(0.005)
        return task

    async def done(self, operation: Operation) -> Task:
        task = await self.operations.start(operation, [b.CHARGER])
        return await self.until(task, lambda t: t.finished)


@asynccontextmanager
async def yard() -> AsyncIterator[Yard]:
    made = Yard(await World().furnish())
    running = asyncio.create_task(made.operations.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_recipe_changes_only_what_differs() -> None:
    """C25, Q35: few keys at a time; a list of measurands that is refused is tried shorter."""
    async with yard() as it:
        wished = dict(recipe.RECIPE)
        it.charger.keys |= {
            "MeterValueSampleInterval": "900",
            "MeterValuesSampledData": "Voltage",
            "ClockAlignedDataInterval": "0",
        }
        it.charger.refused = {wished["MeterValuesSampledData"][0]}
        task = await it.done(Operation(OperationKind.RECIPE))
        assert it.charger.keys["MeterValueSampleInterval"] == "60"
        assert it.charger.keys["MeterValuesSampledData"] == wished["MeterValuesSampledData"][1]
        assert "ClockAlignedDataInterval" not in {
            c.key for c in it.charger.asked if isinstance(c, ChangeConfiguration)
        }
        assert task.steps[0].detail.startswith("changed: MeterValueSampleInterval, MeterValuesSampledData")
        care = await it.world.store.read(lambda tx: tx.care.get(b.CHARGER))
        assert care.configured_at == it.world.clock.now()


@pytest.mark.parametrize(("said", "most"), [(None, None), ("300", 300), ("0", None), ("many", None)])
async def test_requests_are_no_longer_than_a_charger_says(said: str | None, most: int | None) -> None:
    """D03: what it says of questions is asked first; what it says of settings is in its device model."""
    async with yard() as it:
        if said is not None:
            it.charger.keys["GetConfigurationMaxBytes"] = said
            limit = Variable("DeviceDataCtrlr/BytesPerMessage[SetVariables]", value=said)
            await it.world.store.write(lambda tx: tx.variables.save(b.CHARGER, [limit]))
        await it.done(Operation(OperationKind.RECIPE))
        questions = [c for c in it.charger.asked if isinstance(c, GetConfiguration)]
        assert questions[0].keys == ("GetConfigurationMaxKeys", "GetConfigurationMaxBytes")
        assert {c.most_bytes for c in questions[1:]} == {most}
        await it.done(Operation(OperationKind.CHANGE_CONFIGURATION, key="Any", value="1"))
        assert it.charger.asked[-1] == ChangeConfiguration("Any", "1", most)


async def test_the_recipe_is_applied_at_the_first_boot_only() -> None:
    """C25, Q07: a charger that reboots in a loop is configured once."""
    async with yard() as it:
        await it.caring.booted(b.CHARGER)
        await it.caring.booted(b.CHARGER)
        (task,) = await it.operations.latest(10)
        await it.until(task, lambda t: t.finished)
        await it.caring.booted(b.CHARGER)
        assert len(await it.operations.latest(10)) == 1


async def test_the_recipe_is_applied_again_to_another_firmware() -> None:
    """C25: what an update lost is set again, once."""
    async with yard() as it:

        async def boot(firmware: str) -> int:
            booted = Booted(b.CHARGER, it.world.clock.now(), "Vendor", "Model", firmware=firmware)
            await it.world.store.write(lambda tx: stations.booted(tx, booted))
            await it.caring.booted(b.CHARGER)
            tasks = await it.operations.latest(10)
            for task in tasks:
                await it.until(task, lambda t: t.finished)
            return len(tasks)

        it.charger.keys["ConnectionTimeOut"] = "30"
        assert await boot("1.0") == 1
        assert await boot("1.0") == 1
        it.charger.keys["ConnectionTimeOut"] = "30"
        assert await boot("1.1") == 2
        assert it.charger.keys["ConnectionTimeOut"] == dict(recipe.RECIPE)["ConnectionTimeOut"][0]
        assert await boot("1.1") == 2


async def test_a_list_of_cards_is_sent_in_portions_and_then_by_difference() -> None:
    """C23: only cards that may be judged locally; the version is never 0 or -1."""
    async with yard() as it:
        kinds = [Whitelist.ALWAYS, Whitelist.ALLOWED, Whitelist.ALLOWED_OFFLINE, Whitelist.NEVER]
        tokens = [
            replace(b.token(), uid=TokenUid(f"CARD{n}"), whitelist=kind) for n, kind in enumerate(kinds)
        ]
        tokens.append(replace(b.token(), uid=TokenUid("X" * 21), whitelist=Whitelist.ALWAYS))

        await it.world.store.write(lambda tx: [tx.tokens.save(b.partner().id, t) for t in tokens] and None)
        await it.done(Operation(OperationKind.LOCAL_LIST))
        assert {"CARD0", "CARD1", "CARD2"} <= it.charger.cards
        assert not it.charger.cards & {"CARD3", "X" * 21}
        first = [c for c in it.charger.asked if isinstance(c, SendLocalList)]
        assert [c.full for c in first] == [True] + [False] * (len(first) - 1)
        assert min(c.version for c in first) >= 1

        gone = replace(tokens[0], valid=False)
        await it.world.store.write(lambda tx: tx.tokens.save(b.partner().id, gone))
        it.charger.asked.clear()
        await it.done(Operation(OperationKind.LOCAL_LIST))
        (difference,) = [c for c in it.charger.asked if isinstance(c, SendLocalList)]
        assert not difference.full
        assert [(e.card, e.verdict) for e in difference.entries] == [("CARD0", None)]
        assert "CARD0" not in it.charger.cards

        it.charger.version, it.charger.cards = 99, set()
        await it.done(Operation(OperationKind.LOCAL_LIST))
        assert {"CARD1", "CARD2"} <= it.charger.cards


async def test_a_list_that_does_not_fit_is_told() -> None:
    """C23: as many cards as the charger takes, never more, and it is said that there are more."""
    async with yard() as it:
        it.charger.keys["LocalAuthListMaxLength"] = "3"

        async def hold(*uids: str, valid: bool = True) -> None:
            fresh = [replace(b.token(), uid=TokenUid(uid), whitelist=Whitelist.ALWAYS) for uid in uids]
            await it.world.store.write(
                lambda tx: [tx.tokens.save(b.partner().id, replace(t, valid=valid)) for t in fresh] and None
            )

        before = await it.world.store.read(local_lists.cards)
        await hold(*(entry.card for entry in before), valid=False)
        await hold("A1", "A2", "A3", "A4")
        task = await it.done(Operation(OperationKind.LOCAL_LIST))
        assert task.steps[0].state is StepState.FAILED
        assert task.steps[0].detail == "3 of 4 cards are on the list: no more fit"
        assert it.charger.cards == {"A1", "A2", "A3"}
        # What left is taken off before what came is put on, so that it always fits.
        await hold("A1", "A4", valid=False)
        await hold("A0")
        it.charger.asked.clear()
        assert (await it.done(Operation(OperationKind.LOCAL_LIST))).steps[0].state is StepState.DONE
        assert it.charger.cards == {"A0", "A2", "A3"}
        changes = [e for c in it.charger.asked if isinstance(c, SendLocalList) for e in c.entries]
        assert [(e.card, e.verdict is None) for e in changes] == [("A1", True), ("A0", False)]


async def test_a_list_goes_out_in_messages_of_the_size_a_charger_takes() -> None:
    """C23, D20: the smaller of the two limits counts, cards or bytes in a message."""
    async with yard() as it:
        it.charger.keys |= {"SendLocalListMaxLength": "2", "SendLocalListMaxBytes": "300"}
        tokens = [replace(b.token(), uid=TokenUid(f"A{n}"), whitelist=Whitelist.ALWAYS) for n in range(3)]
        await it.world.store.write(lambda tx: [tx.tokens.save(b.partner().id, t) for t in tokens] and None)
        await it.done(Operation(OperationKind.LOCAL_LIST))
        sizes = {len(c.entries) for c in it.charger.asked if isinstance(c, SendLocalList)}
        assert sizes == {1}


async def test_a_charger_without_a_list() -> None:
    """C23: -1 means that it keeps none."""
    async with yard() as it:
        it.charger.version = -1
        task = await it.done(Operation(OperationKind.LOCAL_LIST))
        assert task.steps[0].state is StepState.FAILED


@pytest.mark.parametrize(
    ("operation", "kind", "last", "state"),
    [
        (FIRMWARE, ProgressKind.FIRMWARE, "Installed", StepState.DONE),
        (FIRMWARE, ProgressKind.FIRMWARE, "InvalidSignature", StepState.FAILED),
        (LOG, ProgressKind.LOG, "Uploaded", StepState.DONE),
        (LOG, ProgressKind.LOG, "UploadFailure", StepState.FAILED),
    ],
)
async def test_progress_ends_a_task(
    operation: Operation, kind: ProgressKind, last: str, state: StepState
) -> None:
    """C27: what the charger reports under the task's number; another number is another's progress."""
    async with yard() as it:
        task = await it.operations.start(operation, [b.CHARGER])
        task = await it.until(task, lambda t: t.steps[0].state is StepState.UNDER_WAY)
        number = task.steps[0].request_id
        (asked,) = [c for c in it.charger.asked if isinstance(c, UpdateFirmware | GetLog)]
        assert asked.request_id == number

        async def report(status: str, request_id: int | None) -> Task:
            progress = Progress(kind, status, b.at(1), request_id)
            await it.caring.progressed(ProgressReported(b.CHARGER, progress))
            return await it.operations.task(task.id)

        assert (await report(last, (number or 0) + 1)).steps[0].state is StepState.UNDER_WAY
        assert (await report("Downloading", number)).steps[0].detail == "Downloading"
        assert (await report(last, None)).steps[0].state is state
        care = await it.world.store.read(lambda tx: tx.care.get(b.CHARGER))
        assert care.progress[0].status == last


async def test_an_old_charger_uploads_diagnostics() -> None:
    """C27, T19: without the security extension GetDiagnostics is asked; nothing is ever fetched by us."""
    async with yard() as it:
        it.charger.old = True
        task = await it.operations.start(LOG, [b.CHARGER])
        task = await it.until(task, lambda t: t.steps[0].state is StepState.UNDER_WAY)
        assert task.steps[0].detail == "diagnostics.zip"


async def test_a_charger_that_is_away_gets_its_task_when_it_is_back() -> None:
    """C27: and a task has an end."""
    async with yard() as it:
        it.charger.present = False
        task = await it.operations.start(Operation(OperationKind.CLEAR_CACHE), [b.CHARGER])
        late = await it.operations.start(Operation(OperationKind.CLEAR_CACHE), [b.CHARGER])
        it.charger.present = True
        it.caring.connected()
        await it.until(task, lambda t: t.finished)
        await it.until(late, lambda t: t.finished)
        it.charger.present = False
        task = await it.operations.start(Operation(OperationKind.RESET), [b.CHARGER])
        it.world.clock.time += LIFE
        task = await it.until(task, lambda t: t.finished)
        assert task.steps[0].detail == "the charger was away"


async def test_unknown_chargers_and_tasks() -> None:
    async with yard() as it:
        with pytest.raises(UnknownObject):
            await it.operations.start(Operation(OperationKind.RESET), [ChargerId("nobody")])
        with pytest.raises(UnknownObject):
            await it.operations.task("nothing")


async def test_certificates_that_end_soon_are_renewed() -> None:
    """B07: the charger is asked to ask for a new one."""
    made = Yard(await World().furnish())
    ends = made.world.clock.now() + timedelta(days=3)
    await made.world.store.write(
        lambda tx: tx.care.save(replace(tx.care.get(b.CHARGER), certificate_ends_at=ends))
    )
    running = asyncio.create_task(made.operations.run())
    async with asyncio.timeout(30):
        while not made.charger.asked:
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert "SignChargePointCertificate" in str(made.charger.asked[0])
    assert not any(isinstance(c, CertificateSigned) for c in made.charger.asked)


async def test_repairs_add_up() -> None:
    """Q13: counted over connections."""
    async with yard() as it:
        await it.caring.repaired(b.CHARGER, {"Q13": Repaired(2, "a")})
        await it.caring.repaired(b.CHARGER, {"Q13": Repaired(1, "b"), "Q31": Repaired(1, "c")})
        care = await it.world.store.read(lambda tx: tx.care.get(b.CHARGER))
        assert [(r.quirk, r.times, r.example) for r in care.repairs] == [("Q13", 3, "b"), ("Q31", 1, "c")]


async def test_alarms_are_kept_for_a_person() -> None:
    """B08: routine is logged; what is not, or is unknown, waits for a person."""
    async with yard() as it:
        for kind in ("StartupOfTheDevice", "TamperDetectionActivated", "SomethingNew"):
            await it.caring.security_event(b.CHARGER, kind, kind)
        kept = await it.world.kept()
        assert sorted(item.payload for item in kept) == ["SomethingNew", "TamperDetectionActivated"]
