"""Operations on chargers: tasks with a result for each charger, kept across restarts (C25 to C27)."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app import device_reports, station_tariffs
from gateway.app.care_ports import CertificateAuthority
from gateway.app.operation_steps import LONGEST_DETAIL, Bench, Result, perform, request_id_of
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Ids, Secrets, Store, Tx
from gateway.domain.care import ProgressReported, outcome_of
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.errors import ChargerOffline, GatewayError, StoreUnavailable, UnknownObject
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Operation, OperationKind, Step, StepState, Task
from gateway.domain.variables import CustomerTold, VariablesReported

log = logging.getLogger(__name__)

LIFE = timedelta(days=1)
"""How long a charger that is away has to come back for a task."""
_PAUSE_S = 5.0
_RENEWAL_PAUSE = timedelta(hours=6)
_TARIFF_PAUSE = timedelta(hours=1)
_RENEW_BEFORE = timedelta(days=30)
_REPORTED = {"FIRMWARE": OperationKind.FIRMWARE, "LOG": OperationKind.LOG}


class Operations:
    """Starts tasks, works on them, and tells how they went."""

    def __init__(
        self,
        store: Store,
        chargers: Chargers,
        clock: Clock,
        ids: Ids,
        policy: Policy,
        secrets: Secrets,
        authority: CertificateAuthority | None = None,
    ) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._secrets = secrets
        self._authority = authority
        self._work_to_do = asyncio.Event()
        self._busy: set[ChargerId] = set()
        self._renewed_at: datetime | None = None
        self._tariffs_looked_at: datetime | None = None

    async def start(self, operation: Operation, charger_ids: Iterable[ChargerId]) -> Task:
        """Begin an operation at these chargers. Raises UnknownObject for one that is not configured."""
        now = self._clock.now()
        wanted = tuple(dict.fromkeys(charger_ids))

        def work(tx: Tx) -> Task:
            for charger_id in wanted:
                if tx.chargers.get(charger_id) is None:
                    raise UnknownObject(f"charger {charger_id} is not configured")
            return self.begin(tx, operation, wanted, now)

        task = await self._store.write(work)
        self.wake()
        return task

    def begin(self, tx: Tx, operation: Operation, charger_ids: Sequence[ChargerId], now: datetime) -> Task:
        """The same within a unit of work; `wake` after it."""
        task = Task(self._ids.new(), operation, now, now + LIFE, tuple(Step(id_) for id_ in charger_ids))
        tx.tasks.save(task)
        return task

    async def latest(self, limit: int) -> Sequence[Task]:
        """Tasks, newest first."""
        return await self._store.read(lambda tx: tx.tasks.latest(limit))

    async def task(self, task_id: str) -> Task:
        """One task. Raises UnknownObject."""
        found = await self._store.read(lambda tx: tx.tasks.get(task_id))
        if found is None:
            raise UnknownObject(f"there is no task {task_id}")
        return found

    def wake(self) -> None:
        """There may be something to do: a new task, or a charger that came back."""
        self._work_to_do.set()

    def tariffs_changed(self) -> None:
        """Chargers may have to show other tariffs than they do: looked at soon (E04)."""
        self._tariffs_looked_at = None
        self.wake()

    def progressed(self, tx: Tx, event: ProgressReported) -> None:
        """Carry a charger's report into the task it belongs to; within a unit of work (C27)."""
        said = event.progress
        ok = outcome_of(said)
        state = StepState.UNDER_WAY if ok is None else StepState.DONE if ok else StepState.FAILED
        found = self._under_way(tx, event.charger_id, _REPORTED[said.kind], said.request_id)
        if found is not None:
            _tell(tx, found, state, said.status, said.at)

    def reported(self, tx: Tx, event: VariablesReported) -> None:
        """A part of a device model came, the last that lacked ends the task; within a unit of work (D02)."""
        found = self._under_way(tx, event.charger_id, OperationKind.REPORT, event.request_id)
        if found is None:
            return
        task, step = found
        step = device_reports.taken(step, event)
        if step.finished:
            known = len(tx.variables.of(event.charger_id))
            step = replace(step, detail=f"{known} values of the device model are known")
        tx.tasks.save(task.with_step(replace(step, request_id=request_id_of(task, step.charger_id))))

    def customer_told(self, tx: Tx, event: CustomerTold) -> None:
        """Carry what a charger holds about a person into the task that asked; within a unit of work (D22)."""
        kind = OperationKind.CUSTOMER_INFORMATION
        found = self._under_way(tx, event.charger_id, kind, event.request_id)
        if found is None:
            return
        words = found[1].detail + event.text if event.part else event.text
        state = StepState.DONE if event.last else StepState.UNDER_WAY
        _tell(tx, found, state, words[:LONGEST_DETAIL], event.at)

    def _under_way(
        self, tx: Tx, charger_id: ChargerId, kind: OperationKind, named: int | None
    ) -> tuple[Task, Step] | None:
        """The task a charger's report is about; one that names no request is about the oldest."""
        for task in tx.tasks.open():
            step = task.step(charger_id)
            if step is None or task.operation.kind is not kind or not self._begun(step):
                continue
            if named is None or named <= 0 or named == request_id_of(task, charger_id):
                return task, step
        return None

    def _begun(self, step: Step) -> bool:
        """Whether the charger works on it; it may report before its answer is written down."""
        asked = step.state is StepState.WAITING and step.charger_id in self._busy
        return asked or step.state is StepState.UNDER_WAY

    async def run(self) -> None:
        """Work on open tasks until cancelled; a charger works on one at a time."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._work_to_do.clear()
                try:
                    await self._round(group)
                except StoreUnavailable as error:
                    log.warning("tasks wait: %s", error)
                try:
                    async with asyncio.timeout(_PAUSE_S):
                        await self._work_to_do.wait()
                except TimeoutError:
                    continue

    async def _round(self, group: asyncio.TaskGroup) -> None:
        await self._renew_certificates()
        await self._tell_tariffs()
        now = self._clock.now()
        at_work = frozenset(self._busy)  # what is read may be older than the end of such work
        for task in await self._store.read(lambda tx: tx.tasks.open()):
            if task.ends_at <= now:
                await self._expire(task)
                continue
            if device_reports.overdue(task, now) != task:
                await self._chase(task.id, now)
                self.wake()
            for step in task.steps:
                free = step.charger_id not in self._busy | at_work
                if step.state is StepState.WAITING and free and self._chargers.online(step.charger_id):
                    self._busy.add(step.charger_id)
                    name = f"task {task.id} at {step.charger_id}"
                    group.create_task(self._work(task, step.charger_id), name=name)

    async def _work(self, task: Task, charger_id: ChargerId) -> None:
        try:
            result = await self._result(task, charger_id)
            if result is not None:
                await self._note(task.id, charger_id, result)
                self._look_again(task.operation.kind, result)
        except StoreUnavailable as error:
            log.warning("the result of a task at %s is not stored: %s", charger_id, error)
        finally:
            self._busy.discard(charger_id)
            self.wake()

    async def _result(self, task: Task, charger_id: ChargerId) -> Result | None:
        """How it went; None if the charger went away before it answered, so that it is tried again."""

        async def ask(command: Command) -> CommandAnswer:
            return await self._chargers.ask(charger_id, command, self._policy.command_timeout)

        number = request_id_of(task, charger_id)
        secrets, hosts, authority = self._secrets, self._policy.charger_hosts, self._authority
        bench = Bench(charger_id, ask, self._store, self._clock, number, secrets, hosts, authority)
        try:
            return await perform(bench, task.operation)
        except (ChargerOffline, StoreUnavailable) as error:
            if task.operation.kind is OperationKind.RESET:
                return Result(StepState.FAILED, "the charger went away before it answered")
            log.info("%s at %s is tried again: %s", task.operation.kind, charger_id, error)
            await asyncio.sleep(1)
            return None
        except GatewayError as error:
            return Result(StepState.FAILED, str(error))
        except Exception as error:
            log.exception("%s at %s failed", task.operation.kind, charger_id)
            return Result(StepState.FAILED, f"the gateway failed: {type(error).__name__}")

    async def _note(self, task_id: str, charger_id: ChargerId, result: Result) -> None:
        now = self._clock.now()

        def work(tx: Tx) -> None:
            task = tx.tasks.get(task_id)
            step = task.step(charger_id) if task else None
            if task is None or step is None or step.state is not StepState.WAITING:
                return
            number = request_id_of(task, charger_id)
            told = replace(step, state=result.state, detail=result.detail, at=now, request_id=number)
            tx.tasks.save(task.with_step(told))

        await self._store.write(work)

    async def _chase(self, task_id: str, now: datetime) -> None:
        """Go after reports that are incomplete; a part may have come since they were looked at."""

        def work(tx: Tx) -> None:
            current = tx.tasks.get(task_id)
            if current is not None:
                tx.tasks.save(device_reports.overdue(current, now))

        await self._store.write(work)

    async def _expire(self, task: Task) -> None:
        now = self._clock.now()

        def work(tx: Tx) -> None:
            current = tx.tasks.get(task.id)
            if current is None:
                return
            for step in current.steps:
                if not step.finished:
                    away = step.state is StepState.WAITING
                    why = "the charger was away" if away else f"no end was reported; last: {step.detail}"
                    current = current.with_step(replace(step, state=StepState.FAILED, detail=why, at=now))
            tx.tasks.save(current)

        await self._store.write(work)

    def _look_again(self, kind: OperationKind, result: Result) -> None:
        """Tariffs that changed while a charger was told others were left for after that.

        One that does not take its tariffs is not asked again and again, but at the next regular look.
        """
        if kind is OperationKind.TARIFFS and result.state is StepState.DONE:
            self._tariffs_looked_at = None

    async def _tell_tariffs(self) -> None:
        """Begin with chargers that should show another tariff: after a change, and as time goes by (E04)."""
        now = self._clock.now()
        if self._tariffs_looked_at is not None and now - self._tariffs_looked_at < _TARIFF_PAUSE:
            return
        self._tariffs_looked_at = now
        ids = await self._store.read(lambda tx: station_tariffs.owed(tx, now))
        if ids:
            await self._store.write(lambda tx: self.begin(tx, Operation(OperationKind.TARIFFS), ids, now))

    async def _renew_certificates(self) -> None:
        """Ask chargers whose certificate ends soon to ask for a new one (B07)."""
        now = self._clock.now()
        if self._renewed_at is not None and now - self._renewed_at < _RENEWAL_PAUSE:
            return
        self._renewed_at = now

        def work(tx: Tx) -> None:
            ending = [
                charger.id
                for charger in tx.chargers.all()
                if (ends := tx.care.get(charger.id).certificate_ends_at) and ends - now < _RENEW_BEFORE
            ]
            if ending:
                self.begin(tx, Operation(OperationKind.CERTIFICATE), ending, now)

        await self._store.write(work)


def _tell(tx: Tx, found: tuple[Task, Step], state: StepState, words: str, at: datetime) -> None:
    task, step = found
    number = request_id_of(task, step.charger_id)
    tx.tasks.save(task.with_step(Step(step.charger_id, state, words, at, number)))
