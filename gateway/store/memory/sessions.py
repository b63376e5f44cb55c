from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.app.ports import Page, PageQuery
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import AlreadyRecorded
from gateway.domain.ids import CdrId, ChargerId, ConnectorNumber, SessionId, TransactionRef
from gateway.domain.readings import ChargingState, Sample
from gateway.domain.sessions import Session
from gateway.store.memory.shelves import Journal, Shelf, page_of
from gateway.store.rules import closing_at, detailed_since


class MemorySessions:
    """Sessions with their samples and states."""

    def __init__(self, journal: Journal) -> None:
        self.rows: Shelf[str, Session] = Shelf(journal)
        self._starts: Shelf[tuple[ChargerId, str], str] = Shelf(journal)
        self._samples: Shelf[str, tuple[Sample, ...]] = Shelf(journal)
        self._states: Shelf[str, tuple[tuple[datetime, ChargingState], ...]] = Shelf(journal)
        self._numbers: Shelf[str, int] = Shelf(journal)

    def get(self, session_id: SessionId) -> Session | None:
        return self.rows.get(session_id.casefold())

    def by_transaction(self, charger_id: ChargerId, transaction: TransactionRef) -> Session | None:
        return self._last(lambda s: s.charger_id == charger_id and s.transaction == transaction)

    def by_start(self, charger_id: ChargerId, start_key: str) -> Session | None:
        key = self._starts.get((charger_id, start_key))
        return None if key is None else self.rows.get(key)

    def open_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        return self._last(lambda s: s.open and s.charger_id == charger_id and s.number == number)

    def open_of(self, charger_id: ChargerId) -> Sequence[Session]:
        return [s for s in self.rows if s.open and s.charger_id == charger_id]

    def all_open(self) -> Sequence[Session]:
        return [s for s in self.rows if s.open]

    def last_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        return self._last(
            lambda s: s.transaction is not None and s.charger_id == charger_id and s.number == number
        )

    def awaited_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        return self._last(
            lambda s: (
                s.transaction is None
                and closing_at(s) is not None
                and s.charger_id == charger_id
                and s.number == number
            )
        )

    def waiting(self) -> Sequence[Session]:
        return [s for s in self.rows if s.waits]

    def closing(self, now: datetime, limit: int) -> Sequence[Session]:
        due = [(at, s) for s in self.rows if (at := closing_at(s)) is not None and at <= now]
        return [s for _, s in sorted(due, key=lambda pair: pair[0])[:limit]]

    def next_closing_at(self) -> datetime | None:
        return min((at for s in self.rows if (at := closing_at(s)) is not None), default=None)

    def save(self, session: Session, *, start_key: str | None = None) -> None:
        key = session.id.casefold()
        if start_key is not None and key not in list(self._starts):
            if self._starts.get((session.charger_id, start_key)) is not None:
                raise AlreadyRecorded(f"A start with the key {start_key} made another session.")
            self._starts.put((session.charger_id, start_key), key)
        self.rows.put(key, session)

    def page(self, query: PageQuery) -> Page[Session]:
        rows = [s for s in self.rows if query.partner_id in (None, s.partner_id)]
        return page_of(rows, query)

    def next_transaction_number(self) -> int:
        number = (self._numbers.get("transaction") or 0) + 1
        self._numbers.put("transaction", number)
        return number

    def add_samples(self, session_id: SessionId, samples: Sequence[Sample]) -> None:
        key = session_id.casefold()
        self._samples.put(key, (*(self._samples.get(key) or ()), *samples))

    def samples(self, session_id: SessionId) -> Sequence[Sample]:
        return sorted(self._samples.get(session_id.casefold()) or (), key=lambda s: s.at)

    def add_state(self, session_id: SessionId, at: datetime, state: ChargingState) -> None:
        key = session_id.casefold()
        self._states.put(key, (*(self._states.get(key) or ()), (at, state)))

    def states(self, session_id: SessionId) -> Sequence[tuple[datetime, ChargingState]]:
        return sorted(self._states.get(session_id.casefold()) or (), key=lambda pair: pair[0])

    def thinnable(self, before: datetime) -> Sequence[Session]:
        """Final sessions whose samples are older, oldest first."""
        found = [(at, s) for s in self.rows if (at := detailed_since(s)) is not None and at < before]
        return [s for _, s in sorted(found, key=lambda pair: pair[0])]

    def drop_details(self, session_id: SessionId) -> int:
        """Delete the samples and states of a session; returns how many."""
        key = session_id.casefold()
        gone = len(self._samples.get(key) or ()) + len(self._states.get(key) or ())
        self._samples.drop(key)
        self._states.drop(key)
        return gone

    def _last(self, fits: Callable[[Session], bool]) -> Session | None:
        return next((s for s in reversed(list(self.rows)) if fits(s)), None)


class MemoryCdrs:
    """The ledger."""

    def __init__(self, journal: Journal) -> None:
        self.rows: Shelf[str, Cdr] = Shelf(journal)

    def get(self, cdr_id: CdrId) -> Cdr | None:
        return self.rows.get(cdr_id.casefold())

    def of_session(self, session_id: SessionId) -> Sequence[Cdr]:
        wanted = session_id.casefold()
        return [c for c in self.rows if c.session_id is not None and c.session_id.casefold() == wanted]

    def add(self, cdr: Cdr) -> None:
        if self.rows.get(cdr.id.casefold()) is not None:
            raise AlreadyRecorded(f"CDR {cdr.id} is recorded already.")
        self.rows.put(cdr.id.casefold(), cdr)

    def page(self, query: PageQuery) -> Page[Cdr]:
        return page_of([c for c in self.rows if query.partner_id in (None, c.partner_id)], query)
