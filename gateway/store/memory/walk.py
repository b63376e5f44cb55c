from gateway.app.walk_ports import Stage
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import Debt
from gateway.domain.sessions import Session
from gateway.store.memory.partners import MemoryDebts
from gateway.store.memory.sessions import MemoryCdrs, MemorySessions


class MemoryWalk:
    """Everything of a kind, stage by stage."""

    def __init__(self, sessions: MemorySessions, cdrs: MemoryCdrs, debts: MemoryDebts) -> None:
        self._sessions = sessions
        self._cdrs = cdrs
        self._debts = debts

    def sessions(self, position: int, limit: int) -> Stage[Session]:
        return self._sessions.rows.behind(position, limit)

    def cdrs(self, position: int, limit: int) -> Stage[Cdr]:
        return self._cdrs.rows.behind(position, limit)

    def debts(self, position: int, limit: int) -> Stage[Debt]:
        return self._debts.rows.behind(position, limit)
