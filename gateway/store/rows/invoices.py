from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete

from gateway.domain.ids import PartnerId, Party
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from gateway.store.codec import Codec
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, Values, documents, where
from gateway.store.tables import Invoices, table

_INVOICES = table(Invoices)
_RECORD: Final = Codec(InvoiceRecord)
_GET = documents(_INVOICES, "party", "id_key")
_OF = documents(_INVOICES, "partner_id", "side").order_by(_INVOICES.c.seq)
_SAVE = upsert(_INVOICES, ["party", "id_key"])
_REMOVE = delete(_INVOICES).where(*where(_INVOICES, "party", "id_key"))


class SqlInvoices:
    """Invoice reconciliation records."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, party: Party, record_id: str) -> InvoiceRecord | None:
        row = self._runner.row(_GET, _key(party, record_id))
        return _RECORD.decode(row[0]) if row else None

    def save(self, record: InvoiceRecord) -> None:
        values: Values = {
            **_key(record.party, record.id),
            "partner_id": record.partner_id,
            "side": record.side.value,
            "document": _RECORD.encode(record),
        }
        self._runner.run(_SAVE, values)

    def remove(self, party: Party, record_id: str) -> None:
        self._runner.run(_REMOVE, _key(party, record_id))

    def of(self, partner_id: PartnerId, side: InvoiceSide) -> Sequence[InvoiceRecord]:
        rows = self._runner.rows(_OF, {"partner_id": partner_id, "side": side.value})
        return [_RECORD.decode(row[0]) for row in rows]


def _key(party: Party, record_id: str) -> dict[str, str]:
    return {"party": str(party), "id_key": record_id.casefold()}
