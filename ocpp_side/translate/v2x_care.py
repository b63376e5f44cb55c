"""OCPP 2.x: what operators ask of chargers, to payloads. Pure. Properties in the order of the schemas.

Spec: OCPP 2.0.1 SendLocalList, GetLog, UpdateFirmware and the certificate messages; D20, D22, B07, B08.
"""

from gateway.domain.authorization import Verdict
from gateway.domain.commands import Command
from gateway.domain.errors import InvalidInput
from gateway.domain.network_profiles import SetNetworkProfile
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
from ocpp_side.translate.lenient import Payload, rows, text
from ocpp_side.translate.moments import wire_time
from ocpp_side.translate.v2x import group_token
from ocpp_side.translate.v2x_networks import network_profile

_USES: dict[CertificateUse, str] = {
    CertificateUse.CENTRAL_SYSTEM_ROOT: "CSMSRootCertificate",
    CertificateUse.MANUFACTURER_ROOT: "ManufacturerRootCertificate",
    CertificateUse.V2G_ROOT: "V2GRootCertificate",
    CertificateUse.MOBILITY_OPERATOR_ROOT: "MORootCertificate",
    CertificateUse.V2G_CHAIN: "V2GCertificateChain",
}
_LOGS: dict[LogKind, str] = {LogKind.DIAGNOSTICS: "DiagnosticsLog", LogKind.SECURITY: "SecurityLog"}
_VERDICTS: dict[Verdict, str] = {
    Verdict.ALLOWED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.NO_CREDIT: "NoCredit",
    Verdict.NOT_ALLOWED: "NotAtThisLocation",
    Verdict.UNKNOWN: "Unknown",
}


def care_call(command: Command) -> tuple[str, dict[str, object]]:
    """The action and payload of one of an operator's commands. Raises InvalidInput for any other."""
    match command:
        case SendLocalList():
            return "SendLocalList", _local_list(command)
        case GetLocalListVersion():
            return "GetLocalListVersion", {}
        case UpdateFirmware():
            return "UpdateFirmware", _firmware(command)
        case GetLog() | GetDiagnostics():
            return "GetLog", _log(command)
        case SetNetworkProfile():
            return "SetNetworkProfile", network_profile(command)
        case SendData(vendor, message_id, data):
            return "DataTransfer", _given(messageId=message_id, data=data, vendorId=vendor)
        case _:
            return _certificate_call(command)


def _certificate_call(command: Command) -> tuple[str, dict[str, object]]:
    match command:
        case InstallCertificate(use, pem) if use is not CertificateUse.V2G_CHAIN:
            return "InstallCertificate", {"certificateType": _use(use), "certificate": pem}
        case DeleteCertificate(certificate):
            return "DeleteCertificate", {"certificateHashData": _hash(certificate)}
        case GetInstalledCertificates(use):
            return "GetInstalledCertificateIds", {"certificateType": [_use(use)]}
        case CertificateSigned(chain):
            return "CertificateSigned", {
                "certificateChain": chain, "certificateType": "ChargingStationCertificate",
            }  # fmt: skip
        case _:
            raise InvalidInput("this charger's OCPP version has no such request", field="command")


def _use(use: CertificateUse) -> str:
    if use not in _USES:
        raise InvalidInput(f"OCPP 2.0.1 has no certificates for {use.value}", field="certificateType")
    return _USES[use]


def _local_list(command: SendLocalList) -> dict[str, object]:
    listed = [_entry(entry) for entry in command.entries]
    return {
        **({"localAuthorizationList": listed} if listed else {}),
        "versionNumber": command.version,
        "updateType": "Full" if command.full else "Differential",
    }


def _entry(entry: LocalListEntry) -> dict[str, object]:
    listed: dict[str, object] = {"idToken": {"idToken": entry.card, "type": entry.type}}
    if entry.verdict is not None:
        info: dict[str, object] = {"status": _VERDICTS[entry.verdict]}
        if entry.expires_at is not None:
            info["cacheExpiryDateTime"] = wire_time(entry.expires_at)
        if entry.group_id:
            info["groupIdToken"] = group_token(entry.group_id)
        listed["idTokenInfo"] = info
    return listed


def _firmware(command: UpdateFirmware) -> dict[str, object]:
    install_at = wire_time(command.install_at) if command.install_at else None
    return {
        **_given(retries=command.retries, retryInterval=command.retry_interval_s),
        "requestId": command.request_id,
        "firmware": _given(
            location=command.location,
            retrieveDateTime=wire_time(command.retrieve_at),
            installDateTime=install_at,
            signingCertificate=command.signing_certificate,
            signature=command.signature,
        ),
    }


def _log(command: GetLog | GetDiagnostics) -> dict[str, object]:
    log = _given(
        remoteLocation=command.location,
        oldestTimestamp=wire_time(command.since) if command.since else None,
        latestTimestamp=wire_time(command.until) if command.until else None,
    )
    kind, number = LogKind.DIAGNOSTICS, 0
    if isinstance(command, GetLog):
        kind, number = command.kind, command.request_id
    times = _given(retries=command.retries, retryInterval=command.retry_interval_s)
    return {"log": log, "logType": _LOGS[kind], "requestId": number, **times}


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _hash(certificate: CertificateHash) -> dict[str, object]:
    return {
        "hashAlgorithm": certificate.algorithm,
        "issuerNameHash": certificate.issuer_name_hash,
        "issuerKeyHash": certificate.issuer_key_hash,
        "serialNumber": certificate.serial_number,
    }


def read_certificates(payload: Payload) -> tuple[CertificateHash, ...]:
    """The certificates of a GetInstalledCertificateIdsResponse, without those under them."""
    found = []
    for row in rows(payload.get("certificateHashDataChain")):
        data = row.get("certificateHashData")
        names = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
        if isinstance(data, dict):
            found.append(CertificateHash(*(text(data.get(name), 128) or "" for name in names)))
    return tuple(found)
