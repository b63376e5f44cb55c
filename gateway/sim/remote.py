"""What the simulated charger answers when the gateway asks something of it. Pure decisions on a Station."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gateway.sim.clock import stamp
from gateway.sim.errors import CallRefused
from gateway.sim.messages import Payload
from gateway.sim.station import RESERVED, ConfigurationEntry, Plug, Reservation, Station


class Task(StrEnum):
    """What the charger does after it answered."""

    BOOT = "BootNotification"
    HEARTBEAT = "Heartbeat"
    STATUS = "StatusNotification"
    METER = "MeterValues"
    RESET = "Reset"
    START = "RemoteStart"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, what is said after it (`then`), and the task that follows; `connector` None: every plug."""

    payload: Payload
    task: Task | None = None
    connector: int | None = None
    card: str = ""
    then: tuple[tuple[str, Payload], ...] = ()


def decide(station: Station, action: str, payload: Payload) -> Decision:
    """Answer a call of the gateway.

    Raises CallRefused: NotImplemented for an action this charger does not know (J16 table 7),
    ProtocolError for a payload it cannot read.
    """
    handler = _HANDLERS.get(action)
    if handler is None:
        raise CallRefused("NotImplemented", f"{action} is not known here")
    try:
        return handler(station, payload)
    except (KeyError, TypeError, ValueError) as unreadable:
        raise CallRefused("ProtocolError", f"{action}: {unreadable!r}") from unreadable


def _status(value: str, task: Task | None = None, connector: int | None = None) -> Decision:
    return Decision({"status": value}, task, connector)


def _remote_start(station: Station, payload: Payload) -> Decision:
    number = payload.get("connectorId")
    plug = station.free_plug() if number is None else station.plugs.get(int(number))
    card = str(payload["idTag"])
    if not station.takes_remote_starts or plug is None or not plug.free_for(card, station.group_of(card)):
        return _status("Rejected")
    return Decision({"status": "Accepted"}, Task.START, plug.number, card)


def _remote_stop(station: Station, payload: Payload) -> Decision:
    transaction = station.transaction(int(payload["transactionId"]))
    if transaction is None:
        return _status("Rejected")
    transaction.request_stop("Remote")
    return _status("Accepted")


def _reset(station: Station, payload: Payload) -> Decision:
    reason = f"{payload['type']}Reset"
    for plug in station.plugs.values():
        if plug.transaction is not None:
            plug.transaction.request_stop(reason)
    return _status("Accepted", Task.RESET)


def _unlock(station: Station, payload: Payload) -> Decision:
    plug = station.plugs.get(int(payload["connectorId"]))
    if plug is None:
        return _status("NotSupported")
    if plug.transaction is not None:
        plug.transaction.request_stop("UnlockCommand")
    return _status("Unlocked")


def _trigger(station: Station, payload: Payload) -> Decision:
    number = payload.get("connectorId")
    if number is not None and int(number) not in station.plugs:
        return _status("Rejected")
    wanted = payload["requestedMessage"]
    if wanted not in {Task.BOOT, Task.HEARTBEAT, Task.STATUS, Task.METER}:
        return _status("NotImplemented")
    return _status("Accepted", Task(wanted), None if number is None else int(number))


def _availability(station: Station, payload: Payload) -> Decision:
    number, operative = int(payload["connectorId"]), payload["type"] == "Operative"
    plugs = list(station.plugs.values()) if number == 0 else [station.plugs[number]]
    busy = False
    for plug in plugs:
        plug.operative = operative
        if plug.transaction is None:
            plug.status = plug.idle_status
        else:
            busy = True
    return _status("Scheduled" if busy else "Accepted", Task.STATUS, number or None)


def _get_configuration(station: Station, payload: Payload) -> Decision:
    wanted: list[str] = payload.get("key") or list(station.configuration)
    known = [_entry(key, station.configuration[key]) for key in wanted if key in station.configuration]
    unknown = [key for key in wanted if key not in station.configuration]
    return Decision({"configurationKey": known, **({"unknownKey": unknown} if unknown else {})})


