"""How a parcel is sent: which module, method, path and body. The same in every version."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.app.parcels import (
    ActiveProfileParcel,
    CdrParcel,
    CommandResultParcel,
    ConnectorParcel,
    EvseParcel,
    LocationParcel,
    Parcel,
    SessionParcel,
    TariffParcel,
    TariffRemovalParcel,
)
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import NotRepresentable
from gateway.domain.ids import Party
from gateway.domain.partners import InterfaceRole, Partner, Role
from gateway.domain.remote_runs import PROFILE_KINDS
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, Location
from gateway.domain.tariffs import Price, Tariff
from gateway.domain.tokens import SessionToken
from ocpi.dialect import CommandWords, Json, Request


@dataclass(frozen=True, slots=True)
class Writers:
    """How a version writes what is pushed. `appends`: a PATCH of a session adds its periods to the others."""

    location: Callable[[Location], Json]
    evse_status: Callable[[Evse], Json]
    tariff: Callable[[Tariff], Json]
    session: Callable[[Session, Price | None], Json]
    cdr: Callable[[Cdr], Json]
    connector: Callable[[Connector], Json]
    commands: CommandWords | None = None
    appends: bool = True


def request_by(writers: Writers, parcel: Parcel, partner: Partner) -> Request:
    """The request that delivers a parcel. Raises NotRepresentable.

    Spec: OCPI 2.2.1 transport_and_format "Client Owned Object Push" (TR-25), mod_locations (LOC-03),
    mod_sessions (SES-02), mod_tariffs (TAR-01), mod_cdrs (CDR-01). A PUT may be repeated after
    an unknown outcome, while a PATCH of a session with periods may not (SES-03). What everybody may know is
    addressed to a hub itself, which hands it to all behind it; sessions and CDRs never are (HUB-02).
    """
    theirs = partner.hub or _party_of(None, partner)
    match parcel:
        case LocationParcel() | EvseParcel() | ConnectorParcel():
            return _of_location(writers, parcel, theirs)
        case TariffParcel(tariff):
            path = _owned(tariff.party, tariff.id)
            body = writers.tariff(tariff)
            return Request("PUT", "tariffs", path, body, sender=tariff.party, receiver=theirs)
        case TariffRemovalParcel(party, tariff_id, receivers):
            receiver = receivers[0] if receivers else _party_of(None, partner)
            return Request("DELETE", "tariffs", _owned(party, tariff_id), sender=party, receiver=receiver)
        case SessionParcel():
            return _of_session(writers, parcel, partner)
        case CdrParcel(cdr):
            receiver = _party_of(cdr.token, partner)
            return Request("POST", "cdrs", (), writers.cdr(cdr), sender=cdr.party, receiver=receiver)
        case CommandResultParcel() | ActiveProfileParcel():
            return _answer_by(writers.commands, parcel, partner)


_GROWING = ("kwh", "total_cost", "last_updated")
"""What a PATCH of a running session says beside new periods."""


def _of_session(writers: Writers, parcel: SessionParcel, partner: Partner) -> Request:
    """PUT, or PATCH with the periods that are not there yet; no periods at all change nothing (SES-03)."""
    session, method = parcel.session, "PUT"
    body = dict(writers.session(session, parcel.total_cost))
    if writers.appends and parcel.settled is not None:
        shown = body.pop("charging_periods", [])[: parcel.settled]
        if parcel.held is not None:
            method, shown = "PATCH", shown[parcel.held :]
            body = {name: body[name] for name in _GROWING if name in body}
        if shown:
            body["charging_periods"] = shown
    path, receiver = _owned(session.party, session.id), _party_of(session.token, partner)
    return Request(method, "sessions", path, body, sender=session.party, receiver=receiver)


def _answer_by(
    words: CommandWords | None, parcel: CommandResultParcel | ActiveProfileParcel, partner: Partner
) -> Request:
    """Results go to the address that came with the command, active profiles to their Sender (CMD-03)."""
    match parcel:
        case CommandResultParcel(run, result) if words is not None:
            module = "chargingprofiles" if run.kind in PROFILE_KINDS else "commands"
            body, url = words.write_result(run, result), run.response_url
            return Request("POST", module, (), body, sender=run.party, receiver=run.sender, url=url)
        case ActiveProfileParcel(session, active) if words is not None and words.write_active_profile:
            return Request(
                "PUT",
                "chargingprofiles",
                (session.id,),
                words.write_active_profile(active),
                sender=session.party,
                receiver=_party_of(session.token, partner),
                role=InterfaceRole.SENDER,
            )
    raise NotRepresentable("this OCPI version has no such module")


def _of_location(
    writers: Writers, parcel: LocationParcel | EvseParcel | ConnectorParcel, receiver: Party | None
) -> Request:
    location = parcel.location
    method, ids, body = _part(writers, parcel)
    path = _owned(location.party, location.id, *ids)
    return Request(method, "locations", path, body, sender=location.party, receiver=receiver)


def _part(
    writers: Writers, parcel: LocationParcel | EvseParcel | ConnectorParcel
) -> tuple[str, tuple[str, ...], Json]:
    """Method, ids below the location's, and body."""
    match parcel:
        case LocationParcel(location):
            return "PUT", (), writers.location(location)
        case EvseParcel(_, evse):
            return "PATCH", (evse.uid,), writers.evse_status(evse)
        case ConnectorParcel(_, evse, connector):
            return "PUT", (evse.uid, connector.id), writers.connector(connector)


def _owned(party: Party, *ids: str) -> tuple[str, ...]:
    return (party.country_code, party.party_id, *ids)


def _party_of(token: SessionToken | None, partner: Partner) -> Party | None:
    """The party of the partner that a driver belongs to; None if that is not certain (HUB-01, TR-39)."""
    if token is not None and (partner.hub is not None or partner.speaks_for(token.party)):
        return token.party
    parties = set(partner.parties(Role.EMSP))
    return parties.pop() if len(parties) == 1 else None
