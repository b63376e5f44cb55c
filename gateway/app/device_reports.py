"""Reports of device models: done when every part came; asked for once more when one does not (D02)."""

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.parts import Parts
from gateway.domain.tasks import Step, StepState, Task
from gateway.domain.variables import VariablesReported

PATIENCE = timedelta(seconds=30)
"""How long parts may come after the one that says it is the last."""


def taken(step: Step, event: VariablesReported) -> Step:
    """The step after a part came."""
    parts = (step.parts or Parts()).with_part(event.part, last=event.last)
    words = f"part {event.part} came" if parts.end is None else parts.sentence()
    state = StepState.DONE if parts.complete else StepState.UNDER_WAY
    return replace(step, state=state, detail=words, at=event.at, parts=parts)


def overdue(task: Task, now: datetime) -> Task:
    """The task with its incomplete reports asked for again, or given up where they were before."""
    for step in task.steps:
        lack = _lack(step, now)
        if lack:
            again = replace(
                step, state=StepState.WAITING, detail=f"{lack}; asked again", parts=None, repeats=1
            )
            given_up = replace(step, state=StepState.FAILED, detail=f"{lack}, though asked twice", at=now)
            task = task.with_step(given_up if step.repeats else again)
    return task


def _lack(step: Step, now: datetime) -> str:
    """What a report lacks whose end came a while ago; "" for any other step."""
    parts = step.parts
    if step.state is not StepState.UNDER_WAY or parts is None or parts.end is None or step.at is None:
        return ""
    return parts.sentence() if now - step.at >= PATIENCE else ""
