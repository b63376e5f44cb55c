"""Errors to HTTP answers: the operator API's one table."""

from gateway.api import models
from gateway.api.bearer import TooManyAttempts
from gateway.app.network_plan import NetworkRefused
from gateway.domain import errors
from gateway.domain.errors import GatewayError, InvalidInput

_PARTNER = 502
TABLE: dict[type[GatewayError], tuple[int, str | None]] = {
    NetworkRefused: (422, "Repair the file and apply it again; nothing was changed."),
    InvalidInput: (400, None),
    errors.NotAuthenticated: (401, "Send `Authorization: Bearer` with the value of GATEWAY_ADMIN_TOKEN."),
    TooManyAttempts: (429, "Check the token in GATEWAY_ADMIN_TOKEN; the right one is always let in."),
    errors.UnknownObject: (404, "List what there is, and check the spelling."),
    errors.UnknownLocation: (404, None),
    errors.UnknownToken: (404, None),
    errors.NotRegistered: (404, "List the partners with `gateway partner list`."),
    errors.AlreadyRegistered: (409, "Use `gateway partner rotate`, or remove the partner first."),
    errors.PartnerUnreachable: (_PARTNER, "Check the partner's address, then try again."),
    errors.PartnerRefused: (
        _PARTNER,
        "Ask the partner; the token may be spent or meant for another address.",
    ),
    errors.NoCommonVersion: (_PARTNER, "The partner has to offer a version this gateway speaks."),
    errors.MissingEndpoints: (_PARTNER, "The partner has to offer this endpoint."),
    errors.ForbiddenUrl: (
        422,
        "Partners need https and a public address; see GATEWAY_ALLOW_PRIVATE_PARTNERS.",
    ),
    errors.ChargerOffline: (409, "Wait until the charger connects; see `gateway charger list`."),
    errors.ChargerSilent: (504, "It may still have done it; look at its state, then try again."),
    errors.ChargerRefused: (_PARTNER, None),
    errors.StoreUnavailable: (503, "Nothing was changed. Check the disk; see /readyz for the reason."),
}
UNEXPECTED = models.Error(
    error="unexpected", message="The gateway failed to do this.", hint="The reason is in the gateway's log."
)


def answer_for(error: GatewayError) -> tuple[int, models.Error]:
    """HTTP status and body for an error; the nearest class in the table decides, else 409."""
    status, hint = next((TABLE[kind] for kind in type(error).__mro__ if kind in TABLE), (409, None))
    problems = None
    if isinstance(error, NetworkRefused):
        problems = [
            models.Problem(file=p.file, line=p.line, column=p.column, path=p.path, reason=p.reason)
            for p in error.problems
        ]
    field = (error.field or None) if isinstance(error, InvalidInput) else None
    body = models.Error(
        error=_name(type(error)), message=str(error), field=field, hint=hint, problems=problems
    )
    return status, body


def _name(kind: type[GatewayError]) -> str:
    """UnknownObject as unknown_object."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in kind.__name__).lstrip("_")
