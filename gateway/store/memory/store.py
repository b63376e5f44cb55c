from collections.abc import Callable
from typing import TypeVar

from gateway.store.memory.books import MemoryReconciliations
from gateway.store.memory.care import MemoryCare, MemoryTasks
from gateway.store.memory.chargers import MemoryChargers
from gateway.store.memory.hubs import MemoryHubClients
from gateway.store.memory.invoices import MemoryInvoices
from gateway.store.memory.partners import MemoryDebts, MemoryPartners, MemoryTokens
from gateway.store.memory.places import MemoryAssignments, MemoryLocations, MemoryParties, MemoryTariffs
from gateway.store.memory.records import MemoryAuthorizations, MemoryMarks, MemorySetAside
from gateway.store.memory.retention import MemoryOld
from gateway.store.memory.runs import MemoryRuns
from gateway.store.memory.sessions import MemoryCdrs, MemorySessions
from gateway.store.memory.shelves import Journal
from gateway.store.memory.variables import MemoryVariables
from gateway.store.memory.walk import MemoryWalk

T = TypeVar("T")


class MemoryTx:
    """All rows (`ports.Tx`)."""

    def __init__(self, journal: Journal) -> None:
        self.parties = MemoryParties(journal)
        self.chargers = MemoryChargers(journal)
        self.locations = MemoryLocations(journal)
        self.tariffs = MemoryTariffs(journal)
        self.assignments = MemoryAssignments(journal)
        self.sessions = MemorySessions(journal)
        self.cdrs = MemoryCdrs(journal)
        self.tokens = MemoryTokens(journal)
        self.partners = MemoryPartners(journal)
        self.debts = MemoryDebts(journal)
        self.authorizations = MemoryAuthorizations(journal)
        self.runs = MemoryRuns(journal)
        self.hub_clients = MemoryHubClients(journal)
        self.set_aside = MemorySetAside(journal)
        self.care = MemoryCare(journal)
        self.tasks = MemoryTasks(journal)
        self.variables = MemoryVariables(journal)
        self.invoices = MemoryInvoices(journal)
        self.marks = MemoryMarks(journal)
        self.old = MemoryOld(self.sessions, self.authorizations, self.debts)
        self.reconciliations = MemoryReconciliations(journal)
        self.walk = MemoryWalk(self.sessions, self.cdrs, self.debts)


class MemoryStore:
    """`ports.Store` without a disk: what it holds ends with the process."""

    def __init__(self) -> None:
        self._journal = Journal()
        self._tx = MemoryTx(self._journal)

    async def write(self, work: Callable[[MemoryTx], T]) -> T:
        """See `ports.Store.write`."""
        self._journal.writable = True
        try:
            result = work(self._tx)
        except BaseException:
            self._journal.undo()
            raise
        finally:
            self._journal.writable = False
        self._journal.keep()
        return result

    async def read(self, work: Callable[[MemoryTx], T]) -> T:
        """See `ports.Store.read`."""
        return work(self._tx)

    async def health(self) -> str | None:
        """Always well."""
        return None

    async def close(self) -> None:
        """Nothing to let go of."""
