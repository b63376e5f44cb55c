"""One partner's lane: what is due goes out by as many hands as its profile allows, each object by one.

Parents before children: several partners refuse children of unknown parents. CDRs have every second turn, so
that sessions that change faster than a partner takes them do not hold up the bills. A partner that is down is
probed with one request at a time until it answers; a lane begins with one hand and gets more by success.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app.hubs import WAITS_FOR_PARTY, hold_back
from gateway.app.ports import Clock, Store, Tx
from gateway.app.supervise import Alarm
from gateway.domain.delivery import PARTS, Debt, DebtState, Judgement, Owed, location_of
from gateway.domain.ids import CdrId, PartnerId, SessionId
from gateway.domain.partners import Partner, ReachState

log = logging.getLogger(__name__)

LONGEST_SLEEP_S = 5.0
_BATCH = 50
_LOOK_EVERY_S = 0.25
_PATIENCE_WITH_PARENTS = 3
_MOST_HANDS = 1024
_ALL_THERE_IS = timedelta(days=365)

Pay = Callable[[Partner, Debt], Awaitable[Judgement]]
"""Send one debt and settle it; raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """A debt on its way, and the partner as it was called."""

    task: asyncio.Task[Judgement]
    partner: Partner
    debt: Debt


class Lane:
    """What is in flight to one partner."""

    def __init__(self, partner_id: PartnerId, store: Store, pay: Pay, clock: Clock, alarm: Alarm) -> None:
        self._partner_id = partner_id
        self._store = store
        self._pay = pay
        self._clock = clock
        self._alarm = alarm
        self._flying: dict[str, _Flight] = {}
        self._hands = 1
        self._records_first = True

    async def run(self) -> None:
        """Send what is due until the partner is no longer active."""
        try:
            while True:
                partner = await self._store.read(lambda tx: tx.partners.get(self._partner_id))
                if partner is None or not partner.active:
                    return
                await self._turn_back(partner)
                if not await self.start_due(partner):
                    await self._alarm.wait(await self._until_next(partner))
                self._collect()
        finally:
            await self._land()

    async def drain(self, partner: Partner) -> int:
        """Send what is due now, and what becomes due by that, and wait for all of it; returns how many."""
        sent = 0
        while True:
            current = await self._store.read(lambda tx: tx.partners.get(partner.id)) or partner
            started = await self.start_due(current) if current.active else 0
            sent += started
            if not self._flying:
                return sent
            tasks = [flight.task for flight in self._flying.values()]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            self._collect()

    async def start_due(self, partner: Partner) -> int:
        """Begin to send as much as there are hands for; returns how many were begun."""
        now = self._clock.now()
        held = partner.reach.hold_until
        if held is not None and held > now:
            return 0
        probing = partner.reach.state is ReachState.DOWN
        hands = 1 if probing else min(self._hands, partner.profile.concurrency)
        free = hands - len(self._flying)
        if free <= 0:
            return 0
        until = now + _ALL_THERE_IS if probing else now
        if partner.hub is not None:
            await self._store.write(lambda tx: hold_back(tx, partner, now, _BATCH))
        self._records_first = not self._records_first
        return await self._start(partner, free, until, records_first=self._records_first) or (
            await self._start(partner, free, until, records_first=not self._records_first)
        )

    async def _start(self, partner: Partner, free: int, until: datetime, *, records_first: bool) -> int:
        found = await self._store.read(lambda tx: self._candidates(tx, until, records_first))
        if partner.reach.state is ReachState.DOWN:
            # An object that always makes the partner fail must not be the only one that is ever tried.
            now = self._clock.now()
            found.sort(key=lambda pair: (pair[0].next_attempt_at > now, pair[0].attempts))
        started = 0
        for debt, parent in found:
            if started < free and _line_of(debt) not in self._flying:
                started += await self._start_or_postpone(partner, debt, parent, until)
        return started

    async def _start_or_postpone(
        self, partner: Partner, debt: Debt, parent: Debt | None, until: datetime
    ) -> int:
        if parent is None:
            self._launch(partner, debt)
            return 1
        if parent.next_attempt_at > until and _line_of(parent) not in self._flying:
            await self._postpone(debt, parent.next_attempt_at)
        return 0

    def _candidates(self, tx: Tx, until: datetime, records_first: bool) -> list[tuple[Debt, Debt | None]]:
        limit = _BATCH + len(self._flying)
        due = tx.debts.due(self._partner_id, until, limit, records_first=records_first)
        return [(debt, _parent_or_none(tx, debt)) for debt in due if debt.reason != WAITS_FOR_PARTY]

    def _launch(self, partner: Partner, debt: Debt) -> None:
        name = f"delivery of {debt.kind} {debt.key}"
        task = asyncio.create_task(self._fly(partner, debt), name=name)
        self._flying[_line_of(debt)] = _Flight(task, partner, debt)
        task.add_done_callback(lambda _: self._alarm.ring())

    async def _fly(self, partner: Partner, debt: Debt) -> Judgement:
        return await self._pay(partner, debt)

    def _collect(self) -> None:
        """Forget what has landed. Raises StoreUnavailable when an answer could not be noted."""
        for line, flight in list(self._flying.items()):
            if flight.task.done():
                del self._flying[line]
                trouble = flight.task.result() in (Judgement.RETRY, Judgement.UNAUTHORIZED)
                self._hands = 1 if trouble else min(self._hands * 2, _MOST_HANDS)

    async def _postpone(self, debt: Debt, until: datetime) -> None:
        """Look again when the parent may have arrived; this is no attempt and does not count as one."""

        def work(tx: Tx) -> None:
            current = tx.debts.get(debt.partner_id, debt.kind, debt.key)
            if current is not None and current.state is DebtState.WAITING:
                tx.debts.save(replace(current, next_attempt_at=until))

        await self._store.write(work)

    async def _until_next(self, partner: Partner) -> float:
        if self._flying:
            return _LOOK_EVERY_S
        due_at = await self._store.read(lambda tx: tx.debts.next_due(self._partner_id))
        held = partner.reach.hold_until
        if due_at is None:
            return LONGEST_SLEEP_S
        wanted = held if held is not None and partner.reach.state is ReachState.DOWN else due_at
        wanted = max(wanted, held) if held is not None else wanted
        return min(max((wanted - self._clock.now()).total_seconds(), 0.01), LONGEST_SLEEP_S)

    async def _land(self) -> None:
        flights, self._flying = list(self._flying.values()), {}
        for flight in flights:
            flight.task.cancel()
        await asyncio.gather(*(flight.task for flight in flights), return_exceptions=True)

    async def _turn_back(self, partner: Partner) -> None:
        """End what is on its way to where the partner no longer is: it would hold a hand until its deadline.

        It may have arrived, so nothing is taken for known of it, and it is sent to the new address at once.
        """
        lost = [(line, f) for line, f in self._flying.items() if _elsewhere(f.partner, partner)]
        for line, flight in lost:
            del self._flying[line]
            flight.task.cancel()
        if not lost:
            return
        await asyncio.gather(*(flight.task for _, flight in lost), return_exceptions=True)
        now = self._clock.now()

        def work(tx: Tx) -> None:
            for _, flight in lost:
                current = tx.debts.get(flight.debt.partner_id, flight.debt.kind, flight.debt.key)
                if current is not None and current.state is DebtState.WAITING:
                    tx.debts.save(replace(current, holding=None, next_attempt_at=now))

        await self._store.write(work)
        log.info("%s registered at another address; %d requests follow it there", partner.name, len(lost))


