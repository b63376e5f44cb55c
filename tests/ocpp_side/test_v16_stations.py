"""OCPP 1.6: what operators ask of chargers, word by word, and that it is what the official schemas allow."""

import importlib.resources
from typing import Any

import aiohttp
import jsonschema_rs
import orjson
import pytest

from gateway.domain.care import Progress, ProgressKind, ProgressReported
from gateway.domain.commands import Command, Outcome, Trigger
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from gateway.domain.station_commands import (
    CertificateHash,
    CertificateSigned,
    CertificateUse,
    DeleteCertificate,
    GetDiagnostics,
    GetInstalledCertificates,
    GetLocalListVersion,
    GetLog,
    InstallCertificate,
    LocalListEntry,
    LogKind,
    SendData,
    SendLocalList,
    UpdateFirmware,
)
from ocpp_side.translate.v16_commands import answer_of, call_of
from ocpp_side.v16 import V16
from tests.fakes_ocpp import NOW, RecordingCaring, RecordingCharging, basic, charger_side

HASH = CertificateHash("SHA256", "aa", "bb", "01")
COMMANDS: list[tuple[str, Command, str]] = [
    ("C23", SendLocalList(2, (LocalListEntry("A", group_id="G"), LocalListEntry("B", None)), full=False),
     "SendLocalList"),
    ("C23", GetLocalListVersion(), "GetLocalListVersion"),
    ("C26", Trigger("LogStatusNotification"), "ExtendedTriggerMessage"),
    ("C26", Trigger("FirmwareStatusNotification"), "TriggerMessage"),
    ("C27", UpdateFirmware(7, "https://fw.example/1", NOW, retries=2), "UpdateFirmware"),
    ("C27", UpdateFirmware(7, "https://fw.example/1", NOW, NOW, signing_certificate="C", signature="S"),
     "SignedUpdateFirmware"),
    ("C27", GetLog(7, "https://log.example", LogKind.SECURITY, NOW, NOW), "GetLog"),
    ("C27", GetDiagnostics("ftp://log.example", NOW, NOW, 1, 60), "GetDiagnostics"),
    ("B07", CertificateSigned("PEM"), "CertificateSigned"),
    ("B07", Trigger("SignChargePointCertificate"), "ExtendedTriggerMessage"),
    ("B08", InstallCertificate(CertificateUse.CENTRAL_SYSTEM_ROOT, "PEM"), "InstallCertificate"),
    ("B08", DeleteCertificate(HASH), "DeleteCertificate"),
    ("B08", GetInstalledCertificates(CertificateUse.MANUFACTURER_ROOT), "GetInstalledCertificateIds"),
    ("C28", SendData("vendor", "message", "data"), "DataTransfer"),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "command", "action"), COMMANDS, ids=[f"{c[0]} {c[2]}" for c in COMMANDS])
def test_commands_keep_the_schemas(id_: str, command: Command, action: str) -> None:
    """C23, C26, C27, C28, B07, B08: the official schema of each request accepts what is sent."""
    del id_
    said, payload = call_of(command)
    schema = orjson.loads((importlib.resources.files("ocpp.v16") / "schemas" / f"{action}.json").read_bytes())
    assert said == action
    assert list(jsonschema_rs.validator_for(schema, validate_formats=True).iter_errors(payload)) == []
    assert all(value not in (None, [], {}, "") for value in payload.values())


ANSWERS: list[tuple[Command, dict[str, Any], Outcome]] = [
    (GetLocalListVersion(), {"listVersion": 3}, Outcome.ACCEPTED),
    (GetLocalListVersion(), {"listVersion": -1}, Outcome.NOT_SUPPORTED),
    (SendLocalList(1, ()), {"status": "VersionMismatch"}, Outcome.VERSION_MISMATCH),
    (SendLocalList(1, ()), {"status": "Failed"}, Outcome.FAILED),
    (UpdateFirmware(1, "x", NOW), {}, Outcome.ACCEPTED),
    (GetDiagnostics("x"), {"fileName": "log.zip"}, Outcome.ACCEPTED),
    (GetLog(1, "x"), {"status": "AcceptedCanceled", "filename": "log"}, Outcome.ACCEPTED),
    (DeleteCertificate(HASH), {"status": "NotFound"}, Outcome.UNKNOWN),
    (SendData("v"), {"status": "UnknownVendorId"}, Outcome.NOT_SUPPORTED),
    (SendData("v"), {"status": "Nonsense"}, Outcome.FAILED),
    (Trigger("LogStatusNotification"), {"status": "NotImplemented"}, Outcome.NOT_SUPPORTED),
]


