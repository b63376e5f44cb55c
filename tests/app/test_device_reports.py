"""A report of the device model is done when all of it came, and asked for once more when it did not (D02)."""

from gateway.app.device_reports import PATIENCE
from gateway.app.operation_steps import request_id_of
from gateway.domain.device_commands import ReportVariables
from gateway.domain.tasks import Operation, OperationKind, Step, StepState, Task
from gateway.domain.variables import Variable, VariablesReported
from tests import builders as b
from tests.app.test_operations import Yard, yard

REPORT = Operation(OperationKind.REPORT)
PATIENCE_S = PATIENCE.total_seconds()


async def begun(it: Yard) -> Task:
    task = await it.operations.start(REPORT, [b.CHARGER])
    return await it.until(task, lambda t: t.steps[0].state is StepState.UNDER_WAY)


async def part(it: Yard, task: Task, number: int, *, last: bool = False) -> Step:
    """The charger's step after a part came."""
    name = request_id_of(task, b.CHARGER)
    variables = (Variable(f"C/V{number}", value="1"),)
    now = it.world.clock.now()
    await it.caring.variables_reported(VariablesReported(b.CHARGER, now, name, number, last, variables))
    (step,) = (await it.operations.task(task.id)).steps
    return step


def times_asked(it: Yard) -> int:
    return sum(isinstance(command, ReportVariables) for command in it.charger.asked)


async def test_the_last_part_may_come_first() -> None:
    """D02: out of order it is done with the one that lacked, not with the one that says it is the last."""
    async with yard() as it:
        task = await begun(it)
        step = await part(it, task, 2, last=True)
        assert (step.state, step.detail) == (
            StepState.UNDER_WAY, "incomplete: part 0 to 1 of 0 to 2 did not come",
        )  # fmt: skip
        await part(it, task, 0)
        step = await part(it, task, 1)
        assert (step.state, step.detail) == (StepState.DONE, "3 values of the device model are known")
        assert times_asked(it) == 1


async def test_what_lacks_is_asked_for_once_more() -> None:
    """D02: after a while the whole report is asked for again, and that one can be complete."""
    async with yard() as it:
        task = await begun(it)
        await part(it, task, 0)
        await part(it, task, 2, last=True)
        it.world.clock.move(seconds=PATIENCE_S)
        await it.until(task, lambda t: times_asked(it) == 2 and t.steps[0].state is StepState.UNDER_WAY)
        for number in (0, 1):
            assert (await part(it, task, number)).state is StepState.UNDER_WAY
        step = await part(it, task, 2, last=True)
        assert (step.state, step.detail) == (StepState.DONE, "3 values of the device model are known")


async def test_what_lacks_twice_has_failed() -> None:
    """D02: it is never done, says what lacks, and the charger is left alone; what came is kept."""
    async with yard() as it:
        task = await begun(it)
        for times in (1, 2):
            await part(it, task, 0)
            await part(it, task, 3, last=True)
            it.world.clock.move(seconds=PATIENCE_S)
            if times == 1:
                await it.until(
                    task, lambda t: times_asked(it) == 2 and t.steps[0].state is StepState.UNDER_WAY
                )
        task = await it.until(task, lambda t: t.finished)
        (step,) = task.steps
        assert (step.state, step.detail) == (
            StepState.FAILED, "incomplete: part 1 to 2 of 0 to 3 did not come, though asked twice",
        )  # fmt: skip
        assert times_asked(it) == 2
        known = await it.world.store.read(lambda tx: [v.path for v in tx.variables.of(b.CHARGER)])
        assert known == ["C/V0", "C/V3"]


async def test_a_report_that_goes_on_is_not_disturbed() -> None:
    """D02: before the last part came nobody knows that one lacks; a slow charger has its time."""
    async with yard() as it:
        task = await begun(it)
        await part(it, task, 1)
        it.world.clock.move(seconds=PATIENCE_S * 10)
        await it.done(Operation(OperationKind.CLEAR_CACHE))
        step = await part(it, task, 0)
        assert (step.state, times_asked(it)) == (StepState.UNDER_WAY, 1)
        assert (await part(it, task, 2, last=True)).state is StepState.DONE
