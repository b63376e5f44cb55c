"""NotifyEvent and NotifyReport of OCPP 2.x: what the device model says, as events. Pure.

Spec: OCPP 2.0.1 and 2.1 NotifyEventRequest, NotifyReportRequest, part 2 appendices "AvailabilityState"; D02,
E01.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from gateway.domain.capabilities import RFID_READER, RUNNING_COST
from gateway.domain.errors import InvalidInput
from gateway.domain.events import ReservationEnded, StatusChanged
from gateway.domain.ids import ChargerId, ConnectorNumber
from gateway.domain.variables import CustomerTold, Variable, VariablesReported
from ocpp_side.translate.lenient import Payload, number, rows, text, whole
from ocpp_side.translate.moments import moment_of
from ocpp_side.translate.v2x import evse_of, status_of

_AVAILABILITY = "availabilitystate"
_AT_EVSE = re.compile(r"@[0-9.]+/")
_LONGEST_NAME = 50
_LONGEST_VALUE = 2500
_FEATURES: Mapping[str, str] = {
    "localauthlistctrlr/enabled": "LocalAuthListManagement",
    "reservationctrlr/enabled": "Reservation",
    "smartchargingctrlr/enabled": "SmartCharging",
    "tariffcostctrlr/enabled[cost]": RUNNING_COST,
    "tokenreader/available": RFID_READER,
    "tokenreader/enabled": RFID_READER,
}
_NOTHING_MORE: Mapping[str, str] = {}


def availabilities(charger_id: ChargerId, payload: Payload, now: datetime) -> tuple[StatusChanged, ...]:
    """Every AvailabilityState among the events: the form of StatusNotification that 2.1 prefers (E01)."""
    return tuple(_availabilities(charger_id, payload, now))


def _availabilities(charger_id: ChargerId, payload: Payload, now: datetime) -> Iterator[StatusChanged]:
    for row in rows(payload.get("eventData")):
        component, variable = _object(row, "component"), _object(row, "variable")
        if (text(variable.get("name"), _LONGEST_NAME) or "").casefold() != _AVAILABILITY:
            continue
        number = evse_of(component.get("evse")) or ConnectorNumber(0)
        try:
            status = status_of(row.get("actualValue"))
        except InvalidInput:
            continue
        at = moment_of(row.get("timestamp") or payload.get("generatedAt"), now).at
        plug = ConnectorNumber(number.evse, number.connector if number.evse and number.connector else 1)
        info = text(row.get("techInfo"), _LONGEST_VALUE)
        yield StatusChanged(charger_id, plug, status, at, text(row.get("techCode"), _LONGEST_NAME), info)


def reservation_ended(charger_id: ChargerId, payload: Payload) -> ReservationEnded:
    """ReservationStatusUpdate: what is not "Removed" was not used (D19)."""
    status = text(payload.get("reservationUpdateStatus"), _LONGEST_NAME) or ""
    number = whole(payload.get("reservationId")) or 0
    return ReservationEnded(charger_id, number, unused=status.casefold() != "removed")


def variables_reported(
    charger_id: ChargerId, payload: Payload, now: datetime, more: Mapping[str, str] = _NOTHING_MORE
) -> VariablesReported:
    """One part of a device model report (D02). `more`: further features, by the variable that says so."""
    return VariablesReported(
        charger_id=charger_id,
        at=now,
        request_id=whole(payload.get("requestId")) or 0,
        part=max(whole(payload.get("seqNo")) or 0, 0),
        last=payload.get("tbc") is not True,
        variables=tuple(_variables(payload)),
        features=tuple(_features(payload, {**_FEATURES, **more})),
    )


def customer_told(charger_id: ChargerId, payload: Payload, now: datetime) -> CustomerTold:
    """NotifyCustomerInformation: one part of a text (D22)."""
    data = payload.get("data")
    return CustomerTold(
        charger_id=charger_id,
        at=now,
        request_id=whole(payload.get("requestId")) or 0,
        part=max(whole(payload.get("seqNo")) or 0, 0),
        last=payload.get("tbc") is not True,
        text=data[:_LONGEST_VALUE] if isinstance(data, str) else "",
    )


def _features(payload: Payload, meaning: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """What a variable that is true, or is not, means in feature profiles of 1.6 (4.J); at any EVSE."""
    for row in rows(payload.get("reportData")):
        feature = meaning.get(_AT_EVSE.sub("/", path_of(row), 1).casefold())
        for attribute in rows(row.get("variableAttribute")) if feature else ():
            if attribute.get("type", "Actual") == "Actual":
                yield feature or "", str(attribute.get("value")).casefold() == "true"


def _variables(payload: Payload) -> Iterator[Variable]:
    for row in rows(payload.get("reportData")):
        path = path_of(row)
        traits = _object(row, "variableCharacteristics")
        unit, type_ = text(traits.get("unit"), _LONGEST_NAME), text(traits.get("dataType"), _LONGEST_NAME)
        for attribute in rows(row.get("variableAttribute")):
            yield Variable(
                path=path,
                attribute=text(attribute.get("type"), _LONGEST_NAME) or "Actual",
                value=text(attribute.get("value"), _LONGEST_VALUE),
                readonly=attribute.get("mutability") == "ReadOnly",
                unit=unit,
                data_type=type_,
                max_limit=number(traits.get("maxLimit")),
            )


def path_of(row: Payload) -> str:
    """A component and its variable as one name: `Component[instance]@evse.connector/Variable[instance]`."""
    component, variable = _object(row, "component"), _object(row, "variable")
    number = evse_of(component.get("evse"))
    where = ""
    if number is not None:
        where = f"@{number.evse}" + (f".{number.connector}" if number.connector else "")
    return f"{_named(component)}{where}/{_named(variable)}"


def _named(part: Payload) -> str:
    name, instance = text(part.get("name"), _LONGEST_NAME), text(part.get("instance"), _LONGEST_NAME)
    return (name or "") + (f"[{instance}]" if instance else "")


def _object(row: Payload, name: str) -> Payload:
    part = row.get(name)
    return part if isinstance(part, dict) else {}
