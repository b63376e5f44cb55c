from collections.abc import Sequence

from gateway.domain.ids import ChargerId
from gateway.domain.variables import Variable
from gateway.store.memory.shelves import Journal, Shelf


class MemoryVariables:
    """Device models of chargers."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[tuple[ChargerId, str, str], tuple[ChargerId, Variable]] = Shelf(journal)

    def save(self, charger_id: ChargerId, variables: Sequence[Variable]) -> None:
        for variable in variables:
            self._rows.put((charger_id, variable.path, variable.attribute), (charger_id, variable))

    def of(self, charger_id: ChargerId) -> Sequence[Variable]:
        mine = (variable for owner, variable in self._rows if owner == charger_id)
        return sorted(mine, key=lambda variable: (variable.path, variable.attribute))
