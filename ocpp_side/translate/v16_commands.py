"""OCPP 1.6: commands to payloads, answers to outcomes. Pure. Properties in the order of the schemas.

Spec: OCPP 1.6 edition 2 sections 5 and 6; C19 to C27, M20 to M26.
"""

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
from gateway.domain.device_commands import DeviceCommand
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ConnectorNumber
from gateway.domain.station_commands import StationCommand
from ocpp_side.translate import v16_stations
from ocpp_side.translate.lenient import Payload, rows, text
from ocpp_side.translate.moments import wire_time
from ocpp_side.translate.v16 import LONGEST_ID_TAG, parent_id_tag
from ocpp_side.translate.v16_profiles import composite_schedule, set_profile

_LONGEST_VALUE = 10_000
_EXTENDED_TRIGGERS = frozenset({"LogStatusNotification", "SignChargePointCertificate"})
"""Messages that only ExtendedTriggerMessage can ask for (security white paper, C26)."""

_OUTCOME: dict[str, Outcome] = {
    "accepted": Outcome.ACCEPTED,
    "scheduled": Outcome.SCHEDULED,
    "rebootrequired": Outcome.REBOOT_REQUIRED,
    "rejected": Outcome.REJECTED,
    "notsupported": Outcome.NOT_SUPPORTED,
    "notimplemented": Outcome.NOT_SUPPORTED,
    "unlocked": Outcome.ACCEPTED,
    "unlockfailed": Outcome.FAILED,
    "occupied": Outcome.OCCUPIED,
    "faulted": Outcome.FAULTED,
    "unavailable": Outcome.UNAVAILABLE,
    "unknown": Outcome.UNKNOWN,
    "unknownconnector": Outcome.UNKNOWN_CONNECTOR,
}


def call_of(command: Command) -> tuple[str, dict[str, object]]:  # noqa: C901, PLR0912 - one line each
    """The action and payload that carry a command. Raises InvalidInput if 1.6 cannot express it."""
    if isinstance(command, DeviceCommand):
        raise InvalidInput("OCPP 1.6 has no such request", field="command")
    match command:
        case RemoteStart(id_token, number):
            return "RemoteStartTransaction", {**_connector(number), "idTag": _id_tag(id_token.value)}
        case RemoteStop(transaction):
            return "RemoteStopTransaction", {"transactionId": _transaction_id(transaction)}
        case Reset(hard):
            return "Reset", {"type": "Hard" if hard else "Soft"}
        case UnlockConnector(number):
            return "UnlockConnector", _connector(number)
        case Trigger(message, number):
            action = "ExtendedTriggerMessage" if message in _EXTENDED_TRIGGERS else "TriggerMessage"
            return action, {"requestedMessage": message, **_connector(number)}
        case ChangeAvailability(operative, number):
            type_ = "Operative" if operative else "Inoperative"
            return "ChangeAvailability", {"connectorId": number.evse if number else 0, "type": type_}
        case GetConfiguration(keys):
            return "GetConfiguration", {"key": list(keys)} if keys else {}
        case ChangeConfiguration(key, value):
            return "ChangeConfiguration", {"key": key, "value": value}
        case ClearCache():
            return "ClearCache", {}
        case ReserveNow():
            return "ReserveNow", _reserve(command)
        case CancelReservation(number):
            return "CancelReservation", {"reservationId": number}
        case SetChargingProfile():
            return "SetChargingProfile", set_profile(command, _transaction_id(command.transaction))
        case ClearChargingProfile(profile_id):
            return "ClearChargingProfile", {"id": profile_id}
        case GetCompositeSchedule(plug, duration_s, unit):
            asked = {"connectorId": plug.evse, "duration": duration_s}
            return "GetCompositeSchedule", {**asked, **({"chargingRateUnit": unit.value} if unit else {})}
        case _:
            return v16_stations.call_of(command)


def answer_of(command: Command, payload: Payload) -> CommandAnswer:
    """What a charger's answer to this command means; an unknown word is a failure with that word."""
    if isinstance(command, StationCommand):
        return v16_stations.answer_of(command, payload)
    if isinstance(command, GetConfiguration):
        return CommandAnswer(
            Outcome.ACCEPTED,
            configuration=tuple(_key(row) for row in rows(payload.get("configurationKey"))),
            unknown_keys=_unknown_keys(payload.get("unknownKey")),
        )
    word = text(payload.get("status"), 50) or ""
    outcome = _OUTCOME.get(word.casefold(), Outcome.FAILED)
    if isinstance(command, GetCompositeSchedule) and outcome is Outcome.ACCEPTED:
        return CommandAnswer(outcome, word, schedule=composite_schedule(payload))
    return CommandAnswer(outcome, word)


def _reserve(command: ReserveNow) -> dict[str, object]:
    parent = {"parentIdTag": parent_id_tag(command.group_id)} if command.group_id else {}
    return {
        "connectorId": command.plug.evse,
        "expiryDate": wire_time(command.expires_at),
        "idTag": _id_tag(command.id_token.value),
        **parent,
        "reservationId": command.number,
    }


def _connector(number: ConnectorNumber | None) -> dict[str, object]:
    return {"connectorId": number.evse} if number else {}


def _id_tag(value: str) -> str:
    if not 0 < len(value) <= LONGEST_ID_TAG:
        raise InvalidInput(
            f"OCPP 1.6 allows 1 to {LONGEST_ID_TAG} characters, not {len(value)}", field="idTag"
        )
    return value


def _transaction_id(transaction: str) -> int:
    try:
        return int(transaction)
    except ValueError:
        raise InvalidInput("OCPP 1.6 names transactions by number", field="transactionId") from None


def _key(row: Payload) -> ConfigurationKey:
    """One configuration key; values that are no text are shown as text (Q41)."""
    value = row.get("value")
    shown = None if value is None else str(value)[:_LONGEST_VALUE]
    return ConfigurationKey(text(row.get("key"), 255) or "", shown, row.get("readonly") is True)


def _unknown_keys(value: object) -> tuple[str, ...]:
    return tuple(str(key)[:255] for key in value) if isinstance(value, list) else ()
