"""Going through everything that is stored, however much it is, as Protocols (see `ports`)."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import Debt
from gateway.domain.sessions import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage(Generic[T]):
    """Some objects in order of creation; `position` is where the next stage begins. Empty: that was all."""

    items: tuple[T, ...]
    position: int


class WalkRows(Protocol):
    """Everything of a kind in stages, 0 being the beginning; each costs the same, wherever it begins.

    What is created during a walk is met at its end, what is deleted behind it changes nothing.
    """

    def sessions(self, position: int, limit: int) -> Stage[Session]:
        """The next sessions."""

    def cdrs(self, position: int, limit: int) -> Stage[Cdr]:
        """The next records of the ledger."""

    def debts(self, position: int, limit: int) -> Stage[Debt]:
        """The next of what is or was owed."""
