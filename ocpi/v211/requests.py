"""How a parcel is sent in OCPI 2.1.1."""

from typing import Final

from gateway.app.parcels import Parcel
from gateway.domain.partners import Partner
from ocpi.dialect import Request
from ocpi.shared.requests import Writers, request_by
from ocpi.v211.commands import COMMANDS
from ocpi.v211.write_locations import write_connector, write_evse_status, write_location
from ocpi.v211.write_sessions import write_cdr, write_session
from ocpi.v211.write_tariffs import write_tariff

_WRITERS: Final = Writers(
    write_location,
    write_evse_status,
    write_tariff,
    write_session,
    write_cdr,
    write_connector,
    COMMANDS,
    appends=False,
)
"""In 2.1.1 it is not said what a PATCH with periods does, so sessions are always PUT."""


def request_for(parcel: Parcel, partner: Partner) -> Request:
    """The request that delivers a parcel. Raises NotRepresentable."""
    return request_by(_WRITERS, parcel, partner)
