"""What the use cases of invoices need of the store."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.ids import PartnerId, Party
from gateway.domain.invoices import InvoiceRecord, InvoiceSide


class InvoiceRows(Protocol):
    """Invoice reconciliation records, ours and partners'; key is (party, id), compared without case."""

    def get(self, party: Party, record_id: str) -> InvoiceRecord | None: ...  # noqa: D102
    def save(self, record: InvoiceRecord) -> None: ...  # noqa: D102
    def remove(self, party: Party, record_id: str) -> None: ...  # noqa: D102
    def of(self, partner_id: PartnerId, side: InvoiceSide) -> Sequence[InvoiceRecord]:
        """A partner's records of one side, oldest first."""
