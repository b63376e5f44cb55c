from collections.abc import Sequence

from gateway.domain.ids import PartnerId, Party
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from gateway.store.memory.shelves import Journal, Shelf


class MemoryInvoices:
    """Invoice reconciliation records."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[tuple[Party, str], InvoiceRecord] = Shelf(journal)

    def get(self, party: Party, record_id: str) -> InvoiceRecord | None:
        return self._rows.get((party, record_id.casefold()))

    def save(self, record: InvoiceRecord) -> None:
        self._rows.put((record.party, record.id.casefold()), record)

    def remove(self, party: Party, record_id: str) -> None:
        self._rows.drop((party, record_id.casefold()))

    def of(self, partner_id: PartnerId, side: InvoiceSide) -> Sequence[InvoiceRecord]:
        return [record for record in self._rows if record.partner_id == partner_id and record.side is side]
