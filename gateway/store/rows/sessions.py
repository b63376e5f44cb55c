from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, insert, select, update

from gateway.app.ports import Page, PageQuery
from gateway.domain.ids import ChargerId, ConnectorNumber, SessionId, TransactionRef
from gateway.domain.readings import ChargingState, Sample
from gateway.domain.sequence import Ranges
from gateway.domain.sessions import Session
from gateway.domain.usage import Usage
from gateway.store.codec import Codec, micros, micros_or_none, moment
from gateway.store.recall import Recall
from gateway.store.rules import closing_at, detailed_since
from gateway.store.samples import SAMPLE
from gateway.store.sqlite import Columns, count_up, upsert
from gateway.store.statements import Runner, Value, Values, documents, page
from gateway.store.tables import Counters, Samples, Sessions, SessionStates, table

_SESSIONS = table(Sessions)
_SAMPLES = table(Samples)
_STATES = table(SessionStates)
_MOVING: Final[dict[str, Codec[Any]]] = {
    "usage": Codec(Usage, settled={"head": SAMPLE}, brief=True),
    "last_updated": Codec(datetime, write=lambda moment: f'"{moment.isoformat()}"'),
    "heard": Codec(Ranges, write=lambda heard: f"[{','.join(f'[{low},{high}]' for low, high in heard)}]"),
}
SESSION: Final = Codec(
    Session,
    memory=8192,
    moving=_MOVING,
    leading=len('{"id":""') + 36,
    living=attrgetter("open"),
    brief=True,
)
"""Brief, so that a row fits into a page of the database; rows that do not cost twice as much to change."""

_NEWEST = _SESSIONS.c.seq.desc()
_GET = documents(_SESSIONS, "id_key")
_BY_TRANSACTION = documents(_SESSIONS, "charger_id", "transaction_ref").order_by(_NEWEST).limit(1)
_BY_START = documents(_SESSIONS, "charger_id", "start_key")
_OPEN_AT = documents(_SESSIONS, "running", "charger_id", "evse", "connector").order_by(_NEWEST).limit(1)
_OPEN_OF = documents(_SESSIONS, "running", "charger_id").order_by(_SESSIONS.c.seq)
_ALL_OPEN = documents(_SESSIONS, "running").order_by(_SESSIONS.c.seq)
_WAITING = documents(_SESSIONS, "waits").order_by(_SESSIONS.c.seq)
_AT = documents(_SESSIONS, "charger_id", "evse", "connector").order_by(_NEWEST).limit(1)
_LAST_AT = _AT.where(_SESSIONS.c.transaction_ref.is_not(None))
_AWAITED_AT = _AT.where(_SESSIONS.c.transaction_ref.is_(None), _SESSIONS.c.closing_at.is_not(None))
_CLOSING = (
    documents(_SESSIONS)
    .where(_SESSIONS.c.closing_at <= bindparam("now"))
    .order_by(_SESSIONS.c.closing_at, _SESSIONS.c.seq)
    .limit(bindparam("row_limit"))
)
_NEXT_CLOSING = select(func.min(_SESSIONS.c.closing_at))


def _saved(known: Columns, new: Columns) -> dict[str, ColumnElement[Any]]:
    """Everything changes but the order of creation, and the key of the start once it is known."""
    changed = {c.name: new[c.name] for c in _SESSIONS.columns if c.name not in ("seq", "id_key")}
    return {**changed, "start_key": func.coalesce(known.start_key, new.start_key)}


_SAVE = upsert(_SESSIONS, ["id_key"], changes=_saved)
_SEARCHED = (
    "charger_id",
    "evse",
    "connector",
    "transaction_ref",
    "running",
    "closing_at",
    "detailed_since",
    "waits",
    "partner_id",
    "token_party",
    "party",
)
_SAVE_DOCUMENT = (
    update(_SESSIONS)
    .where(_SESSIONS.c.id_key == bindparam("id_key"))
    .where(*(_SESSIONS.c[name].is_not_distinct_from(bindparam(name)) for name in _SEARCHED))
    .values(last_updated=bindparam("last_updated"), document=bindparam("document"))
)
"""Most saves add consumption and change nothing that is searched; then six indexes need no work."""
_SAVE_MOVED = (
    update(_SESSIONS)
    .where(_SESSIONS.c.id_key == bindparam("id_key"))
    .values(last_updated=bindparam("last_updated"), document=bindparam("document"))
)
"""For a session of which it is known that nothing that is searched changed."""
_searched_of = attrgetter(
    "id", "number", "transaction", "closes_at", "ended_at", "status", "partner_id", "token", "party"
)
"""What the searched columns of an open session are made of, but for the charger."""
_NEXT_NUMBER = count_up(table(Counters))
_ADD_SAMPLE = insert(_SAMPLES).values(
    session_key=bindparam("session_key"), at=bindparam("at"), document=bindparam("document")
)
_SAMPLES_OF = documents(_SAMPLES, "session_key").order_by(_SAMPLES.c.at, _SAMPLES.c.seq)
_ADD_STATE = insert(_STATES).values(
    session_key=bindparam("session_key"), at=bindparam("at"), state=bindparam("state")
)
_STATES_OF = (
    select(_STATES.c.at, _STATES.c.state)
    .where(_STATES.c.session_key == bindparam("session_key"))
    .order_by(_STATES.c.at, _STATES.c.seq)
)


