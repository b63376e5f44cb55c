"""Operations about invoices: which CDRs they are about (CDR-16)."""

from datetime import datetime

from pydantic import Field

from gateway.api.handlers import taken
from gateway.api.models import Model
from gateway.api.operations import Call
from gateway.domain.ids import CdrId
from gateway.domain.invoices import InvoiceRecord


class InvoiceRequest(Model):
    """An invoice of ours and its CDRs."""

    invoice_id: str = Field(min_length=1, max_length=255)
    cdrs: list[str] = Field(min_length=1)


class Invoice(Model):
    """An invoice reconciliation record. `side` OURS: we made it; THEIRS: the partner did."""

    id: str
    party: str
    side: str
    invoice_id: str
    cdrs: list[str]
    last_updated: datetime


class InvoiceList(Model):
    """Records exchanged with a partner, ours first."""

    items: list[Invoice]


async def list_invoices(call: Call) -> InvoiceList:
    """Records exchanged with a partner."""
    found = await call.services.invoices.all_of(call.path["name"])
    return InvoiceList(items=[_shown(record) for record in found])


async def publish_invoice(call: Call) -> Invoice:
    """Tell a partner which CDRs an invoice is about."""
    body = taken(InvoiceRequest, call.body)
    ids = [CdrId(cdr_id) for cdr_id in body.cdrs]
    return _shown(await call.services.invoices.publish(call.path["name"], body.invoice_id, ids))


def _shown(record: InvoiceRecord) -> Invoice:
    return Invoice(
        id=record.id,
        party=str(record.party),
        side=record.side.value,
        invoice_id=record.invoice_id,
        cdrs=list(record.cdr_ids),
        last_updated=record.last_updated,
    )
