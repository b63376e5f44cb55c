"""What a person decides about things that wait for one."""

from dataclasses import replace

from gateway.app.ports import Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.chargers import SetAside
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import InvalidInput, UnknownObject
from gateway.domain.ids import PartnerId


class Attention:
    """Trying again what failed, and closing what was looked at."""

    def __init__(self, store: Store, clock: Clock, wake: Wake) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def retry(self, partner: str, kind: Owed, key: str) -> Debt:
        """Try a delivery again now, from the beginning of its schedule.

        Raises UnknownObject, or InvalidInput if it was delivered and is still what the partner has.
        """
        now = self._clock.now()

        def work(tx: Tx) -> Debt:
            debt = _owed(tx, partner, kind, key)
            if debt.state is DebtState.SETTLED:
                raise InvalidInput(f"{kind} {key} was delivered to {partner} already", field="key")
            again = replace(debt, state=DebtState.WAITING, attempts=0, next_attempt_at=now, reason=None)
            tx.debts.save(again)
            _let_through(tx, debt.partner_id)
            return again

        debt = await self._store.write(work)
        self._wake.deliveries()
        return debt

    async def retry_alike(self, partner: str, kind: Owed, key: str) -> int:
        """Try everything again that failed at this partner for the same reason; returns how many.

        Raises UnknownObject.
        """
        now = self._clock.now()

        def work(tx: Tx) -> int:
            debt = _owed(tx, partner, kind, key)
            parked = tx.debts.list(partner_id=debt.partner_id, state=DebtState.PARKED, limit=1_000_000)
            alike = [d for d in parked if d.reason == debt.reason]
            for one in alike:
                tx.debts.save(
                    replace(one, state=DebtState.WAITING, attempts=0, next_attempt_at=now, created_at=now)
                )
            _let_through(tx, debt.partner_id)
            return len(alike)

        retried = await self._store.write(work)
        self._wake.deliveries()
        return retried

    async def drop(self, partner: str, kind: Owed, key: str, note: str) -> Debt:
        """Give a failed delivery up, with a note why; what it was about stays.

        Raises UnknownObject, or InvalidInput without a note or for what was delivered.
        """
        if not note.strip():
            raise InvalidInput("say why it is given up", field="note")

        def work(tx: Tx) -> Debt:
            debt = _owed(tx, partner, kind, key)
            if debt.state is DebtState.SETTLED:
                raise InvalidInput(f"{kind} {key} was delivered to {partner} already", field="key")
            dropped = replace(debt, state=DebtState.DROPPED, reason=f"given up: {note.strip()}")
            tx.debts.save(dropped)
            return dropped

        return await self._store.write(work)

    async def resolve(self, item_id: str, note: str) -> SetAside:
        """Close something that was set aside, with a note why. Raises UnknownObject."""
        now = self._clock.now()

        def work(tx: Tx) -> SetAside:
            item = tx.set_aside.get(item_id)
            if item is None:
                raise UnknownObject(f"nothing with id {item_id} was set aside")
            closed = replace(item, resolved_at=item.resolved_at or now, note=note)
            tx.set_aside.save(closed)
            return closed

        return await self._store.write(work)


def _let_through(tx: Tx, partner_id: PartnerId) -> None:
    """A person who says "now" means now: a partner that is down, or asked for patience, is tried."""
    partner = tx.partners.get(partner_id)
    if partner is not None and partner.reach.hold_until is not None:
        tx.partners.save(replace(partner, reach=replace(partner.reach, hold_until=None)))


def _owed(tx: Tx, partner: str, kind: Owed, key: str) -> Debt:
    owner = tx.partners.by_name(partner)
    debt = tx.debts.get(owner.id, kind, key) if owner else None
    if debt is None:
        raise UnknownObject(f"nothing named {kind} {key} was ever owed to {partner}")
    return debt
