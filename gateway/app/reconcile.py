"""What a partner should have beside what it acknowledged and, where it can be asked, what it holds.

OCPI's Receiver interface can be asked for one object, not for a list: what a partner holds beyond what we
ever sent cannot be seen; "extra" is what it was sent and is ours no more.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app.books import (
    KINDS,
    NEVER_OWED,
    PAGE,
    Acknowledged,
    Entry,
    acknowledged,
    extra,
    places,
    records,
)
from gateway.app.policy import Policy
from gateway.app.ports import Clock, Held, Partners, Store, Tx
from gateway.app.rendering import parcel_for
from gateway.app.wake import Wake
from gateway.domain.books import Difference, Discrepancy, Reconciliation
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import GatewayError, StoreUnavailable, UnknownObject
from gateway.domain.partners import Partner, ReachState

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 3600.0
_NIGHTLY = timedelta(hours=24)
_NIGHTS_LOOK_BACK = timedelta(days=35)
"""What a nightly comparison looks at of sessions and CDRs: a month's bills and some days."""
_QUESTION_EVERY_S = 1.0
_SILENCES = 3
"""Unanswered questions in a row about a kind of objects after which no more are asked about it."""
_MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class _Questions:
    """How to ask: at most so many, with a pause between, first about what was taken since then.

    The others are asked about in turn, from `start_at` on, so that every object comes round in some night.
    """

    most: int
    pause_s: float
    fresh_since: datetime
    start_at: int = 0

    def choose(self, taken: Sequence[Acknowledged]) -> Sequence[Entry]:
        """What to ask about."""
        fresh = [a.entry for a in taken if a.taken_at and a.taken_at >= self.fresh_since]
        others = [a.entry for a in taken if not a.taken_at or a.taken_at < self.fresh_since]
        start = self.start_at % len(others) if others else 0
        return [*fresh, *others[start:], *others[:start]][: self.most]


@dataclass(frozen=True, slots=True)
class _Answers:
    asked: int = 0
    unanswered: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()


