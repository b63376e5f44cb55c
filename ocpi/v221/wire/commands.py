"""Spec: OCPI 2.2.1 mod_commands."""

from typing import Literal

from ocpi.v221.wire.tokens import Token
from ocpi.wire import CiString36, DateTime, DisplayText, Id36, Many, Url, Whole, Wire

CommandResponseType = Literal["NOT_SUPPORTED", "REJECTED", "ACCEPTED", "UNKNOWN_SESSION"]
CommandResultType = Literal[
    "ACCEPTED",
    "CANCELED_RESERVATION",
    "EVSE_OCCUPIED",
    "EVSE_INOPERATIVE",
    "FAILED",
    "NOT_SUPPORTED",
    "REJECTED",
    "TIMEOUT",
    "UNKNOWN_RESERVATION",
]


class CancelReservation(Wire):
    """Spec: "CancelReservation Object"."""

    response_url: Url
    reservation_id: Id36


class ReserveNow(Wire):
    """Spec: "ReserveNow Object"."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: Id36
    location_id: Id36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(Wire):
    """Spec: "StartSession Object"."""

    response_url: Url
    token: Token
    location_id: Id36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StopSession(Wire):
    """Spec: "StopSession Object"."""

    response_url: Url
    session_id: Id36


class UnlockConnector(Wire):
    """Spec: "UnlockConnector Object"."""

    response_url: Url
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36


class CommandResponse(Wire):
    """Spec: "CommandResponse Object"; `timeout` in seconds."""

    result: CommandResponseType
    timeout: Whole
    message: Many[DisplayText] = ()


class CommandResult(Wire):
    """Spec: "CommandResult Object"."""

    result: CommandResultType
    message: Many[DisplayText] = ()
