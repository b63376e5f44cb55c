"""`gateway charger task …`: operations at many chargers, with a result for each."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Url

if TYPE_CHECKING:
    from gateway.api.station_models import Task, TaskRequest

OPERATIONS = (
    "reset, unlock, availability, read-configuration, change-configuration, recipe, trigger, clear-cache, "
    "firmware, log, local-list, certificate, renew-key, report (the device model), "
    "tariffs or customer-information."
)
app = typer.Typer(no_args_is_help=True, help="Operations at many chargers, with a result for each.")


@app.command("start")
def start(
    operation: Annotated[str, typer.Argument(help=OPERATIONS)],
    chargers: Annotated[list[str] | None, typer.Argument(help="Ids of chargers.")] = None,
    *,
    everywhere: Annotated[bool, typer.Option("--all", help="At every configured charger.")] = False,
    connector: Annotated[int | None, typer.Option(help="Number of the plug.")] = None,
    hard: Annotated[bool, typer.Option("--hard", help="Reset without waiting for transactions.")] = False,
    out_of_service: Annotated[bool, typer.Option("--off", help="Availability: out of service.")] = False,
    key: Annotated[str, typer.Option(help="Configuration key.")] = "",
    value: Annotated[str, typer.Option(help="Value of the key.")] = "",
    message: Annotated[str, typer.Option(help="Message to trigger.")] = "",
    location: Annotated[str, typer.Option(help="URL of the firmware, or where to upload a log.")] = "",
    security_log: Annotated[bool, typer.Option("--security", help="Upload the security log.")] = False,
    card: Annotated[str, typer.Option(help="Card whose customer information to report.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="Have that information cleared, too.")] = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Start an operation; chargers that are away have a day to come back."""
    from gateway.api.station_models import Task
    from gateway.cli.client import call

    if bool(chargers) == everywhere:
        raise typer.BadParameter("name chargers, or say --all")
    given: dict[str, object] = {
        "operation": operation,
        "chargers": chargers or [],
        "number": connector,
        "hard": hard,
        "operative": not out_of_service,
        "key": key,
        "value": value,
        "message": message,
        "location": location,
        "security_log": security_log,
        "card": card,
        "clear": clear,
    }
    _print(call(Task, "POST", "/tasks", url=url, body=_request(given), config=config), as_json=json)


def _request(given: dict[str, object]) -> "TaskRequest":
    from pydantic import ValidationError

    from gateway.api.station_models import TaskRequest

    try:
        return TaskRequest.model_validate(given)
    except ValidationError as error:
        raise typer.BadParameter(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error


@app.command("list")
def list_(*, json: Json = False, url: Url = None, config: Config = None) -> None:
    """List tasks, newest first."""
    from gateway.api.station_models import TaskList
    from gateway.cli.client import call
    from gateway.cli.output import print_json, print_table

    found = call(TaskList, "GET", "/tasks", url=url, config=config)
    if json:
        print_json(found.items)
        return
    rows = [
        (t.id, t.operation, t.created_at, len(t.steps), t.done, t.failed, len(t.steps) - t.done - t.failed)
        for t in found.items
    ]
    titles = ["id", "operation", "started", "chargers", "done", "failed", "open"]
    print_table(titles, rows, empty="No tasks yet. Start one: gateway charger task start")


@app.command("show")
def show(
    task_id: Annotated[str, typer.Argument(help="The task's id.")],
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Show one task with the result of each charger; exit code 1 if one failed."""
    from gateway.api.station_models import Task
    from gateway.cli.client import call, segment

    found = call(Task, "GET", f"/tasks/{segment(task_id)}", url=url, config=config)
    _print(found, as_json=json)
    if found.failed:
        raise typer.Exit(1)


def _print(task: "Task", *, as_json: bool) -> None:
    from gateway.cli.output import print_facts, print_json, print_table

    if as_json:
        print_json(task)
        return
    print_facts([("id", task.id), ("operation", task.operation), ("started", task.created_at)])
    print()
    rows = [(s.charger, s.state, s.at, s.detail) for s in task.steps]
    print_table(["charger", "state", "at", "detail"], rows, empty="No chargers.")
