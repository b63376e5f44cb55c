"""Rows the writer remembers, because nearly every message of a charger asks for the same ones again.

Only the writer changes rows, so what it saved or read last is what a query would give. When anything is
undone, everything is forgotten.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from gateway.store.statements import Runner

K = TypeVar("K")
V = TypeVar("V")

KEPT: Final = 8192


class Recall(Generic[K, V]):
    """The latest rows by key. Empty on a connection that sees what others commit."""

    def __init__(self, runner: Runner, *, most: int = KEPT) -> None:
        self._runner = runner
        self._most = most
        self._undone = runner.undone
        self._rows: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The row as it is now, None if it is not remembered."""
        if self._undone != self._runner.undone:
            self._rows.clear()
            self._undone = self._runner.undone
        return self._rows.get(key)

    def keep(self, key: K, row: V) -> None:
        """Remember a row that was read or saved just now."""
        if self._runner.undone is None:
            return
        self.get(key)
        self._rows[key] = row
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)

    def forget(self, key: K) -> None:
        """The row changed in a way that is not followed here."""
        self._rows.pop(key, None)
