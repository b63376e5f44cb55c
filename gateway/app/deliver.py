"""The outbox loop: one lane per partner, so that one partner's slowness or failure delays nobody else.

A lane takes what is due, renders it as it is now, sends it, and settles the revision that was sent.
Schedule and back-off are stored with the debt and survive a restart.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.crashpoints import crash_point
from gateway.app.fingerprints import Fingerprints
from gateway.app.lane import LONGEST_SLEEP_S, Lane
from gateway.app.parcels import CdrParcel, Parcel
from gateway.app.policy import Policy
from gateway.app.ports import Clock, Partners, Store, Tx
from gateway.app.rendering import parcel_for
from gateway.app.session_pushes import as_pushed, holding_of
from gateway.app.settling import settle
from gateway.app.supervise import Alarm, Supervisor
from gateway.app.wake import Wake
from gateway.domain.delivery import PARTS, Answer, Debt, Judgement, Owed, judge
from gateway.domain.errors import GatewayError, StoreUnavailable
from gateway.domain.ids import PartnerId
from gateway.domain.partners import Partner

log = logging.getLogger(__name__)

_USUAL_FIRST_RETRY = timedelta(seconds=30)
_ASK_AGAIN_AFTER = timedelta(hours=1)

Pull = Callable[[Partner], Awaitable[object]]
"""Fetch one of a partner's lists; raises GatewayError when it cannot."""


