"""Dicts whose changes can be undone."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from gateway.app.ports import Page, PageQuery
from gateway.app.walk_ports import Stage
from gateway.domain.errors import ReadOnly
from gateway.domain.ids import Party

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D", bound="Dated")


class Dated(Protocol):
    """What a page is filtered by."""

    @property
    def party(self) -> Party: ...
    @property
    def last_updated(self) -> datetime: ...


class Journal:
    """How to undo what the running unit of work did; `writable` is false during reads."""

    def __init__(self) -> None:
        self.writable = False
        self._undo: list[Callable[[], object]] = []

    def note(self, undo: Callable[[], object]) -> None:
        """Remember a change before it is made. Raises ReadOnly in a read."""
        if not self.writable:
            raise ReadOnly
        self._undo.append(undo)

    def keep(self) -> None:
        """The unit of work succeeded."""
        self._undo.clear()

    def undo(self) -> None:
        """The unit of work failed."""
        while self._undo:
            self._undo.pop()()


class Shelf(Generic[K, V]):
    """One table: keeps the order of creation, as the database does."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._rows: dict[K, V] = {}
        self._numbers: dict[K, int] = {}
        self._created = 0

    def get(self, key: K) -> V | None:
        """The value, or None."""
        return self._rows.get(key)

    def put(self, key: K, value: V) -> None:
        """Insert at the end, or change in place."""
        if key in self._rows:
            before = self._rows[key]
            self._journal.note(lambda: self._rows.__setitem__(key, before))
        else:
            self._journal.note(lambda: self._rows.pop(key))
            self._created += 1
            self._numbers[key] = self._created
        self._rows[key] = value

    def drop(self, key: K) -> None:
        """Remove, if it is there."""
        if key in self._rows:
            before = dict(self._rows)
            self._journal.note(lambda: self._restore(before))
            del self._rows[key]

    def _restore(self, rows: dict[K, V]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[V]:
        return iter(list(self._rows.values()))

    def keys(self) -> list[K]:
        """Keys in order of creation."""
        return list(self._rows)

    def items(self) -> list[tuple[K, V]]:
        """Keys and values in order of creation."""
        return list(self._rows.items())

    def behind(self, position: int, limit: int) -> Stage[V]:
        """The next values in order of creation."""
        found = [(self._numbers[key], value) for key, value in self._rows.items()]
        chosen = [pair for pair in found if pair[0] > position][:limit]
        return Stage(tuple(value for _, value in chosen), chosen[-1][0] if chosen else position)

    def __len__(self) -> int:
        return len(self._rows)


def page_of(rows: list[D], query: PageQuery) -> Page[D]:
    """The page of these rows, which are in order of creation and already of the partner asked for."""
    chosen = [
        row
        for row in rows
        if (query.party is None or row.party == query.party)
        and (query.date_from is None or row.last_updated >= query.date_from)
        and (query.date_to is None or row.last_updated < query.date_to)
        and (query.token_party is None or _token_party(row) == query.token_party)
    ]
    return Page(tuple(chosen[query.offset : query.offset + query.limit]), len(chosen))


def _token_party(row: Dated) -> Party | None:
    token = getattr(row, "token", None)
    return token.party if token is not None else None
