from dataclasses import replace
from datetime import datetime

from gateway.store.memory.partners import MemoryDebts
from gateway.store.memory.records import MemoryAuthorizations
from gateway.store.memory.sessions import MemorySessions


class MemoryOld:
    """What is old enough to go."""

    def __init__(
        self, sessions: MemorySessions, authorizations: MemoryAuthorizations, debts: MemoryDebts
    ) -> None:
        self._sessions = sessions
        self._authorizations = authorizations
        self._debts = debts

    def drop_samples(self, before: datetime, limit: int) -> int:
        done = 0
        for session in self._sessions.thinnable(before):
            if done >= limit:
                break
            done += self._sessions.drop_details(session.id) + 1
            self._sessions.save(replace(session, thinned=True))
        return done

    def drop_authorizations(self, before: datetime, limit: int) -> int:
        return self._authorizations.forget(before, limit)

    def drop_deliveries(self, before: datetime, limit: int) -> int:
        return self._debts.forget(before, limit)
