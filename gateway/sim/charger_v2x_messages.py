"""What the simulated 2.x charger says, as OCPP 2.0.1 payloads that 2.1 takes as well. Pure."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.emaid import issuer_of
from gateway.sim.clock import stamp
from gateway.sim.messages import Payload, whole_wh
from gateway.sim.station import Identity, MeterSample, Transaction


@dataclass(slots=True, eq=False)
class NamedTransaction(Transaction):
    """A transaction with the name the charger gave it and the count of its messages."""

    name: str = ""
    sent: int = 0
    remote_start_id: int | None = None
    most_wh: int | None = None

    def next_number(self) -> int:
        """The seqNo of its next message."""
        number, self.sent = self.sent, self.sent + 1
        return number


def boot_notification(identity: Identity, reason: str) -> Payload:
    """Spec: OCPP 2.0.1 BootNotificationRequest."""
    station = {
        "serialNumber": identity.serial_number,
        "model": identity.model,
        "vendorName": identity.vendor,
        "firmwareVersion": identity.firmware,
    }
    return {"chargingStation": station, "reason": reason}


def status_notification(evse: int, status: str, at: datetime) -> Payload:
    """Spec: OCPP 2.0.1 StatusNotificationRequest; one connector at each EVSE."""
    return {"timestamp": stamp(at), "connectorStatus": status, "evseId": evse, "connectorId": 1}


def availability_event(evse: int, status: str, at: datetime, number: int) -> Payload:
    """The same as an event of the device model. Spec: OCPP 2.1 NotifyEventRequest (E01)."""
    data = {
        "eventId": number,
        "timestamp": stamp(at),
        "trigger": "Delta",
        "actualValue": status,
        "component": {"name": "Connector", "evse": {"id": evse, "connectorId": 1}},
        "eventNotificationType": "HardWiredNotification",
        "variable": {"name": "AvailabilityState"},
    }
    return {"generatedAt": stamp(at), "seqNo": 0, "eventData": [data]}


def is_contract(card: str) -> bool:
    """Whether a card is a contract in a car, which is written with hyphens: its driver just plugs in."""
    return "-" in card and issuer_of(card) is not None


def id_token(card: str) -> Payload:
    """Spec: OCPP 2.0.1 IdTokenType."""
    return {"idToken": card, "type": "eMAID" if is_contract(card) else "ISO14443"}


def authorize(card: str) -> Payload:
    """Of a contract the charger has checked the chain itself and sends hashes. Spec: OCPP 2.0.1 C07."""
    if not is_contract(card):
        return {"idToken": id_token(card)}
    certificate = {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": "0" * 64,
        "issuerKeyHash": "1" * 64,
        "serialNumber": "2A",
        "responderURL": "http://ocsp.invalid/",
    }
    return {"idToken": id_token(card), "iso15118CertificateHashData": [certificate]}


def transaction_event(
    transaction: NamedTransaction, kind: str, trigger: str, at: datetime, **more: object
) -> Payload:
    """Spec: OCPP 2.0.1 TransactionEventRequest; `state`, `reason`, `sample`, `context`, `card`, `offline`."""
    info: Payload = {"transactionId": transaction.name}
    for name, field in (("state", "chargingState"), ("reason", "stoppedReason")):
        if more.get(name) is not None:
            info[field] = more[name]
    if transaction.remote_start_id is not None and kind == "Started":
        info["remoteStartId"] = transaction.remote_start_id
    event: Payload = {
        "eventType": kind,
        "timestamp": stamp(at),
        "triggerReason": trigger,
        "seqNo": transaction.next_number(),
        "offline": bool(more.get("offline")),
        "transactionInfo": info,
    }
    if kind == "Started":
        event["evse"] = {"id": transaction.connector, "connectorId": 1}
        if transaction.reservation is not None:
            event["reservationId"] = transaction.reservation
    if more.get("card"):
        event["idToken"] = id_token(str(more["card"]))
    sample = more.get("sample")
    if isinstance(sample, MeterSample):
        event["meterValue"] = [meter_value(sample, str(more.get("context") or "Sample.Periodic"))]
    return event


def meter_value(sample: MeterSample, context: str) -> Payload:
    """Register and power. Spec: OCPP 2.0.1 MeterValueType."""
    register = {
        "value": whole_wh(sample),
        "context": context,
        "measurand": "Energy.Active.Import.Register",
        "unitOfMeasure": {"unit": "Wh"},
    }
    power = {
        "value": float(round(sample.power_w / 1000, 4)),
        "context": context,
        "measurand": "Power.Active.Import",
        "unitOfMeasure": {"unit": "W", "multiplier": 3},
    }
    return {"timestamp": stamp(sample.at), "sampledValue": [register, power]}
