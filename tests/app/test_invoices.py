"""Which CDRs an invoice is about (CDR-16): ours for partners to read, theirs for us to keep."""

from dataclasses import replace

import pytest

from gateway.app.invoices import Invoices
from gateway.app.ports import PageQuery, Tx
from gateway.domain.errors import InvalidInput, NotYours, UnknownObject
from gateway.domain.ids import CdrId
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from tests import builders as b
from tests.app.world import World
from tests.ocpi.test_v221_sessions import cdr

HERS = b.partner()
STRANGER = b.partner("Other", party=b.OTHER_EMSP)


@pytest.fixture
async def cdr_id(world: World) -> CdrId:
    """A CDR of our partner's driver."""
    record = cdr(partner_id=HERS.id)

    def work(tx: Tx) -> None:
        tx.partners.save(STRANGER)
        tx.cdrs.add(record)

    await world.store.write(work)
    return record.id


@pytest.fixture
def invoices(world: World) -> Invoices:
    return Invoices(world.store, world.clock, world.ids)


def theirs(*cdr_ids: CdrId, **changes: object) -> InvoiceRecord:
    made = InvoiceRecord(b.EMSP, "R-1", HERS.id, InvoiceSide.THEIRS, "INV-9", cdr_ids, b.at(0))
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_record_of_ours_is_listed_for_its_partner_only(invoices: Invoices, cdr_id: CdrId) -> None:
    made = await invoices.publish(HERS.name, "INV-1", [cdr_id, cdr_id])
    assert (made.party, made.cdr_ids, made.side) == (b.CPO, (cdr_id,), InvoiceSide.OURS)
    assert (await invoices.published(HERS, PageQuery())).items == (made,)
    assert (await invoices.published(STRANGER, PageQuery())).items == ()
    assert (await invoices.published(HERS, PageQuery(date_to=made.last_updated))).items == ()
    assert (await invoices.published(HERS, PageQuery(date_from=made.last_updated, offset=1))).total == 1
    assert await invoices.all_of(HERS.name) == [made]


async def test_what_is_not_between_us_is_refused(invoices: Invoices, cdr_id: CdrId) -> None:
    with pytest.raises(InvalidInput, match=r"cdrs\[1\]: there is no CDR nothing between us"):
        await invoices.publish(HERS.name, "INV-1", [cdr_id, CdrId("nothing")])
    with pytest.raises(InvalidInput, match="between us"):
        await invoices.publish(STRANGER.name, "INV-1", [cdr_id])
    with pytest.raises(UnknownObject, match="nobody"):
        await invoices.publish("nobody", "INV-1", [cdr_id])
    with pytest.raises(UnknownObject, match="nobody"):
        await invoices.all_of("nobody")
    with pytest.raises(InvalidInput, match="cdrs"):
        await invoices.publish(HERS.name, "INV-1", [])


async def test_the_life_of_a_partners_record(invoices: Invoices, cdr_id: CdrId) -> None:
    with pytest.raises(UnknownObject):
        await invoices.take(HERS, theirs(cdr_id), new=False)
    await invoices.take(HERS, theirs(cdr_id), new=True)
    with pytest.raises(InvalidInput, match="id: is in use already"):
        await invoices.take(HERS, theirs(cdr_id), new=True)
    changed = theirs(cdr_id, invoice_id="INV-10")
    await invoices.take(HERS, changed, new=False)
    assert await invoices.received(HERS, b.EMSP, "r-1") == changed
    assert await invoices.all_of(HERS.name) == [changed]
    for refused in (invoices.received(STRANGER, b.EMSP, "R-1"), invoices.drop(STRANGER, b.EMSP, "R-1")):
        with pytest.raises(UnknownObject):
            await refused
    await invoices.drop(HERS, b.EMSP, "R-1")
    with pytest.raises(UnknownObject):
        await invoices.received(HERS, b.EMSP, "R-1")


async def test_partners_speak_for_themselves_and_their_cdrs(invoices: Invoices, cdr_id: CdrId) -> None:
    with pytest.raises(NotYours):
        await invoices.take(STRANGER, theirs(cdr_id), new=True)
    foreign = theirs(cdr_id, party=b.OTHER_EMSP, partner_id=STRANGER.id)
    with pytest.raises(InvalidInput, match="between us"):
        await invoices.take(STRANGER, foreign, new=True)