def _elsewhere(then: Partner, now: Partner) -> bool:
    """Whether a partner registered anew elsewhere; endpoints that were only read again do not count."""
    return then.outbound_token != now.outbound_token and then.endpoints != now.endpoints


def _line_of(debt: Debt) -> str:
    """What must stay in order: a part of a location goes where its location goes."""
    if debt.kind in PARTS:
        return f"{Owed.LOCATION}/{location_of(debt.kind, debt.key)}"
    return f"{debt.kind}/{debt.key}"


def _parent_or_none(tx: Tx, debt: Debt) -> Debt | None:
    """An object that cannot be read holds up nobody: it is found out when it is sent, and parked (F38)."""
    try:
        return pending_parent(tx, debt)
    except (ValueError, TypeError, KeyError):
        log.exception("%s %s cannot be read", debt.kind, debt.key, extra={"partner_id": debt.partner_id})
        return None


def pending_parent(tx: Tx, debt: Debt) -> Debt | None:
    """What has to arrive first: location before session before CDR, a hub's parties before their tokens.

    A parent that failed several times no longer holds its children back.
    """
    key: tuple[Owed, str] | None = None
    if debt.kind is Owed.SESSION:
        session = tx.sessions.get(SessionId(debt.key))
        key = (Owed.LOCATION, session.plug.location.id) if session else None
    elif debt.kind is Owed.CDR:
        cdr = tx.cdrs.get(CdrId(debt.key))
        key = (Owed.SESSION, cdr.session_id) if cdr and cdr.session_id else None
    elif debt.kind in PARTS:
        key = (Owed.LOCATION, location_of(debt.kind, debt.key))
    elif debt.kind is Owed.PULL_TOKENS:
        # Whose tokens a hub may bring is known from its list of parties.
        key = (Owed.PULL_CLIENTS, "clients")
    parent = tx.debts.get(debt.partner_id, *key) if key else None
    if parent is None or parent.state is not DebtState.WAITING or parent.attempts >= _PATIENCE_WITH_PARENTS:
        return None
    return parent
