"""The machine's clock may be wrong and be put right (F24).

What was scheduled by a clock that ran ahead is not left waiting until that time comes.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.ports import Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.delivery import Debt, DebtState
from gateway.domain.errors import StoreUnavailable
from gateway.domain.partners import Partner
from gateway.domain.sessions import Session

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 5.0
_JUMP = timedelta(seconds=30)
_AHEAD = timedelta(minutes=1)
"""What is dated later than this from now was dated by a clock that ran ahead."""
_LONGEST_HOLD = timedelta(hours=25)
_BATCH = 200
_ALL = 1_000_000


class ClockWatch:
    """Compares the wall clock with the monotonic one; what a clock that ran ahead put off is due now."""

    def __init__(
        self, store: Store, clock: Clock, wake: Wake, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._monotonic = monotonic

    async def run(self) -> None:
        """Look at the start, as the clock may have been put right while nothing ran, then at each jump."""
        await self._repair(jumped=False)
        seen, at = self._clock.now(), self._monotonic()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now, passed = self._clock.now(), timedelta(seconds=self._monotonic() - at)
            jump = now - seen - passed
            seen, at = now, self._monotonic()
            if abs(jump) >= _JUMP:
                log.warning("the machine's clock was set by %+.0f s", jump.total_seconds())
                await self._repair(jumped=jump < timedelta())

    async def _repair(self, *, jumped: bool) -> None:
        try:
            await self.repair(jumped=jumped)
        except StoreUnavailable as error:
            log.warning("what a wrong clock put off could not be looked for: %s", error)

    async def repair(self, *, jumped: bool) -> int:
        """Make due what a clock that ran ahead put off; returns how many deliveries. Raises StoreUnavailable.

        `jumped`: the clock went back just now, so that no partner is left alone by the old one's time.
        """
        now = self._clock.now()
        waiting = await self._store.read(lambda tx: tx.debts.list(state=DebtState.WAITING, limit=_ALL))
        stranded = [debt for debt in waiting if _stranded(debt, now, jumped=jumped)]
        for start in range(0, len(stranded), _BATCH):
            await self._make_due(stranded[start : start + _BATCH], now, jumped=jumped)
        await self._store.write(lambda tx: _let_go(tx, now, jumped=jumped or bool(stranded)))
        if stranded:
            log.warning(
                "%d deliveries were put off by a clock that ran ahead; they are due now", len(stranded)
            )
        self._wake.deliveries()
        self._wake.closing()
        return len(stranded)

    async def _make_due(self, debts: list[Debt], now: datetime, *, jumped: bool) -> None:
        def work(tx: Tx) -> None:
            for debt in debts:
                current = tx.debts.get(debt.partner_id, debt.kind, debt.key)
                waits = current is not None and current.state is DebtState.WAITING
                if current is not None and waits and _stranded(current, now, jumped=jumped):
                    created_at = min(current.created_at, now)
                    tx.debts.save(replace(current, created_at=created_at, next_attempt_at=now))

        await self._store.write(work)


def _stranded(debt: Debt, now: datetime, *, jumped: bool) -> bool:
    """Whether a clock that ran ahead said when to try.

    Just after a jump everything that waits may: it was put off behind something that was.
    """
    dated = max(debt.created_at, debt.last_attempt_at or debt.created_at)
    later = debt.next_attempt_at > now
    return later and (jumped or dated > now + _AHEAD or debt.next_attempt_at > now + _LONGEST_HOLD)


def _let_go(tx: Tx, now: datetime, *, jumped: bool) -> None:
    """Partners that are left alone until a time that is far away, and sessions that are to be closed then."""
    for partner in tx.partners.all():
        if _held_too_long(partner, now, jumped=jumped):
            tx.partners.save(replace(partner, reach=replace(partner.reach, hold_until=None)))
    for session in tx.sessions.closing(datetime.max.replace(tzinfo=now.tzinfo), _BATCH):
        if _closed_too_late(session, now):
            tx.sessions.save(replace(session, closes_at=now))


def _held_too_long(partner: Partner, now: datetime, *, jumped: bool) -> bool:
    until = partner.reach.hold_until
    return until is not None and until > now + (timedelta() if jumped else _LONGEST_HOLD)


def _closed_too_late(session: Session, now: datetime) -> bool:
    ended = session.ended_at is not None and session.closes_at is not None
    return ended and session.last_updated > now + _AHEAD
