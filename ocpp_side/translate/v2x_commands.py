"""OCPP 2.x: commands to payloads, answers to outcomes. Pure. Properties in the order of the schemas.

Spec: OCPP 2.0.1 schemas of what a CSMS sends; D03, D04, D13, D16 to D22, M20 to M27, M60 to M62.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.domain.commands import (
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    ClearChargingProfile,
    Command,
    CommandAnswer,
    ConfigurationKey,
    GetCompositeSchedule,
    GetConfiguration,
    Outcome,
    RemoteStart,
    RemoteStop,
    ReserveNow,
    Reset,
    SetChargingProfile,
    Trigger,
    UnlockConnector,
)
from gateway.domain.device_commands import (
    CustomerInformation,
    GetTransactionStatus,
    ReportVariables,
    ShowCost,
)
from gateway.domain.errors import InvalidInput
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorNumber
from gateway.domain.station_commands import ChangeKey, GetInstalledCertificates, GetLocalListVersion, SendData
from ocpp_side.frames import write_call
from ocpp_side.translate.lenient import Payload, rows, text, whole
from ocpp_side.translate.moments import wire_time
from ocpp_side.translate.v2x import group_token, money
from ocpp_side.translate.v2x_care import care_call, read_certificates
from ocpp_side.translate.v2x_events import path_of
from ocpp_side.translate.v2x_keys import component_variable, key_of_path, path_of_key
from ocpp_side.translate.v2x_profiles import composite_schedule, set_profile

LONGEST_ID_TOKEN = 36
"""Spec: OCPP 2.0.1 "IdTokenType"; 2.1 allows 255, but what we send fits both (Q46)."""
MOST_VARIABLES = 10
"""Variables read with one request: what even small chargers take (D03)."""
_LONGEST_VALUE = 2500
_ID = "-" * 36
"""Stands for the id of a request, which is as long."""
_TOKEN_TYPES: dict[str, str] = {
    "RFID": "ISO14443",
    "APP_USER": "Central",
    "AD_HOC_USER": "Central",
    "EMAID": "eMAID",
    "OTHER": "Central",
    "idTag": "Central",
}
"""OCPI's types of tokens, and the one type of 1.6, as IdToken types (4.C)."""
_TRIGGERS: dict[str, str] = {
    "DiagnosticsStatusNotification": "LogStatusNotification",
    "SignChargePointCertificate": "SignChargingStationCertificate",
}
_NOTHING = "emptyresultset"
_OUTCOME: dict[str, Outcome] = {
    "accepted": Outcome.ACCEPTED,
    "acceptedcanceled": Outcome.ACCEPTED,
    "scheduled": Outcome.SCHEDULED,
    "rebootrequired": Outcome.REBOOT_REQUIRED,
    "rejected": Outcome.REJECTED,
    "notsupported": Outcome.NOT_SUPPORTED,
    "notimplemented": Outcome.NOT_SUPPORTED,
    "unknowncomponent": Outcome.NOT_SUPPORTED,
    "unknownvariable": Outcome.NOT_SUPPORTED,
    "notsupportedattributetype": Outcome.NOT_SUPPORTED,
    "unlocked": Outcome.ACCEPTED,
    "unlockfailed": Outcome.FAILED,
    "ongoingauthorizedtransaction": Outcome.TRANSACTION_ONGOING,
    "unknownconnector": Outcome.UNKNOWN_CONNECTOR,
    "occupied": Outcome.OCCUPIED,
    "faulted": Outcome.FAULTED,
    "unavailable": Outcome.UNAVAILABLE,
    "unknown": Outcome.UNKNOWN,
    "notfound": Outcome.UNKNOWN,
    "noprofiles": Outcome.UNKNOWN,
    "versionmismatch": Outcome.VERSION_MISMATCH,
    _NOTHING: Outcome.ACCEPTED,
}


def parts_of(command: Command) -> Sequence[Command]:
    """A command as several where one request would be more than a charger takes (D03)."""
    match command:
        case GetConfiguration(keys, most_bytes):
            known = tuple(key for key in keys if path_of_key(key))
            others = tuple(key for key in keys if not path_of_key(key))
            first, *more = [*_portions(known, most_bytes)] or [()]
            return tuple(GetConfiguration(portion) for portion in (first + others, *more))
        case _:
            return (command,)


