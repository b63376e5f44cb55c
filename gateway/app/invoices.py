"""Invoice reconciliation: which CDRs an invoice is about. Spec: OCPI 2.3.0, its own module (CDR-16).

The operator publishes records of our invoices, partners read them; partners that bill in reverse put records
of theirs here. Nothing is paid or judged: both sides add up the same CDRs.
"""

from collections.abc import Sequence

from gateway.app.ports import Clock, Ids, Page, PageQuery, Store, Tx
from gateway.domain.errors import InvalidInput, NotYours, UnknownObject
from gateway.domain.ids import CdrId, PartnerId, Party
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from gateway.domain.partners import Partner


class Invoices:
    """Publishes our records and keeps partners'."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def publish(self, partner_name: str, invoice_id: str, cdr_ids: Sequence[CdrId]) -> InvoiceRecord:
        """Say which CDRs an invoice of ours to a partner is about.

        Raises UnknownObject for the partner, InvalidInput for a CDR that is not this partner's, and for CDRs
        of several parties of ours: a record has one owner.
        """
        now, record_id = self._clock.now(), self._ids.new()

        def work(tx: Tx) -> InvoiceRecord:
            partner = tx.partners.by_name(partner_name)
            if partner is None:
                raise UnknownObject(f"there is no partner named {partner_name}")
            parties = {_party_of(tx, partner.id, cdr_id, n) for n, cdr_id in enumerate(cdr_ids)}
            if len(parties) != 1:
                raise InvalidInput("an invoice is about CDRs of one party of ours", field="cdrs")
            ids = tuple(dict.fromkeys(cdr_ids))
            record = InvoiceRecord(
                parties.pop(), record_id, partner.id, InvoiceSide.OURS, invoice_id, ids, now
            )
            tx.invoices.save(record)
            return record

        return await self._store.write(work)

    async def all_of(self, partner_name: str) -> Sequence[InvoiceRecord]:
        """Every record of a partner, ours first. Raises UnknownObject."""

        def work(tx: Tx) -> Sequence[InvoiceRecord]:
            partner = tx.partners.by_name(partner_name)
            if partner is None:
                raise UnknownObject(f"there is no partner named {partner_name}")
            return [record for side in InvoiceSide for record in tx.invoices.of(partner.id, side)]

        return await self._store.read(work)

    async def published(self, partner: Partner, query: PageQuery) -> Page[InvoiceRecord]:
        """Our records for a partner, oldest first (PAG-01 to PAG-05)."""
        found = await self._store.read(lambda tx: tx.invoices.of(partner.id, InvoiceSide.OURS))
        wanted = [record for record in found if _within(record, query)]
        return Page(tuple(wanted[query.offset : query.offset + query.limit]), len(wanted))

    async def received(self, partner: Partner, party: Party, record_id: str) -> InvoiceRecord:
        """A record the partner put here. Raises UnknownObject."""
        return await self._store.read(lambda tx: _theirs(tx, partner, party, record_id))

    async def take(self, partner: Partner, record: InvoiceRecord, *, new: bool) -> None:
        """Keep a partner's record: a new one, or in place of the one there is.

        Raises NotYours, InvalidInput for a CDR that is not this partner's or a record that exists already,
        UnknownObject for an update of nothing.
        """

        def work(tx: Tx) -> None:
            _check_owner(partner, record.party)
            for place, cdr_id in enumerate(record.cdr_ids):
                _party_of(tx, partner.id, cdr_id, place)
            if not new:
                _theirs(tx, partner, record.party, record.id)
            elif tx.invoices.get(record.party, record.id) is not None:
                raise InvalidInput("is in use already; PUT changes a record", field="id")
            tx.invoices.save(record)

        await self._store.write(work)

    async def drop(self, partner: Partner, party: Party, record_id: str) -> None:
        """Forget a partner's record, which was an error. Raises UnknownObject."""

        def work(tx: Tx) -> None:
            record = _theirs(tx, partner, party, record_id)
            tx.invoices.remove(record.party, record.id)

        await self._store.write(work)


def _check_owner(partner: Partner, party: Party) -> None:
    if not partner.speaks_for(party):
        raise NotYours(f"{party} is not one of your parties")


def _theirs(tx: Tx, partner: Partner, party: Party, record_id: str) -> InvoiceRecord:
    record = tx.invoices.get(party, record_id)
    if record is None or record.partner_id != partner.id or record.side is not InvoiceSide.THEIRS:
        raise UnknownObject(f"invoice reconciliation record {record_id} of {party} is not known here")
    return record


def _party_of(tx: Tx, partner_id: PartnerId, cdr_id: CdrId, place: int) -> Party:
    """Our party whose CDR this is; other partners' CDRs are as unknown as ones that do not exist."""
    cdr = tx.cdrs.get(cdr_id)
    if cdr is None or cdr.partner_id != partner_id:
        raise InvalidInput(f"there is no CDR {cdr_id} between us", field=f"cdrs[{place}]")
    return cdr.party


def _within(record: InvoiceRecord, query: PageQuery) -> bool:
    return (
        (query.party is None or record.party == query.party)
        and (query.date_from is None or record.last_updated >= query.date_from)
        and (query.date_to is None or record.last_updated < query.date_to)
    )
