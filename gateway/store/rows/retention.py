from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnClause, bindparam, delete, literal_column, select, update

from gateway.domain.ids import SessionId
from gateway.store.codec import micros
from gateway.store.rows.sessions import SqlSessions
from gateway.store.statements import Runner, Value, where
from gateway.store.tables import FORGETTABLE, Authorizations, Debts, Samples, Sessions, SessionStates, table

_SESSIONS, _SAMPLES, _STATES = table(Sessions), table(Samples), table(SessionStates)
_AUTHORIZATIONS, _DEBTS = table(Authorizations), table(Debts)

_THINNABLE = (
    select(_SESSIONS.c.id_key)
    .where(_SESSIONS.c.detailed_since < bindparam("before"))
    .order_by(_SESSIONS.c.detailed_since)
    .limit(1)
)
_DROP_SAMPLES = delete(_SAMPLES).where(*where(_SAMPLES, "session_key"))
_DROP_STATES = delete(_STATES).where(*where(_STATES, "session_key"))
_OLD_DECISIONS = (
    select(_AUTHORIZATIONS.c.seq)
    .where(_AUTHORIZATIONS.c.at < bindparam("before"))
    .order_by(_AUTHORIZATIONS.c.at)
    .limit(bindparam("row_limit"))
)
_DROP_DECISIONS = delete(_AUTHORIZATIONS).where(_AUTHORIZATIONS.c.seq.in_(_OLD_DECISIONS))
_ROW: Final[ColumnClause[int]] = literal_column("rowid")
_OLD_DEBTS = (
    select(_ROW)
    .select_from(_DEBTS)
    .where(FORGETTABLE, _DEBTS.c.last_attempt_at < bindparam("before"))
    .order_by(_DEBTS.c.last_attempt_at)
    .limit(bindparam("row_limit"))
)
_FORGET_REQUESTS = (
    update(_DEBTS).where(_ROW.in_(_OLD_DEBTS), literal_column("kind = 'CDR'")).values(request=None)
)
_DROP_DEBTS = delete(_DEBTS).where(_ROW.in_(_OLD_DEBTS), literal_column("kind <> 'CDR'"))


class SqlOld:
    """What is old enough to go."""

    def __init__(self, runner: Runner, sessions: SqlSessions) -> None:
        self._runner = runner
        self._sessions = sessions

    def drop_samples(self, before: datetime, limit: int) -> int:
        done = 0
        while done < limit:
            found = self._runner.row(_THINNABLE, {"before": micros(before)})
            if found is None:
                break
            done += self._thin(found[0])
        return done

    def _thin(self, key: str) -> int:
        """All of one session at once: never are some of its samples gone and the others priced."""
        values: dict[str, Value] = {"session_key": key}
        gone = self._runner.run(_DROP_SAMPLES, values) + self._runner.run(_DROP_STATES, values)
        session = self._sessions.get(SessionId(key))
        if session is not None:
            self._sessions.save(replace(session, thinned=True))
        return gone + 1

    def drop_authorizations(self, before: datetime, limit: int) -> int:
        return self._runner.run(_DROP_DECISIONS, {"before": micros(before), "row_limit": limit})

    def drop_deliveries(self, before: datetime, limit: int) -> int:
        values: dict[str, Value] = {"before": micros(before), "row_limit": limit}
        return self._runner.run(_FORGET_REQUESTS, values) + self._runner.run(_DROP_DEBTS, values)
