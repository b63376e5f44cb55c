"""What can go wrong between a simulator and the gateway under its hands."""

from gateway.domain.errors import GatewayError


class ConnectionTurnedDown(GatewayError):
    """The gateway refused the connection; `status` is its HTTP status, None if it did not answer at all."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConnectionLost(GatewayError):
    """The connection to the gateway ended before the answer came."""


class NoAnswer(GatewayError):
    """The gateway did not answer in time."""


class CallRefused(GatewayError):
    """An OCPP call was answered with CALLERROR; `code` is the OCPP error code."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code


class CardRefused(GatewayError):
    """The card may not charge here; the message is the idTagInfo status."""


class QueueOverflow(GatewayError):
    """More transaction messages wait for the gateway than a charger can remember."""


class PartnerCallFailed(GatewayError):
    """The gateway answered an OCPI request of the simulated partner with something else than success."""


class NotSeenInTime(GatewayError):
    """Something that was expected did not happen before the deadline."""
