"""Every endpoint partners may call, as a table: routes and the OpenAPI document are made from it.

Paths are below `/ocpi`. Request and response name wire models, None where there is no body or no data.
"""

from dataclasses import dataclass

from gateway.domain.partners import InterfaceRole
from ocpi.dialect import Dialect

_SENDER, _RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint. `paged`: a list with paging parameters; `by_date`: its date_from is required (PAG-08).

    `since_22`: versions without routing headers do not have it, though they have its module.
    """

    name: str
    method: str
    path: str
    summary: str
    response: str | None
    request: str | None = None
    module: str = "versions"
    role: InterfaceRole = _SENDER
    paged: bool = False
    by_date: bool = False
    since_22: bool = False

    @property
    def functional(self) -> bool:
        """Whether token A does not open this (TR-07)."""
        return self.module not in ("versions", "credentials")

    @property
    def routed(self) -> bool:
        """Whether routing headers belong here (TR-37)."""
        return self.functional and self.module != "hubclientinfo"


_LOCATION = "/{version}/locations/{location_id}"
_TOKEN = "/{version}/tokens/{country_code}/{party_id}/{token_uid}"  # noqa: S105 - a path


_HUB = "hubclientinfo"
_CLIENT = "/{version}/hubclientinfo/{country_code}/{party_id}"


_INVOICES = "/{version}/invoicereconciliation"
_INVOICE = f"{_INVOICES}/{{country_code}}/{{party_id}}/{{record_id}}"


def _invoice(method: str, path: str, summary: str, data: str | None, *, body: bool = True) -> Operation:
    request = "InvoiceReconciliationRecord" if body else None
    module = "invoicereconciliation"
    return Operation(f"invoice_{method.lower()}", method, path, summary, data, request, module, _RECEIVER)


def _credentials(method: str, summary: str, *, body: bool = True, data: bool = True) -> Operation:
    return Operation(
        f"credentials_{method.lower()}",
        method,
        "/{version}/credentials",
        summary,
        "Credentials" if data else None,
        "Credentials" if body else None,
        "credentials",
    )


def _command(name: str, model: str, summary: str, *, since_22: bool = False) -> Operation:
    return Operation(
        name.lower(),
        "POST",
        f"/{{version}}/commands/{name}",
        summary,
        "CommandResponse",
        model,
        "commands",
        _RECEIVER,
        since_22=since_22,
    )


def _profile(method: str, summary: str, request: str | None = None) -> Operation:
    return Operation(
        f"profile_{method.lower()}",
        method,
        "/{version}/chargingprofiles/{session_id}",
        summary,
        "ChargingProfileResponse",
        request,
        "chargingprofiles",
        _RECEIVER,
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation("versions", "GET", "/versions", "Versions spoken here", "Version[]"),
    Operation("version", "GET", "/{version}", "Endpoints of a version", "VersionDetails"),
    _credentials("GET", "Our credentials for the calling platform", body=False),
    _credentials("POST", "Register: exchange credentials and tokens"),
    _credentials("PUT", "Update a registration; a new token is returned"),
    _credentials("DELETE", "End the registration; both tokens die", body=False, data=False),
    Operation(
        "locations", "GET", "/{version}/locations", "Locations", "Location[]", module="locations", paged=True
    ),
    Operation("location", "GET", _LOCATION, "One location", "Location", module="locations"),
    Operation("evse", "GET", f"{_LOCATION}/{{evse_uid}}", "One EVSE", "EVSE", module="locations"),
    Operation(
        "connector",
        "GET",
        f"{_LOCATION}/{{evse_uid}}/{{connector_id}}",
        "One connector",
        "Connector",
        module="locations",
    ),
    Operation("tariffs", "GET", "/{version}/tariffs", "Tariffs", "Tariff[]", module="tariffs", paged=True),
    Operation(
        "sessions",
        "GET",
        "/{version}/sessions",
        "Sessions of the caller's drivers",
        "Session[]",
        module="sessions",
        paged=True,
        by_date=True,
    ),
    Operation(
        "cdrs", "GET", "/{version}/cdrs", "CDRs of the caller's drivers", "CDR[]", module="cdrs", paged=True
    ),
    Operation(
        "client_get", "GET", _CLIENT, "A party behind the calling hub", "ClientInfo", None, _HUB, _RECEIVER
    ),
    Operation(
        "client_put", "PUT", _CLIENT, "Tell of a party behind the hub", None, "ClientInfo", _HUB, _RECEIVER
    ),
    Operation(
        "invoices",
        "GET",
        _INVOICES,
        "Which CDRs our invoices are about",
        "InvoiceReconciliationRecord[]",
        module="invoicereconciliation",
        paged=True,
    ),
    _invoice("POST", _INVOICES, "Say which CDRs an invoice is about", None),
    _invoice("GET", _INVOICE, "A record as stored here", "InvoiceReconciliationRecord", body=False),
    _invoice("PUT", _INVOICE, "Change a record", None),
    _invoice("DELETE", _INVOICE, "Take a record back", None, body=False),
    Operation("token_get", "GET", _TOKEN, "A token as stored here", "Token", None, "tokens", _RECEIVER),
    Operation("token_put", "PUT", _TOKEN, "Add or replace a token", None, "Token", "tokens", _RECEIVER),
    Operation("token_patch", "PATCH", _TOKEN, "Change a token", None, "Token", "tokens", _RECEIVER),
    Operation(
        "charging_preferences",
        "PUT",
        "/{version}/sessions/{session_id}/charging_preferences",
        "Say what the driver of a session wishes",
        None,
        "ChargingPreferences",
        "sessions",
        since_22=True,
    ),
    _command("START_SESSION", "StartSession", "Start charging"),
    _command("STOP_SESSION", "StopSession", "Stop charging"),
    _command("RESERVE_NOW", "ReserveNow", "Reserve an EVSE"),
    _command("CANCEL_RESERVATION", "CancelReservation", "Give up a reservation", since_22=True),
    _command("UNLOCK_CONNECTOR", "UnlockConnector", "Release the cable of a connector"),
    _profile("PUT", "Set the charging profile of a session", "SetChargingProfile"),
    _profile("GET", "Ask for the limits in force; they are sent to response_url"),
    _profile("DELETE", "Clear the charging profile of a session"),
)
"""Order matters nowhere: no two entries match the same method and path."""


def offered(operation: Operation, dialect: Dialect) -> bool:
    """Whether a version has this endpoint here."""
    if operation.since_22 and not dialect.ROUTING_HEADERS:
        return False
    return not operation.functional or (operation.module, operation.role) in dialect.MODULES
