"""Folds of running sessions, kept so that the next sample goes on where the last one ended.

A frozen usage says everything; a fold made from it again gives the same. Keeping one only saves time.
"""

from functools import partial
from typing import Generic, TypeVar
from weakref import ref

from gateway.domain.fold import Fold
from gateway.domain.terms import Terms

FrozenT = TypeVar("FrozenT")


class RunningFolds(Generic[FrozenT]):
    """Folds by the frozen state they ended in, that very object; kept while somebody holds that."""

    def __init__(self) -> None:
        self._folds: dict[int, tuple[ref[FrozenT], Fold]] = {}

    def __len__(self) -> int:
        return len(self._folds)

    def keep(self, frozen: FrozenT, fold: Fold) -> None:
        """Remember the fold that ended in this state; the caller does not touch it any more."""
        key = id(frozen)
        self._folds[key] = (ref(frozen, partial(self._forget, key)), fold)

    def taken(self, frozen: FrozenT, terms: Terms) -> Fold | None:
        """The fold that ended in this state, handed out once: going on changes it. None if there is none."""
        kept = self._folds.pop(id(frozen), None)
        return kept[1] if kept is not None and kept[0]() is frozen and kept[1].terms is terms else None

    def _forget(self, key: int, _gone: ref[FrozenT]) -> None:
        self._folds.pop(key, None)
