from typing import Final

from gateway.domain.books import Reconciliation
from gateway.domain.ids import PartnerId
from gateway.store.codec import Codec
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents
from gateway.store.tables import Reconciliations, table

_REPORTS = table(Reconciliations)
_REPORT: Final = Codec(Reconciliation)
_GET = documents(_REPORTS, "partner_id")
_SAVE = upsert(_REPORTS, ["partner_id"])


class SqlReconciliations:
    """The last comparison with each partner's books."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, partner_id: PartnerId) -> Reconciliation | None:
        row = self._runner.row(_GET, {"partner_id": partner_id})
        return _REPORT.decode(row[0]) if row else None

    def save(self, partner_id: PartnerId, report: Reconciliation) -> None:
        self._runner.run(_SAVE, {"partner_id": partner_id, "document": _REPORT.encode(report)})