def _portions(keys: tuple[str, ...], most_bytes: int | None) -> Iterator[tuple[str, ...]]:
    """The keys, as many at a time as fit into one request; one that is too long by itself is asked alone."""
    portion: tuple[str, ...] = ()
    for key in keys:
        longer = (*portion, key)
        if portion and (len(longer) > MOST_VARIABLES or _too_long(GetConfiguration(longer), most_bytes)):
            yield portion
            longer = (key,)
        portion = longer
    if portion:
        yield portion


def _too_long(command: Command, most_bytes: int | None) -> bool:
    return most_bytes is not None and len(write_call(_ID, *_device_call(command))) > most_bytes


def call_of(command: Command) -> tuple[str, dict[str, object]]:
    """The action and payload that carry a command. Raises InvalidInput if 2.x cannot express it."""
    match command:
        case RemoteStart(id_token, number, start_id, group_id):
            where = {"evseId": number.evse} if number else {}
            group = {"groupIdToken": group_token(group_id)} if group_id else {}
            token = id_token_type(id_token)
            return "RequestStartTransaction", {**where, **group, "idToken": token, "remoteStartId": start_id}
        case RemoteStop(transaction):
            return "RequestStopTransaction", {"transactionId": transaction}
        case ReserveNow():
            return "ReserveNow", _reserve(command)
        case CancelReservation(number):
            return "CancelReservation", {"reservationId": number}
        case GetTransactionStatus(transaction):
            return "GetTransactionStatus", {"transactionId": transaction}
        case ShowCost(transaction, total):
            return "CostUpdated", {"totalCost": money(total), "transactionId": transaction}
        case ChangeConfiguration(_, _, most_bytes) if _too_long(command, most_bytes):
            raise InvalidInput(
                f"too long: the charger takes at most {most_bytes} bytes in one request", field="value"
            )
        case _:
            return _station_call(command)


def _station_call(command: Command) -> tuple[str, dict[str, object]]:
    match command:
        case Reset(hard):
            return "Reset", {"type": "Immediate" if hard else "OnIdle"}
        case UnlockConnector(number):
            return "UnlockConnector", {"evseId": number.evse, "connectorId": number.connector}
        case Trigger(message, number):
            return "TriggerMessage", {**_evse(number), "requestedMessage": _TRIGGERS.get(message, message)}
        case ChangeAvailability(operative, number):
            status = "Operative" if operative else "Inoperative"
            return "ChangeAvailability", {**_evse(number), "operationalStatus": status}
        case SetChargingProfile():
            return "SetChargingProfile", set_profile(command)
        case ClearChargingProfile(profile_id):
            return "ClearChargingProfile", {"chargingProfileId": profile_id}
        case GetCompositeSchedule(plug, duration_s, unit):
            wanted = {"chargingRateUnit": unit.value} if unit else {}
            return "GetCompositeSchedule", {"duration": duration_s, **wanted, "evseId": plug.evse}
        case _:
            return _device_call(command)


def _device_call(command: Command) -> tuple[str, dict[str, object]]:
    match command:
        case GetConfiguration(keys) if keys:
            wanted = [key for key in keys if path_of_key(key)] or keys[:1]
            return "GetVariables", {"getVariableData": [component_variable(key) for key in wanted]}
        case GetConfiguration():
            return "GetBaseReport", {"requestId": 0, "reportBase": "FullInventory"}
        case ReportVariables(request_id):
            return "GetBaseReport", {"requestId": request_id, "reportBase": "FullInventory"}
        case ChangeKey(password):
            where = component_variable("SecurityCtrlr/BasicAuthPassword")
            return "SetVariables", {"setVariableData": [{"attributeValue": password, **where}]}
        case ChangeConfiguration(key, value, _):
            return "SetVariables", {"setVariableData": [{"attributeValue": value, **component_variable(key)}]}
        case CustomerInformation():
            return "CustomerInformation", _customer(command)
        case ClearCache():
            return "ClearCache", {}
        case _:
            return care_call(command)


