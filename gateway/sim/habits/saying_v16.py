"""Habits in messages of OCPP 1.6. Pure."""

from collections.abc import Callable
from typing import Any

from gateway.sim.habit import Body, Habit, Message
from gateway.sim.habits import answering
from gateway.sim.habits.forms import (
    REGISTER,
    changing,
    in_samples,
    latest_plug,
    never,
    thirds,
    twice,
    with_cards,
    without,
)
from gateway.sim.messages import Payload
from gateway.sim.station import AVAILABLE, CHARGING, FINISHING, PREPARING, SUSPENDED_EV

_WITHOUT_CLOCK = "1970-01-01T00:00:12.000Z"
_METERED = frozenset({"MeterValues", "StopTransaction"})


def _only(action: str, change: Callable[[Payload], Payload]) -> Callable[[Body, str, Payload], list[Message]]:
    """Messages of this action are changed."""
    return lambda _, said, payload: [(said, change(payload) if said == action else payload)]


def _states(words: dict[str, str]) -> Callable[[Body, str, Payload], list[Message]]:
    return _only("StatusNotification", lambda p: {**p, "status": words.get(p["status"], p["status"])})


def _free_while_charging(_: Body, action: str, payload: Payload) -> list[Message]:
    free = [(action, {**payload, "status": AVAILABLE})] if payload.get("status") == CHARGING else []
    return [(action, payload), *free]


def _stuck(body: Body, action: str, payload: Payload) -> list[Message]:
    used = any(plug.latest is not None for plug in body.station.plugs.values())
    free = action == "StatusNotification" and payload["status"] == AVAILABLE
    return [(action, {**payload, "status": FINISHING} if free and used else payload)]


def _no_clock(action: str, payload: Payload) -> Payload:
    if action == "StartTransaction":
        return {**payload, "timestamp": _WITHOUT_CLOCK}
    return without(payload, "timestamp") if action == "StatusNotification" else payload


def _wrong_number(action: str, payload: Payload) -> Payload:
    wrong = {"MeterValues": 0, "StopTransaction": -1}
    return {**payload, "transactionId": wrong[action]} if action in wrong else payload


def _number_as_text(_: str, payload: Payload) -> Payload:
    if "transactionId" not in payload:
        return payload
    return {**payload, "transactionId": str(payload["transactionId"])}


def _start_at_end(body: Body, action: str, payload: Payload) -> list[Message]:
    if action != "StopTransaction":
        return [(action, payload)]
    end = {"idTag": payload["idTag"], "meterStart": payload["meterStop"], "timestamp": payload["timestamp"]}
    return [("StartTransaction", {"connectorId": latest_plug(body)[0].number, **end})]


def _no_card(_: Body, action: str, payload: Payload) -> list[Message]:
    if action == "Authorize":
        return []
    return [(action, with_cards(payload, lambda _: ""))]


def _no_register(action: str, payload: Payload) -> Payload:
    field = {"StartTransaction": "meterStart", "StopTransaction": "meterStop"}.get(action)
    return payload if field is None else {**payload, field: 0}


def _odd_words(action: str, payload: Payload) -> Payload:
    """Keys in lower case, the measurand between quotes."""
    if action != "MeterValues":
        return payload

    def lower(value: Any) -> Any:
        if isinstance(value, list):
            return [lower(item) for item in value]
        return {k.casefold(): lower(v) for k, v in value.items()} if isinstance(value, dict) else value

    quoted = in_samples(payload, lambda s: [{**s, "measurand": f"'{s['measurand']}'", "context": "Sample"}])
    return {key: lower(value) for key, value in quoted.items()}


def _lone_object(payload: Payload) -> Payload:
    values = payload["meterValue"]
    return {**payload, "meterValue": values[0]} if len(values) == 1 else payload


def _by_phase(action: str, payload: Payload) -> Payload:
    return in_samples(payload, thirds) if action in _METERED else payload


def _no_values(_: Body, action: str, payload: Payload) -> list[Message]:
    return [] if action == "MeterValues" else [(action, without(payload, "transactionData"))]


