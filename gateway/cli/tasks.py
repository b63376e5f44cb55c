"""`gateway charger task …`: operations at many chargers, with a result for each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Url

if TYPE_CHECKING:
    from gateway.api.station_models import Task, TaskRequest, TaskStep
    from gateway.cli.output import Cell

OPERATIONS = (
    "reset, unlock, availability, read-configuration, change-configuration, recipe, trigger, clear-cache, "
    "firmware, log, local-list, certificate, renew-key, report (the device model), "
    "tariffs or customer-information; certificates and network profiles have commands of their own."
)
Chargers = Annotated[list[str] | None, typer.Argument(help="Ids of chargers.")]
Everywhere = Annotated[bool, typer.Option("--all", help="At every configured charger.")]
app = typer.Typer(no_args_is_help=True, help="Operations at many chargers, with a result for each.")


@app.command("start")
def start(
    operation: Annotated[str, typer.Argument(help=OPERATIONS)],
    chargers: Chargers = None,
    *,
    everywhere: Everywhere = False,
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
    given: dict[str, object] = {
        "operation": operation,
        "chargers": named(chargers, everywhere=everywhere),
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
    begin(given, json=json, url=url, config=config)


def named(chargers: list[str] | None, *, everywhere: bool) -> list[str]:
    """The chargers of a task; none means all, which has to be said."""
    if bool(chargers) == everywhere:
        raise typer.BadParameter("name chargers, or say --all")
    return chargers or []


def begin(given: dict[str, object], *, json: bool, url: str | None, config: Path | None) -> None:
    """Start a task and print it."""
    from gateway.api.station_models import Task
    from gateway.cli.client import call

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


def _rows(step: "TaskStep") -> list[tuple["Cell", ...]]:
    """A row for each line of what the charger said."""
    first, *more = step.detail.splitlines() or [""]
    return [(step.charger, step.state, step.at, first), *(("", "", "", line) for line in more)]


def _print(task: "Task", *, as_json: bool) -> None:
    from gateway.cli.output import print_facts, print_json, print_table

    if as_json:
        print_json(task)
        return
    print_facts([("id", task.id), ("operation", task.operation), ("started", task.created_at)])
    print()
    rows = [row for step in task.steps for row in _rows(step)]
    print_table(["charger", "state", "at", "detail"], rows, empty="No chargers.")
