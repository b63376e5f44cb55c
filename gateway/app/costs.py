"""What a session costs so far: the same engine, periods and tariff snapshot as its CDR will use."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from gateway.domain import usage
from gateway.domain.errors import CannotPrice
from gateway.domain.ids import ChargerId, SessionId
from gateway.domain.pricing import Bill, price
from gateway.domain.sessions import Session
from gateway.domain.tariffs import Price

_MOST_TOLD = 8192
_SILENCE = timedelta(seconds=60)
"""Chargers that report values in transactions mostly do so more often, and hear the cost in the answer."""


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


@dataclass(slots=True)
class _Told:
    """What was told of a session: `total` was the last, `at` that time; None where nothing was told yet.

    `to_message`: the time of the message that was answered with a cost last.
    """

    looked_at: datetime
    at: datetime | None = None
    to_message: datetime | None = None
    total: Price | None = None


class CostsTold:
    """What running sessions cost, told now and then: pricing costs more than taking a message (D21).

    `refusing`: chargers that did not take a CostUpdated on the connection they have.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._told: OrderedDict[SessionId, _Told] = OrderedDict()
        self.refusing: set[ChargerId] = set()

    def heard(self, session_id: SessionId, now: datetime) -> _Told:
        """What was told of a session, whose cost is looked at from now on."""
        told = self._told.setdefault(session_id, _Told(now))
        if len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        return told

    def due(self, session: Session, said_at: datetime, now: datetime) -> Price | None:
        """The cost so far, if it is time to tell it; None where it cannot be told, too.

        A repeat of the message that was told it (by its own time, `said_at`) is told again.
        """
        told = self.heard(session.id, now)
        if told.at is not None and told.to_message != said_at and now - told.at < self._every:
            return None
        told.at = told.looked_at = now
        told.to_message = said_at
        told.total = running_cost(session)
        self._told.move_to_end(session.id)
        return told.total

    def overdue(self, now: datetime, most: int) -> list[SessionId]:
        """So many sessions that no message with values could tell about for a while; each once in a while."""
        until = now - self._every - _SILENCE
        found = [*islice((id_ for id_, told in self._told.items() if told.looked_at <= until), most)]
        for id_ in found:
            self._told[id_].looked_at = now
        return found

    def news(self, session: Session) -> Price | None:
        """What a session costs so far, if that is known and not what was told last."""
        told = self._told.get(session.id)
        if told is None or (told.at is not None and session.last_updated <= told.at):
            return None
        total = running_cost(session)
        return None if total == told.total else total

    def tell(self, session_id: SessionId, total: Price, known_at: datetime) -> None:
        """Note that a charger was told what the session cost then."""
        if told := self._told.get(session_id):
            told.at, told.total = known_at, total

    def forget(self, session_id: SessionId) -> None:
        """Look at a session no more, until it is heard of again."""
        self._told.pop(session_id, None)


def running_cost(session: Session) -> Price | None:
    """Cost so far, or None if it cannot be told (which is not free, SES-09)."""
    try:
        return bill_of(session).total
    except CannotPrice:
        return None