class SqlSessions:
    """Sessions with their samples and states."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._open: Recall[ChargerId, Session] = Recall(runner)
        """The open session of a charger that was asked for last; it is the newest of its transaction."""

    def get(self, session_id: SessionId) -> Session | None:
        row = self._runner.row(_GET, {"id_key": session_id.casefold()})
        return SESSION.decode(row[0]) if row else None

    def by_transaction(self, charger_id: ChargerId, transaction: TransactionRef) -> Session | None:
        known = self._open.get(charger_id)
        if known is not None and known.transaction == transaction:
            return known
        row = self._runner.row(_BY_TRANSACTION, {"charger_id": charger_id, "transaction_ref": transaction})
        if row is None:
            return None
        found = SESSION.decode(row[0])
        if found.open:
            self._open.keep(charger_id, found)
        return found

    def by_start(self, charger_id: ChargerId, start_key: str) -> Session | None:
        row = self._runner.row(_BY_START, {"charger_id": charger_id, "start_key": start_key})
        return SESSION.decode(row[0]) if row else None

    def open_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        row = self._runner.row(_OPEN_AT, {"running": True, **_plug(charger_id, number)})
        return SESSION.decode(row[0]) if row else None

    def open_of(self, charger_id: ChargerId) -> Sequence[Session]:
        rows = self._runner.rows(_OPEN_OF, {"running": True, "charger_id": charger_id})
        return [SESSION.decode(row[0]) for row in rows]

    def all_open(self) -> Sequence[Session]:
        return [SESSION.decode(row[0]) for row in self._runner.rows(_ALL_OPEN, {"running": True})]

    def last_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        row = self._runner.row(_LAST_AT, _plug(charger_id, number))
        return SESSION.decode(row[0]) if row else None

    def awaited_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        row = self._runner.row(_AWAITED_AT, _plug(charger_id, number))
        return SESSION.decode(row[0]) if row else None

    def waiting(self) -> Sequence[Session]:
        return [SESSION.decode(row[0]) for row in self._runner.rows(_WAITING, {"waits": True})]

    def closing(self, now: datetime, limit: int) -> Sequence[Session]:
        rows = self._runner.rows(_CLOSING, {"now": micros(now), "row_limit": limit})
        return [SESSION.decode(row[0]) for row in rows]

    def next_closing_at(self) -> datetime | None:
        row = self._runner.row(_NEXT_CLOSING, {})
        return moment(row[0]) if row and row[0] is not None else None

    def save(self, session: Session, *, start_key: str | None = None) -> None:
        known = self._open.get(session.charger_id)
        if (
            known is not None
            and start_key is None
            and session.open
            and _searched_of(known) == _searched_of(session)
        ):
            self._save_moved(session)
        else:
            self._open.forget(session.charger_id)
            self._save(session, start_key)

    def _save_moved(self, session: Session) -> None:
        values: Values = {
            "id_key": session.id.casefold(),
            "last_updated": micros(session.last_updated),
            "document": SESSION.encode(session),
        }
        self._runner.run(_SAVE_MOVED, values)
        self._open.keep(session.charger_id, session)

    def _save(self, session: Session, start_key: str | None) -> None:
        values: Values = {
            "id_key": session.id.casefold(),
            **_plug(session.charger_id, session.number),
            "transaction_ref": session.transaction,
            "start_key": start_key,
            "running": session.open,
            "closing_at": micros_or_none(closing_at(session)),
            "detailed_since": micros_or_none(detailed_since(session)),
            "waits": session.waits,
            "partner_id": session.partner_id,
            "token_party": None if session.token is None else str(session.token.party),
            "party": str(session.party),
            "last_updated": micros(session.last_updated),
            "document": SESSION.encode(session),
        }
        if start_key is not None or not self._runner.run(_SAVE_DOCUMENT, values):
            self._runner.run(_SAVE, values)

    def page(self, query: PageQuery) -> Page[Session]:
        items, total = page(self._runner, _SESSIONS, query)
        return Page(tuple(map(SESSION.decode, items)), total)

    def next_transaction_number(self) -> int:
        return self._runner.number(_NEXT_NUMBER, {"name": "transaction"})

    def add_samples(self, session_id: SessionId, samples: Sequence[Sample]) -> None:
        key = session_id.casefold()
        self._runner.run_many(
            _ADD_SAMPLE,
            [{"session_key": key, "at": micros(s.at), "document": SAMPLE.encode_part(s)} for s in samples],
        )

    def samples(self, session_id: SessionId) -> Sequence[Sample]:
        rows = self._runner.rows(_SAMPLES_OF, {"session_key": session_id.casefold()})
        return [SAMPLE.decode(row[0]) for row in rows]

    def add_state(self, session_id: SessionId, at: datetime, state: ChargingState) -> None:
        values: Values = {"session_key": session_id.casefold(), "at": micros(at), "state": state.value}
        self._runner.run(_ADD_STATE, values)

    def states(self, session_id: SessionId) -> Sequence[tuple[datetime, ChargingState]]:
        rows = self._runner.rows(_STATES_OF, {"session_key": session_id.casefold()})
        return [(moment(row[0]), ChargingState(row[1])) for row in rows]


def _plug(charger_id: ChargerId, number: ConnectorNumber) -> dict[str, Value]:
    return {"charger_id": charger_id, "evse": number.evse, "connector": number.connector}
