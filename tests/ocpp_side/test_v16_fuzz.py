"""Mutated frames of a whole session in OCPP 1.6: nothing ends the connection (A12, A13, A17, A18, F07)."""

from ocpp_side.v16 import V16
from tests.ocpp_side.fuzzing import WHEN, Frame, fuzz

CARD = "04A1B2C3"
VALUE = {"timestamp": WHEN, "sampledValue": [{"value": "5", "unit": "kWh", "phase": "L1"}]}
CORPUS: list[Frame] = [
    [2, "1", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}],
    [2, "1", "Heartbeat", {}],
    [2, "1", "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}],
    [2, "1", "Authorize", {"idTag": CARD}],
    [2, "1", "StartTransaction", {"connectorId": 1, "idTag": CARD, "meterStart": 0, "timestamp": WHEN}],
    [2, "1", "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": [VALUE]}],
    [2, "1", "StopTransaction",
     {"transactionId": 1, "meterStop": 9, "timestamp": WHEN, "transactionData": [VALUE], "reason": "Local"}],
    [2, "1", "DataTransfer", {"vendorId": "v", "messageId": "m", "data": "d"}],
    [2, "1", "FirmwareStatusNotification", {"status": "Installed"}],
    [2, "1", "LogStatusNotification", {"status": "Uploaded", "requestId": 1}],
    [2, "1", "SecurityEventNotification", {"type": "T", "timestamp": WHEN}],
    [2, "1", "SignCertificate", {"csr": "x"}],
    [3, "1", {"status": "Accepted"}],
    [4, "1", "InternalError", "", {}],
]  # fmt: skip


async def test_mutated_frames_end_nothing() -> None:
    """A12, A13, A17, A18, F07, T9: no exception, an answer to every request, memory that does not grow."""
    await fuzz(V16, CORPUS, seed=1602)
