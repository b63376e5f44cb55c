"""`gateway apply`: the network file to the running gateway."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Config, Json, Url
from gateway.domain.errors import InvalidInput

File = Annotated[Path, typer.Argument(help="The network file, JSON or YAML; - reads standard input.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Remove what the file does not mention; EVSEs become REMOVED.")
]


def apply(
    file: File, *, prune: Prune = False, json: Json = False, url: Url = None, config: Config = None
) -> None:
    """Apply a network file: parties, tariffs, locations and chargers."""
    from gateway.api.models import Changes
    from gateway.cli.client import call
    from gateway.cli.output import print_json

    name, text = read_text(file)
    query: dict[str, str | int | bool | None] = {"name": name, "prune": prune}
    changes = call(Changes, "POST", "/network", url=url, query=query, body=text, config=config)
    if json:
        print_json(changes)
        return
    for change in changes.changes:
        print(f"{change.action} {change.kind} {change.id}")
    if not changes.changes:
        print(f"nothing to change: all {changes.unchanged} things are as the file says")


def read_text(file: Path) -> tuple[str, str]:
    """Name and text of a file or of standard input. Raises InvalidInput."""
    if str(file) == "-":
        return "standard input", sys.stdin.read()
    try:
        return str(file), file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text (byte {error.start})") from error
