"""A session for the tests of the store."""

from dataclasses import replace

from gateway.domain.ids import ChargerId, ConnectorId, EvseUid, Party, SessionId, TransactionRef
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.sites import plug_snapshot
from gateway.domain.terms import Terms
from gateway.domain.tokens import session_token
from gateway.domain.usage import begin
from gateway.store.engine import SqlStore
from gateway.store.memory import MemoryStore
from tests.builders import CHARGER, CPO, NOON, PLUG, location, partner, tariff, token

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
