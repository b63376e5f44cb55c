"""The names scripts rely on: commands, options, and what README shows of them."""

import re
from pathlib import Path

import click
import pytest
import typer

from gateway.cli import app

README = Path(__file__).parents[2] / "README.md"
GROUPS_WITH_LISTS = ("partner", "charger", "session", "cdr", "delivery", "set-aside", "authorization")


def command(*path: str) -> "click.Command":
    found = typer.main.get_command(app)
    for name in path:
        found = found.commands[name]  # type: ignore[attr-defined]
    return found


def options(*path: str) -> set[str]:
    return {name for parameter in command(*path).params for name in parameter.opts}


@pytest.mark.parametrize(
    "path",
    [
        "serve",
        "apply",
        "demo",
        "doctor",
        "version",
        "partner invite",
        "partner connect",
        "partner list",
        "partner show",
        "partner rotate",
        "partner remove",
        "charger list",
        "charger show",
        "session list",
        "session show",
        "cdr list",
        "cdr show",
        "sim charger",
        "sim partner",
    ],
)
def test_the_fixed_commands_exist(path: str) -> None:
    assert command(*path.split()).help


@pytest.mark.parametrize("group", GROUPS_WITH_LISTS)
def test_every_listing_and_show_takes_json(group: str) -> None:
    names = set(command(group).commands) & {"list", "show"}  # type: ignore[attr-defined]
    assert "list" in names
    assert all("--json" in options(group, name) for name in names)


@pytest.mark.parametrize(
    ("path", "option"),
    [
        ("serve", "--network"),
        ("serve", "--config"),
        ("apply", "--prune"),
        ("demo", "--once"),
        ("partner invite", "--party"),
        ("partner invite", "--json"),
        ("partner connect", "--party"),
        ("partner connect", "--json"),
    ],
)
def test_the_fixed_options_exist(path: str, option: str) -> None:
    assert option in options(*path.split())


def test_readme_shows_only_commands_that_exist() -> None:
    text = README.read_text(encoding="utf-8")
    shown = set(re.findall(r"(?:`|bin/)gateway ([a-z-]+)(?: ([a-z-]+))?", text))
    assert shown
    for first, second in shown:
        group = command(first)
        if second and hasattr(group, "commands"):
            assert second in group.commands, f"gateway {first} {second}"
