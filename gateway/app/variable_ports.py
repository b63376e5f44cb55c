"""What device models need from the outside, as a Protocol; part of `ports.Tx`."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.ids import ChargerId
from gateway.domain.variables import Variable


class VariableRows(Protocol):
    """Device models of chargers, one entry for each attribute of a variable (D02)."""

    def save(self, charger_id: ChargerId, variables: Sequence[Variable]) -> None:
        """Insert or replace these; parts of a report may come in any order and twice."""

    def of(self, charger_id: ChargerId) -> Sequence[Variable]:
        """All that a charger ever reported, by name."""