@pytest.mark.parametrize(("command", "payload", "outcome"), ANSWERS)
def test_answers(command: Command, payload: dict[str, Any], outcome: Outcome) -> None:
    """C23, C26, C27, C28, Q43: every word of a charger has a meaning."""
    assert answer_of(command, payload).outcome is outcome


def test_installed_certificates_are_named() -> None:
    """B08."""
    row = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "01"}
    answer = answer_of(
        GetInstalledCertificates(CertificateUse.MANUFACTURER_ROOT),
        {"status": "Accepted", "certificateHashData": [row]},
    )
    assert answer.certificates == (HASH,)


@pytest.mark.parametrize(
    "command",
    [
        SendLocalList(0, ()),
        SendLocalList(-1, ()),
        SendLocalList(1, (LocalListEntry("x" * 21),)),
        InstallCertificate(CertificateUse.V2G_ROOT, "PEM"),
        GetInstalledCertificates(CertificateUse.MOBILITY_OPERATOR_ROOT),
    ],
)
def test_what_1_6_cannot_say(command: Command) -> None:
    """C23, B08: versions 0 and -1 are never sent (errata 3.52); 1.6 knows two uses of certificates."""
    with pytest.raises(InvalidInput):
        call_of(command)


def test_every_action_of_a_charger_has_a_handler() -> None:
    """A12: the 28 core and 11 security actions, each in its direction."""
    ours = {
        "BootNotification", "Heartbeat", "StatusNotification", "Authorize", "StartTransaction", "MeterValues",
        "StopTransaction", "DataTransfer", "FirmwareStatusNotification", "DiagnosticsStatusNotification",
        "SignedFirmwareStatusNotification", "LogStatusNotification", "SecurityEventNotification",
        "SignCertificate",
    }  # fmt: skip
    assert set(V16.handlers) == ours
    asked = {call_of(command)[0] for _, command, _ in COMMANDS}
    elsewhere = {
        "RemoteStartTransaction", "RemoteStopTransaction", "Reset", "UnlockConnector", "ChangeAvailability",
        "GetConfiguration", "ChangeConfiguration", "ClearCache", "ReserveNow", "CancelReservation",
        "SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule",
    }  # fmt: skip
    assert ours | asked | elsewhere == V16.schemas.actions


async def test_what_a_charger_reports_of_itself() -> None:
    """C27, B07, B08, C28: progress and events are kept, vendors answered exactly."""
    caring = RecordingCaring(signs=True)
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("FirmwareStatusNotification", {"status": "Downloading"}, {}),
        ("SignedFirmwareStatusNotification", {"status": "Installed", "requestId": 7}, {}),
        ("DiagnosticsStatusNotification", {"status": "Uploaded"}, {}),
        ("LogStatusNotification", {"status": "Uploading", "requestId": 7}, {}),
        ("SecurityEventNotification",
         {"type": "TamperDetectionActivated", "timestamp": "2026-11-22T11:00:00Z"}, {}),
        ("SignCertificate", {"csr": "PEM"}, {"status": "Accepted"}),
        ("DataTransfer", {"vendorId": "nobody"}, {"status": "UnknownVendorId"}),
        ("DataTransfer", {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": "Nothing"},
         {"status": "UnknownMessageId"}),
        ("DataTransfer",
         {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": "Authorize",
          "data": '{"idToken":"NLABCC12345678X"}'},
         {"status": "Accepted", "data": '{"idTokenInfo":{"status":"Accepted"}}'}),
        ("DataTransfer",
         {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": "GetCertificateStatus"},
         {"status": "Accepted", "data": '{"status":"Failed"}'}),
    ]  # fmt: skip
    async with (
        charger_side(charging=RecordingCharging(booted_before=True), caring=caring) as side,
        aiohttp.ClientSession() as http,
        http.ws_connect(side.url(), protocols=("ocpp1.6",), headers=basic()) as socket,
    ):
        for action, payload, expected in calls:
            await socket.send_str(orjson.dumps([2, "1", action, payload]).decode())
            assert orjson.loads(await socket.receive_str(timeout=30)) == [3, "1", expected], action
    cp = ChargerId("CP-1")
    assert caring.log[:6] == [
        ProgressReported(cp, Progress(ProgressKind.FIRMWARE, "Downloading", NOW)),
        ProgressReported(cp, Progress(ProgressKind.FIRMWARE, "Installed", NOW, 7)),
        ProgressReported(cp, Progress(ProgressKind.LOG, "Uploaded", NOW)),
        ProgressReported(cp, Progress(ProgressKind.LOG, "Uploading", NOW, 7)),
        ("security", "TamperDetectionActivated"),
        ("certificate", "PEM"),
    ]
    assert side.cards.asked == ["NLABCC12345678X"]
