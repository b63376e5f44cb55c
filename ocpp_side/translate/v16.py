"""OCPP 1.6: payloads to events, decisions to payloads. Pure: no clock, no I/O.

Strict validation happened before or was waived (transaction messages); nothing here assumes it.
Spec: OCPP 1.6 edition 2 sections 4 and 6; C01 to C29, Q13 to Q37, table 4.D.4.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.care import Progress, ProgressKind
from gateway.domain.errors import InvalidInput
from gateway.domain.events import (
    Booted,
    IdToken,
    Metered,
    PlugStatus,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import Sample
from ocpp_side.translate import moments
from ocpp_side.translate.lenient import Payload, number, text, whole
from ocpp_side.translate.meter_values import Samples
from ocpp_side.translate.moments import Moment, moment_of, wire_time
from ocpp_side.translate.v16_readings import read_samples

T = TypeVar("T")

LONGEST_ID_TAG = 20
"""Spec: OCPP 1.6 "IdToken": CiString20Type."""
_LONGEST_TOLERATED_ID = 255
_LONGEST_TEXT = 255
_NEVER_NAMED = TransactionRef("-1")
"""What a charger calls a transaction whose StartTransaction was never answered (C09)."""

_STATUS: dict[str, PlugStatus] = {
    "available": PlugStatus.AVAILABLE,
    "preparing": PlugStatus.PREPARING,
    "charging": PlugStatus.CHARGING,
    "suspendedev": PlugStatus.SUSPENDED_EV,
    "suspendedevse": PlugStatus.SUSPENDED_EVSE,
    "finishing": PlugStatus.FINISHING,
    "reserved": PlugStatus.RESERVED,
    "unavailable": PlugStatus.UNAVAILABLE,
    "faulted": PlugStatus.FAULTED,
    "occupied": PlugStatus.OCCUPIED,
}
VERDICT_WORD: dict[Verdict, str] = {
    Verdict.ALLOWED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.NO_CREDIT: "Blocked",
    Verdict.NOT_ALLOWED: "Invalid",
    Verdict.UNKNOWN: "Invalid",
}


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """An event, and the names of the fields that were there but could not be read."""

    event: T
    lost: tuple[str, ...] = ()


def booted(charger_id: ChargerId, payload: Payload, now: datetime) -> Booted:
    """BootNotification. The serial number is the charge point's, else the charge box's (deprecated field)."""
    serial = payload.get("chargePointSerialNumber") or payload.get("chargeBoxSerialNumber")
    return Booted(
        charger_id=charger_id,
        at=now,
        vendor=text(payload.get("chargePointVendor"), _LONGEST_TEXT) or "",
        model=text(payload.get("chargePointModel"), _LONGEST_TEXT) or "",
        serial_number=text(serial, _LONGEST_TEXT),
        firmware=text(payload.get("firmwareVersion"), _LONGEST_TEXT),
        meter_serial_number=text(payload.get("meterSerialNumber"), _LONGEST_TEXT),
    )


def status_changed(charger_id: ChargerId, payload: Payload, now: datetime) -> StatusChanged:
    """StatusNotification; an error code outside the enum stays as it is (Q14).

    Raises InvalidInput for a connector or state that cannot be understood.
    """
    word = payload.get("status")
    status = _STATUS.get(word.strip().casefold()) if isinstance(word, str) else None
    if status is None:
        raise InvalidInput(f"{str(word)[:50]!r} is not a state of a connector", field="status")
    error_code = text(payload.get("errorCode"), _LONGEST_TEXT)
    return StatusChanged(
        charger_id=charger_id,
        number=_connector(payload),
        status=status,
        at=moment_of(payload.get("timestamp"), now).at,
        error_code=None if error_code == "NoError" else error_code,
        info=text(payload.get("info"), _LONGEST_TEXT),
        vendor_error_code=text(payload.get("vendorErrorCode"), _LONGEST_TEXT),
    )


def presented_card(payload: Payload) -> IdToken | None:
    """The idTag as it was sent, longer ones too (Q21); None where there is none.

    Raises InvalidInput for an idTag that is no text.
    """
    value = payload.get("idTag")
    card = text(value, _LONGEST_TOLERATED_ID)
    if card is None and value not in (None, ""):
        raise InvalidInput("is not a text", field="idTag")
    return IdToken(card) if card else None


def transaction_started(
    charger_id: ChargerId, payload: Payload, now: datetime, message_id: str
) -> Read[TransactionStarted]:
    """StartTransaction. Equal connector, time, meter value and card are the same start (C07, Q02).

    Without a time only the message id can tell two starts apart. Raises InvalidInput if the connector or
    the card cannot be read at all.
    """
    number_, card = _connector(payload), presented_card(payload)
    moment, meter_start = moment_of(payload.get("timestamp"), now), number(payload.get("meterStart"))
    named_time = moments.read_time(payload.get("timestamp"))
    event = TransactionStarted(
        charger_id=charger_id,
        number=number_,
        at=moment.at,
        key=_start_key(
            number_, named_time.isoformat() if named_time else f"#{message_id}", meter_start, card
        ),
        id_token=card,
        meter_start_wh=meter_start,
        reservation_id=whole(payload.get("reservationId")),
        clock_suspect=moment.suspect,
    )
    return Read(event, _unreadable(payload, "meterStart", meter_start))


def _start_key(number_: ConnectorNumber, time: str, meter_start: Decimal | None, card: IdToken | None) -> str:
    parts = (number_.evse, time, "" if meter_start is None else meter_start, card.value if card else "")
    return "|".join(str(part) for part in parts)


def metered(charger_id: ChargerId, payload: Payload, now: datetime) -> Read[Metered]:
    """MeterValues. A missing or unreadable connector is 0, so that the transaction decides (Q34).

    Never raises: what cannot be read is named in `lost`.
    """
    read = read_samples(payload.get("meterValue"), now)
    transaction = payload.get("transactionId")
    event = Metered(
        charger_id=charger_id,
        number=ConnectorNumber(max(whole(payload.get("connectorId")) or 0, 0)),
        samples=read.samples,
        transaction=None if transaction is None else _transaction(transaction),
    )
    return Read(event, read.lost)


def transaction_ended(charger_id: ChargerId, payload: Payload, now: datetime) -> Read[TransactionEnded]:
    """StopTransaction. A missing reason is Local, a missing transaction is the unnamed one (C09, C10).

    Never raises: what cannot be read is named in `lost`.
    """
    moment, meter_stop = moment_of(payload.get("timestamp"), now), number(payload.get("meterStop"))
    values = payload.get("transactionData")
    read = read_samples(values, now) if values not in (None, []) else Samples(())
    event = TransactionEnded(
        charger_id=charger_id,
        at=moment.at,
        transaction=_transaction(payload.get("transactionId")),
        meter_stop_wh=meter_stop,
        reason=text(payload.get("reason"), _LONGEST_TEXT) or "Local",
        id_token=_card_if_readable(payload),
        samples=_not_after(read.samples, moment),
        clock_suspect=moment.suspect,
    )
    return Read(event, (*_unreadable(payload, "meterStop", meter_stop), *read.lost))


def _card_if_readable(payload: Payload) -> IdToken | None:
    try:
        return presented_card(payload)
    except InvalidInput:
        return None


def _not_after(samples: tuple[Sample, ...], end: Moment) -> tuple[Sample, ...]:
    """Leave samples alone unless the end was re-dated: then none may lie after it."""
    if not end.suspect:
        return samples
    return tuple(Sample(min(s.at, end.at), s.readings, s.signed) for s in samples)


def _transaction(value: object) -> TransactionRef:
    """The transaction as the charger names it; `12`, `"12"` and `12.0` are the same (Q25)."""
    named = whole(value)
    if named is not None:
        return TransactionRef(str(named))
    return TransactionRef(text(value, 36) or _NEVER_NAMED)


def _connector(payload: Payload) -> ConnectorNumber:
    read = whole(payload.get("connectorId"))
    if read is None or read < 0:
        raise InvalidInput("is not the number of a connector", field="connectorId")
    return ConnectorNumber(read)


def _unreadable(payload: Payload, name: str, read: object) -> tuple[str, ...]:
    return (name,) if read is None and payload.get(name) is not None else ()


def boot_answer(now: datetime, interval: timedelta) -> dict[str, object]:
    """BootNotification.conf: accepted."""
    return {"status": "Accepted", "currentTime": wire_time(now), "interval": int(interval.total_seconds())}


def heartbeat_answer(now: datetime) -> dict[str, object]:
    """Heartbeat.conf."""
    return {"currentTime": wire_time(now)}


def id_tag_info(authorization: Authorization) -> dict[str, object]:
    """A decision as chargers of 1.6 understand it (4.D.4)."""
    info: dict[str, object] = {}
    if authorization.expires_at is not None:
        info["expiryDate"] = wire_time(authorization.expires_at)
    if authorization.group_id:
        info["parentIdTag"] = parent_id_tag(authorization.group_id)
    info["status"] = VERDICT_WORD[authorization.verdict]
    return info


def parent_id_tag(group_id: str, longest: int = LONGEST_ID_TAG) -> str:
    """What a charger calls a group: its name if that has up to `longest` of A-Z and 0-9, else a stable alias.

    Group ids are the same whatever their case, which not every charger knows: they are sent in upper case.
    Spec: OCPI 2.2.1 mod_tokens "Token Object", group_id (TOK-11, M11).
    """
    name = group_id.upper()
    if name.isascii() and name.isalnum() and len(name) <= longest:
        return name
    digest = hashlib.sha256(group_id.casefold().encode()).digest()
    return "G" + base64.b32encode(digest).decode()[:15]


def card_answer(authorization: Authorization) -> dict[str, object]:
    """Authorize.conf."""
    return {"idTagInfo": id_tag_info(authorization)}


def start_answer(transaction: TransactionRef, authorization: Authorization) -> dict[str, object]:
    """StartTransaction.conf: always with a number, also for a refused card (C06, C08)."""
    return {"idTagInfo": id_tag_info(authorization), "transactionId": int(transaction)}


def unreadable_start_answer(charger_id: ChargerId, raw: bytes) -> dict[str, object]:
    """StartTransaction.conf for a start nobody can read: refused, under a number of its own (C06).

    The number lies above those the store hands out and is the same for a repeat of the same message.
    """
    digest = hashlib.sha256(charger_id.encode() + b"\0" + raw).digest()
    unattributed = (1 << 30) | (int.from_bytes(digest[:4], "big") & ((1 << 30) - 1))
    return {"idTagInfo": {"status": "Invalid"}, "transactionId": unattributed}


def stop_answer(authorization: Authorization | None) -> Mapping[str, object]:
    """StopTransaction.conf: never an error (C10)."""
    return {} if authorization is None else {"idTagInfo": id_tag_info(authorization)}


def progress(kind: ProgressKind, payload: Payload, now: datetime) -> Progress:
    """Firmware, diagnostics and log notifications (C27). A missing request id is that of the original 1.6."""
    status = text(payload.get("status"), _LONGEST_TEXT) or "?"
    return Progress(kind, status, now, whole(payload.get("requestId")))


def make(payload: Payload) -> tuple[str, str, str]:
    """Vendor, model and firmware of a BootNotification."""
    names = ("chargePointVendor", "chargePointModel", "firmwareVersion")
    vendor, model, firmware = (text(payload.get(name), _LONGEST_TEXT) or "" for name in names)
    return vendor, model, firmware


def vendor_message(payload: Payload) -> tuple[str, str, str]:
    """Vendor, message and data of a DataTransfer; data that is no text becomes JSON text (C28)."""
    data = payload.get("data")
    shown = data if isinstance(data, str) else "" if data is None else json.dumps(data, ensure_ascii=False)
    return text(payload.get("vendorId"), 255) or "", text(payload.get("messageId"), 50) or "", shown
