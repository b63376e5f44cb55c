"""Spec: OCPI 2.1.1 mod_commands: one CommandResponse for both answers, numbered reservations (CMD-04)."""

from typing import Annotated, Literal

from ocpi.v211.wire.partners import Token
from ocpi.wire import DateTime, Id36, Url, Whole, Wire, ci_string

CommandResponseType = Literal["NOT_SUPPORTED", "REJECTED", "ACCEPTED", "TIMEOUT", "UNKNOWN_SESSION"]
_PlaceId = Annotated[str, ci_string(39, at_least=1)]


class CommandResponse(Wire):
    """Spec: "CommandResponse Object"."""

    result: CommandResponseType


class ReserveNow(Wire):
    """Spec: "ReserveNow Object"."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Whole
    location_id: _PlaceId
    evse_uid: _PlaceId | None = None


class StartSession(Wire):
    """Spec: "StartSession Object"."""

    response_url: Url
    token: Token
    location_id: _PlaceId
    evse_uid: _PlaceId | None = None


class StopSession(Wire):
    """Spec: "StopSession Object"."""

    response_url: Url
    session_id: Id36


class UnlockConnector(Wire):
    """Spec: "UnlockConnector Object"."""

    response_url: Url
    location_id: _PlaceId
    evse_uid: _PlaceId
    connector_id: Id36
