"""Answers for people and for scripts: tables and facts, or JSON. Colour only on a terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gateway.api.money_models import ExplanationRow
    from gateway.domain.explain import ExplainRow

    Explained = ExplanationRow | ExplainRow

Cell = str | int | float | bool | datetime | None

_COLOURS = {
    "online": "green",
    "REGISTERED": "green",
    "SETTLED": "green",
    "ACTIVE": "cyan",
    "ok": "green",
    "knocking": "yellow",
    "INVITED": "yellow",
    "WAITING": "yellow",
    "warning": "yellow",
    "PARKED": "red",
    "AUTH_FAILED": "red",
    "INVALID": "red",
    "problem": "red",
}


def print_json(value: "BaseModel | Sequence[BaseModel]") -> None:
    """One object, or a list of them."""
    from gateway.api.exact import written

    print(sayable(written(value, indented=True)))


def print_table(titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, empty: str) -> None:
    """A table; `empty` is said instead when there are no rows."""
    texts = [[_text(cell) for cell in row] for row in rows]
    if not texts:
        print(empty)
    elif sys.stdout.isatty():
        _rich_table(titles, texts)
    else:
        widths = [max(len(row[i]) for row in [titles, *texts]) for i in range(len(titles))]
        for row in [[title.upper() for title in titles], *texts]:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_rows(rows: Iterable["Explained"]) -> None:
    """The working of a price."""
    titles = ["when", "what", "volume", "billed", "price", "tax", "amount", "why"]
    cells = [
        (row.when, row.what, row.volume, row.billed, row.unit_price, row.tax, row.amount, row.why)
        for row in rows
    ]
    print_table(titles, cells, empty="Nothing was charged.")


def print_facts(facts: Iterable[tuple[str, Cell]]) -> None:
    """Names and values, one a line; what is unknown is left out."""
    known = [(name, _text(value)) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        print(f"{name.ljust(width)}  {_coloured(value) if sys.stdout.isatty() else value}")


def note(message: str) -> None:
    """Something to know that is not the answer: to stderr."""
    print(message, file=sys.stderr)


def _rich_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)


def _coloured(value: str) -> str:
    codes = {"green": 32, "yellow": 33, "red": 31, "cyan": 36}
    colour = _COLOURS.get(value)
    return f"\x1b[{codes[colour]}m{value}\x1b[0m" if colour else value


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case datetime():
            return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        case _:
            return "".join(char if char.isprintable() else "?" for char in str(cell))


def sayable(text: str) -> str:
    """JSON with escapes where the terminal has no such characters; they stand in strings only."""
    if _unicode():
        return text
    return "".join(char if char.isascii() else json.dumps(char)[1:-1] for char in text)


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
