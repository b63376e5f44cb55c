from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.app.ports import OwnedToken, Page, PageQuery
from gateway.domain.delivery import Backlog, Debt, DebtState, Owed
from gateway.domain.ids import PartnerId, Party, TokenUid
from gateway.domain.partners import AccessKey, Partner
from gateway.domain.tokens import Token
from gateway.store.memory.shelves import Journal, Shelf, page_of
from gateway.store.rules import FORGETTABLE, RANK, RECORDS_FIRST, owed_again


class MemoryTokens:
    """Partners' tokens."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[tuple[Party, str, str], OwnedToken] = Shelf(journal)

    def get(self, party: Party, uid: TokenUid, type_: str) -> OwnedToken | None:
        return self._rows.get((party, uid.casefold(), type_.casefold()))

    def by_uid(self, uid: TokenUid) -> Sequence[OwnedToken]:
        wanted = uid.casefold()
        return [row for key, row in self._rows.items() if key[1] == wanted]

    def save(self, partner_id: PartnerId, token: Token) -> None:
        key = (token.party, token.uid.casefold(), token.type.casefold())
        self._rows.put(key, OwnedToken(partner_id, token))

    def page(self, query: PageQuery) -> Page[Token]:
        rows = [row.token for row in self._rows if query.partner_id in (None, row.partner_id)]
        return page_of(rows, query)


class MemoryPartners:
    """Partner platforms and the keys they present."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[PartnerId, Partner] = Shelf(journal)
        self._keys: Shelf[str, AccessKey] = Shelf(journal)

    def get(self, partner_id: PartnerId) -> Partner | None:
        return self._rows.get(partner_id)

    def by_name(self, name: str) -> Partner | None:
        wanted = name.casefold()
        return next((p for p in reversed(list(self._rows)) if p.name.casefold() == wanted), None)

    def all(self) -> Sequence[Partner]:
        return list(self._rows)

    def save(self, partner: Partner) -> None:
        self._rows.put(partner.id, partner)

    def key(self, hash_: str) -> AccessKey | None:
        return self._keys.get(hash_)

    def keys_of(self, partner_id: PartnerId) -> Sequence[AccessKey]:
        return sorted((k for k in self._keys if k.partner_id == partner_id), key=lambda k: k.hash)

    def save_key(self, key: AccessKey) -> None:
        self._keys.put(key.hash, key)

    def remove_key(self, hash_: str) -> None:
        self._keys.drop(hash_)


class MemoryDebts:
    """The outbox."""

    def __init__(self, journal: Journal) -> None:
        self.rows: Shelf[tuple[PartnerId, Owed, str], Debt] = Shelf(journal)

    def owe(self, partner_id: PartnerId, kind: Owed, key: str, now: datetime, due_at: datetime) -> None:
        known = self.get(partner_id, kind, key)
        self.save(owed_again(known, now, due_at) if known else Debt(partner_id, kind, key, 1, now, due_at))

    def get(self, partner_id: PartnerId, kind: Owed, key: str) -> Debt | None:
        return self.rows.get((partner_id, kind, key))

    def save(self, debt: Debt) -> None:
        self.rows.put((debt.partner_id, debt.kind, debt.key), debt)

    def due(
        self, partner_id: PartnerId, now: datetime, limit: int, *, records_first: bool = False
    ) -> Sequence[Debt]:
        ranks = {**RANK, Owed.CDR: RECORDS_FIRST} if records_first else RANK
        due = [d for d in self._waiting(partner_id) if d.next_attempt_at <= now]
        return sorted(due, key=lambda d: (ranks[d.kind], d.created_at, d.key))[:limit]

    def next_due(self, partner_id: PartnerId) -> datetime | None:
        return min((d.next_attempt_at for d in self._waiting(partner_id)), default=None)

    def count(self, state: DebtState | None = None, partner_id: PartnerId | None = None) -> int:
        return sum(state in (None, d.state) and partner_id in (None, d.partner_id) for d in self.rows)

    def list(
        self,
        *,
        partner_id: PartnerId | None = None,
        state: DebtState | None = None,
        kind: Owed | None = None,
        limit: int = 1000,
    ) -> Sequence[Debt]:
        chosen = (
            d
            for d in self.rows
            if partner_id in (None, d.partner_id) and state in (None, d.state) and kind in (None, d.kind)
        )
        return sorted(chosen, key=lambda d: (d.created_at, RANK[d.kind], d.key))[:limit]

    def backlog(self) -> Sequence[Backlog]:
        since: dict[tuple[PartnerId, Owed, DebtState], list[datetime]] = {}
        for debt in self.rows:
            if debt.state in (DebtState.WAITING, DebtState.PARKED):
                since.setdefault((debt.partner_id, debt.kind, debt.state), []).append(debt.created_at)
        return [Backlog(*key, len(since[key]), min(since[key])) for key in sorted(since)]

    def hasten(self, partner_id: PartnerId, now: datetime) -> None:
        for debt in self._waiting(partner_id):
            if debt.attempts and debt.next_attempt_at > now:
                self.save(replace(debt, next_attempt_at=now))

    def forget(self, before: datetime, limit: int) -> int:
        """See `OldRows.drop_deliveries`."""
        tried = [(d.last_attempt_at, d) for d in self.rows if d.state is DebtState.SETTLED]
        old = [(at, d) for at, d in tried if at is not None and at < before]
        oldest = [debt for _, debt in sorted(old, key=lambda pair: pair[0])]
        chosen = [d for d in oldest if d.kind in FORGETTABLE or _has_body(d)]
        for debt in chosen[:limit]:
            if debt.kind in FORGETTABLE:
                self.rows.drop((debt.partner_id, debt.kind, debt.key))
            else:
                self.save(replace(debt, request=None))
        return len(chosen[:limit])

    def unsettled(self, partner_id: PartnerId, kind: Owed, key: str) -> bool:
        debt = self.get(partner_id, kind, key)
        return debt is not None and debt.state is DebtState.WAITING

    def _waiting(self, partner_id: PartnerId) -> Sequence[Debt]:
        return [d for d in self.rows if d.partner_id == partner_id and d.state is DebtState.WAITING]


def _has_body(debt: Debt) -> bool:
    return debt.kind is Owed.CDR and debt.request is not None
