"""Invoice reconciliation records (CDR-16): the same for every store."""

from dataclasses import replace

from gateway.domain.ids import CdrId, PartnerId
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from tests.builders import CPO, EMSP, at
from tests.store.stories import AnyStore

P1 = PartnerId("p1")
OURS = InvoiceRecord(CPO, "Rec-1", P1, InvoiceSide.OURS, "2026-11", (CdrId("c1"), CdrId("c2")), at(0))
THEIRS = replace(OURS, party=EMSP, side=InvoiceSide.THEIRS)


async def test_records_are_kept_by_owner_and_side(store: AnyStore) -> None:
    second = replace(OURS, id="Rec-2", last_updated=at(1))
    foreign = replace(OURS, id="Rec-3", partner_id=PartnerId("p2"))
    await store.write(lambda tx: [tx.invoices.save(r) for r in (OURS, THEIRS, second, foreign)])
    read = store.read
    assert await read(lambda tx: tx.invoices.get(CPO, "rEC-1")) == OURS
    assert await read(lambda tx: tx.invoices.get(EMSP, "Rec-1")) == THEIRS
    assert await read(lambda tx: tx.invoices.get(EMSP, "Rec-2")) is None
    assert await read(lambda tx: tx.invoices.of(P1, InvoiceSide.OURS)) == [OURS, second]
    assert await read(lambda tx: tx.invoices.of(P1, InvoiceSide.THEIRS)) == [THEIRS]
    changed = replace(OURS, cdr_ids=(CdrId("c1"),))
    await store.write(lambda tx: tx.invoices.save(changed))
    assert await read(lambda tx: tx.invoices.of(P1, InvoiceSide.OURS)) == [changed, second]
    await store.write(lambda tx: tx.invoices.remove(CPO, "REC-1"))
    assert await read(lambda tx: tx.invoices.of(P1, InvoiceSide.OURS)) == [second]
