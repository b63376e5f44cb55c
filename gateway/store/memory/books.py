from gateway.domain.books import Reconciliation
from gateway.domain.ids import PartnerId
from gateway.store.memory.shelves import Journal, Shelf


class MemoryReconciliations:
    """The last comparison with each partner's books."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[PartnerId, Reconciliation] = Shelf(journal)

    def get(self, partner_id: PartnerId) -> Reconciliation | None:
        return self._rows.get(partner_id)

    def save(self, partner_id: PartnerId, report: Reconciliation) -> None:
        self._rows.put(partner_id, report)
