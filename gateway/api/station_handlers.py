"""Operations of the API that look after chargers."""

from gateway.api import station_models as models
from gateway.api.operations import Call
from gateway.api.requests import Limit
from gateway.domain import tasks as domain
from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId


async def start_task(call: Call) -> models.Task:
    """Begin an operation at chargers."""
    body = call.body
    if not isinstance(body, models.TaskRequest):
        raise TypeError("the operation does not declare TaskRequest")
    wanted = [ChargerId(id_) for id_ in body.chargers]
    if not wanted:
        wanted = list(await call.services.views.charger_ids())
    return shown_task(await call.services.operations.start(body.ours(), wanted))


async def list_tasks(call: Call) -> models.TaskList:
    """Tasks, newest first."""
    query = call.query
    if not isinstance(query, Limit):
        raise TypeError("the operation does not declare Limit")
    found = await call.services.operations.latest(query.limit)
    return models.TaskList(items=[shown_task(task) for task in found], total=len(found))


async def show_task(call: Call) -> models.Task:
    """One task."""
    return shown_task(await call.services.operations.task(call.path["task_id"]))


async def list_messages(call: Call) -> models.MessageList:
    """The last frames of a charger since the start of the gateway."""
    kept = call.services.recent.of_charger(ChargerId(call.path["charger_id"]))
    items = [{"at": m.at, "direction": m.direction, "text": m.text} for m in kept]
    return models.MessageList.model_validate({"items": items, "total": len(items)})


async def show_care(call: Call) -> models.Care:
    """What is remembered of one charger."""
    return shown_care(await call.services.views.care(ChargerId(call.path["charger_id"])))


async def list_variables(call: Call) -> models.VariableList:
    """The device model of a charger."""
    query = call.query
    if not isinstance(query, models.VariableQuery):
        raise TypeError("the operation does not declare VariableQuery")
    found = await call.services.views.variables(ChargerId(call.path["charger_id"]), query.like)
    shown = found[query.offset : query.offset + query.limit]
    return models.VariableList(
        items=[
            models.Variable(
                path=v.path,
                attribute=v.attribute,
                value=v.value,
                readonly=v.readonly,
                unit=v.unit,
                data_type=v.data_type,
                max_limit=v.max_limit,
            )
            for v in shown
        ],
        total=len(found),
    )


def shown_task(task: domain.Task) -> models.Task:
    """A task as the API shows it."""
    steps = [
        models.TaskStep.model_validate(
            {"charger": s.charger_id, "state": s.state.value, "detail": s.detail, "at": s.at}
        )
        for s in task.steps
    ]
    return models.Task(
        id=task.id,
        operation=task.operation.kind.value,
        created_at=task.created_at,
        ends_at=task.ends_at,
        finished=task.finished,
        done=sum(s.state is domain.StepState.DONE for s in task.steps),
        failed=sum(s.state is domain.StepState.FAILED for s in task.steps),
        steps=steps,
    )


def shown_care(care: StationCare) -> models.Care:
    """What is remembered of a charger, as the API shows it."""
    return models.Care(
        least_profile=care.least_profile,
        configured_at=care.configured_at,
        list_version=care.list_version,
        cards_listed=len(care.listed),
        certificate_ends_at=care.certificate_ends_at,
        progress=[models.Progress(kind=p.kind.value, status=p.status, at=p.at) for p in care.progress],
        repairs=[
            models.Repair(id=r.quirk, times=r.times, last_at=r.last_at, example=r.example)
            for r in care.repairs
        ],
    )
