"""From a debt to a parcel: the object as it is now, read when it is sent."""

from gateway.app.parcels import (
    ActiveProfileParcel,
    CdrParcel,
    CommandResultParcel,
    ConnectorParcel,
    EvseParcel,
    LocationParcel,
    Parcel,
    TariffParcel,
    TariffRemovalParcel,
)
from gateway.app.ports import Tx
from gateway.app.session_pushes import whole
from gateway.app.visibility import Sight
from gateway.domain.delivery import Debt, Owed
from gateway.domain.ids import CdrId, ConnectorId, EvseUid, LocationId, Party, RunId, SessionId, TariffId
from gateway.domain.partners import InterfaceRole, Role
from gateway.domain.remote_runs import Result
from gateway.domain.sites import Location


def parcel_for(tx: Tx, debt: Debt) -> Parcel | None:  # noqa: C901 - one case for each kind
    """What to send for a debt; None if the object is gone or the debt is no parcel."""
    match debt.kind:
        case Owed.LOCATION:
            location = tx.locations.get(LocationId(debt.key))
            return LocationParcel(_as_seen(tx, debt, location)) if location else None
        case Owed.EVSE:
            return _evse(tx, debt.key)
        case Owed.TARIFF:
            return _tariff(tx, debt)
        case Owed.CONNECTOR:
            return _connector(tx, debt.key)
        case Owed.SESSION:
            session = tx.sessions.get(SessionId(debt.key))
            return whole(session) if session else None
        case Owed.CDR:
            cdr = tx.cdrs.get(CdrId(debt.key))
            return CdrParcel(cdr) if cdr else None
        case Owed.COMMAND_RESULT:
            return _result(tx, debt.key)
        case Owed.ACTIVE_PROFILE:
            return _active_profile(tx, SessionId(debt.key))
        case Owed.PULL_TOKENS | Owed.PULL_CLIENTS:
            return None


def _active_profile(tx: Tx, session_id: SessionId) -> Parcel | None:
    session = tx.sessions.get(session_id)
    if session is None or session.active_profile is None or not session.open:
        return None
    return ActiveProfileParcel(session, session.active_profile)


def _result(tx: Tx, key: str) -> Parcel | None:
    run_id, _, result = key.rpartition("/")
    run = tx.runs.get(RunId(run_id))
    return CommandResultParcel(run, Result(result)) if run else None


def _as_seen(tx: Tx, debt: Debt, location: Location) -> Location:
    """Who may see it no more gets it once again as what nobody is shown: nothing is ever deleted (LOC-05)."""
    partner = tx.partners.get(debt.partner_id)
    hidden = partner is not None and not Sight(tx, partner).location(location)
    return location.as_withdrawn() if hidden else location


def _evse(tx: Tx, key: str) -> Parcel | None:
    location_id, _, uid = key.rpartition("/")
    location = tx.locations.get(LocationId(location_id))
    evse = location.evse(EvseUid(uid)) if location else None
    return EvseParcel(location, evse) if location and evse else None


def _connector(tx: Tx, key: str) -> Parcel | None:
    evse_key, _, connector_id = key.rpartition("/")
    parcel = _evse(tx, evse_key)
    if not isinstance(parcel, EvseParcel):
        return None
    connector = parcel.evse.connector(ConnectorId(connector_id))
    return ConnectorParcel(parcel.location, parcel.evse, connector) if connector else None


def _tariff(tx: Tx, debt: Debt) -> Parcel | None:
    """A removal behind a hub goes to everyone who can be reached; who comes later is told then (HUB-02).

    Only a hub that names nobody ever is told itself.
    """
    party_text, _, tariff_id = debt.key.partition("/")
    party = Party.parse(party_text)
    tariff = tx.tariffs.get(party, TariffId(tariff_id))
    if tariff:
        return TariffParcel(tariff)
    behind = [c.party for c in tx.hub_clients.of(debt.partner_id) if c.role is Role.EMSP and c.reachable]
    partner = tx.partners.get(debt.partner_id)
    if not behind and partner is not None and partner.hub is not None:
        if partner.endpoint("hubclientinfo", InterfaceRole.SENDER):
            return None
        behind = [partner.hub]
    return TariffRemovalParcel(party, TariffId(tariff_id), tuple(behind))
