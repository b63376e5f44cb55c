"""What the simulated charger says, as OCPP 1.6 payloads. Pure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from gateway.sim.clock import stamp
from gateway.sim.station import Identity, MeterSample, Plug, Transaction

Payload = dict[str, Any]
"""Parsed JSON of one message."""

_TENTH = Decimal("0.1")


def boot_notification(identity: Identity) -> Payload:
    """Spec: OCPP 1.6 6.3 BootNotification.req."""
    return {
        "chargePointVendor": identity.vendor,
        "chargePointModel": identity.model,
        "chargePointSerialNumber": identity.serial_number,
        "firmwareVersion": identity.firmware,
        "meterSerialNumber": identity.meter_serial_number,
    }


def status_notification(connector: int, status: str, error_code: str, at: datetime | None) -> Payload:
    """Spec: OCPP 1.6 6.47 StatusNotification.req; the timestamp is optional."""
    payload: Payload = {"connectorId": connector, "errorCode": error_code, "status": status}
    return payload if at is None else {**payload, "timestamp": stamp(at)}


def start_transaction(transaction: Transaction) -> Payload:
    """Spec: OCPP 1.6 6.45 StartTransaction.req."""
    payload: Payload = {
        "connectorId": transaction.connector,
        "idTag": transaction.card,
        "meterStart": whole_wh(transaction.start),
        "timestamp": stamp(transaction.started_at),
    }
    if transaction.reservation is None:
        return payload
    return {**payload, "reservationId": transaction.reservation}


def meter_values(transaction: Transaction, sample: MeterSample) -> Payload:
    """A periodic sample within a transaction. Spec: OCPP 1.6 6.31 MeterValues.req."""
    return {
        "connectorId": transaction.connector,
        "transactionId": transaction.id,
        "meterValue": [_meter_value(sample, "Sample.Periodic", power=True)],
    }


def idle_meter_values(plug: Plug, sample: MeterSample) -> Payload:
    """A sample that was asked for while nothing runs."""
    return {"connectorId": plug.number, "meterValue": [_meter_value(sample, "Trigger", power=True)]}


def stop_transaction(transaction: Transaction, end: MeterSample) -> Payload:
    """With transactionData: begin, every periodic sample, end (C11). Spec: OCPP 1.6 6.49."""
    return {
        "idTag": transaction.stop_card or transaction.card,
        "meterStop": whole_wh(end),
        "timestamp": stamp(end.at),
        "transactionId": transaction.id,
        "reason": transaction.stop_reason,
        "transactionData": _transaction_data(transaction.start, transaction.samples, end),
    }


def whole_wh(sample: MeterSample) -> int:
    """The register in whole Wh, as its display shows it and every message carries it."""
    return int(sample.register_wh.to_integral_value(ROUND_DOWN))


def _transaction_data(begin: MeterSample, samples: Sequence[MeterSample], end: MeterSample) -> list[Payload]:
    return [
        _meter_value(begin, "Transaction.Begin"),
        *(_meter_value(s, "Sample.Periodic") for s in samples),
        _meter_value(end, "Transaction.End"),
    ]


def _meter_value(sample: MeterSample, context: str, *, power: bool = False) -> Payload:
    values = [_sampled(Decimal(whole_wh(sample)), context, "Energy.Active.Import.Register", "Wh")]
    if power:
        values.append(_sampled(sample.power_w.quantize(_TENTH), context, "Power.Active.Import", "W"))
    return {"timestamp": stamp(sample.at), "sampledValue": values}


def _sampled(value: Decimal, context: str, measurand: str, unit: str) -> Payload:
    return {
        "value": str(value),
        "context": context,
        "format": "Raw",
        "measurand": measurand,
        "location": "Outlet",
        "unit": unit,
    }
