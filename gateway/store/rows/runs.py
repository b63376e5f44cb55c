from collections.abc import Sequence
from typing import Final

from gateway.domain.ids import ChargerId, PartnerId, RunId
from gateway.domain.remote_runs import Run, RunKind
from gateway.store.codec import Codec
from gateway.store.sqlite import count_up, upsert
from gateway.store.statements import Runner, Values, documents
from gateway.store.tables import Counters, Runs, table

_RUNS = table(Runs)
_RUN: Final = Codec(Run)

_NEWEST = _RUNS.c.seq.desc()
_GET = documents(_RUNS, "id")
_UNFINISHED = documents(_RUNS, "finished").order_by(_RUNS.c.seq)
_BY_TAG = documents(_RUNS, "charger_id", "tag_key").order_by(_NEWEST).limit(1)
_BY_NUMBER = documents(_RUNS, "charger_id", "number").order_by(_NEWEST).limit(1)
_RESERVATION = documents(_RUNS, "partner_id", "kind", "reservation_key").order_by(_NEWEST).limit(1)
_SAVE = upsert(_RUNS, ["id"])
_NEXT_NUMBER = count_up(table(Counters))


class SqlRuns:
    """Commands of partners."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, run_id: RunId) -> Run | None:
        row = self._runner.row(_GET, {"id": run_id})
        return _RUN.decode(row[0]) if row else None

    def save(self, run: Run) -> None:
        values: Values = {
            "id": run.id,
            "kind": run.kind.value,
            "partner_id": run.partner_id,
            "charger_id": run.charger_id,
            "number": run.number,
            "tag_key": run.id_tag.casefold() if run.id_tag is not None else None,
            "reservation_key": run.reservation_id.casefold() if run.reservation_id is not None else None,
            "finished": run.finished,
            "document": _RUN.encode(run),
        }
        self._runner.run(_SAVE, values)

    def unfinished(self) -> Sequence[Run]:
        return [_RUN.decode(row[0]) for row in self._runner.rows(_UNFINISHED, {"finished": False})]

    def by_tag(self, charger_id: ChargerId, id_tag: str) -> Run | None:
        row = self._runner.row(_BY_TAG, {"charger_id": charger_id, "tag_key": id_tag.casefold()})
        return _RUN.decode(row[0]) if row else None

    def by_number(self, charger_id: ChargerId, number: int) -> Run | None:
        row = self._runner.row(_BY_NUMBER, {"charger_id": charger_id, "number": number})
        return _RUN.decode(row[0]) if row else None

    def reservation(self, partner_id: PartnerId, reservation_id: str) -> Run | None:
        values: Values = {
            "partner_id": partner_id,
            "kind": RunKind.RESERVE_NOW.value,
            "reservation_key": reservation_id.casefold(),
        }
        row = self._runner.row(_RESERVATION, values)
        return _RUN.decode(row[0]) if row else None

    def next_number(self) -> int:
        return self._runner.number(_NEXT_NUMBER, {"name": "remote"})
