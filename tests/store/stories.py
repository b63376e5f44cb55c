"""A session and its CDR for the tests of the store."""

from dataclasses import replace
from decimal import Decimal

from gateway.domain.authorization import AuthMethod
from gateway.domain.cdrs import Cdr
from gateway.domain.ids import (
    CdrId,
    ChargerId,
    ConnectorId,
    EvseUid,
    PartnerId,
    Party,
    SessionId,
    TransactionRef,
)
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import Bill
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.sites import plug_snapshot
from gateway.domain.tariffs import Price
from gateway.domain.terms import Terms
from gateway.domain.tokens import session_token
from gateway.domain.usage import begin
from gateway.store.engine import SqlStore
from gateway.store.memory import MemoryStore
from tests.builders import CHARGER, CPO, NOON, PLUG, at, location, partner, tariff, token

AnyStore = SqlStore | MemoryStore


def session(id_: str = "S1", *, party: Party = CPO, **changes: object) -> Session:
    """A session of the default partner's token, running at plug 1."""
    terms = Terms((tariff(),), tariff().id, "EUR", "Europe/Amsterdam")
    plug = plug_snapshot(location(), EvseUid("EVSE-1"), ConnectorId("1"))
    assert plug is not None
    made = Session(
        id=SessionId(id_),
        party=party,
        charger_id=ChargerId(CHARGER),
        number=PLUG,
        plug=plug,
        terms=terms,
        status=SessionStatus.ACTIVE,
        started_at=NOON,
        usage=begin(terms, NOON, None),
        last_updated=NOON,
        created_at=NOON,
        transaction=TransactionRef("1"),
        token=session_token(token()),
        partner_id=partner().id,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cdr(id_: str = "C1", **changes: object) -> Cdr:
    """A CDR of that session for the partner p1."""
    s = session()
    made = Cdr(
        id=CdrId(id_),
        party=CPO,
        partner_id=PartnerId("p1"),
        started_at=NOON,
        ended_at=at(3600),
        token=session_token(token()),
        auth_method=AuthMethod.WHITELIST,
        plug=s.plug,
        currency="EUR",
        periods=(ChargingPeriod(NOON, (Volume(PeriodDimension.ENERGY, Decimal("12.3450")),)),),
        bill=Bill("EUR", Price(Decimal("4.10"), Decimal("4.961"))),
        last_updated=at(3600),
        session_id=s.id,
        tariffs=(tariff(),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]
