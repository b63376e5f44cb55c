from collections.abc import Sequence

from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Task
from gateway.store.memory.shelves import Journal, Shelf


class MemoryCare:
    """What is remembered to look after chargers."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[ChargerId, StationCare] = Shelf(journal)

    def get(self, charger_id: ChargerId) -> StationCare:
        return self._rows.get(charger_id) or StationCare(charger_id)

    def save(self, care: StationCare) -> None:
        self._rows.put(care.id, care)

    def remove(self, charger_id: ChargerId) -> None:
        self._rows.drop(charger_id)


class MemoryTasks:
    """Operations on chargers."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[str, Task] = Shelf(journal)

    def get(self, task_id: str) -> Task | None:
        return self._rows.get(task_id)

    def save(self, task: Task) -> None:
        self._rows.put(task.id, task)

    def open(self) -> Sequence[Task]:
        waiting = (task for task in self._rows if not task.finished)
        return sorted(waiting, key=lambda task: (task.created_at, task.id))

    def latest(self, limit: int) -> Sequence[Task]:
        by_id = sorted(self._rows, key=lambda task: task.id)
        return sorted(by_id, key=lambda task: task.created_at, reverse=True)[:limit]
