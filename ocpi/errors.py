"""Which HTTP and OCPI status an error becomes: one table, used for every version.

Spec: OCPI 2.2.1 status_codes; TR-06, TR-12, TR-14 to TR-17, CRED-02, CRED-03. Well-formed requests of known
callers get HTTP 200 with a 2xxx or 3xxx status; what is missing is 404; what is not ours to say is 500.
"""

from typing import NamedTuple

from gateway.domain.errors import (
    AlreadyRegistered,
    ForbiddenUrl,
    GatewayError,
    InvalidInput,
    MissingEndpoints,
    NoCommonVersion,
    NotAuthenticated,
    NotCapable,
    NotEnoughInformation,
    NotRegistered,
    NotYours,
    PartnerRefused,
    PartnerUnreachable,
    StoreUnavailable,
    UnknownLocation,
    UnknownObject,
    UnknownToken,
)
from ocpi.json import MalformedJson

SUCCESS = 1000
GENERIC_CLIENT_ERROR = 2000
INVALID_PARAMETERS = 2001
NOT_ENOUGH_INFORMATION = 2002
UNKNOWN_LOCATION = 2003
UNKNOWN_TOKEN = 2004
GENERIC_SERVER_ERROR = 3000
CANNOT_USE_CLIENT_API = 3001
UNSUPPORTED_VERSION = 3002
NO_MATCHING_ENDPOINTS = 3003


class UnknownPath(GatewayError):
    """There is no such endpoint."""


class WrongMethod(GatewayError):
    """This endpoint does not support this method."""


class BodyTooLarge(GatewayError):
    """The body is larger than 1 MiB."""


class BodyTooSlow(GatewayError):
    """The body did not arrive in time."""


class TooManyAttempts(GatewayError):
    """Too many requests with a missing or unknown token; wait before the next one."""


class HttpRefusal(GatewayError):
    """The HTTP server itself refuses; `http` is its status."""

    def __init__(self, message: str, http: int) -> None:
        super().__init__(message)
        self.http = http


class Status(NamedTuple):
    """What an error is on the wire."""

    http: int
    ocpi: int


STATUS_OF: dict[type[GatewayError], Status] = {
    MalformedJson: Status(400, INVALID_PARAMETERS),
    InvalidInput: Status(200, INVALID_PARAMETERS),
    NotEnoughInformation: Status(200, NOT_ENOUGH_INFORMATION),
    NotAuthenticated: Status(401, GENERIC_CLIENT_ERROR),
    TooManyAttempts: Status(429, GENERIC_CLIENT_ERROR),
    UnknownLocation: Status(404, UNKNOWN_LOCATION),
    UnknownToken: Status(404, UNKNOWN_TOKEN),
    UnknownObject: Status(404, GENERIC_CLIENT_ERROR),
    UnknownPath: Status(404, GENERIC_CLIENT_ERROR),
    NotCapable: Status(404, INVALID_PARAMETERS),
    # Another's object looks like one that does not exist (T20).
    NotYours: Status(404, INVALID_PARAMETERS),
    AlreadyRegistered: Status(405, GENERIC_CLIENT_ERROR),
    NotRegistered: Status(405, GENERIC_CLIENT_ERROR),
    WrongMethod: Status(405, GENERIC_CLIENT_ERROR),
    BodyTooSlow: Status(408, GENERIC_CLIENT_ERROR),
    BodyTooLarge: Status(413, GENERIC_CLIENT_ERROR),
    PartnerUnreachable: Status(200, CANNOT_USE_CLIENT_API),
    PartnerRefused: Status(200, CANNOT_USE_CLIENT_API),
    ForbiddenUrl: Status(200, CANNOT_USE_CLIENT_API),
    NoCommonVersion: Status(200, UNSUPPORTED_VERSION),
    MissingEndpoints: Status(200, NO_MATCHING_ENDPOINTS),
    StoreUnavailable: Status(503, GENERIC_SERVER_ERROR),
    GatewayError: Status(200, GENERIC_SERVER_ERROR),
}


def status_of(error: GatewayError) -> Status:
    """The entry of the error's nearest class."""
    if isinstance(error, HttpRefusal):
        return Status(error.http, GENERIC_CLIENT_ERROR)
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
