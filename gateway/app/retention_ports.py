"""What a store lets go of when it is old enough, and what comparisons found, as Protocols (see `ports`)."""

from datetime import datetime
from typing import Protocol

from gateway.domain.books import Reconciliation
from gateway.domain.ids import PartnerId


class OldRows(Protocol):
    """What is kept for a time only. Each call deletes at most `limit` rows, oldest first, and says how many.

    Sessions, CDRs and what is owed for CDRs stay for ever.
    """

    def drop_samples(self, before: datetime, limit: int) -> int:
        """Samples and states of final sessions last changed before; such a session is `thinned` from then on.

        A session loses all of them at once, beyond the limit if need be, and counts as a row too.
        """

    def drop_authorizations(self, before: datetime, limit: int) -> int:
        """Decisions about cards."""

    def drop_deliveries(self, before: datetime, limit: int) -> int:
        """Acknowledged debts of sessions, command results and profiles; of a CDR's debt only the request."""


class ReconciliationRows(Protocol):
    """The last comparison with each partner's books."""

    def get(self, partner_id: PartnerId) -> Reconciliation | None:
        """The last one, or None."""

    def save(self, partner_id: PartnerId, report: Reconciliation) -> None:
        """Replace the last one."""
