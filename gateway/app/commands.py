"""Partners' commands: answered at once, run durably, and each result told exactly once (CMD-02, CMD-03).

A command is stored before it is answered. What was stored is taken up again after a restart: what may be
asked twice is asked again, a start that may have arrived is waited for, and what is past its deadline ended
in TIMEOUT. The result is owed in the same commit that notes it.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.app import reservations, run_results
from gateway.app.abilities import refused
from gateway.app.active_profiles import ActiveProfiles
from gateway.app.card_listing import Listing
from gateway.app.command_intake import Arrival, Requester, TurnedDown, accept
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Ids, Store, Tx
from gateway.app.profile_intake import accept_profile
from gateway.app.wake import Wake
from gateway.domain.asked import CommandAsked, ProfileRequest
from gateway.domain.commands import CancelReservation, CommandAnswer, Outcome
from gateway.domain.errors import (
    ChargerOffline,
    ChargerRefused,
    ChargerSilent,
    GatewayError,
    StoreUnavailable,
)
from gateway.domain.ids import RunId, SessionId
from gateway.domain.profiles import ActiveProfile
from gateway.domain.remote_runs import (
    CHANGING_PROFILE,
    REPEATABLE,
    Receipt,
    Reception,
    Result,
    Run,
    RunKind,
    RunState,
    command_of,
    result_of,
    result_of_failure,
    unsupported,
)

log = logging.getLogger(__name__)

_LONGEST_SLEEP_S = 5.0
_LOOK_EVERY_S = 0.1
_UNDO_EVERY_S = 0.5
_MOST_HEADROOM = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Result
    detail: str = ""
    active: ActiveProfile | None = None


class Commands:
    """Accepts partners' commands and runs them. `profiles` tells partners what their profiles led to."""

    def __init__(
        self, store: Store, chargers: Chargers, clock: Clock, ids: Ids, policy: Policy, wake: Wake
    ) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._wake = wake
        self.profiles = ActiveProfiles(store, chargers, clock, policy, wake)
        self._listing = Listing(store, chargers, clock, policy)
        self._running: dict[RunId, asyncio.Task[None]] = {}

    # Answering

    async def ask(self, who: Requester, asked: CommandAsked) -> Receipt:
        """Accept or refuse a command. Raises UnknownLocation, InvalidInput or StoreUnavailable."""
        return await self._take(lambda tx, at: accept(tx, who, asked, at))

    async def ask_profile(self, who: Requester, asked: ProfileRequest) -> Receipt:
        """Accept or refuse what a partner wants of a charging profile. Raises StoreUnavailable."""
        pause = self._policy.profile_interval
        return await self._take(lambda tx, at: accept_profile(tx, who, asked, at, pause))

    async def _take(self, work: Callable[[Tx, Arrival], Run]) -> Receipt:
        timeout = self._policy.command_timeout
        arrival = Arrival(RunId(self._ids.new()), self._clock.now(), timeout, self._chargers.online)
        try:
            await self._store.write(lambda tx: work(tx, arrival))
        except TurnedDown as refusal:
            return Receipt(refusal.answer, message=str(refusal))
        self._wake.commands()
        return Receipt(Reception.ACCEPTED, max(int(timeout.total_seconds()), 1))

    async def withdraw_reservation(self, session_id: SessionId) -> None:
        """Cancel a reservation on our side (CMD-12). Raises UnknownObject, InvalidInput, StoreUnavailable."""
        now = self._clock.now()
        await self._store.write(lambda tx: reservations.withdraw_session(tx, session_id, now))
        self._wake.commands()
        self._wake.deliveries()

    # Running

    async def run(self) -> None:
        """Run what is accepted, for ever; begins with what an earlier process left."""
        try:
            while True:
                for run in await self._store.read(lambda tx: tx.runs.unfinished()):
                    if run.id not in self._running:
                        self._running[run.id] = asyncio.create_task(self._guarded(run), name=run.id)
                await self._wake.commands_alarm.wait(_LONGEST_SLEEP_S)
        finally:
            tasks, self._running = list(self._running.values()), {}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _guarded(self, run: Run) -> None:
        """One command; a failure leaves it unfinished, and it is looked at again."""
        try:
            await (self._undo(run) if run.state is RunState.UNDOING else self._perform(run))
        except Exception:
            log.exception("%s %s failed", run.kind, run.id, extra={"charger_id": run.charger_id})
        finally:
            self._running.pop(run.id, None)

    async def _perform(self, run: Run) -> None:
        outcome = await self._outcome(run)
        at = run_results.Moment(
            self._clock.now(),
            SessionId(self._ids.new()),
            self._policy.start_patience,
            self._policy.cdr_grace,
        )
        done = await self._store.write(
            lambda tx: run_results.conclude(tx, run.id, outcome.result, outcome.detail, outcome.active, at)
        )
        self._wake.deliveries()
        self._wake.closing()
        if done is not None and done.state is RunState.UNDOING:
            await self._undo(done)
        if outcome.result is Result.ACCEPTED and run.kind in CHANGING_PROFILE and run.session_id:
            await self.profiles.look(run.session_id)

    async def _undo(self, run: Run) -> None:
        """Have the charger forget what nobody needs any more: a card on its list, or a reservation."""
        if run.listed:
            await self._listing.undo(run)
        else:
            await self._cancel(run)
        await self._store.write(lambda tx: reservations.undone(tx, run))

    async def _cancel(self, run: Run) -> None:
        """Cancel a reservation; by itself it ends when it expires."""
        until = run.expires_at or run.deadline
        while self._clock.now() < until:
            try:
                cancel, within = CancelReservation(run.number), self._policy.command_timeout
                answer = await self._chargers.ask(run.charger_id, cancel, within)
            except (ChargerOffline, ChargerSilent):
                await asyncio.sleep(_UNDO_EVERY_S)
                continue
            except GatewayError as error:
                log.warning("%s did not cancel reservation %d: %s", run.charger_id, run.number, error)
            else:
                log.info("%s cancelled reservation %d: %s", run.charger_id, run.number, answer.detail)
            break

    async def _outcome(self, run: Run) -> _Outcome:
        """Ask the charger, or wait for what can still come of having asked it."""
        until = run.deadline - min(_MOST_HEADROOM, (run.deadline - run.accepted_at) / 5)
        if run.state is RunState.ASKED and run.kind not in REPEATABLE:
            return await self._concluded_by_start(run, until)
        if not await self._online(run, until):
            return _Outcome(Result.TIMEOUT, "the charger did not come back")
        listed = await self._listing.prepare(run, until)
        await self._store.write(lambda tx: _note_asked(tx, run.id, listed=listed))
        fitting = await self.profiles.fitting(run, until - self._clock.now())
        within = max(until - self._clock.now(), timedelta(milliseconds=1))
        try:
            answer = await self._chargers.ask(run.charger_id, command_of(fitting), within)
        except StoreUnavailable:
            raise
        except ChargerOffline:
            # The connection broke: the command may have arrived or not.
            await asyncio.sleep(_LOOK_EVERY_S)
            return await self._outcome(replace(run, state=RunState.ASKED))
        except GatewayError as error:
            if unsupported(error):
                return await self._unsupported(run, str(error))
            return _Outcome(result_of_failure(run.kind, error), str(error))
        return await self._answered(run, answer)

    async def _answered(self, run: Run, answer: CommandAnswer) -> _Outcome:
        if answer.outcome is Outcome.NOT_SUPPORTED:
            return await self._unsupported(run, answer.detail)
        view = await self._store.read(lambda tx: run_results.plug_view(tx, run))
        result = result_of(run.kind, answer, view)
        if run.kind is RunKind.GET_PROFILE and result is Result.ACCEPTED and answer.schedule is None:
            return _Outcome(Result.REJECTED, "the charger gave no schedule")
        active = await self.profiles.as_told(run, answer.schedule) if answer.schedule else None
        return _Outcome(result, answer.detail, active)

    async def _online(self, run: Run, until: datetime) -> bool:
        """Wait for the charger, which after a restart of ours takes a moment to come back."""
        while not self._chargers.online(run.charger_id):
            if self._clock.now() >= until:
                return False
            await asyncio.sleep(_LOOK_EVERY_S)
        return self._clock.now() < until

    async def _concluded_by_start(self, run: Run, until: datetime) -> _Outcome:
        """A start that may have arrived is not sent again: its transaction concludes it (CMD-05)."""
        while self._clock.now() < until:
            current = await self._store.read(lambda tx: tx.runs.get(run.id))
            if current is None or current.done:
                return _Outcome(Result.ACCEPTED)
            await asyncio.sleep(_LOOK_EVERY_S)
        return _Outcome(Result.TIMEOUT, "no answer of the charger was received")

    async def _unsupported(self, run: Run, detail: str) -> _Outcome:
        """Remember that the charger cannot; what it follows is told as it was set, if it was (M62)."""
        if run.kind is RunKind.GET_PROFILE:
            active = await self.profiles.as_set(run.session_id) if run.session_id else None
            if active is not None:
                return _Outcome(Result.ACCEPTED, "as it was set: the charger cannot tell", active)
        else:
            now = self._clock.now()
            await self._store.write(lambda tx: refused(tx, run.charger_id, run.kind.value, now))
        return _Outcome(result_of_failure(run.kind, ChargerRefused(code="NotSupported")), detail)


def _note_asked(tx: Tx, run_id: RunId, *, listed: bool) -> None:
    run = tx.runs.get(run_id)
    if run is not None and run.state is RunState.WAITING:
        tx.runs.save(replace(run, state=RunState.ASKED, listed=listed))
