from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, insert, select

from gateway.domain.authorization import Authorization
from gateway.domain.chargers import SetAside
from gateway.domain.ids import ChargerId
from gateway.store.codec import Codec, micros, moment
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, Values, documents, where
from gateway.store.tables import Authorizations, Marks, SetAsides, table

_AUTHORIZATIONS = table(Authorizations)
_SET_ASIDE = table(SetAsides)
_MARKS = table(Marks)
_AUTHORIZATION: Final = Codec(Authorization, memory=1024)
_ITEM: Final = Codec(SetAside)

_ADD = insert(_AUTHORIZATIONS).values(
    {c.name: bindparam(c.name) for c in _AUTHORIZATIONS.columns if c.name != "seq"}
)
_LATEST = (
    documents(_AUTHORIZATIONS, "charger_id", "presented_key")
    .where(_AUTHORIZATIONS.c.at >= bindparam("since"))
    .order_by(_AUTHORIZATIONS.c.at.desc(), _AUTHORIZATIONS.c.seq.desc())
    .limit(1)
)
_LOG = (
    select(*(_AUTHORIZATIONS.c[name] for name in ("at", "charger_id", "presented", "document")))
    .order_by(_AUTHORIZATIONS.c.seq.desc())
    .limit(bindparam("row_limit"))
)
_COUNT = select(func.count()).select_from(_AUTHORIZATIONS)
_OPEN = documents(_SET_ASIDE, "resolved").order_by(_SET_ASIDE.c.at, _SET_ASIDE.c.id)
_GET = documents(_SET_ASIDE, "id")
_SAVE = upsert(_SET_ASIDE, ["id"])
_GET_MARK = select(_MARKS.c.value).where(*where(_MARKS, "name"))
_SAVE_MARK = upsert(_MARKS, ["name"])


class SqlAuthorizations:
    """Decisions about cards, newest first in the log."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def add(self, charger_id: ChargerId, presented: str, at: datetime, authorization: Authorization) -> None:
        self._runner.run(
            _ADD,
            {
                "charger_id": charger_id,
                "presented_key": presented.casefold(),
                "presented": presented,
                "at": micros(at),
                "document": _AUTHORIZATION.encode(authorization),
            },
        )

    def latest(self, charger_id: ChargerId, presented: str, since: datetime) -> Authorization | None:
        values: Values = {
            "charger_id": charger_id,
            "presented_key": presented.casefold(),
            "since": micros(since),
        }
        row = self._runner.row(_LATEST, values)
        return _AUTHORIZATION.decode(row[0]) if row else None

    def log(self, limit: int) -> Sequence[tuple[datetime, ChargerId, str, Authorization]]:
        return [
            (moment(row[0]), row[1], row[2], _AUTHORIZATION.decode(row[3]))
            for row in self._runner.rows(_LOG, {"row_limit": limit})
        ]

    def count(self) -> int:
        row = self._runner.row(_COUNT, {})
        return row[0] if row else 0


class SqlSetAside:
    """What waits for a person, oldest first."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def add(self, item: SetAside) -> None:
        self.save(item)

    def open(self) -> Sequence[SetAside]:
        return [_ITEM.decode(row[0]) for row in self._runner.rows(_OPEN, {"resolved": False})]

    def get(self, item_id: str) -> SetAside | None:
        row = self._runner.row(_GET, {"id": item_id})
        return _ITEM.decode(row[0]) if row else None

    def save(self, item: SetAside) -> None:
        resolved = item.resolved_at is not None
        document = _ITEM.encode(item)
        values: Values = {"id": item.id, "resolved": resolved, "at": micros(item.at), "document": document}
        self._runner.run(_SAVE, values)


class SqlMarks:
    """Facts about the database itself."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, name: str) -> str | None:
        row = self._runner.row(_GET_MARK, {"name": name})
        return row[0] if row else None

    def save(self, name: str, value: str) -> None:
        self._runner.run(_SAVE_MARK, {"name": name, "value": value})
