"""Proving and repairing: the invariants, a partner's books, and deliveries that failed."""

from gateway.api import keeping_models as models
from gateway.api import shown
from gateway.api.handlers import owed, taken
from gateway.api.models import Delivery
from gateway.api.operations import Call
from gateway.domain.books import Reconciliation


async def verify(call: Call) -> models.Verified:
    """Check I1 to I8 now."""
    report = await call.services.keeping.verifier.verify()
    findings = [
        models.BrokenInvariant(invariant=f.invariant, subject=f.subject, detail=f.detail)
        for f in report.findings
    ]
    return models.Verified(
        at=report.at, sessions=report.sessions, cdrs=report.cdrs, debts=report.debts, findings=findings
    )


async def reconcile(call: Call) -> models.Reconciled:
    """Compare with what a partner has, and repair on request."""
    wish = taken(models.ReconcileRequest, call.body)
    done = await call.services.keeping.reconciling.reconcile(
        call.path["name"], ask=wish.ask, repair=wish.repair
    )
    return _reconciled(done)


async def show_reconciliation(call: Call) -> models.Reconciled:
    """The last comparison with a partner, by night or on request."""
    return _reconciled(await call.services.keeping.reconciling.report(call.path["name"]))


async def list_reconciliations(call: Call) -> models.BooksOfPartners:
    """The last comparison with each partner in numbers."""
    return models.BooksOfPartners(
        items=[
            models.BooksOfPartner(
                partner=name,
                at=done.at,
                compared=done.compared,
                asked=done.asked,
                unanswered=done.unanswered,
                differ=done.open,
            )
            for name, done in await call.services.keeping.reconciling.reports()
        ]
    )


def _reconciled(done: Reconciliation) -> models.Reconciled:
    return models.Reconciled(
        at=done.at,
        compared=done.compared,
        asked=done.asked,
        unanswered=done.unanswered,
        further=done.further,
        discrepancies=[
            models.Disagreement(
                kind=d.kind, key=d.key, difference=d.difference, detail=d.detail, repaired=d.repaired
            )
            for d in done.discrepancies
        ],
    )


async def drop_delivery(call: Call) -> Delivery:
    """Give a failed delivery up, with a note why; what it was about stays."""
    partner, kind, key = call.path["partner"], owed(call.path["kind"]), call.path["key"]
    await call.services.attention.drop(partner, kind, key, taken(models.DropRequest, call.body).note)
    return shown.delivery(await call.services.views.delivery(partner, kind, key))


async def retry_alike(call: Call) -> models.Retried:
    """Try everything again that failed at this partner for the same reason."""
    partner, kind, key = call.path["partner"], owed(call.path["kind"]), call.path["key"]
    return models.Retried(retried=await call.services.attention.retry_alike(partner, kind, key))
