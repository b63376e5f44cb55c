"""OCPI 2.3.0 invoice reconciliation, both ways (CDR-16)."""

from gateway.domain.errors import NotRepresentable
from gateway.domain.ids import CdrId, PartnerId, Party
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from ocpi import wire as types
from ocpi.dialect import Json
from ocpi.v230 import wire
from ocpi.wire import write_datetime

_ID_LENGTH = 36


def read_invoice(value: Json, partner_id: PartnerId) -> InvoiceRecord:
    """A record a partner made. Raises InvalidInput."""
    found = types.read(wire.InvoiceReconciliationRecord, value)
    return InvoiceRecord(
        party=Party(found.country_code, found.party_id),
        id=found.id,
        partner_id=partner_id,
        side=InvoiceSide.THEIRS,
        invoice_id=found.invoice_id,
        cdr_ids=tuple(CdrId(cdr_id) for cdr_id in found.cdrs),
        last_updated=found.last_updated,
    )


def write_invoice(record: InvoiceRecord) -> Json:
    """An InvoiceReconciliationRecord. Raises NotRepresentable for a CDR id that is too long for it."""
    for cdr_id in record.cdr_ids:
        if len(cdr_id) > _ID_LENGTH:
            raise NotRepresentable(
                f"invoice {record.invoice_id}: the id of CDR {cdr_id} is too long for OCPI"
            )
    return {
        "country_code": record.party.country_code,
        "party_id": record.party.party_id,
        "id": record.id,
        "invoice_id": record.invoice_id,
        "cdrs": list(record.cdr_ids),
        "last_updated": write_datetime(record.last_updated),
    }
