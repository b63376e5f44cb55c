from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, Table, bindparam, literal_column, select

from gateway.app.walk_ports import Stage
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import Debt
from gateway.domain.sessions import Session
from gateway.store.rows.cdrs import CDR
from gateway.store.rows.debts import DEBT_FIELDS, read_debt
from gateway.store.rows.sessions import SESSION
from gateway.store.statements import Runner
from gateway.store.tables import Cdrs, Debts, Sessions, table

T = TypeVar("T")


def _behind(of: Table, position: ColumnElement[int], *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows behind a position, which is their last column. Found by key: the last cost what the first do."""
    rows = select(*columns, position).select_from(of).where(position > bindparam("position"))
    return rows.order_by(position).limit(bindparam("row_limit"))


_SESSIONS, _CDRS, _DEBTS = table(Sessions), table(Cdrs), table(Debts)
_SESSIONS_BEHIND: Final = _behind(_SESSIONS, _SESSIONS.c.seq, _SESSIONS.c.document)
_CDRS_BEHIND: Final = _behind(_CDRS, _CDRS.c.seq, _CDRS.c.document)
_DEBTS_BEHIND: Final = _behind(_DEBTS, literal_column("rowid"), *(_DEBTS.c[name] for name in DEBT_FIELDS))


class SqlWalk:
    """Everything of a kind, stage by stage."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def sessions(self, position: int, limit: int) -> Stage[Session]:
        return self._stage(_SESSIONS_BEHIND, position, limit, lambda row: SESSION.decode(row[0]))

    def cdrs(self, position: int, limit: int) -> Stage[Cdr]:
        return self._stage(_CDRS_BEHIND, position, limit, lambda row: CDR.decode(row[0]))

    def debts(self, position: int, limit: int) -> Stage[Debt]:
        return self._stage(_DEBTS_BEHIND, position, limit, read_debt)

    def _stage(
        self, statement: Select[Any], position: int, limit: int, read: Callable[[tuple[Any, ...]], T]
    ) -> Stage[T]:
        rows = self._runner.rows(statement, {"position": position, "row_limit": limit})
        return Stage(tuple(map(read, rows)), rows[-1][-1] if rows else position)
