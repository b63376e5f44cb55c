"""What a partner should have, and what of it was acknowledged: our side of a comparison. Reads only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.app.entitlement import receivers
from gateway.app.ports import PageQuery, Tx
from gateway.app.visibility import Sight
from gateway.domain.books import Difference, Discrepancy
from gateway.domain.delivery import WITHDRAWN, Debt, DebtState, Owed
from gateway.domain.partners import Partner

NEVER_OWED = "it was never owed"
PAGE = 100
"""Objects looked at in one read, so that nothing else waits long."""
_MODULE = {Owed.LOCATION: "locations", Owed.TARIFF: "tariffs", Owed.SESSION: "sessions", Owed.CDR: "cdrs"}
KINDS = tuple(_MODULE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object a partner is entitled to; `changed_at`: None for what is shown without a date."""

    kind: Owed
    key: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An entry with what is known of its delivery: a discrepancy, or when the partner took it."""

    entry: Entry
    discrepancy: Discrepancy | None = None
    taken_at: datetime | None = None


def places(tx: Tx, partner: Partner) -> Iterator[Entry]:
    """Locations and tariffs the partner may see."""
    sight = Sight(tx, partner)
    if _takes(tx, partner, Owed.LOCATION):
        for location in tx.locations.all():
            if sight.location(location):
                yield Entry(Owed.LOCATION, location.id)
    if _takes(tx, partner, Owed.TARIFF):
        for tariff in filter(sight.tariff, tx.tariffs.all()):
            yield Entry(Owed.TARIFF, f"{tariff.party}/{tariff.id}")


def records(
    tx: Tx, partner: Partner, kind: Owed, offset: int, since: datetime | None
) -> Sequence[Entry] | None:
    """A page of sessions or CDRs changed since, oldest first; None behind the last."""
    if not _takes(tx, partner, kind):
        return None
    query = PageQuery(offset=offset, limit=PAGE, partner_id=partner.id, date_from=since)
    if kind is Owed.CDR:
        cdrs = tx.cdrs.page(query).items
        free = partner.profile.zero_energy_cdrs
        return (
            [Entry(kind, c.id, c.last_updated) for c in cdrs if free or c.bill.energy_kwh] if cdrs else None
        )
    sessions = tx.sessions.page(query).items
    return [Entry(kind, s.id, s.last_updated) for s in sessions if s.token] if sessions else None


def acknowledged(
    tx: Tx, partner: Partner, entry: Entry, now: datetime, keep: timedelta | None
) -> Acknowledged:
    """What we have the partner's word for; what still waits is no discrepancy.

    `keep`: how long acknowledgements of sessions are kept; of an older session it is not known.
    """
    debt = tx.debts.get(partner.id, entry.kind, entry.key)
    if debt is None:
        old = keep is not None and entry.changed_at is not None and now - entry.changed_at >= keep
        if entry.kind is Owed.SESSION and old:
            return Acknowledged(entry)
        return Acknowledged(entry, _of(entry, Difference.MISSING, NEVER_OWED))
    if debt.state in (DebtState.PARKED, DebtState.DROPPED):
        return Acknowledged(entry, _failed(entry, debt))
    return Acknowledged(entry, taken_at=debt.last_attempt_at if debt.state is DebtState.SETTLED else None)


def extra(tx: Tx, partner: Partner, kind: Owed, expected: set[tuple[Owed, str]]) -> list[Discrepancy]:
    """What was delivered and is not for this partner (any more)."""
    detail = "it was delivered and is not for this partner (any more)"
    return [
        Discrepancy(kind, d.key, Difference.EXTRA, detail)
        for d in tx.debts.list(partner_id=partner.id, state=DebtState.SETTLED, kind=kind, limit=1_000_000)
        if d.settled and (kind, d.key) not in expected and not _taken_back(d)
    ]


def _taken_back(debt: Debt) -> bool:
    return debt.holding == WITHDRAWN or (debt.request or "").startswith("DELETE ")


def _failed(entry: Entry, debt: Debt) -> Discrepancy:
    if debt.settled:
        return _of(entry, Difference.DIFFERENT, f"its last change is {debt.state}: {debt.reason}")
    return _of(entry, Difference.MISSING, f"{debt.state}: {debt.reason or 'no reason kept'}")


def _of(entry: Entry, difference: Difference, detail: str) -> Discrepancy:
    return Discrepancy(entry.kind, entry.key, difference, detail)


def _takes(tx: Tx, partner: Partner, kind: Owed) -> bool:
    return any(p.id == partner.id for p in receivers(tx, _MODULE[kind]))
