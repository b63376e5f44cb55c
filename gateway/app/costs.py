"""What a session costs so far: the same engine, periods and tariff snapshot as its CDR will use."""

from collections import OrderedDict
from datetime import datetime, timedelta

from gateway.domain import usage
from gateway.domain.errors import CannotPrice
from gateway.domain.ids import SessionId
from gateway.domain.pricing import Bill, price
from gateway.domain.sessions import Session
from gateway.domain.tariffs import Price

_MOST_TOLD = 8192


def bill_of(session: Session) -> Bill:
    """Price a session as far as it got. Raises CannotPrice."""
    if session.terms.tariff is None:
        raise CannotPrice("no tariff applies to the connector: give it a tariff id in the network file")
    return price(
        usage.charging_periods(session.usage, session.terms),
        session.terms.tariffs,
        currency=session.terms.currency,
        time_zone=session.terms.time_zone,
        started_at=session.usage.started_at,
        ended_at=session.ended_at or session.usage.as_of,
    )


class CostsTold:
    """What running sessions cost, told now and then: pricing costs more than taking a message (D21)."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._told: OrderedDict[SessionId, tuple[datetime, datetime]] = OrderedDict()

    def due(self, session: Session, said_at: datetime, now: datetime) -> Price | None:
        """The cost so far, if it is time to tell it; None where it cannot be told, too.

        A repeat of the message that was told it (by its own time, `said_at`) is told again.
        """
        told_at, to_message = self._told.get(session.id, (None, None))
        if told_at is not None and to_message != said_at and now - told_at < self._every:
            return None
        self._told[session.id] = now, said_at
        self._told.move_to_end(session.id)
        if len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        return running_cost(session)


def running_cost(session: Session) -> Price | None:
    """Cost so far, or None if it cannot be told (which is not free, SES-09)."""
    try:
        return bill_of(session).total
    except CannotPrice:
        return None
