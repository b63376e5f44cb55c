"""Habits in messages of OCPP 2.0.1 and 2.1. Pure."""

from typing import Any

from gateway.sim.habit import Body, Habit, Message
from gateway.sim.habits import answering
from gateway.sim.habits.forms import (
    REGISTER,
    TIMES,
    changed,
    changing,
    changing_fields,
    in_samples,
    latest_plug,
    never,
    thirds,
    twice,
    without,
)
from gateway.sim.messages import Payload
from gateway.sim.station import AVAILABLE, CHARGING, SUSPENDED_EV

_NUMBERS = frozenset({"seqNo", "id", "evseId", "connectorId"})
_WITHOUT_CLOCK = "1970-01-01T00:00:12.000Z"


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
    return changed(payload, lambda key, value: "Available" if key in states else value)


def _numbers_as_text(_: str, payload: Payload) -> Payload:
    return changed(payload, lambda key, value: str(value) if key in _NUMBERS else value)


def _keys_in_lower_case(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent":
        return payload
    return {key.casefold(): value for key, value in payload.items()}


def _lone_object(_: str, payload: Payload) -> Payload:
    def lone(key: str, value: Any) -> Any:
        if key == "value" and isinstance(value, int | float):
            return str(value)
        return value[0] if key == "meterValue" else value

    return changed(payload, lone)


def _kwh_called_wh(_: str, payload: Payload) -> Payload:
    """The unit is right and the power of ten is forgotten: energy in kWh that says nothing of it."""

    def thousandth(sampled: Payload) -> list[Payload]:
        if sampled.get("measurand") != REGISTER:
            return [sampled]
        return [{**sampled, "value": sampled["value"] / 1000, "unitOfMeasure": {"unit": "kWh"}}]

    return in_samples(payload, thousandth)


def _bare_event(action: str, payload: Payload) -> Payload:
    """No reason, the EVSE in every message and without its connector, no number for the connector."""
    if action == "StatusNotification":
        return without(payload, "connectorId")
    if action != "TransactionEvent":
        return payload
    return {**without(payload, "triggerReason"), "evse": {"id": 1}}


def _empty_card(action: str, payload: Payload) -> Payload:
    if action != "TransactionEvent" or "idToken" in payload:
        return payload
    return {**payload, "idToken": {"idToken": "", "type": "NoAuthorization"}}


def _bare_signature(action: str, payload: Payload) -> Payload:
    """Signed values without key and method, longer than the version has it."""
    if action != "TransactionEvent":
        return payload
    return in_samples(payload, lambda s: [{**s, "signedMeterValue": {"signedMeterData": "AB" * 2000}}])


def _long_name(_: str, payload: Payload) -> Payload:
    """Names its transactions at greater length than the version has it."""
    return changed(payload, lambda key, value: f"{value}{'-' * 30}" if key == "transactionId" else value)


def _all_zero(action: str, payload: Payload) -> Payload:
    return {**payload, "seqNo": 0} if action == "TransactionEvent" else payload


def _of_the_station(_: Body, action: str, payload: Payload) -> list[Message]:
    """States of the whole station, whichever plug changed."""
    if action == "StatusNotification":
        return [(action, {**payload, "evseId": 0, "connectorId": 0})]
    if action == "NotifyEvent":
        whole = {"name": "ChargingStation"}
        return [(action, changed(payload, lambda key, value: whole if key == "component" else value))]
    return [(action, payload)]


def _stuck(body: Body, action: str, payload: Payload) -> list[Message]:
    used = any(plug.latest is not None for plug in body.station.plugs.values())
    states = {"connectorStatus", "actualValue"} if used else set()
    busy = changed(payload, lambda key, v: "Occupied" if key in states and v == AVAILABLE else v)
    return [(action, busy)]


def _no_clock(action: str, payload: Payload) -> Payload:
    if action == "StatusNotification":
        return without(payload, "timestamp")
    if payload.get("eventType") != "Started":
        return payload
    return changed(payload, lambda key, value: _WITHOUT_CLOCK if key in TIMES else value)


def _no_card(_: Body, action: str, payload: Payload) -> list[Message]:
    nobody = {"idToken": "", "type": "NoAuthorization"}
    if action == "Authorize":
        return []
    return [(action, {**payload, "idToken": nobody} if "idToken" in payload else payload)]


def _no_end(_: Body, action: str, payload: Payload) -> list[Message]:
    return [] if payload.get("eventType") == "Ended" else [(action, payload)]


def _rebased(body: Body, action: str, payload: Payload) -> list[Message]:
    """The register counts from the start of each transaction."""
    if action != "TransactionEvent":
        return [(action, payload)]
    start = int(latest_plug(body)[1].start.register_wh)

    def less(sampled: Payload) -> list[Payload]:
        register = sampled["measurand"] == REGISTER
        return [{**sampled, "value": sampled["value"] - start} if register else sampled]

    return [(action, in_samples(payload, less))]


def _values_apart(body: Body, action: str, payload: Payload) -> list[Message]:
    """Values of a running transaction come in MeterValues, which names none."""
    if payload.get("eventType") != "Updated" or "meterValue" not in payload:
        return [(action, payload)]
    about = {"evseId": latest_plug(body)[0].number, "meterValue": payload["meterValue"]}
    return [(action, without(payload, "meterValue")), ("MeterValues", about)]


def _no_values(_: Body, action: str, payload: Payload) -> list[Message]:
    if action == "MeterValues":
        return []
    return [(action, without(payload, "meterValue") if payload.get("eventType") == "Updated" else payload)]


def _closing_reading(body: Body, action: str, payload: Payload) -> list[Message]:
    """The last reading comes by itself after the end; until then empty ones."""
    if action != "TransactionEvent":
        return [(action, payload)]
    empty = [{"timestamp": payload["timestamp"], "sampledValue": []}]
    if payload["eventType"] != "Ended":
        return [(action, {"meterValue": empty, **payload})]
    about = {"evseId": latest_plug(body)[0].number, "meterValue": payload["meterValue"]}
    return [(action, {**payload, "meterValue": empty}), ("MeterValues", about)]


def _one_name(_: str, payload: Payload) -> Payload:
    """Every transaction has the same name."""
    return changed(payload, lambda key, value: "1" if key == "transactionId" else value)


HABITS = (
    Habit("D10", "counts its messages with 0 only", says=changing(_all_zero)),
    Habit(
        "Q02", "sends each transaction message again under a new message id", says=twice("TransactionEvent")
    ),
    Habit("Q13", "a vendor's name longer than there may be one", says=changing(_long_vendor)),
    Habit(
        "Q14", "words of 1.6 for states, and a reason of its own for its boots", says=changing(_own_states)
    ),
    Habit(
        "Q15",
        "reports the status of the whole station alone, and is silent when asked for one plug's",
        says=_of_the_station,
        answers=answering.mute_about_plugs,
    ),
    Habit("Q16", "reports Available with a car plugged in", says=changing(_always_free)),
    Habit("Q17", "stays Occupied after a charge and starts no other", says=_stuck, answers=answering.stuck),
    Habit(
        "Q18",
        "SuspendedEV while it charges",
        says=changing_fields(lambda k, v: SUSPENDED_EV if (k, v) == ("chargingState", CHARGING) else v),
    ),
    Habit("Q20", "starts in 1970, and no time in its states", says=changing(_no_clock)),
    Habit("Q23", "starts without Authorize", says=never("Authorize")),
    Habit("Q25", "numbers as text", says=changing(_numbers_as_text)),
    Habit("Q26", "never tells the end", says=_no_end),
    Habit("Q27", "starts for nobody, without a card", says=_no_card),
    Habit("Q29", "registers that count from the start of each transaction", says=_rebased),
    Habit("Q30", "keys in lower case in transaction messages", says=changing(_keys_in_lower_case)),
    Habit(
        "Q31", "an object where the list of values belongs, and values as text", says=changing(_lone_object)
    ),
    Habit("Q33", "energy by phase only", says=changing(lambda _, payload: in_samples(payload, thirds))),
    Habit("Q34", "values in messages that name no transaction", says=_values_apart),
    Habit(
        "Q35",
        "sends no values while it charges, and rejects lists of measurands",
        says=_no_values,
        answers=answering.rejects_lists_v2x,
    ),
    Habit("Q36", "the last reading after the end, and empty ones before", says=_closing_reading),
    Habit("Q37", "kWh without the power of ten", says=changing(_kwh_called_wh)),
    Habit("Q45", "the EVSE in every message, no reason, no connector", says=changing(_bare_event)),
    Habit("Q46", "an empty card in messages without one", says=changing(_empty_card)),
    Habit("Q47", "signed values without key and method, too long", says=changing(_bare_signature)),
    Habit("Q48", "gives all its transactions the same name", says=changing(_one_name)),
    Habit("Q48.2", "names of transactions longer than they may be", says=changing(_long_name)),
)
