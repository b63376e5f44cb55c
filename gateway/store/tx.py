from gateway.store.rows.books import SqlReconciliations
from gateway.store.rows.care import SqlCare, SqlTasks
from gateway.store.rows.cdrs import SqlCdrs
from gateway.store.rows.chargers import SqlChargers
from gateway.store.rows.debts import SqlDebts
from gateway.store.rows.hubs import SqlHubClients
from gateway.store.rows.invoices import SqlInvoices
from gateway.store.rows.locations import SqlLocations
from gateway.store.rows.partners import SqlPartners, SqlTokens
from gateway.store.rows.places import SqlAssignments, SqlParties, SqlTariffs
from gateway.store.rows.records import SqlAuthorizations, SqlMarks, SqlSetAside
from gateway.store.rows.retention import SqlOld
from gateway.store.rows.runs import SqlRuns
from gateway.store.rows.sessions import SqlSessions
from gateway.store.rows.variables import SqlVariables
from gateway.store.rows.walk import SqlWalk
from gateway.store.statements import Runner


class SqlTx:
    """All rows on one connection (`ports.Tx`)."""

    def __init__(self, runner: Runner) -> None:
        self.parties = SqlParties(runner)
        self.chargers = SqlChargers(runner)
        self.locations = SqlLocations(runner)
        self.tariffs = SqlTariffs(runner)
        self.assignments = SqlAssignments(runner)
        self.sessions = SqlSessions(runner)
        self.cdrs = SqlCdrs(runner)
        self.tokens = SqlTokens(runner)
        self.partners = SqlPartners(runner)
        self.debts = SqlDebts(runner)
        self.authorizations = SqlAuthorizations(runner)
        self.runs = SqlRuns(runner)
        self.hub_clients = SqlHubClients(runner)
        self.set_aside = SqlSetAside(runner)
        self.care = SqlCare(runner)
        self.tasks = SqlTasks(runner)
        self.variables = SqlVariables(runner)
        self.invoices = SqlInvoices(runner)
        self.marks = SqlMarks(runner)
        self.old = SqlOld(runner, self.sessions)
        self.reconciliations = SqlReconciliations(runner)
        self.walk = SqlWalk(runner)
