"""What the simulated 2.x charger answers when the gateway asks something of it. Pure."""

from collections.abc import Callable
from datetime import UTC, datetime

from gateway.sim.charger_v2x_messages import NamedTransaction
from gateway.sim.clock import stamp
from gateway.sim.errors import CallRefused
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision, Task, cancel_reservation, forget_profile, in_force, reserve
from gateway.sim.station import RESERVED, Plug, Reservation, Station

_TRIGGERS = {
    "BootNotification": Task.BOOT,
    "Heartbeat": Task.HEARTBEAT,
    "StatusNotification": Task.STATUS,
    "MeterValues": Task.METER,
}


def decide(station: Station, action: str, payload: Payload) -> Decision:
    """Answer a call of the gateway. Raises CallRefused."""
    handler = _HANDLERS.get(action)
    if handler is None:
        raise CallRefused("NotImplemented", f"{action} is not known here")
    try:
        return handler(station, payload)
    except (KeyError, TypeError, ValueError) as unreadable:
        raise CallRefused("FormatViolation", f"{action}: {unreadable!r}") from unreadable


def running(station: Station, name: str) -> NamedTransaction | None:
    """The running transaction of this name."""
    for plug in station.plugs.values():
        if isinstance(plug.transaction, NamedTransaction) and plug.transaction.name == name:
            return plug.transaction
    return None


def _status(value: str, task: Task | None = None, evse: int | None = None) -> Decision:
    return Decision({"status": value}, task, evse)


def _start(station: Station, payload: Payload) -> Decision:
    number = payload.get("evseId")
    plug = station.free_plug() if number is None else station.plugs.get(int(number))
    card = str(payload["idToken"]["idToken"])
    station.learn_group(card, _group(payload))
    if not station.takes_remote_starts or plug is None or not plug.free_for(card, station.group_of(card)):
        return _status("Rejected")
    return Decision({"status": "Accepted"}, Task.START, plug.number, card)


def _group(payload: Payload) -> str | None:
    return (payload.get("groupIdToken") or {}).get("idToken")


def _reserve(station: Station, payload: Payload) -> Decision:
    """Spec: OCPP 2.0.1 H01; without an EVSE any free one is kept."""
    number = payload.get("evseId")
    plug = station.free_plug() if number is None else station.plugs[int(number)]
    if plug is None:
        return _status("Occupied")
    return reserve(plug, Reservation(int(payload["id"]), payload["idToken"]["idToken"], _group(payload)))


def _set_profile(station: Station, payload: Payload) -> Decision:
    """Spec: OCPP 2.0.1 K01: a TxProfile needs the running transaction."""
    plug, profile = station.plugs[int(payload["evseId"])], payload["chargingProfile"]
    (schedule,) = profile["chargingSchedule"]
    named = running(station, profile["transactionId"])
    if named is None or named is not plug.transaction:
        return _status("Rejected")
    if not station.takes_unit("RateUnit", schedule["chargingRateUnit"]):
        return _status("Rejected")
    plug.profiles[int(profile["id"])] = schedule
    return _status("Accepted")


def _clear_profile(station: Station, payload: Payload) -> Decision:
    return forget_profile(station, int(payload["chargingProfileId"]))


def _composite(station: Station, payload: Payload) -> Decision:
    plug, now = station.plugs[int(payload["evseId"])], datetime.now(UTC).replace(microsecond=0)
    newest = in_force(plug)
    schedule = {
        "evseId": plug.number,
        "duration": int(payload["duration"]),
        "scheduleStart": stamp(now),
        "chargingRateUnit": newest["chargingRateUnit"],
        "chargingSchedulePeriod": newest["chargingSchedulePeriod"],
    }
    return Decision({"status": "Accepted", "schedule": schedule})


def _stop(station: Station, payload: Payload) -> Decision:
    transaction = running(station, payload["transactionId"])
    if transaction is None:
        return _status("Rejected")
    transaction.request_stop("Remote")
    return _status("Accepted")


def _reset(station: Station, payload: Payload) -> Decision:
    busy = [plug.transaction for plug in station.plugs.values() if plug.transaction is not None]
    if payload["type"] == "Immediate":
        for transaction in busy:
            transaction.request_stop("ImmediateReset")
    return _status("Scheduled" if busy and payload["type"] == "OnIdle" else "Accepted", Task.RESET)


def _unlock(station: Station, payload: Payload) -> Decision:
    plug = station.plugs.get(int(payload["evseId"]))
    if plug is None:
        return _status("UnknownConnector")
    return _status("OngoingAuthorizedTransaction" if plug.transaction is not None else "Unlocked")


def _trigger(station: Station, payload: Payload) -> Decision:
    number = (payload.get("evse") or {}).get("id")
    if number is not None and number not in station.plugs:
        return _status("Rejected")
    task = _TRIGGERS.get(payload["requestedMessage"])
    return _status("NotImplemented") if task is None else _status("Accepted", task, number)


def _availability(station: Station, payload: Payload) -> Decision:
    number, operative = (payload.get("evse") or {}).get("id"), payload["operationalStatus"] == "Operative"
    plugs = list(station.plugs.values()) if number is None else [station.plugs[number]]
    for plug in plugs:
        plug.operative = operative
        plug.status = plug.idle_status if plug.transaction is None else plug.status
    busy = any(plug.transaction is not None for plug in plugs)
    return _status("Scheduled" if busy else "Accepted", Task.STATUS, number)


def _transaction_status(station: Station, payload: Payload) -> Decision:
    ongoing = running(station, payload.get("transactionId", "")) is not None
    return Decision({"ongoingIndicator": ongoing, "messagesInQueue": False})


def _accepted(station: Station, payload: Payload) -> Decision:
    del station, payload
    return _status("Accepted")


def status_word(plug: Plug) -> str:
    """The plug's status in the five words of 2.x."""
    words = ("Available", "Unavailable", "Faulted", RESERVED)
    return plug.status if plug.status in words else "Occupied"


_HANDLERS: dict[str, Callable[[Station, Payload], Decision]] = {
    "RequestStartTransaction": _start,
    "RequestStopTransaction": _stop,
    "Reset": _reset,
    "UnlockConnector": _unlock,
    "TriggerMessage": _trigger,
    "ChangeAvailability": _availability,
    "GetTransactionStatus": _transaction_status,
    "ReserveNow": _reserve,
    "CancelReservation": cancel_reservation,
    "SetChargingProfile": _set_profile,
    "ClearChargingProfile": _clear_profile,
    "GetCompositeSchedule": _composite,
    "ClearCache": _accepted,
    "CostUpdated": lambda station, payload: Decision({}),
}
