"""What a comparison of a partner's books with ours found."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.delivery import Owed


class Difference(StrEnum):
    """In which way a partner's books are not ours."""

    MISSING = "MISSING"
    DIFFERENT = "DIFFERENT"
    EXTRA = "EXTRA"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One object about which the books disagree; `repaired`: it is owed again."""

    kind: Owed
    key: str
    difference: Difference
    detail: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many objects were compared, how many of them the partner was asked for, and what disagrees.

    `unanswered`: questions without a usable answer; many partners have none. `further`: discrepancies beyond
    those that are listed. `nightly_at`: the last comparison by night, this or an earlier one; `asked_until`:
    where the questions of the next night go on.
    """

    at: datetime
    compared: int
    asked: int
    discrepancies: tuple[Discrepancy, ...]
    unanswered: int = 0
    further: int = 0
    nightly_at: datetime | None = None
    asked_until: int = 0

    @property
    def open(self) -> int:
        """How many discrepancies were not repaired."""
        return sum(not d.repaired for d in self.discrepancies) + self.further
