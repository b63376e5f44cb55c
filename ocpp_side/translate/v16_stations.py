"""OCPP 1.6: what operators ask of chargers, to payloads and back. Pure; properties in the order of schemas.

Spec: OCPP 1.6 edition 2 sections 5 and 6, security white paper edition 2 section 5; C23, C26 to C28, B07.
"""

from collections.abc import Mapping

from gateway.domain.commands import CommandAnswer, Outcome
from gateway.domain.errors import InvalidInput
from gateway.domain.station_commands import (
    CertificateHash,
    CertificateSigned,
    CertificateUse,
    ChangeKey,
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
    StationCommand,
    UpdateFirmware,
)
from ocpp_side.translate.lenient import Payload, rows, text, whole
from ocpp_side.translate.moments import wire_time
from ocpp_side.translate.v16 import LONGEST_ID_TAG, VERDICT_WORD, parent_id_tag

_LONGEST_DATA = 100_000
_USE = {
    CertificateUse.CENTRAL_SYSTEM_ROOT: "CentralSystemRootCertificate",
    CertificateUse.MANUFACTURER_ROOT: "ManufacturerRootCertificate",
}
_LOG = {LogKind.DIAGNOSTICS: "DiagnosticsLog", LogKind.SECURITY: "SecurityLog"}
_OUTCOME: dict[str, Outcome] = {
    "accepted": Outcome.ACCEPTED,
    "acceptedcanceled": Outcome.ACCEPTED,
    "rebootrequired": Outcome.REBOOT_REQUIRED,
    "rejected": Outcome.REJECTED,
    "failed": Outcome.FAILED,
    "notsupported": Outcome.NOT_SUPPORTED,
    "notimplemented": Outcome.NOT_SUPPORTED,
    "versionmismatch": Outcome.VERSION_MISMATCH,
    "notfound": Outcome.UNKNOWN,
    "unknownvendorid": Outcome.NOT_SUPPORTED,
    "unknownmessageid": Outcome.NOT_SUPPORTED,
    "invalidcertificate": Outcome.REJECTED,
    "revokedcertificate": Outcome.REJECTED,
}
_NO_STATUS = frozenset({UpdateFirmware, GetDiagnostics})
"""Requests of the original 1.6 whose answer says nothing: to answer is to accept."""


def call_of(command: StationCommand) -> tuple[str, dict[str, object]]:
    """The action and payload that carry a command. Raises InvalidInput if 1.6 cannot express it."""
    match command:
        case SendLocalList():
            return "SendLocalList", _list(command)
        case GetLocalListVersion():
            return "GetLocalListVersion", {}
        case UpdateFirmware():
            return _firmware(command)
        case GetLog():
            return "GetLog", _log(command)
        case GetDiagnostics():
            return "GetDiagnostics", _diagnostics(command)
        case ChangeKey(password):
            # The key is bytes, written as hexadecimal digits (B03).
            return "ChangeConfiguration", {
                "key": "AuthorizationKey", "value": password.encode().hex().upper(),
            }  # fmt: skip
        case SendData(vendor, message_id, data):
            optional = {"messageId": message_id, "data": data}
            return "DataTransfer", {"vendorId": vendor, **_given(optional)}
        case _:
            return _certificate(command)


def _certificate(
    command: InstallCertificate | DeleteCertificate | GetInstalledCertificates | CertificateSigned,
) -> tuple[str, dict[str, object]]:
    match command:
        case InstallCertificate(use, pem):
            return "InstallCertificate", {"certificateType": _use(use), "certificate": pem}
        case DeleteCertificate(named):
            return "DeleteCertificate", {
                "certificateHashData": {
                    "hashAlgorithm": named.algorithm,
                    "issuerNameHash": named.issuer_name_hash,
                    "issuerKeyHash": named.issuer_key_hash,
                    "serialNumber": named.serial_number,
                }
            }
        case GetInstalledCertificates(use):
            return "GetInstalledCertificateIds", {"certificateType": _use(use)}
        case CertificateSigned(chain):  # pragma: no branch - nothing is left
            return "CertificateSigned", {"certificateChain": chain}