def answer_of(command: Command, payload: Payload) -> CommandAnswer:
    """What a charger's answer to this command means; an unknown word is a failure with that word."""
    match command:
        case GetConfiguration(keys) if keys:
            return _variables_read(keys, payload)
        case ChangeConfiguration() | ChangeKey():
            result = next(iter(rows(payload.get("setVariableResult"))), {})
            return _answered(result.get("attributeStatus"))
        case GetTransactionStatus():
            return _transaction_status(payload)
        case ShowCost():
            return CommandAnswer(Outcome.ACCEPTED)
        case GetLocalListVersion():
            return CommandAnswer(Outcome.ACCEPTED, list_version=whole(payload.get("versionNumber")))
        case _:
            return _detailed(command, _answered(payload.get("status")), payload)


def _answered(status: object) -> CommandAnswer:
    word = text(status, 50) or ""
    return CommandAnswer(_OUTCOME.get(word.casefold(), Outcome.FAILED), word)


def _detailed(command: Command, answer: CommandAnswer, payload: Payload) -> CommandAnswer:
    """With what the answer carries beside its status."""
    match command:
        case GetCompositeSchedule() if answer.outcome is Outcome.ACCEPTED:
            return replace(answer, schedule=composite_schedule(payload))
        case GetInstalledCertificates():
            return replace(answer, certificates=read_certificates(payload))
        case ReportVariables():
            return replace(answer, nothing_follows=answer.detail.casefold() == _NOTHING)
        case SendData():
            data = payload.get("data")
            return replace(answer, data=data if isinstance(data, str) else None)
        case _:
            return replace(answer, file_name=text(payload.get("filename"), 255))


def id_token_type(token: IdToken) -> dict[str, object]:
    """An IdTokenType. Raises InvalidInput for a value that does not fit (Q46)."""
    if not 0 < len(token.value) <= LONGEST_ID_TOKEN:
        raise InvalidInput(f"OCPP 2.x allows 1 to {LONGEST_ID_TOKEN} characters here", field="idToken")
    return {"idToken": token.value, "type": _TOKEN_TYPES.get(token.type, token.type)}


def _evse(number: ConnectorNumber | None) -> dict[str, object]:
    if number is None:
        return {}
    return {"evse": {"id": number.evse, **({"connectorId": number.connector} if number.evse else {})}}


def _reserve(command: ReserveNow) -> dict[str, object]:
    group = {"groupIdToken": group_token(command.group_id)} if command.group_id else {}
    return {
        "id": command.number,
        "expiryDateTime": wire_time(command.expires_at),
        "idToken": id_token_type(command.id_token),
        "evseId": command.plug.evse,
        **group,
    }


def _customer(command: CustomerInformation) -> dict[str, object]:
    return {
        "idToken": id_token_type(IdToken(command.card, "RFID")),
        "requestId": command.request_id,
        "report": command.report,
        "clear": command.clear,
    }


def _variables_read(keys: tuple[str, ...], payload: Payload) -> CommandAnswer:
    """What was read, under the names it was asked for; a name that 2.x does not have is unknown."""
    results = [(key_of_path(path_of(row), keys), row) for row in rows(payload.get("getVariableResult"))]
    known = [(key, row) for key, row in results if row.get("attributeStatus") == "Accepted"]
    unknown = [key for key, row in results if row.get("attributeStatus") != "Accepted"]
    return CommandAnswer(
        Outcome.ACCEPTED,
        configuration=tuple(_key(key, row) for key, row in known),
        unknown_keys=(*unknown, *(key for key in keys if not path_of_key(key))),
    )


def _key(key: str, row: Payload) -> ConfigurationKey:
    value = row.get("attributeValue")
    return ConfigurationKey(key, None if value is None else str(value)[:_LONGEST_VALUE], False)


def _transaction_status(payload: Payload) -> CommandAnswer:
    """A charger that does not know the transaction leaves `ongoingIndicator` out (D13)."""
    ongoing = payload.get("ongoingIndicator")
    return CommandAnswer(
        Outcome.ACCEPTED,
        ongoing=ongoing if isinstance(ongoing, bool) else None,
        messages_wait=payload.get("messagesInQueue") is True,
    )
