"""Remote starts at chargers that start only for cards on their own list: on it before, off it after (Q22)."""

import asyncio
import logging
from datetime import datetime, timedelta

from gateway.app import local_lists
from gateway.app.asking import Ask
from gateway.app.policy import Policy
from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.errors import ChargerOffline, ChargerSilent, GatewayError, StoreUnavailable
from gateway.domain.events import Habit
from gateway.domain.remote_runs import Run, RunKind, id_token_of
from gateway.domain.station_commands import LocalListEntry

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_LONGEST = timedelta(hours=1)
"""How long a charger is asked to forget a card; a synchronisation of its list does it, too."""
_COUNTS_FOR = timedelta(days=1)
"""So long a card counts on the list if nobody takes it off."""
_REQUESTS = 3
"""Requests to a charger until it was asked to start; each has its part of the time."""


class Listing:
    """Puts the driver of a remote start on a charger's list, and takes it off."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._policy = policy

    async def prepare(self, run: Run, until: datetime) -> bool:
        """Have the driver on the list before the charger is asked to start; True if it has to go again.

        A charger that does not take it is asked to start all the same. Raises StoreUnavailable.
        """
        if run.kind is not RunKind.START_SESSION or not await self._store.read(lambda tx: _needed(tx, run)):
            return False
        within = max((until - self._clock.now()) / _REQUESTS, timedelta(milliseconds=1))
        try:
            return await local_lists.put_on(
                self._store, run.charger_id, self._entry(run), self._ask(run, within)
            )
        except StoreUnavailable:
            raise
        except GatewayError as error:
            log.warning("%s has no card on its list for %s: %s", run.charger_id, run.id, error)
            return False

    async def undo(self, run: Run) -> None:
        """Take the driver off the list once the transaction is there, or will not come."""
        while self._clock.now() < run.accepted_at + _LONGEST:
            waits = await self._store.read(lambda tx: _awaited(tx, run))
            if not waits and await self._taken_off(run):
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _taken_off(self, run: Run) -> bool:
        """False if it is to be tried again."""
        ask = self._ask(run, self._policy.command_timeout)
        try:
            await local_lists.take_off(self._store, run.charger_id, self._entry(run), ask)
        except (ChargerOffline, ChargerSilent):
            return False
        except StoreUnavailable:
            raise
        except GatewayError as error:
            log.warning("%s keeps a card on its list: %s", run.charger_id, error)
        return True

    def _ask(self, run: Run, within: timedelta) -> Ask:
        async def ask(command: Command) -> CommandAnswer:
            return await self._chargers.ask(run.charger_id, command, within)

        return ask

    def _entry(self, run: Run) -> LocalListEntry:
        card, until = id_token_of(run), self._clock.now() + _COUNTS_FOR
        return LocalListEntry(card.value, expires_at=until, group_id=run.group_id, type=card.type)


def _needed(tx: Tx, run: Run) -> bool:
    state = tx.chargers.state(run.charger_id)
    return state is not None and Habit.LISTED_CARDS in state.habits


def _awaited(tx: Tx, run: Run) -> bool:
    """Whether the charger may still start for this driver."""
    current = tx.runs.get(run.id)
    session = tx.sessions.get(current.session_id) if current and current.session_id else None
    return session is not None and session.awaited