def answer_of(command: StationCommand, payload: Payload) -> CommandAnswer:
    """What a charger's answer to this command means; an unknown word is a failure with that word."""
    if type(command) in _NO_STATUS and "status" not in payload:
        return CommandAnswer(Outcome.ACCEPTED, file_name=text(payload.get("fileName"), 255))
    if isinstance(command, GetLocalListVersion):
        version = whole(payload.get("listVersion"))
        supported = version is not None and version >= 0
        outcome = Outcome.ACCEPTED if supported else Outcome.NOT_SUPPORTED
        return CommandAnswer(outcome, list_version=-1 if version is None else version)
    word = text(payload.get("status"), 50) or ""
    return CommandAnswer(
        _OUTCOME.get(word.casefold(), Outcome.FAILED),
        word,
        certificates=tuple(_hash(row) for row in rows(payload.get("certificateHashData"))),
        data=text(payload.get("data"), _LONGEST_DATA),
        file_name=text(payload.get("filename"), 255),
    )


def _list(command: SendLocalList) -> dict[str, object]:
    """SendLocalList.req. The versions 0 and -1 mean something else (errata 3.52)."""
    if command.version < 1:
        raise InvalidInput("the version of a list is 1 or more", field="listVersion")
    return {
        "listVersion": command.version,
        "localAuthorizationList": [_entry(entry) for entry in command.entries],
        "updateType": "Full" if command.full else "Differential",
    }


def _entry(entry: LocalListEntry) -> dict[str, object]:
    if not 0 < len(entry.card) <= LONGEST_ID_TAG:
        raise InvalidInput(f"a card on a list has 1 to {LONGEST_ID_TAG} characters", field="idTag")
    if entry.verdict is None:
        return {"idTag": entry.card}
    expiry = wire_time(entry.expires_at) if entry.expires_at else None
    parent = parent_id_tag(entry.group_id) if entry.group_id else None
    info = {**_given({"expiryDate": expiry, "parentIdTag": parent}), "status": VERDICT_WORD[entry.verdict]}
    return {"idTag": entry.card, "idTagInfo": info}


def _firmware(command: UpdateFirmware) -> tuple[str, dict[str, object]]:
    retrieve = wire_time(command.retrieve_at)
    attempts = {"retries": command.retries, "retryInterval": command.retry_interval_s}
    if not command.signed:
        return "UpdateFirmware", {
            "location": command.location,
            **_given({"retries": command.retries}),
            "retrieveDate": retrieve,
            **_given({"retryInterval": command.retry_interval_s}),
        }
    install = wire_time(command.install_at) if command.install_at else None
    firmware = {
        "location": command.location,
        "retrieveDateTime": retrieve,
        **_given({"installDateTime": install}),
        "signingCertificate": command.signing_certificate,
        "signature": command.signature,
    }
    return "SignedUpdateFirmware", {**_given(attempts), "requestId": command.request_id, "firmware": firmware}


def _log(command: GetLog) -> dict[str, object]:
    period = {
        "oldestTimestamp": wire_time(command.since) if command.since else None,
        "latestTimestamp": wire_time(command.until) if command.until else None,
    }
    return {
        "logType": _LOG[command.kind],
        "requestId": command.request_id,
        **_given({"retries": command.retries, "retryInterval": command.retry_interval_s}),
        "log": {"remoteLocation": command.location, **_given(period)},
    }


def _diagnostics(command: GetDiagnostics) -> dict[str, object]:
    return {
        "location": command.location,
        **_given(
            {
                "retries": command.retries,
                "retryInterval": command.retry_interval_s,
                "startTime": wire_time(command.since) if command.since else None,
                "stopTime": wire_time(command.until) if command.until else None,
            }
        ),
    }


def _use(use: CertificateUse) -> str:
    word = _USE.get(use)
    if word is None:
        raise InvalidInput(f"OCPP 1.6 has no certificates for {use.value}", field="certificateType")
    return word


def _hash(row: Payload) -> CertificateHash:
    names = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
    return CertificateHash(*(text(row.get(name), 128) or "" for name in names))


def _given(optional: Mapping[str, object]) -> dict[str, object]:
    """Without what there is no value for; empty optionals are never sent (A16)."""
    return {name: value for name, value in optional.items() if value is not None}
