"""Chargers that negotiate one version and speak another, which differs per connection (Q09). Pure.

Told by the names of required fields that only one of the versions has.
"""

from collections.abc import Iterable, Mapping

from ocpp_side.translate.lenient import Payload

Telling = Mapping[str, str]
"""Actions of chargers with a field of theirs that other families of OCPP do not have there."""

V16: Telling = {
    "BootNotification": "chargePointVendor",
    "StatusNotification": "errorCode",
    "Authorize": "idTag",
    "StartTransaction": "meterStart",
    "StopTransaction": "meterStop",
    "MeterValues": "connectorId",
}
V2X: Telling = {
    "BootNotification": "chargingStation",
    "StatusNotification": "connectorStatus",
    "Authorize": "idToken",
    "TransactionEvent": "eventType",
    "MeterValues": "evseId",
}


def spoken(own: Telling, others: Iterable[Telling], action: str, payload: Payload) -> Telling | None:
    """Whose message this is, if it is clearly not one of the negotiated version."""
    if own.get(action) in payload:
        return None
    return next((other for other in others if other is not own and other.get(action) in payload), None)
