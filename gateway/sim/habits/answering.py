"""Habits in answers: what a charger makes of the gateway's calls. The same words in every version."""

import asyncio
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.sim.errors import CallRefused
from gateway.sim.habit import Body, Habit, Usual
from gateway.sim.habits.forms import changed
from gateway.sim.link import Reply
from gateway.sim.messages import Payload

_STARTS = frozenset({"RemoteStartTransaction", "RequestStartTransaction"})
_LISTS = frozenset({"MeterValuesSampledData", "StopTxnSampledData"})
_MOST_CALLS = 5
_LONGEST_WAIT_S = 5.0
_LOOK_EVERY_S = 0.01
Answers = Callable[[Body, str, Payload, Usual], Reply | None]


def _rejecting(when: Callable[[Body, str, Payload], bool]) -> Answers:
    def answer(body: Body, action: str, payload: Payload, usual: Usual) -> Reply | None:
        return Reply({"status": "Rejected"}) if when(body, action, payload) else usual()

    return answer


def _silent(when: Callable[[Body, str, Payload], bool]) -> Answers:
    def answer(body: Body, action: str, payload: Payload, usual: Usual) -> Reply | None:
        return None if when(body, action, payload) else usual()

    return answer


def _saying(wanted: str, change: Callable[[Payload], Payload]) -> Answers:
    """The usual answer to one action is changed."""

    def answer(_: Body, action: str, __: Payload, usual: Usual) -> Reply | None:
        reply = usual()
        return reply if action != wanted or reply is None else replace(reply, payload=change(reply.payload))

    return answer


def _stuck(body: Body, action: str, _: Payload) -> bool:
    return action in _STARTS and any(plug.latest is not None for plug in body.station.plugs.values())


def _no_hexadecimal_card(_: Body, action: str, payload: Payload) -> bool:
    if action not in _STARTS:
        return False
    card = payload["idTag"] if "idTag" in payload else payload["idToken"]["idToken"]
    return not set(card) <= set(string.hexdigits)


def _started_first(body: Body, action: str, _: Payload, usual: Usual) -> Reply | None:
    """The answer to a remote start waits until the transaction it made was acknowledged."""
    reply = usual()
    if action not in _STARTS or reply is None or reply.then is None:
        return reply

    async def acknowledged() -> None:
        async with asyncio.timeout(_LONGEST_WAIT_S):
            while not any(  # noqa: ASYNC110
                p.transaction and p.transaction.answered.is_set() for p in body.station.plugs.values()
            ):
                await asyncio.sleep(_LOOK_EVERY_S)  # a transaction that is not there yet has no event

    return replace(reply, held=acknowledged)


def _list_of_measurands(_: Body, action: str, payload: Payload) -> bool:
    return action == "ChangeConfiguration" and payload["key"] in _LISTS and "," in str(payload["value"])


def _no_lists(_: Body, action: str, payload: Payload, usual: Usual) -> Reply | None:
    """SetVariables of several measurands at once is rejected."""
    reply = usual()
    if action != "SetVariables" or reply is None:
        return reply
    values = [str(one["attributeValue"]) for one in payload["setVariableData"]]
    results = [
        {**result, "attributeStatus": "Rejected"} if "," in value else result
        for result, value in zip(reply.payload["setVariableResult"], values, strict=True)
    ]
    return replace(reply, payload={"setVariableResult": results})


def _unlimited(payload: Payload) -> Payload:
    def none(key: str, value: Any) -> Any:
        return (
            [{"startPeriod": 0, "limit": -1, "numberPhases": -1}]
            if key == "chargingSchedulePeriod"
            else value
        )

    return changed(payload, none)


def _no_text(payload: Payload) -> Payload:
    """Keys in lower case, numbers that are no text."""

    def bare(key: str, value: Any) -> Any:
        if key == "key" and isinstance(value, str):
            return value.casefold()
        number = key in {"value", "attributeValue"} and isinstance(value, str) and value.isdigit()
        return int(value) if number else value

    return changed(payload, bare)


def _not_implemented(_: Body, action: str, __: Payload, usual: Usual) -> Reply | None:
    if action == "TriggerMessage":
        raise CallRefused("NotImplemented", "TriggerMessage")
    return usual()


def _one_word(wanted: str, status: str) -> Answers:
    """Says this to one action and does nothing of it."""
    return lambda _, action, __, usual: Reply({"status": status}) if action == wanted else usual()


EVERY = (
    Habit(
        "Q05",
        "beats, but answers no call on its first connection",
        answers=_silent(lambda body, _, __: body.connections == 1),
    ),
    Habit(
        "Q28",
        "answers a remote start only after the transaction's start",
        answers=_started_first,
    ),
    Habit(
        "Q22",
        "takes only hexadecimal digits as a card in remote starts",
        answers=_rejecting(_no_hexadecimal_card),
        make=("Alfen", "Eve Single"),
    ),
    Habit(
        "Q39",
        "composite schedules with a limit and a number of phases of -1",
        answers=_saying("GetCompositeSchedule", _unlimited),
    ),
    Habit(
        "Q42",
        "answers Scheduled to every change of availability",
        answers=_saying("ChangeAvailability", lambda payload: {**payload, "status": "Scheduled"}),
    ),
    Habit(
        "Q43",
        "answers NotImplemented to every TriggerMessage",
        answers=_one_word("TriggerMessage", "NotImplemented"),
    ),
    Habit("Q43.2", "answers every TriggerMessage with a CALLERROR", answers=_not_implemented),
    Habit(
        "Q44",
        "answers five calls on a connection and is silent from then on",
        answers=_silent(lambda body, _, __: body.asked > _MOST_CALLS),
    ),
)
V16 = (
    Habit(
        "Q40",
        "limits in W only, which it calls Power",
        settings={"ChargingScheduleAllowedChargingRateUnit": "Power"},
    ),
    Habit(
        "Q41",
        "keys in lower case and values that are no text in GetConfiguration",
        answers=_saying("GetConfiguration", _no_text),
    ),
)
V2X = (
    Habit("Q40", "limits in W only, which it calls Power", settings={"RateUnit": "Power"}),
    Habit("Q41", "values that are no text in GetVariables", answers=_saying("GetVariables", _no_text)),
)
rejects_boots = _rejecting(
    lambda _, action, payload: (
        action == "TriggerMessage" and payload["requestedMessage"] == "BootNotification"
    )
)
rejects_lists_v16 = _rejecting(_list_of_measurands)
rejects_lists_v2x = _no_lists
stuck = _rejecting(_stuck)
mute_about_plugs: Answers = _silent(
    lambda _, action, payload: action == "TriggerMessage" and ("connectorId" in payload or "evse" in payload)
)
