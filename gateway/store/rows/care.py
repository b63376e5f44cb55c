from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete

from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Task
from gateway.store.codec import Codec, micros
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, Values, documents, where
from gateway.store.tables import Care, Tasks, table

_CARE_TABLE = table(Care)
_TASKS = table(Tasks)
_CARE: Final = Codec(StationCare, memory=1024)
_TASK: Final = Codec(Task, memory=64)

_GET_CARE = documents(_CARE_TABLE, "charger_id")
_SAVE_CARE = upsert(_CARE_TABLE, ["charger_id"])
_REMOVE_CARE = delete(_CARE_TABLE).where(*where(_CARE_TABLE, "charger_id"))
_GET = documents(_TASKS, "id")
_SAVE = upsert(_TASKS, ["id"])
_OPEN = documents(_TASKS, "finished").order_by(_TASKS.c.at, _TASKS.c.id)
_LATEST = documents(_TASKS).order_by(_TASKS.c.at.desc(), _TASKS.c.id).limit(bindparam("row_limit"))


class SqlCare:
    """What is remembered to look after chargers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, charger_id: ChargerId) -> StationCare:
        row = self._runner.row(_GET_CARE, {"charger_id": charger_id})
        return _CARE.decode(row[0]) if row else StationCare(charger_id)

    def save(self, care: StationCare) -> None:
        self._runner.run(_SAVE_CARE, {"charger_id": care.id, "document": _CARE.encode(care)})

    def remove(self, charger_id: ChargerId) -> None:
        self._runner.run(_REMOVE_CARE, {"charger_id": charger_id})


class SqlTasks:
    """Operations on chargers."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, task_id: str) -> Task | None:
        row = self._runner.row(_GET, {"id": task_id})
        return _TASK.decode(row[0]) if row else None

    def save(self, task: Task) -> None:
        values: Values = {
            "id": task.id,
            "finished": task.finished,
            "at": micros(task.created_at),
            "document": _TASK.encode(task),
        }
        self._runner.run(_SAVE, values)

    def open(self) -> Sequence[Task]:
        return [_TASK.decode(row[0]) for row in self._runner.rows(_OPEN, {"finished": False})]

    def latest(self, limit: int) -> Sequence[Task]:
        return [_TASK.decode(row[0]) for row in self._runner.rows(_LATEST, {"row_limit": limit})]
