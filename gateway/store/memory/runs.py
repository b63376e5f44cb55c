from collections.abc import Callable, Sequence

from gateway.domain.ids import ChargerId, PartnerId, RunId
from gateway.domain.remote_runs import Run, RunKind
from gateway.store.memory.shelves import Journal, Shelf


class MemoryRuns:
    """Commands of partners."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[RunId, Run] = Shelf(journal)
        self._numbers: Shelf[str, int] = Shelf(journal)

    def get(self, run_id: RunId) -> Run | None:
        return self._rows.get(run_id)

    def save(self, run: Run) -> None:
        self._rows.put(run.id, run)

    def unfinished(self) -> Sequence[Run]:
        return [run for run in self._rows if not run.finished]

    def by_tag(self, charger_id: ChargerId, id_tag: str) -> Run | None:
        wanted = id_tag.casefold()
        return self._last(
            lambda r: r.charger_id == charger_id and r.id_tag is not None and r.id_tag.casefold() == wanted
        )

    def by_number(self, charger_id: ChargerId, number: int) -> Run | None:
        return self._last(lambda r: r.charger_id == charger_id and r.number == number)

    def reservation(self, partner_id: PartnerId, reservation_id: str) -> Run | None:
        wanted = reservation_id.casefold()
        return self._last(
            lambda r: (
                r.kind is RunKind.RESERVE_NOW
                and r.partner_id == partner_id
                and (r.reservation_id or "").casefold() == wanted
            )
        )

    def next_number(self) -> int:
        number = (self._numbers.get("remote") or 0) + 1
        self._numbers.put("remote", number)
        return number

    def _last(self, fits: Callable[[Run], bool]) -> Run | None:
        return next((run for run in reversed(list(self._rows)) if fits(run)), None)
