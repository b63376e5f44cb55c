from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from gateway.domain.delivery import Backlog, Debt, DebtState, Owed
from gateway.domain.ids import PartnerId
from gateway.store.codec import micros, micros_or_none, moment, moment_or_none
from gateway.store.rules import RANK, RECORDS_FIRST
from gateway.store.sqlite import Columns, upsert
from gateway.store.statements import Runner, Value, where
from gateway.store.tables import Debts, table

_DEBTS = table(Debts)
DEBT_FIELDS: Final = (
    *(
        "partner_id",
        "kind",
        "key",
        "revision",
        "created_at",
        "next_attempt_at",
        "state",
        "settled",
        "attempts",
    ),
    *("ambiguous", "reason", "request", "answer", "last_attempt_at", "partner_url", "holding"),
    "fingerprint",
)
_ROWS = select(*(_DEBTS.c[name] for name in DEBT_FIELDS))
_GET = _ROWS.where(*where(_DEBTS, "partner_id", "kind", "key"))
_KEY: Final = ("partner_id", "kind", "key")
_SAVE = upsert(_DEBTS, _KEY)


def _owed_again(known: Columns, new: Columns) -> dict[str, ColumnElement[Any]]:
    """`rules.owed_again` in SQL; the tests hold the two together."""
    waiting = known.state == literal(DebtState.WAITING.value)
    sooner = or_(known.attempts > 0, known.next_attempt_at < new.next_attempt_at)
    return {
        "revision": known.revision + 1,
        "state": new.state,
        "next_attempt_at": case((and_(waiting, sooner), known.next_attempt_at), else_=new.next_attempt_at),
        "created_at": case((waiting, known.created_at), else_=new.created_at),
        "attempts": case((waiting, known.attempts), else_=new.attempts),
        "reason": case((waiting, known.reason), else_=new.reason),
    }


_OWE = upsert(_DEBTS, _KEY, changes=_owed_again)
_OWE_MORE = (
    update(_DEBTS)
    .where(
        *where(_DEBTS, *_KEY, "state"),
        or_(_DEBTS.c.attempts > literal_column("0"), _DEBTS.c.next_attempt_at <= bindparam("due_at")),
    )
    .values(revision=_DEBTS.c.revision + literal_column("1"))
)
"""What `_OWE` does to a debt that waits and is due soon enough: nothing that is searched changes."""
_WAITS: Final = DebtState.WAITING.value
_NEW: Final[dict[str, Value]] = {
    **dict.fromkeys(DEBT_FIELDS),
    "revision": 1,
    "state": DebtState.WAITING.value,
    "settled": 0,
    "attempts": 0,
    "ambiguous": False,
}
_DUE = (
    _ROWS.where(*where(_DEBTS, "partner_id", "state"), _DEBTS.c.next_attempt_at <= bindparam("now"))
    .order_by(
        case(
            (_DEBTS.c.rank == literal_column(f"{RANK[Owed.CDR]}"), bindparam("cdr_rank")), else_=_DEBTS.c.rank
        ),
        _DEBTS.c.created_at,
        _DEBTS.c.key,
    )
    .limit(bindparam("row_limit"))
)
_NEXT_DUE = select(func.min(_DEBTS.c.next_attempt_at)).where(*where(_DEBTS, "partner_id", "state"))
_HASTEN = (
    update(_DEBTS)
    .where(
        *where(_DEBTS, "partner_id", "state"),
        _DEBTS.c.attempts > 0,
        _DEBTS.c.next_attempt_at > bindparam("now"),
    )
    .values(next_attempt_at=bindparam("now"))
)
_BACKLOG = (
    select(_DEBTS.c.partner_id, _DEBTS.c.kind, _DEBTS.c.state, func.count(), func.min(_DEBTS.c.created_at))
    .where(_DEBTS.c.state.in_([literal(DebtState.WAITING.value), literal(DebtState.PARKED.value)]))
    .group_by(_DEBTS.c.partner_id, _DEBTS.c.kind, _DEBTS.c.state)
    .order_by(_DEBTS.c.partner_id, _DEBTS.c.kind, _DEBTS.c.state)
)
_STATE = select(_DEBTS.c.state).where(*where(_DEBTS, "partner_id", "kind", "key"))


@cache
def _list(*columns: str) -> Select[Any]:
    rows = _ROWS.where(*where(_DEBTS, *columns)).order_by(_DEBTS.c.created_at, _DEBTS.c.rank, _DEBTS.c.key)
    return rows.limit(bindparam("row_limit"))


@cache
def _count(*columns: str) -> Select[Any]:
    return select(func.count()).select_from(_DEBTS).where(*where(_DEBTS, *columns))


