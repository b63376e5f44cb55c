"""Statements are built once with SQLAlchemy Core; a `Runner` runs them in a transaction."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Executable, Select, Table, bindparam, func, select

from gateway.app.ports import PageQuery
from gateway.store.codec import micros

Value = str | int | None
Values = Mapping[str, Value]


class Runner(Protocol):
    """A connection inside a transaction."""

    @property
    def undone(self) -> int | None:
        """How often changes were undone; None if others can change what this connection reads."""

    def row(self, statement: Executable, values: Values) -> tuple[Any, ...] | None:
        """The first row, or None."""

    def rows(self, statement: Executable, values: Values) -> Sequence[tuple[Any, ...]]:
        """All rows."""

    def run(self, statement: Executable, values: Values) -> int:
        """Change something; returns how many rows. Raises ReadOnly on a reader's connection."""

    def number(self, statement: Executable, values: Values) -> int:
        """Change something and return the number the statement returns."""

    def run_many(self, statement: Executable, values: Sequence[Values]) -> None:
        """The same statement for many rows."""


def where(of: Table, *columns: str) -> Sequence[ColumnElement[bool]]:
    """Each column equals the value of its own name."""
    return [of.c[name] == bindparam(name) for name in columns]


def documents(of: Table, *columns: str) -> Select[Any]:
    """The documents with these column values."""
    return select(of.c.document).where(*where(of, *columns))


@cache
def _page_statements(of: Table, filters: tuple[str, ...]) -> tuple[Select[Any], Select[Any]]:
    conditions = {
        "date_from": lambda: of.c.last_updated >= bindparam("date_from"),
        "date_to": lambda: of.c.last_updated < bindparam("date_to"),
        "party": lambda: of.c.party == bindparam("party"),
        "partner_id": lambda: of.c.partner_id == bindparam("partner_id"),
        "token_party": lambda: of.c.token_party == bindparam("token_party"),
    }
    chosen = [conditions[name]() for name in filters]
    items = select(of.c.document).where(*chosen).order_by(of.c.seq)
    items = items.limit(bindparam("row_limit")).offset(bindparam("row_offset"))
    return items, select(func.count()).select_from(of).where(*chosen)


def page(runner: Runner, of: Table, query: PageQuery) -> tuple[list[str], int]:
    """The documents of a page in order of creation, and how many there are in all (PAG-01, PAG-03)."""
    values = _page_values(of, query)
    items, count = _page_statements(of, tuple(values))
    counted = runner.row(count, values)
    return [row[0] for row in runner.rows(items, _window(values, query))], counted[0] if counted else 0


@cache
def _parts_statement(of: Table, filters: tuple[str, ...], parts: Table, owner: str) -> Select[Any]:
    owners = _page_statements(of, filters)[0].with_only_columns(of.c.id_key)
    chosen = select(parts.c[owner], parts.c.document).where(parts.c[owner].in_(owners))
    return chosen.order_by(parts.c[owner], parts.c.position)


def parts_of_page(
    runner: Runner, of: Table, query: PageQuery, parts: Table, owner: str
) -> Sequence[tuple[Any, ...]]:
    """Rows of another table that belong to the objects of a page: the `id_key` of each owner, a document."""
    values = _page_values(of, query)
    return runner.rows(_parts_statement(of, tuple(values), parts, owner), _window(values, query))


def _page_values(of: Table, query: PageQuery) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if query.date_from is not None:
        values["date_from"] = micros(query.date_from)
    if query.date_to is not None:
        values["date_to"] = micros(query.date_to)
    if query.party is not None:
        values["party"] = str(query.party)
    if query.partner_id is not None and "partner_id" in of.c:
        values["partner_id"] = query.partner_id
    if query.token_party is not None:
        values["token_party"] = str(query.token_party)
    return values


def _window(values: Values, query: PageQuery) -> Values:
    return {**values, "row_limit": query.limit, "row_offset": query.offset}
