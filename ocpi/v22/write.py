"""OCPI 2.2, ours to wire, where it differs from 2.2.1: shorter texts, tokens without owner, signed data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.app.parcels import Parcel
from gateway.domain.cdrs import Cdr, SignedData
from gateway.domain.partners import Endpoint, Partner
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, Location
from gateway.domain.tariffs import Price, Tariff
from gateway.domain.tokens import SessionToken
from ocpi import v221
from ocpi.dialect import Json, Request
from ocpi.shared.cdrs import write_remark
from ocpi.shared.requests import Writers, request_by
from ocpi.v22.words import WORDS
from ocpi.v221 import write_sessions as later
from ocpi.v221.commands import COMMANDS
from ocpi.v221.write_partners import write_session_token

VERSION: Final = "2.2"
_ADDRESS_LENGTH = 45
_STATE_LENGTH = 20
_SIGNED_LENGTH = 512
_TOO_LONG = "left out: signed meter data, longer than OCPI 2.2 allows"


def write_location(location: Location) -> Json:
    """A Location, whose address and state are shorter: both are cut (LOC-19)."""
    state = location.state and location.state[:_STATE_LENGTH]
    return v221.write_location(
        replace(location, address=location.address[:_ADDRESS_LENGTH], state=state), WORDS
    )


def write_evse(evse: Evse) -> Json:
    """An EVSE. Raises NotRepresentable if this version knows none of its connectors."""
    return v221.write_evse(evse, WORDS)


def write_evse_status(evse: Evse) -> Json:
    """Body of the status PATCH. Raises NotRepresentable if the EVSE itself is not sent."""
    return v221.write_evse_status(evse, WORDS)


def write_connector(connector: Connector) -> Json:
    """A Connector. Raises NotRepresentable for a type of plug or power this version does not know."""
    return v221.write_connector(connector, WORDS)


def write_tariff(tariff: Tariff) -> Json:
    """A Tariff. Raises NotRepresentable as in 2.2.1."""
    return v221.write_tariff(tariff, WORDS)


def write_session(session: Session, total_cost: Price | None) -> Json:
    """A Session, whose token does not name its owner. Raises NotRepresentable as in 2.2.1."""
    written = v221.write_session(session, total_cost)
    if session.token is not None:
        written["cdr_token"] = _session_token(session.token)
    return written


def write_cdr(cdr: Cdr) -> Json:
    """A CDR. Signed data that does not fit cannot be cut: it is left out, and the remark says so (CDR-12)."""
    if cdr.signed_data is not None and _longest(cdr.signed_data) > _SIGNED_LENGTH:
        cdr = replace(cdr, signed_data=None, remark=write_remark(cdr.remark, _TOO_LONG))
    written = v221.write_cdr(cdr, WORDS)
    place = written["cdr_location"]
    place.pop("state", None)
    place.setdefault("postal_code", later.NOT_AVAILABLE)
    written["cdr_token"] = _session_token(cdr.token)
    return written


def write_version_details(endpoints: Sequence[Endpoint]) -> Json:
    """VersionDetails."""
    return v221.write_version_details(endpoints, VERSION)


def request_for(parcel: Parcel, partner: Partner) -> Request:
    """The request that delivers a parcel. Raises NotRepresentable."""
    return request_by(_WRITERS, parcel, partner)


def _session_token(token: SessionToken) -> Json:
    written = write_session_token(token)
    return {name: value for name, value in written.items() if name not in ("country_code", "party_id")}


def _longest(signed: SignedData) -> int:
    return max(max(len(value.plain_data), len(value.signed_data)) for value in signed.signed_values)


_WRITERS: Final = Writers(
    write_location, write_evse_status, write_tariff, write_session, write_cdr, write_connector, COMMANDS
)