def _closing_reading(body: Body, action: str, payload: Payload) -> list[Message]:
    """The last reading comes by itself after the stop, and an empty one with it."""
    if action != "StopTransaction":
        return [(action, payload)]
    last = payload["transactionData"][-1]
    values = [last, {**last, "sampledValue": []}]
    about = {"connectorId": latest_plug(body)[0].number, "transactionId": payload["transactionId"]}
    return [(action, without(payload, "transactionData")), ("MeterValues", {**about, "meterValue": values})]


def _kwh_called_wh(payload: Payload) -> Payload:
    def thousandth(sampled: Payload) -> list[Payload]:
        if sampled["measurand"] != REGISTER:
            return [sampled]
        return [{**sampled, "value": str(int(sampled["value"]) / 1000), "unit": "Wh"}]

    return in_samples(payload, thousandth)


def _bare_signature(payload: Payload) -> Payload:
    """Signed data among the values of the stop, without measurand."""
    signed = {
        "value": 'OCMF|{"FV":"1.0"}|{"SD":"3045"}',
        "format": "SignedData",
        "context": "Transaction.End",
    }
    *others, last = payload["transactionData"]
    told = {**last, "sampledValue": [*last["sampledValue"], signed]}
    return {**payload, "transactionData": [*others, told]}


HABITS = (
    Habit(
        "Q02",
        "sends starts and stops again under a new message id",
        says=twice("StartTransaction", "StopTransaction"),
    ),
    Habit(
        "Q13",
        "a serial number longer than there may be one",
        says=_only("BootNotification", lambda p: {**p, "chargeBoxSerialNumber": "S" * 40}),
    ),
    Habit(
        "Q14",
        "an error code of its own",
        says=_only("StatusNotification", lambda p: {**p, "errorCode": "Error"}),
    ),
    Habit(
        "Q15",
        "reports the status of the whole charger alone, and is silent when asked for one plug's",
        says=_only("StatusNotification", lambda p: {**p, "connectorId": 0}),
        answers=answering.mute_about_plugs,
    ),
    Habit("Q16", "reports Available while it charges", says=_free_while_charging),
    Habit(
        "Q17",
        "stays in Finishing after a charge and starts no other",
        says=_stuck,
        answers=answering.stuck,
    ),
    Habit(
        "Q18",
        "Charging before the transaction, SuspendedEV during it",
        says=_states({PREPARING: CHARGING, CHARGING: SUSPENDED_EV}),
    ),
    Habit("Q20", "starts in 1970, and no time in its states", says=changing(_no_clock)),
    Habit("Q23", "starts without Authorize", says=never("Authorize")),
    Habit("Q25", "wrong transaction numbers: 0 in values, -1 in the stop", says=changing(_wrong_number)),
    Habit("Q25.2", "transaction numbers as text", says=changing(_number_as_text)),
    Habit("Q26", "a start where its end belongs", says=_start_at_end, make=("Schneider", "EVlink")),
    Habit("Q26.2", "never tells the end", says=never("StopTransaction")),
    Habit("Q27", "starts for nobody, without a card", says=_no_card),
    Habit("Q29", "registers of start and stop are 0", says=changing(_no_register)),
    Habit("Q30", "keys in lower case, quotes and a context of its own in values", says=changing(_odd_words)),
    Habit("Q31", "an object where the list of values belongs", says=_only("MeterValues", _lone_object)),
    Habit("Q33", "energy by phase only", says=changing(_by_phase)),
    Habit(
        "Q34",
        "values that name no transaction",
        says=_only("MeterValues", lambda payload: without(payload, "transactionId")),
    ),
    Habit(
        "Q35",
        "sends no meter values, and rejects lists of measurands",
        says=_no_values,
        answers=answering.rejects_lists_v16,
    ),
    Habit("Q36", "the last reading after the stop, and an empty one", says=_closing_reading),
    Habit("Q37", "kWh called Wh in values", says=changing(lambda _, payload: _kwh_called_wh(payload))),
    Habit("Q47", "signed data without measurand in the stop", says=_only("StopTransaction", _bare_signature)),
)
