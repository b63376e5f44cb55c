"""Habits of real chargers that a simulated one of OCPP 2.0.1 or 2.1 can have, by their Q-id. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.sim.messages import Payload

_TIMES = frozenset({"timestamp", "generatedAt"})
_NUMBERS = frozenset({"seqNo", "id", "evseId", "connectorId"})
Change = Callable[[str, Any], Any]


def _everywhere(payload: Any, change: Change) -> Any:
    """The payload with every field changed, at any depth."""
    if isinstance(payload, list):
        return [_everywhere(item, change) for item in payload]
    if not isinstance(payload, dict):
        return payload
    return {key: _everywhere(change(key, value), change) for key, value in payload.items()}


def _changed(payload: Payload, change: Change) -> Payload:
    made: Payload = _everywhere(payload, change)
    return made


def _without(payload: Payload, *names: str) -> Payload:
    return {key: value for key, value in payload.items() if key not in names}


def _in_samples(payload: Payload, change: Callable[[Payload], Payload]) -> Payload:
    def sampled(key: str, value: Any) -> Any:
        return [change(one) for one in value] if key == "sampledValue" else value

    return _changed(payload, sampled)


def _long_vendor(action: str, payload: Payload) -> Payload:
    if action != "BootNotification":
        return payload
    return {**payload, "chargingStation": {**payload["chargingStation"], "vendorName": "V" * 80}}


def _own_states(action: str, payload: Payload) -> Payload:
    """What happens at the plug in the words of 1.6, and a reason of its own for its boots."""
    if action == "BootNotification":
        return {**payload, "reason": "Whim"}
    word = {"connectorStatus": "Charging"} if payload.get("connectorStatus") == "Occupied" else {}
    return {**payload, **word}


def _always_free(action: str, payload: Payload) -> Payload:
    """Available with a car plugged in: the sensor of the whole station."""
    del action
    states = {"connectorStatus", "actualValue"}
    return _changed(payload, lambda key, value: "Available" if key in states else value)


def _no_zone(_: str, payload: Payload) -> Payload:
    return _changed(payload, lambda key, value: value.removesuffix("Z") if key in _TIMES else value)


def _no_time(action: str, payload: Payload) -> Payload:
    return _without(payload, "timestamp") if action == "StatusNotification" else payload


def _extra_field(action: str, payload: Payload) -> Payload:
    return {**payload, "connectorId": 1} if action == "Authorize" else payload


def _lower_card(_: str, payload: Payload) -> Payload:
    def lower(key: str, value: Any) -> Any:
        return value.casefold() if key == "idToken" and isinstance(value, str) else value

    return _changed(payload, lower)


def _numbers_as_text(_: str, payload: Payload) -> Payload:
    return _changed(payload, lambda key, value: str(value) if key in _NUMBERS else value)


def _keys_in_lower_case(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent":
        return payload
    return {key.casefold(): value for key, value in payload.items()}


def _lone_object(_: str, payload: Payload) -> Payload:
    def lone(key: str, value: Any) -> Any:
        if key == "value" and isinstance(value, int | float):
            return str(value)
        return value[0] if key == "meterValue" else value

    return _changed(payload, lone)


def _empty_samples(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent" or "meterValue" in payload:
        return payload
    return {**payload, "meterValue": [{"timestamp": payload["timestamp"], "sampledValue": []}]}


def _kwh_called_wh(_: str, payload: Payload) -> Payload:
    """The unit is right and the power of ten is forgotten: energy in kWh that says nothing of it."""

    def thousandth(sampled: Payload) -> Payload:
        if sampled.get("measurand") != "Energy.Active.Import.Register":
            return sampled
        return {**sampled, "value": sampled["value"] / 1000, "unitOfMeasure": {"unit": "kWh"}}

    return _in_samples(payload, thousandth)


def _bare_event(action: str, payload: Payload) -> Payload:
    """No reason, the EVSE in every message and without its connector, no number for the connector."""
    if action == "StatusNotification":
        return _without(payload, "connectorId")
    if action != "TransactionEvent":
        return payload
    return {**_without(payload, "triggerReason"), "evse": {"id": 1}}


def _empty_card(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent" or "idToken" in payload:
        return payload
    return {**payload, "idToken": {"idToken": "", "type": "NoAuthorization"}}


def _bare_signature(action: str, payload: Payload) -> Payload:
    """Signed values without key and method, longer than the version has it."""
    if action != "TransactionEvent":
        return payload
    return _in_samples(payload, lambda s: {**s, "signedMeterValue": {"signedMeterData": "AB" * 2000}})


def _long_name(_: str, payload: Payload) -> Payload:
    """Names its transactions at greater length than the version has it."""
    return _changed(payload, lambda key, value: f"{value}{'-' * 30}" if key == "transactionId" else value)


def _all_zero(action: str, payload: Payload) -> Payload:
    return {**payload, "seqNo": 0} if action == "TransactionEvent" else payload


HABITS: Mapping[str, Callable[[str, Payload], Payload]] = {
    "D10": _all_zero,
    "Q13": _long_vendor,
    "Q14": _own_states,
    "Q16": _always_free,
    "Q19": _no_zone,
    "Q20": _no_time,
    "Q23": _extra_field,
    "Q24": _lower_card,
    "Q25": _numbers_as_text,
    "Q30": _keys_in_lower_case,
    "Q31": _lone_object,
    "Q36": _empty_samples,
    "Q37": _kwh_called_wh,
    "Q45": _bare_event,
    "Q46": _empty_card,
    "Q47": _bare_signature,
    "Q48": _long_name,
}
"""What each habit makes of a message."""