class SqlDebts:
    """The outbox."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def owe(self, partner_id: PartnerId, kind: Owed, key: str, now: datetime, due_at: datetime) -> None:
        """One cheap statement most of the time, because it is part of nearly everything a charger says."""
        due = micros(due_at)
        more = {"partner_id": partner_id, "kind": kind._value_, "key": key, "state": _WAITS, "due_at": due}
        if self._runner.run(_OWE_MORE, more):
            return
        changed = {"created_at": micros(now), "next_attempt_at": due, "rank": RANK[kind]}
        self._runner.run(_OWE, {**_NEW, **_key(partner_id, kind, key), **changed})

    def get(self, partner_id: PartnerId, kind: Owed, key: str) -> Debt | None:
        row = self._runner.row(_GET, _key(partner_id, kind, key))
        return read_debt(row) if row else None

    def save(self, debt: Debt) -> None:
        self._runner.run(
            _SAVE,
            {
                **_key(debt.partner_id, debt.kind, debt.key),
                "rank": RANK[debt.kind],
                "revision": debt.revision,
                "created_at": micros(debt.created_at),
                "next_attempt_at": micros(debt.next_attempt_at),
                "state": debt.state.value,
                "settled": debt.settled,
                "attempts": debt.attempts,
                "ambiguous": debt.ambiguous,
                "reason": debt.reason,
                "request": debt.request,
                "answer": debt.answer,
                "last_attempt_at": micros_or_none(debt.last_attempt_at),
                "partner_url": debt.partner_url,
                "holding": debt.holding,
                "fingerprint": debt.fingerprint,
            },
        )

    def due(
        self, partner_id: PartnerId, now: datetime, limit: int, *, records_first: bool = False
    ) -> Sequence[Debt]:
        rank = RECORDS_FIRST if records_first else RANK[Owed.CDR]
        values: dict[str, Value] = {"now": micros(now), "row_limit": limit, "cdr_rank": rank}
        values.update(_waiting(partner_id))
        return [read_debt(row) for row in self._runner.rows(_DUE, values)]

    def next_due(self, partner_id: PartnerId) -> datetime | None:
        row = self._runner.row(_NEXT_DUE, _waiting(partner_id))
        return moment_or_none(row[0]) if row else None

    def count(self, state: DebtState | None = None, partner_id: PartnerId | None = None) -> int:
        chosen: dict[str, Value] = {}
        if state is not None:
            chosen["state"] = state.value
        if partner_id is not None:
            chosen["partner_id"] = partner_id
        row = self._runner.row(_count(*chosen), chosen)
        return row[0] if row else 0

    def list(
        self,
        *,
        partner_id: PartnerId | None = None,
        state: DebtState | None = None,
        kind: Owed | None = None,
        limit: int = 1000,
    ) -> Sequence[Debt]:
        chosen: dict[str, Value] = {}
        if kind is not None:
            chosen["kind"] = kind.value
        if partner_id is not None:
            chosen["partner_id"] = partner_id
        if state is not None:
            chosen["state"] = state.value
        rows = self._runner.rows(_list(*chosen), {**chosen, "row_limit": limit})
        return [read_debt(row) for row in rows]

    def backlog(self) -> Sequence[Backlog]:
        rows = self._runner.rows(_BACKLOG, {})
        return [Backlog(row[0], Owed(row[1]), DebtState(row[2]), row[3], moment(row[4])) for row in rows]

    def hasten(self, partner_id: PartnerId, now: datetime) -> None:
        self._runner.run(_HASTEN, {**_waiting(partner_id), "now": micros(now)})

    def unsettled(self, partner_id: PartnerId, kind: Owed, key: str) -> bool:
        row = self._runner.row(_STATE, _key(partner_id, kind, key))
        return row is not None and row[0] == DebtState.WAITING.value


def _key(partner_id: PartnerId, kind: Owed, key: str) -> dict[str, Value]:
    return {"partner_id": partner_id, "kind": kind.value, "key": key}


def _waiting(partner_id: PartnerId) -> dict[str, Value]:
    return {"partner_id": partner_id, "state": DebtState.WAITING.value}


def read_debt(row: tuple[Any, ...]) -> Debt:
    """The debt of a row that begins with `DEBT_FIELDS`."""
    return Debt(
        partner_id=row[0],
        kind=Owed(row[1]),
        key=row[2],
        revision=row[3],
        created_at=moment(row[4]),
        next_attempt_at=moment(row[5]),
        state=DebtState(row[6]),
        settled=row[7],
        attempts=row[8],
        ambiguous=bool(row[9]),
        reason=row[10],
        request=row[11],
        answer=row[12],
        last_attempt_at=moment_or_none(row[13]),
        partner_url=row[14],
        holding=row[15],
        fingerprint=row[16],
    )
