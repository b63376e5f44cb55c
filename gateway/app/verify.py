"""Whether what was promised holds: the invariants I1 to I8 on everything stored.

Run on request, after every fault test, and each hour in the server. Findings are sentences for a person; a
finding is a defect or damage, never a partner's trouble.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from gateway.app.entitlement import receivers
from gateway.app.fingerprints import Fingerprints, contradict
from gateway.app.ports import Clock, Secrets, Store, Tx
from gateway.app.walk_ports import Stage
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import GatewayError, StoreUnavailable
from gateway.domain.flags import FlagReason
from gateway.domain.partners import Partner
from gateway.domain.periods import PeriodDimension
from gateway.domain.sessions import Session
from gateway.domain.units import ZERO

log = logging.getLogger(__name__)

T = TypeVar("T")

INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8")
_STAGE = 20
"""Objects looked at in one go: some milliseconds in which no charger is answered."""
_DEBTS_STAGE = 200
_EVERY_S = 3600.0
_FIRST_AFTER_S = 60.0
_OVERDUE = timedelta(minutes=10)
_CENT = Decimal("0.01")
_WATT_HOUR_KWH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant that does not hold for one thing."""

    invariant: str
    subject: str
    detail: str


_Found = list[Finding]
"""What is wrong with one thing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what is wrong with it."""

    at: datetime
    sessions: int
    cdrs: int
    debts: int
    findings: tuple[Finding, ...]


