"""Habits of real chargers that a simulated one can have, by their Q-id; those of OCPP 1.6 are here."""

from collections.abc import Callable, Iterable, Mapping

from gateway.domain.errors import InvalidInput
from gateway.sim import habits_v2x
from gateway.sim.messages import Payload

Habit = Callable[[str, Payload], Payload]


def _long_serial(action: str, payload: Payload) -> Payload:
    return {**payload, "chargeBoxSerialNumber": "S" * 40} if action == "BootNotification" else payload


def _own_error_code(action: str, payload: Payload) -> Payload:
    return {**payload, "errorCode": "Error"} if action == "StatusNotification" else payload


def _no_zone(_: str, payload: Payload) -> Payload:
    if not isinstance(payload.get("timestamp"), str):
        return payload
    return {**payload, "timestamp": str(payload["timestamp"]).removesuffix("Z")}


def _extra_field(action: str, payload: Payload) -> Payload:
    return {**payload, "connectorId": 1} if action == "Authorize" else payload


def _number_as_text(_: str, payload: Payload) -> Payload:
    if "transactionId" not in payload:
        return payload
    return {**payload, "transactionId": str(payload["transactionId"])}


def _no_transaction(action: str, payload: Payload) -> Payload:
    if action != "MeterValues":
        return payload
    return {key: value for key, value in payload.items() if key != "transactionId"}


def _lone_object(action: str, payload: Payload) -> Payload:
    values = payload.get("meterValue")
    if action != "MeterValues" or not isinstance(values, list) or len(values) != 1:
        return payload
    return {**payload, "meterValue": values[0]}


HABITS: dict[str, Habit] = {
    "Q13": _long_serial,
    "Q14": _own_error_code,
    "Q19": _no_zone,
    "Q23": _extra_field,
    "Q25": _number_as_text,
    "Q31": _lone_object,
    "Q34": _no_transaction,
}
"""What each habit makes of a message."""
_BY_VERSION: Mapping[str, Mapping[str, Habit]] = {
    "1.6": HABITS,
    "2.0.1": habits_v2x.HABITS,
    "2.1": habits_v2x.HABITS,
}


def habits_of_version(version: str) -> Mapping[str, Habit]:
    """The habits a charger of this OCPP version can have."""
    return _BY_VERSION.get(version, {})


def habit_of(names: Iterable[str], version: str = "1.6") -> Habit:
    """Several habits as one. Raises InvalidInput for one that is not known."""
    known, chosen = habits_of_version(version), []
    for name in names:
        if name not in known:
            raise InvalidInput(f"--misbehave {name}: known for OCPP {version} are {', '.join(known)}")
        chosen.append(known[name])

    def together(action: str, payload: Payload) -> Payload:
        for habit in chosen:
            payload = habit(action, payload)
        return payload

    return together
