"""Operations that prove and repair."""

from gateway.api import keeping_handlers as handlers
from gateway.api import keeping_models as models
from gateway.api.models import Delivery
from gateway.api.operations import Operation

KEEPING: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/retries/{partner}/{kind}/{key}",
        "retryAlike",
        "Try everything again that failed at this partner for the same reason",
        handlers.retry_alike,
        models.Retried,
    ),
    Operation(
        "POST",
        "/drops/{partner}/{kind}/{key}",
        "dropDelivery",
        "Give a failed delivery up, with a note why",
        handlers.drop_delivery,
        Delivery,
        body=models.DropRequest,
    ),
    Operation("POST", "/verify", "verify", "Check the invariants I1 to I8", handlers.verify, models.Verified),
    Operation(
        "GET",
        "/reconciliations",
        "listReconciliations",
        "The last comparison with each partner's books",
        handlers.list_reconciliations,
        models.BooksOfPartners,
    ),
    Operation(
        "GET",
        "/partners/{name}/reconciliation",
        "showReconciliation",
        "The last comparison with a partner's books, by night or on request",
        handlers.show_reconciliation,
        models.Reconciled,
    ),
    Operation(
        "POST",
        "/partners/{name}/reconcile",
        "reconcilePartner",
        "Compare with what a partner has, and repair on request",
        handlers.reconcile,
        models.Reconciled,
        body=models.ReconcileRequest,
    ),
)
