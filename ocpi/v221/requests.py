"""How a parcel is sent in OCPI 2.2.1."""

from typing import Final

from gateway.app.parcels import Parcel
from gateway.domain.partners import Partner
from ocpi.dialect import Request
from ocpi.shared.requests import Writers, request_by
from ocpi.v221.commands import COMMANDS
from ocpi.v221.write_locations import write_connector, write_evse_status, write_location
from ocpi.v221.write_sessions import write_cdr, write_session
from ocpi.v221.write_tariffs import write_tariff

_WRITERS: Final = Writers(
    write_location, write_evse_status, write_tariff, write_session, write_cdr, write_connector, COMMANDS
)


def request_for(parcel: Parcel, partner: Partner) -> Request:
    """The request that delivers a parcel. Raises NotRepresentable."""
    return request_by(_WRITERS, parcel, partner)
