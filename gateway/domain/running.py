"""Folds of running sessions, kept so that the next sample goes on where the last one ended.

A frozen usage says everything; a fold made from it again gives the same. Keeping one only saves time.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

from gateway.domain.fold import Fold
from gateway.domain.terms import Terms

FrozenT = TypeVar("FrozenT")

KEPT: Final = 8192


class RunningFolds(Generic[FrozenT]):
    """The latest folds by the frozen state they ended in, that very object."""

    def __init__(self) -> None:
        self._folds: OrderedDict[int, tuple[FrozenT, Fold]] = OrderedDict()

    def keep(self, frozen: FrozenT, fold: Fold) -> None:
        """Remember the fold that ended in this state; the caller does not touch it any more."""
        self._folds[id(frozen)] = (frozen, fold)
        if len(self._folds) > KEPT:
            self._folds.popitem(last=False)

    def taken(self, frozen: FrozenT, terms: Terms) -> Fold | None:
        """The fold that ended in this state, handed out once: going on changes it. None if there is none."""
        kept = self._folds.pop(id(frozen), None)
        return kept[1] if kept is not None and kept[0] is frozen and kept[1].terms is terms else None
