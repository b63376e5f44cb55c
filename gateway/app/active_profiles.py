"""What chargers follow while a partner steers a session: told to the partner when it changed (CP-03, M63).

A charger combines all its profiles, so only it knows what is in force: it is asked after a partner changed a
profile, when it says that somebody else did, and from time to time.
"""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from gateway.app import run_results
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.commands import GetCompositeSchedule, GetConfiguration, Outcome
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ChargerId, SessionId
from gateway.domain.profiles import ActiveProfile, in_unit, limited_by, most, units_named
from gateway.domain.remote_runs import Result, Run, RunKind, unsupported
from gateway.domain.sessions import Session

log = logging.getLogger(__name__)

_SHOWN = timedelta(hours=1)
"""How far ahead an active profile is shown unless the partner says (CP-03: 5 to 60 minutes)."""
_UNITS = "ChargingScheduleAllowedChargingRateUnit"
_UNITS_PATIENCE = timedelta(seconds=5)
_SETTLE_S = 1.0
"""How long further changes are waited for before a charger is asked."""
_AT_ONCE = 10
_SELDOM = timedelta(hours=1)


class ActiveProfiles:
    """Asks chargers what they follow. It keeps nothing: what was told is with the session."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock, policy: Policy, wake: Wake) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._policy = policy
        self._wake = wake

    async def fitting(self, run: Run, within: timedelta) -> Run:
        """The command with its limits in a unit the charger takes (M60); one that does not say takes both."""
        if run.kind is not RunKind.SET_PROFILE or run.profile is None or run.session_id is None:
            return run
        try:
            ask = GetConfiguration((_UNITS,))
            answer = await self._chargers.ask(run.charger_id, ask, min(within / 3, _UNITS_PATIENCE))
        except GatewayError as error:
            log.info("%s does not say in which units it takes limits: %s", run.charger_id, error)
            return run
        units = units_named(",".join(key.value or "" for key in answer.configuration))
        session = await self._session(run.session_id)
        if session is None or not units or run.profile.unit in units:
            return run
        return replace(run, profile=in_unit(run.profile, next(iter(units)), session.plug))

    async def as_told(self, run: Run, active: ActiveProfile) -> ActiveProfile:
        """What the charger answered, in the partner's words."""
        session = await self._session(run.session_id) if run.session_id else None
        return active if session is None else _in_partners_words(session, active)

    async def as_set(self, session_id: SessionId) -> ActiveProfile | None:
        """What was set last, where the charger cannot say what it follows (M62); None if nothing is."""
        session = await self._session(session_id)
        number = session.profile_number if session else None
        if session is None or number is None:
            return None
        last = await self._store.read(lambda tx: tx.runs.by_number(session.charger_id, number))
        if last is None or last.profile is None or last.result is not Result.ACCEPTED:
            return None
        starts_at = last.profile.starts_at or session.started_at
        return _in_partners_words(session, ActiveProfile(starts_at, last.profile))

    async def look(self, session_id: SessionId) -> None:
        """Ask what is in force now and owe it if it changed; a charger that does not tell is asked later."""
        session = await self._session(session_id)
        active = await self._active(session) if session else None
        if active is None:
            return
        now = self._clock.now()
        await self._store.write(lambda tx: run_results.note_active_profile(tx, session_id, active, now))
        self._wake.deliveries()

    async def _active(self, session: Session) -> ActiveProfile | None:
        ask = GetCompositeSchedule(session.number, int(_SHOWN.total_seconds()))
        try:
            answer = await self._chargers.ask(session.charger_id, ask, self._policy.command_timeout)
        except GatewayError as error:
            log.info("%s does not tell its active profile: %s", session.charger_id, error)
            return await self.as_set(session.id) if unsupported(error) else None
        if answer.outcome is Outcome.NOT_SUPPORTED:
            return await self.as_set(session.id)
        return None if answer.schedule is None else _in_partners_words(session, answer.schedule)

    async def run(self) -> None:
        """Look when a charger says that its limits changed, and from time to time, for ever."""
        loop, polls = asyncio.get_running_loop(), bool(self._policy.profile_poll)
        pause_s = (self._policy.profile_poll or _SELDOM).total_seconds()
        next_s = loop.time() + pause_s
        while True:
            await self._wake.limits_alarm.wait(max(next_s - loop.time(), 0.0))
            if self._wake.limited:
                await asyncio.sleep(_SETTLE_S)
            limited = frozenset(self._wake.limited)
            self._wake.limited.difference_update(limited)
            if loop.time() < next_s:
                await self.look_at(limited)
                continue
            next_s = loop.time() + pause_s
            await self.look_at(None if polls else limited)

    async def look_at(self, chargers: Collection[ChargerId] | None) -> None:
        """Look at the running sessions a partner steers, of these chargers or of all that are connected."""
        steered = iter(await self._store.read(lambda tx: _steered(tx, chargers)))
        while batch := tuple(islice(steered, _AT_ONCE)):
            async with asyncio.TaskGroup() as asking:
                for session in batch:
                    if self._chargers.online(session.charger_id):
                        asking.create_task(self.look(session.id))

    async def _session(self, session_id: SessionId) -> Session | None:
        return await self._store.read(lambda tx: tx.sessions.get(session_id))


def _steered(tx: Tx, chargers: Collection[ChargerId] | None) -> list[Session]:
    if chargers is None:
        found = tx.sessions.all_open()
    else:
        found = [session for id_ in chargers for session in tx.sessions.open_of(id_)]
    return [session for session in found if session.profile_set_at is not None]


def _in_partners_words(session: Session, active: ActiveProfile) -> ActiveProfile:
    """With the plug's maximum for "no limit" (Q39), in the unit of the profile that was set."""
    profile = limited_by(active.profile, most(active.profile.unit, session.plug))
    unit = session.profile_unit or profile.unit
    return replace(active, profile=in_unit(profile, unit, session.plug))