def _entry(key: str, entry: ConfigurationEntry) -> dict[str, Any]:
    return {"key": key, "readonly": entry.readonly, "value": entry.value}


def _change_configuration(station: Station, payload: Payload) -> Decision:
    entry = station.configuration.get(payload["key"])
    if entry is None:
        return _status("NotSupported")
    if entry.readonly:
        return _status("Rejected")
    entry.value = str(payload["value"])
    return _status("Accepted")


def _clear_cache(station: Station, payload: Payload) -> Decision:
    del station, payload
    return _status("Accepted")


def _reserve(station: Station, payload: Payload) -> Decision:
    number, group = int(payload["reservationId"]), payload.get("parentIdTag")
    wanted = Reservation(number, str(payload["idTag"]), group if group is None else str(group))
    return reserve(station.plugs[int(payload["connectorId"])], wanted)


def reserve(plug: Plug, wanted: Reservation) -> Decision:
    """Keep a plug. Spec: OCPP 1.6 5.13, OCPP 2.0.1 H01; a reservation of the same number is replaced."""
    if not plug.operative:
        return _status("Unavailable")
    other = plug.reservation is not None and plug.reservation.number != wanted.number
    if plug.transaction is not None or other:
        return _status("Occupied")
    plug.reservation, plug.status = wanted, RESERVED
    return _status("Accepted", Task.STATUS, plug.number)


def cancel_reservation(station: Station, payload: Payload) -> Decision:
    """Give a plug free again; both versions name the reservation in the same way."""
    for plug in station.plugs.values():
        if plug.reservation is not None and plug.reservation.number == int(payload["reservationId"]):
            plug.reservation, plug.status = None, plug.idle_status
            return _status("Accepted", Task.STATUS, plug.number)
    return _status("Rejected")


def _set_profile(station: Station, payload: Payload) -> Decision:
    """Spec: OCPP 1.6 5.16: a TxProfile needs the running transaction."""
    plug, profile = station.plugs[int(payload["connectorId"])], payload["csChargingProfiles"]
    running = plug.transaction
    if running is None or profile.get("transactionId") not in (None, running.number):
        return _status("Rejected")
    unit = profile["chargingSchedule"]["chargingRateUnit"]
    if not station.takes_unit("ChargingScheduleAllowedChargingRateUnit", unit):
        return _status("Rejected")
    plug.profiles[int(profile["chargingProfileId"])] = profile["chargingSchedule"]
    return _status("Accepted")


def _clear_profile(station: Station, payload: Payload) -> Decision:
    return forget_profile(station, int(payload["id"]))


def forget_profile(station: Station, number: int) -> Decision:
    """Forget a profile wherever it is."""
    found = [plug for plug in station.plugs.values() if plug.profiles.pop(number, None) is not None]
    return _status("Accepted" if found else "Unknown")


def _composite(station: Station, payload: Payload) -> Decision:
    plug, now = station.plugs[int(payload["connectorId"])], datetime.now(UTC).replace(microsecond=0)
    answer = {"status": "Accepted", "connectorId": plug.number, "scheduleStart": stamp(now)}
    return Decision({**answer, "chargingSchedule": {**in_force(plug), "duration": int(payload["duration"])}})


def in_force(plug: Plug) -> dict[str, Any]:
    """The newest profile's schedule, or what the plug can do (16 A)."""
    unlimited = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]}
    return next(reversed(plug.profiles.values()), unlimited)


def _data_transfer(station: Station, payload: Payload) -> Decision:
    del station, payload
    return _status("UnknownVendorId")


_HANDLERS: dict[str, Callable[[Station, Payload], Decision]] = {
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "UnlockConnector": _unlock,
    "TriggerMessage": _trigger,
    "ChangeAvailability": _availability,
    "GetConfiguration": _get_configuration,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "ReserveNow": _reserve,
    "CancelReservation": cancel_reservation,
    "SetChargingProfile": _set_profile,
    "ClearChargingProfile": _clear_profile,
    "GetCompositeSchedule": _composite,
    "DataTransfer": _data_transfer,
}