class Deliveries:
    """Runs a lane for every partner that can be called."""

    def __init__(
        self,
        store: Store,
        partners: Partners,
        pull_tokens: Pull,
        clock: Clock,
        policy: Policy,
        wake: Wake,
        fingerprints: Fingerprints,
        pull_clients: Pull | None = None,
    ) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._partners = partners
        self._pulls = {Owed.PULL_TOKENS: pull_tokens, Owed.PULL_CLIENTS: pull_clients}
        self._clock = clock
        self._pace = policy.first_retry / _USUAL_FIRST_RETRY
        self._wake = wake
        self._lanes = Supervisor()
        self._alarms: dict[PartnerId, Alarm] = {}
        self._asked_again: dict[PartnerId, datetime] = {}

    async def run(self) -> None:
        """Keep one lane alive per active partner, for ever."""
        try:
            while True:
                for partner in await self._store.read(lambda tx: tx.partners.all()):
                    if partner.active:
                        self._open_lane(partner.id)
                for alarm in self._alarms.values():
                    alarm.ring()
                await self._wake.delivery_alarm.wait(LONGEST_SLEEP_S)
        finally:
            await self._lanes.stop()

    def _open_lane(self, partner_id: PartnerId) -> None:
        self._lanes.start(f"deliveries to {partner_id}", lambda: self._lane(partner_id).run())

    def _lane(self, partner_id: PartnerId) -> Lane:
        alarm = self._alarms.setdefault(partner_id, Alarm())
        return Lane(partner_id, self._store, self._pay, self._clock, alarm)

    async def send_due(self, partner: Partner) -> int:
        """Send all that is due, parents before children, and wait for it; returns how many were tried."""
        return await self._lane(partner.id).drain(partner)

    async def _pay(self, partner: Partner, debt: Debt) -> Judgement:
        try:
            answer = await self._try(partner, debt)
            if judge(answer) is Judgement.UNAUTHORIZED:
                answer = await self._with_newer_token(partner, debt, answer)
            if judge(answer) is Judgement.UNKNOWN_THERE and debt.kind not in PARTS:
                answer = await self._at_newer_endpoint(partner, debt, answer)
        except StoreUnavailable:
            raise
        except Exception as error:
            # One object that cannot be rendered must not stop the partner's other objects (F38).
            log.exception("%s %s could not be sent", debt.kind, debt.key, extra={"partner": partner.name})
            answer = Answer(http_status=400, message=f"not sent: {type(error).__name__}: {error}", sent=False)
        crash_point("delivery", debt.kind, "answered")
        now, jitter = self._clock.now(), random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing
        judgement = await self._store.write(lambda tx: settle(tx, debt, answer, now, jitter, self._pace))
        crash_point("delivery", debt.kind, "settled")
        return judgement

    async def _try(self, partner: Partner, debt: Debt) -> Answer:
        crash_point("delivery", debt.kind, "due")
        pull = self._pulls.get(debt.kind)
        return await (self._pull(partner, pull) if pull else self._send(partner, debt))

    async def _pull(self, partner: Partner, pull: Pull) -> Answer:
        try:
            await pull(partner)
        except GatewayError as error:
            return Answer(error=str(error), sent=False)
        return Answer(http_status=200, ocpi_status=1000, sent=False)

    async def _send(self, partner: Partner, debt: Debt) -> Answer:
        """Send one object as it is now."""
        parcel = await self._store.read(lambda tx: parcel_for(tx, debt))
        if parcel is None:
            return Answer(http_status=200, ocpi_status=1000, message="nothing left to send", sent=False)
        if debt.kind is Owed.CDR:
            held = await self._already_there(partner, debt) if debt.ambiguous else None
            if held is not None:
                return held
            await self._note_attempt(partner, debt, parcel)
        answer = await self._partners.deliver(partner, as_pushed(parcel, debt, partner))
        return replace(answer, holding=holding_of(parcel))

    async def _already_there(self, partner: Partner, debt: Debt) -> Answer | None:
        """The end of a delivery whose answer was lost, or None: send it (again)."""
        try:
            found = await self._partners.find_cdr(partner, debt)
        except GatewayError as error:
            return Answer(error=f"not sent, because it cannot be looked up: {error}", sent=False)
        if not found:
            return None
        said = "found at the partner after an attempt without an answer"
        return Answer(http_status=200, ocpi_status=1000, message=said, url=debt.partner_url)

    async def _note_attempt(self, partner: Partner, debt: Debt, parcel: Parcel) -> None:
        """A CDR on its way is in doubt until its answer is stored: a crash in between must not repeat it.

        What it looks like is kept with it, so that it can be compared with the record for ever (I4).
        """
        crash_point("delivery", debt.kind, "doubtful")
        seen = self._fingerprints.of(partner, parcel.cdr) if isinstance(parcel, CdrParcel) else None

        def work(tx: Tx) -> None:
            current = tx.debts.get(debt.partner_id, debt.kind, debt.key)
            if current is not None:
                tx.debts.save(replace(current, ambiguous=True, fingerprint=seen))

        if not debt.ambiguous or debt.fingerprint != seen:
            await self._store.write(work)

    async def _with_newer_token(self, partner: Partner, debt: Debt, answer: Answer) -> Answer:
        """The token may have been rotated while the request was on its way: look once (F34)."""
        current = await self._store.read(lambda tx: tx.partners.get(partner.id))
        if current is None or not current.active or current.outbound_token == partner.outbound_token:
            return answer
        return await self._try(current, debt)

    async def _at_newer_endpoint(self, partner: Partner, debt: Debt, answer: Answer) -> Answer:
        """The partner may have moved: ask for its endpoints, at most hourly, and try there once."""
        now, asked = self._clock.now(), self._asked_again.get(partner.id)
        if asked is not None and now - asked < _ASK_AGAIN_AFTER:
            return answer
        self._asked_again[partner.id] = now
        try:
            endpoints = tuple(await self._partners.endpoints(partner))
        except GatewayError as error:
            log.info("endpoints of %s could not be read again: %s", partner.name, error)
            return answer
        if endpoints == partner.endpoints:
            return answer

        def work(tx: Tx) -> Partner | None:
            current = tx.partners.get(partner.id)
            if current is None or not current.active:
                return None
            moved = replace(current, endpoints=endpoints, last_updated=now)
            tx.partners.save(moved)
            return moved

        moved = await self._store.write(work)
        log.warning("%s moved its endpoints", partner.name, extra={"partner": partner.name})
        return answer if moved is None else await self._try(moved, debt)
