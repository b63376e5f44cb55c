"""Which CDRs an invoice is about, so that both sides can add up the same ones (CDR-16)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import CdrId, PartnerId, Party


class InvoiceSide(StrEnum):
    """Who made the record: direct billing is ours, reverse billing the partner's."""

    OURS = "OURS"
    THEIRS = "THEIRS"


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """One record. `party` owns it, `invoice_id` is what its invoice is called.

    Spec: OCPI 2.3.0 mod_invoice_reconciliation "InvoiceReconciliationRecord Object".
    """

    party: Party
    id: str
    partner_id: PartnerId
    side: InvoiceSide
    invoice_id: str
    cdr_ids: tuple[CdrId, ...]
    last_updated: datetime
