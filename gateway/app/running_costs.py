"""Drivers see what their session costs also where no answer to its charger could tell it (D21).

The answer to a TransactionEvent with values tells the cost. Where none comes for a while, and the cost that
is known changed all the same (as by MeterValues), CostUpdated tells it.
Spec: OCPP 2.0.1 part 2, use case I02 and TariffCostCtrlr "Enabled[Cost]"; 2.1 alike.
"""

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import islice

from gateway.app.costs import CostsTold
from gateway.app.ports import Chargers, Clock, Store, Tx
from gateway.domain.capabilities import RUNNING_COST
from gateway.domain.device_commands import ShowCost
from gateway.domain.errors import ChargerRefused, GatewayError, InvalidInput
from gateway.domain.ids import ChargerId, SessionId
from gateway.domain.sessions import Session

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 10.0
_MOST_A_ROUND = 200
_AT_ONCE = 20
_PATIENCE = timedelta(seconds=10)


class RunningCosts:
    """Tells chargers costs that no answer told them; after a restart of ours they are told once more."""

    def __init__(self, store: Store, chargers: Chargers, clock: Clock, told: CostsTold) -> None:
        self._store = store
        self._chargers = chargers
        self._clock = clock
        self._told = told

    async def run(self) -> None:
        """Look around, for ever."""
        now = self._clock.now()
        for session in await self._store.read(lambda tx: tx.sessions.all_open()):
            self._told.heard(session.id, now)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Tell the costs that changed since they were told, of a bounded number of sessions."""
        now = self._clock.now()
        overdue = self._told.overdue(now, _MOST_A_ROUND)
        shown = await self._store.read(lambda tx: _shown(tx, overdue)) if overdue else []
        for session_id in set(overdue) - {session.id for session in shown}:
            self._told.forget(session_id)
        sessions = iter(shown)
        while batch := tuple(islice(sessions, _AT_ONCE)):
            async with asyncio.TaskGroup() as telling:
                for session in batch:
                    if self._may_be_told(session.charger_id):
                        telling.create_task(self._tell(session, now))

    def _may_be_told(self, charger_id: ChargerId) -> bool:
        return self._chargers.online(charger_id) and charger_id not in self._told.refusing

    async def _tell(self, session: Session, known_at: datetime) -> None:
        total = self._told.news(session)
        if total is None or session.transaction is None:
            return
        try:
            await self._chargers.ask(session.charger_id, ShowCost(session.transaction, total), _PATIENCE)
        except (ChargerRefused, InvalidInput) as refusal:
            self._told.refusing.add(session.charger_id)
            log.info("%s is told no costs until it connects again: %s", session.charger_id, refusal)
        except GatewayError as error:
            log.info("%s was not told what %s costs: %s", session.charger_id, session.id, error)
        else:
            self._told.tell(session.id, total, known_at)


def _shown(tx: Tx, session_ids: Collection[SessionId]) -> list[Session]:
    """Those of the sessions that run, have a driver, and are at a charger that shows costs."""
    return [
        session
        for id_ in session_ids
        if (session := tx.sessions.get(id_)) is not None
        and session.open
        and session.token is not None
        and (state := tx.chargers.state(session.charger_id)) is not None
        and RUNNING_COST in state.features
    ]