class Reconciling:
    """Compares, and repairs on request by owing the object again. CDRs that differ are left to people."""

    def __init__(
        self,
        store: Store,
        partners: Partners,
        clock: Clock,
        wake: Wake,
        policy: Policy,
        question_every_s: float = _QUESTION_EVERY_S,
    ) -> None:
        self._store = store
        self._partners = partners
        self._clock = clock
        self._wake = wake
        self._policy = policy
        self._question_every_s = question_every_s

    async def run(self) -> None:
        """Compare with every partner once a night, for ever; the reports are kept for people."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.nightly()

    async def nightly(self) -> None:
        """Compare with each partner whose last night is a day ago: recent records, few questions, slowly.

        Nothing is repaired but what was never owed, because that is a fault of ours and no difference.
        """
        for partner in await self._store.read(lambda tx: tx.partners.all()):
            before = await self.last(partner)
            last = before.nightly_at if before else None
            if partner.active and (last is None or self._clock.now() - last >= _NIGHTLY):
                try:
                    await self._by_night(partner, before)
                except StoreUnavailable as error:
                    log.warning("%s was not reconciled: %s", partner.name, error)

    async def _by_night(self, partner: Partner, before: Reconciliation | None) -> None:
        now = self._clock.now()
        start_at = before.asked_until if before else 0
        well = partner.reach.state is not ReachState.DOWN
        most = self._policy.nightly_questions if well else 0
        questions = _Questions(most, self._question_every_s, now - _NIGHTLY, start_at)
        done = await self._compare(partner, now - _NIGHTS_LOOK_BACK, questions)
        found = tuple(
            [await self._repair(partner, d) if d.detail == NEVER_OWED else d for d in done.discrepancies]
        )
        await self._keep(partner, replace(done, discrepancies=found, nightly_at=now))

    async def reconcile(self, name: str, *, ask: bool = True, repair: bool = False) -> Reconciliation:
        """Compare everything with one partner. Raises UnknownObject or StoreUnavailable."""
        partner = await self._named(name)
        before = await self.last(partner)
        most = 1_000_000 if ask and partner.active else 0
        done = await self._compare(partner, None, _Questions(most, 0, self._clock.now()))
        if repair:
            repaired = [await self._repair(partner, d) for d in done.discrepancies]
            done = replace(done, discrepancies=tuple(repaired))
        night = (before.nightly_at, before.asked_until) if before else (None, 0)
        await self._keep(partner, replace(done, nightly_at=night[0], asked_until=night[1]))
        return done

    async def reports(self) -> Sequence[tuple[str, Reconciliation]]:
        """The last comparison with each partner, by name."""

        def work(tx: Tx) -> list[tuple[str, Reconciliation]]:
            found = [(p.name, tx.reconciliations.get(p.id)) for p in tx.partners.all()]
            return sorted(((name, report) for name, report in found if report), key=lambda pair: pair[0])

        return await self._store.read(work)

    async def report(self, name: str) -> Reconciliation:
        """The last comparison with one partner. Raises UnknownObject, also if there was none yet."""
        found = await self.last(await self._named(name))
        if found is None:
            raise UnknownObject(f"{name} was not compared with yet")
        return found

    async def last(self, partner: Partner) -> Reconciliation | None:
        """The last comparison, or None."""
        return await self._store.read(lambda tx: tx.reconciliations.get(partner.id))

    async def _named(self, name: str) -> Partner:
        partner = await self._store.read(lambda tx: tx.partners.by_name(name))
        if partner is None:
            raise UnknownObject(f"there is no partner named {name}")
        return partner

    async def _keep(self, partner: Partner, done: Reconciliation) -> None:
        """Keep the report, in a size people can read."""
        listed, rest = done.discrepancies[:_MOST_LISTED], done.discrepancies[_MOST_LISTED:]
        further = sum(not d.repaired for d in rest)
        kept = replace(done, discrepancies=listed, further=further)
        await self._store.write(lambda tx: tx.reconciliations.save(partner.id, kept))
        self._wake.deliveries()
        level = logging.WARNING if kept.open else logging.INFO
        told = (partner.name, done.compared, done.asked, kept.open)
        log.log(level, "reconciled %s: %d compared, %d asked for, %d differ", *told)

    async def _compare(
        self, partner: Partner, since: datetime | None, questions: _Questions
    ) -> Reconciliation:
        """Compare sessions and CDRs changed since (None: all) and all locations and tariffs."""
        entries = await self._expected(partner, since)
        judged = await self._acknowledged(partner, entries)
        found = [a.discrepancy for a in judged if a.discrepancy is not None]
        answers = await self._ask(partner, questions, [a for a in judged if a.taken_at is not None])
        expected = {(entry.kind, entry.key) for entry in entries}
        for kind in KINDS if since is None else (Owed.LOCATION, Owed.TARIFF):
            found += await self._extra(partner, kind, expected)
        discrepancies = (*found, *answers.discrepancies)
        until = questions.start_at + answers.asked
        return Reconciliation(
            self._clock.now(),
            len(entries),
            answers.asked,
            discrepancies,
            answers.unanswered,
            asked_until=until,
        )

    async def _expected(self, partner: Partner, since: datetime | None) -> list[Entry]:
        """Everything this partner is entitled to, parents first."""
        entries = await self._store.read(lambda tx: list(places(tx, partner)))
        for kind in (Owed.SESSION, Owed.CDR):
            offset = 0
            while (page := await self._records(partner, kind, offset, since)) is not None:
                entries += page
                offset += PAGE
                await asyncio.sleep(0)
        return entries

    async def _records(
        self, partner: Partner, kind: Owed, offset: int, since: datetime | None
    ) -> Sequence[Entry] | None:
        return await self._store.read(lambda tx: records(tx, partner, kind, offset, since))

    async def _extra(
        self, partner: Partner, kind: Owed, expected: set[tuple[Owed, str]]
    ) -> Sequence[Discrepancy]:
        return await self._store.read(lambda tx: extra(tx, partner, kind, expected))

    async def _acknowledged(self, partner: Partner, entries: Sequence[Entry]) -> list[Acknowledged]:
        now, keep = self._clock.now(), self._policy.keep_deliveries
        judged: list[Acknowledged] = []
        for page in _pages(entries):
            judged += await self._judged(partner, page, now, keep)
            await asyncio.sleep(0)
        return judged

    async def _judged(
        self, partner: Partner, page: Sequence[Entry], now: datetime, keep: timedelta | None
    ) -> Sequence[Acknowledged]:
        return await self._store.read(lambda tx: [acknowledged(tx, partner, e, now, keep) for e in page])

    async def _ask(self, partner: Partner, questions: _Questions, taken: Sequence[Acknowledged]) -> _Answers:
        """What the partner itself says; it is not asked on about a kind of objects it does not answer for."""
        done, silences = _Answers(), dict.fromkeys(KINDS, 0)
        for entry in questions.choose(taken):
            if silences[entry.kind] >= _SILENCES:
                continue
            held = await self._held(partner, entry)
            if held is None:
                continue
            silent = held.found is None
            silences[entry.kind] = silences[entry.kind] + 1 if silent else 0
            discrepancies = (*done.discrepancies, *_judged(entry, held))
            done = _Answers(done.asked + 1, done.unanswered + silent, discrepancies)
            await asyncio.sleep(questions.pause_s)
        return done

    async def _held(self, partner: Partner, entry: Entry) -> Held | None:
        """The partner's copy beside ours; None if by now something is on its way."""
        debt = await self._store.read(lambda tx: tx.debts.get(partner.id, entry.kind, entry.key))
        if debt is None or debt.state is not DebtState.SETTLED:
            return None
        parcel = await self._store.read(lambda tx: parcel_for(tx, debt))
        if parcel is None:
            return None
        try:
            return await self._partners.holds(partner, parcel, debt.partner_url)
        except GatewayError as error:
            log.info("%s could not be asked for %s %s: %s", partner.name, entry.kind, entry.key, error)
            return Held(None)

    async def _repair(self, partner: Partner, found: Discrepancy) -> Discrepancy:
        """Owe it again. A CDR that differs is a matter for people: records never change."""
        if found.difference is Difference.EXTRA and found.kind is not Owed.TARIFF:
            return found
        if found.kind is Owed.CDR and found.difference is Difference.DIFFERENT:
            return found
        now = self._clock.now()
        await self._store.write(lambda tx: tx.debts.owe(partner.id, found.kind, found.key, now, now))
        return replace(found, repaired=True)


def _pages(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    yield from (entries[at : at + PAGE] for at in range(0, len(entries), PAGE))


def _judged(entry: Entry, held: Held) -> Sequence[Discrepancy]:
    if held.found is False:
        detail = "the partner says it does not have it"
        return (Discrepancy(entry.kind, entry.key, Difference.MISSING, detail),)
    if held.differs:
        detail = f"differs in {', '.join(held.differs)}"
        return (Discrepancy(entry.kind, entry.key, Difference.DIFFERENT, detail),)
    return ()
