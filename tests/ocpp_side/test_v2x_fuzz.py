"""Mutated frames of whole sessions in OCPP 2.0.1 and 2.1: nothing ends the connection (A17, A18, F07)."""

import pytest

from ocpp_side.v21 import V21
from ocpp_side.v201 import V201
from ocpp_side.version import Version
from tests.ocpp_side.fuzzing import WHEN, Frame, fuzz

CARD = {
    "idToken": "04A1B2C3",
    "type": "ISO14443",
    "additionalInfo": [{"additionalIdToken": "x", "type": "y"}],
}
SIGNED = {"signedMeterData": "T0NNRnx7fQ==", "signingMethod": "", "encodingMethod": "OCMF", "publicKey": "k"}
UNIT = {"unit": "kWh", "multiplier": 0}
SAMPLED = {
    "value": 5, "context": "Sample.Periodic", "measurand": "Energy.Active.Import.Register", "phase": "L1",
    "location": "Outlet", "unitOfMeasure": UNIT, "signedMeterValue": SIGNED,
}  # fmt: skip
VALUE = {"timestamp": WHEN, "sampledValue": [SAMPLED, {"value": 7}]}
EVSE = {"id": 1, "connectorId": 1}
WHERE = {"component": {"name": "Connector", "evse": EVSE}, "variable": {"name": "AvailabilityState"}}
PLUG = {"timestamp": WHEN, "connectorStatus": "Occupied", "evseId": 1, "connectorId": 1}
ROW = {"eventId": 1, "timestamp": WHEN, "trigger": "Delta", "actualValue": "Occupied",
       "eventNotificationType": "HardWiredNotification", **WHERE}  # fmt: skip
REPORT = {**WHERE, "variableAttribute": [{"type": "Actual", "value": "1", "mutability": "ReadOnly"}],
          "variableCharacteristics": {"dataType": "string", "supportsMonitoring": True}}  # fmt: skip


def event(kind: str, number: int, name: str, **more: object) -> Frame:
    info = {"transactionId": name, "chargingState": "Charging", "stoppedReason": "Local", "remoteStartId": 7}
    payload = {
        "eventType": kind, "timestamp": WHEN, "triggerReason": "Authorized", "seqNo": number,
        "offline": False, "transactionInfo": info, "evse": EVSE, "idToken": CARD, "meterValue": [VALUE],
        **more,
    }  # fmt: skip
    return [2, "1", "TransactionEvent", payload]


CORPUS: list[Frame] = [
    [2, "1", "BootNotification",
     {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M", "modem": {"iccid": "1"}}}],
    [2, "1", "Heartbeat", {}],
    [2, "1", "StatusNotification", PLUG],
    [2, "1", "Authorize", {"idToken": CARD}],
    *(event(kind, n, name) for name in ("a", "b") for n, kind in enumerate(("Started", "Updated", "Ended"))),
    [2, "1", "MeterValues", {"evseId": 1, "meterValue": [VALUE]}],
    [2, "1", "NotifyEvent", {"generatedAt": WHEN, "seqNo": 0, "tbc": False, "eventData": [ROW]}],
    [2, "1", "NotifyReport",
     {"requestId": 1, "generatedAt": WHEN, "seqNo": 0, "tbc": False, "reportData": [REPORT]}],
    [2, "1", "DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}],
    [2, "1", "FirmwareStatusNotification", {"status": "Installed", "requestId": 1}],
    [2, "1", "LogStatusNotification", {"status": "Uploaded", "requestId": 1}],
    [2, "1", "SecurityEventNotification", {"type": "T", "timestamp": WHEN}],
    [2, "1", "ReservationStatusUpdate", {"reservationId": 1, "reservationUpdateStatus": "Expired"}],
    [2, "1", "NotifyCustomerInformation", {"data": "d", "seqNo": 0, "generatedAt": WHEN, "requestId": 1}],
    [2, "1", "Get15118EVCertificate",
     {"iso15118SchemaVersion": "1", "action": "Install", "exiRequest": "x"}],
    [2, "1", "SignCertificate", {"csr": "x"}],
    [3, "1", {"status": "Accepted"}],
    [4, "1", "InternalError", "", {}],
    [5, "1", "InternalError", "", {}],
    [6, "1", "NotifyPeriodicEventStream", {"id": 1, "pending": 0, "basetime": WHEN, "data": []}],
]  # fmt: skip


@pytest.mark.parametrize("version", [V201, V21], ids=lambda v: v.subprotocol)
async def test_mutated_frames_end_nothing(version: Version) -> None:
    """A12 to A14, A17, A18, F07, T9: no exception, an answer to every request, no growing memory."""
    await fuzz(version, CORPUS, seed=201)
