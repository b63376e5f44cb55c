"""What can go wrong, named for what happened.

An error's message is written for the person who reads it. Which HTTP or OCPI code it becomes is the
business of the adapter's one table, not of the error.
"""


class GatewayError(Exception):
    """The gateway refuses or cannot do this."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class InvalidInput(GatewayError):
    """A value breaks a rule; `field` says where (dotted path), the message says which rule."""

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class NotEnoughInformation(GatewayError):
    """The request is valid, but something needed to answer it is missing."""


class UnknownLocation(GatewayError):
    """This location, EVSE or connector is not ours."""


class UnknownToken(GatewayError):
    """This token is not known."""


class UnknownObject(GatewayError):
    """There is no such object."""


class NotCapable(GatewayError):
    """The EVSE cannot do this."""


class NotYours(GatewayError):
    """This object belongs to another party."""


class NotAuthenticated(GatewayError):
    """The credentials token is missing or unknown."""


class AlreadyRegistered(GatewayError):
    """This platform is already registered; use PUT to change its credentials."""


class NotRegistered(GatewayError):
    """This platform is not registered; use POST to register."""


class PartnerUnreachable(GatewayError):
    """The partner's API could not be used."""


class PartnerRefused(GatewayError):
    """The partner answered, and the answer was no."""


class NoCommonVersion(GatewayError):
    """The partner and this gateway share no OCPI version."""


class MissingEndpoints(GatewayError):
    """The partner lacks an endpoint this gateway needs."""


class ForbiddenUrl(GatewayError):
    """This URL must not be called: scheme, host or address is not allowed."""


class ChargerOffline(GatewayError):
    """The charger is not connected."""


class ChargerSilent(GatewayError):
    """The charger did not answer in time."""


class NotSigned(GatewayError):
    """The certificate authority did not give this charger a certificate."""


class ChargerRefused(GatewayError):
    """The charger answered with an error; `code` is the OCPP error code."""

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NotRepresentable(GatewayError):
    """This object cannot be expressed in the partner's OCPI version without changing its meaning."""


class CannotPrice(GatewayError):
    """This session cannot be priced; the message says why."""


class StoreUnavailable(GatewayError):
    """The database cannot be written right now; nothing was committed."""


class AlreadyRunning(GatewayError):
    """Another gateway process uses this database."""


class AlreadyRecorded(GatewayError):
    """This is recorded already; such records are added, never changed."""


class ReadOnly(GatewayError):
    """This unit of work may only read."""
