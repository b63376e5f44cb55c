from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, insert

from gateway.app.ports import Page, PageQuery
from gateway.domain.cdrs import Cdr
from gateway.domain.ids import CdrId, SessionId
from gateway.store.codec import Codec, micros
from gateway.store.statements import Runner, documents, page
from gateway.store.tables import Cdrs, table

_CDRS = table(Cdrs)
CDR: Final = Codec(Cdr, memory=256)
_GET = documents(_CDRS, "id_key")
_OF_SESSION = documents(_CDRS, "session_key").order_by(_CDRS.c.seq)
_ADD = insert(_CDRS).values({c.name: bindparam(c.name) for c in _CDRS.columns if c.name != "seq"})


class SqlCdrs:
    """The ledger: there is no statement here that changes or deletes."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, cdr_id: CdrId) -> Cdr | None:
        row = self._runner.row(_GET, {"id_key": cdr_id.casefold()})
        return CDR.decode(row[0]) if row else None

    def of_session(self, session_id: SessionId) -> Sequence[Cdr]:
        rows = self._runner.rows(_OF_SESSION, {"session_key": session_id.casefold()})
        return [CDR.decode(row[0]) for row in rows]

    def add(self, cdr: Cdr) -> None:
        self._runner.run(
            _ADD,
            {
                "id_key": cdr.id.casefold(),
                "session_key": None if cdr.session_id is None else cdr.session_id.casefold(),
                "partner_id": cdr.partner_id,
                "token_party": str(cdr.token.party),
                "party": str(cdr.party),
                "last_updated": micros(cdr.last_updated),
                "document": CDR.encode(cdr),
            },
        )

    def page(self, query: PageQuery) -> Page[Cdr]:
        items, total = page(self._runner, _CDRS, query)
        return Page(tuple(map(CDR.decode, items)), total)