class Verifier:
    """Checks everything stage by stage, so that nothing else waits; remembers the last report."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock, fingerprints: Fingerprints) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._secrets = secrets
        self._clock = clock
        self.last: Report | None = None

    async def run(self) -> None:
        """Verify soon after the start and then every hour, for ever."""
        await asyncio.sleep(_FIRST_AFTER_S)
        while True:
            try:
                await self.verify()
            except StoreUnavailable as error:
                log.warning("the invariants could not be checked: %s", error)
            await asyncio.sleep(_EVERY_S)

    async def verify(self) -> Report:
        """Check I1 to I8 now. Raises StoreUnavailable."""
        now = self._clock.now()
        findings: list[Finding] = list(await self._store.read(lambda tx: list(_plugs(tx))))
        sessions = cdrs = debts = 0
        async for found in self._walk(lambda tx, at: _sessions_stage(tx, at, now)):
            findings += found
            sessions += 1
        async for record in self._walk(_cdrs_stage):
            findings += [*record.found, *self._bytes(record)]
            cdrs += 1
        secrets = await self._store.read(self._known_secrets)
        async for debt in self._walk(lambda tx, at: tx.walk.debts(at, _DEBTS_STAGE)):
            findings += _debt(debt, secrets)
            debts += 1
        report = Report(now, sessions, cdrs, debts, tuple(findings))
        self._tell(report)
        self.last = report
        return report

    async def _walk(self, look: Callable[[Tx, int], Stage[T]]) -> AsyncIterator[T]:
        """Everything, in stages between which others have their turn; the memory holds one of them."""
        position = 0
        while (stage := await self._stage(look, position)).items:
            for item in stage.items:
                yield item
            position = stage.position
            await asyncio.sleep(0)

    async def _stage(self, look: Callable[[Tx, int], Stage[T]], position: int) -> Stage[T]:
        return await self._store.read(lambda tx: look(tx, position))

    def _bytes(self, record: "_Record") -> Iterator[Finding]:
        """I4: the record, rendered as it was when it was sent, is what was sent."""
        cdr, debt, partner = record.cdr, record.debt, record.partner
        if debt is None or partner is None or debt.state is not DebtState.SETTLED or not debt.fingerprint:
            return
        now = self._fingerprints.of(partner, cdr)
        if now is not None and contradict(debt.fingerprint, now):
            yield Finding("I4", f"CDR {cdr.id}", f"is not what was delivered to {partner.name} any more")

    def _known_secrets(self, tx: Tx) -> Sequence[str]:
        found = []
        for partner in tx.partners.all():
            if partner.outbound_token is not None:
                try:
                    found.append(self._secrets.open(partner.outbound_token))
                except GatewayError:
                    log.warning("the token for %s cannot be opened with this key", partner.name)
        return found

    def _tell(self, report: Report) -> None:
        for finding in report.findings[:20]:
            log.error("%s does not hold: %s: %s", finding.invariant, finding.subject, finding.detail)
        if not report.findings:
            log.info("I1 to I8 hold for %d sessions, %d CDRs", report.sessions, report.cdrs)


def _plugs(tx: Tx) -> Iterator[Finding]:
    """I6: no two open sessions at one connector."""
    seen: dict[tuple[str, object], Session] = {}
    for session in tx.sessions.all_open():
        if not session.open:
            continue
        place = (session.charger_id, session.number)
        if place in seen:
            detail = f"is open at {session.charger_id} {session.number}, and so is {seen[place].id}"
            yield Finding("I6", f"session {session.id}", detail)
        seen[place] = session


def _sessions_stage(tx: Tx, position: int, now: datetime) -> Stage[_Found]:
    stage = tx.walk.sessions(position, _STAGE)
    return Stage(tuple(list(_session(tx, session, now)) for session in stage.items), stage.position)


def _session(tx: Tx, session: Session, now: datetime) -> Iterator[Finding]:
    """I1: what ended has its end and moves on; I2: and one CDR, or a flag, or a reason to have none."""
    subject = f"session {session.id}"
    if session.final and session.ended_at is None and session.transaction is not None:
        yield Finding("I1", subject, f"is {session.status} without an end")
    if session.ended_at is not None and not session.final and session.closes_at is not None:
        late = now - session.closes_at
        if late > _OVERDUE:
            yield Finding("I1", subject, f"ended and should have been closed {late} ago")
    if session.ended_at is None:
        return
    records = tx.cdrs.of_session(session.id)
    plain = [cdr for cdr in records if cdr.credit_of is None]
    credited = {cdr.credit_of for cdr in records if cdr.credit_of is not None}
    standing = [cdr for cdr in plain if cdr.id not in credited]
    if len(standing) > 1:
        yield Finding("I2", subject, f"has {len(standing)} CDRs: {', '.join(c.id for c in standing)}")
    if not plain and session.final and _billable(tx, session):
        yield Finding("I2", subject, "is final and billable, but has no CDR and no flag")


def _billable(tx: Tx, session: Session) -> bool:
    doubted = any(flag.reason is not FlagReason.REPORTED_LATE for flag in session.flags)
    if session.token is None or session.partner_id is None or session.refused or doubted:
        return False
    partner = tx.partners.get(session.partner_id)
    return session.energy_wh != ZERO or partner is None or partner.profile.zero_energy_cdrs


@dataclass(frozen=True, slots=True)
class _Record:
    """A CDR with its delivery, whom it went to, and what is wrong with it so far."""

    cdr: Cdr
    debt: Debt | None
    partner: Partner | None
    found: _Found


def _cdrs_stage(tx: Tx, position: int) -> Stage[_Record]:
    stage = tx.walk.cdrs(position, _STAGE)
    partners = {partner.id: partner for partner in tx.partners.all()}
    records = []
    for cdr in stage.items:
        debt = tx.debts.get(cdr.partner_id, Owed.CDR, cdr.id)
        found = [*_delivery(tx, cdr, debt), *_sums(cdr)]
        records.append(_Record(cdr, debt, partners.get(cdr.partner_id), found))
    return Stage(tuple(records), stage.position)


def _delivery(tx: Tx, cdr: Cdr, debt: Debt | None) -> Iterator[Finding]:
    """I3: delivered or scheduled for its partner; I4: sent once as it is stored, for it never changes."""
    if debt is None:
        partner = next((p for p in receivers(tx, "cdrs") if p.id == cdr.partner_id), None)
        wanted = partner is not None and (cdr.bill.energy_kwh or partner.profile.zero_energy_cdrs)
        if partner is not None and wanted and partner.created_at < cdr.last_updated:
            yield Finding("I3", f"CDR {cdr.id}", f"is neither delivered to {partner.name} nor scheduled")
    elif debt.state is DebtState.SETTLED and debt.settled != debt.revision:
        yield Finding(
            "I4", f"CDR {cdr.id}", f"revision {debt.settled} was delivered, {debt.revision} is stored"
        )


def _sums(cdr: Cdr) -> Iterator[Finding]:
    """I5: what the parts cost is the total, and the periods' energy is the record's."""
    bill = cdr.bill
    parts = [p for p in (bill.fixed, bill.energy, bill.time, bill.parking, bill.reservation) if p]
    whole = sum((part.before_taxes for part in parts), ZERO)
    limited = bool(bill.limits)
    if parts and not limited and abs(whole - bill.total.before_taxes) > _CENT * len(parts):
        yield Finding("I5", f"CDR {cdr.id}", f"costs {bill.total.before_taxes}, its parts {whole}")
    volumes = [v.amount for period in cdr.periods for v in period.volumes if v.type is PeriodDimension.ENERGY]
    energy = sum(volumes, ZERO)
    if volumes and abs(energy - bill.energy_kwh) > _WATT_HOUR_KWH * (len(volumes) + 1):
        yield Finding("I5", f"CDR {cdr.id}", f"bills {bill.energy_kwh} kWh, its periods hold {energy}")


def _debt(debt: Debt, secrets: Sequence[str]) -> Iterator[Finding]:
    """I8: nothing was acknowledged that did not exist; I7: no secret in what is kept for people."""
    subject = f"delivery of {debt.kind} {debt.key}"
    if debt.settled > debt.revision:
        yield Finding("I8", subject, f"revision {debt.settled} of {debt.revision} is acknowledged")
    kept = f"{debt.request or ''}{debt.answer or ''}{debt.reason or ''}"
    if any(secret in kept for secret in secrets):
        yield Finding("I7", subject, "contains a credentials token")
