"""OCPP 2.0.1 and 2.1: payloads to events, decisions to payloads. Pure: no clock, no I/O.

What the two versions write differently, `v21` adds. Strict validation happened before or was waived
(transaction messages); nothing here assumes it. Spec: OCPP 2.0.1 schemas; D01 to D15, Q45 to Q48, 4.C, 4.D.4.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from gateway.app.reporting import Reported
from gateway.domain.authorization import Authorization, Verdict
from gateway.domain.errors import InvalidInput
from gateway.domain.events import (
    Booted,
    IdToken,
    Metered,
    PlugStatus,
    StatusChanged,
    TransactionPhase,
    TransactionReported,
)
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import ChargingState
from gateway.domain.tariffs import Price
from ocpp_side.translate.lenient import Payload, text, whole
from ocpp_side.translate.meter_values import Samples
from ocpp_side.translate.moments import moment_of, wire_time
from ocpp_side.translate.v2x_readings import read_samples
from ocpp_side.translate.v16 import Read, parent_id_tag

_LONGEST_TEXT = 255
_LONGEST_MESSAGE = 512
_LONGEST_LANGUAGE = 8
_LONGEST_NAME = 255
_LONGEST_GROUP = 36
NO_CARD_TYPE = "NoAuthorization"

STATUS: dict[str, PlugStatus] = {
    "available": PlugStatus.AVAILABLE,
    "occupied": PlugStatus.OCCUPIED,
    "reserved": PlugStatus.RESERVED,
    "unavailable": PlugStatus.UNAVAILABLE,
    "faulted": PlugStatus.FAULTED,
    # Words of 1.6 from firmware that mixes the versions (Q09).
    "preparing": PlugStatus.PREPARING,
    "charging": PlugStatus.CHARGING,
    "suspendedev": PlugStatus.SUSPENDED_EV,
    "suspendedevse": PlugStatus.SUSPENDED_EVSE,
    "finishing": PlugStatus.FINISHING,
}
_STATE: dict[str, ChargingState] = {
    "charging": ChargingState.CHARGING,
    "suspendedev": ChargingState.SUSPENDED_EV,
    "suspendedevse": ChargingState.SUSPENDED_EVSE,
    "evconnected": ChargingState.IDLE,
    "idle": ChargingState.IDLE,
}
_PHASE: dict[str, TransactionPhase] = {
    "started": TransactionPhase.STARTED,
    "updated": TransactionPhase.UPDATED,
    "ended": TransactionPhase.ENDED,
}
_VERDICT: dict[Verdict, str] = {
    Verdict.ALLOWED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.NO_CREDIT: "NoCredit",
    Verdict.NOT_ALLOWED: "NotAtThisLocation",
    Verdict.UNKNOWN: "Unknown",
}

_CANCELLED = frozenset({Verdict.BLOCKED, Verdict.EXPIRED, Verdict.UNKNOWN})
"""Verdicts of an issuer that mean its contract is none (any more), whatever its certificate is worth.

A charger that sends hashes of certificates has checked their chain itself: with the issuer's word, asked for
just now, the contract holds. One that sends the chain wants it checked, which only a plug-in can (D23).
"""


def booted(charger_id: ChargerId, payload: Payload, now: datetime) -> Booted:
    """BootNotification with its reason (D01)."""
    station = _part(payload, "chargingStation")
    return Booted(
        charger_id=charger_id,
        at=now,
        vendor=text(station.get("vendorName"), _LONGEST_TEXT) or "",
        model=text(station.get("model"), _LONGEST_TEXT) or "",
        serial_number=text(station.get("serialNumber"), _LONGEST_TEXT),
        firmware=text(station.get("firmwareVersion"), _LONGEST_TEXT),
        reason=text(payload.get("reason"), _LONGEST_TEXT),
    )


def status_changed(charger_id: ChargerId, payload: Payload, now: datetime) -> StatusChanged:
    """StatusNotification of one connector (D05). Raises InvalidInput for what cannot be understood."""
    number = evse_of({"id": payload.get("evseId"), "connectorId": payload.get("connectorId")})
    if number is None:
        raise InvalidInput("is not the number of an EVSE", field="evseId")
    at = moment_of(payload.get("timestamp"), now).at
    return StatusChanged(charger_id, _plug(number), status_of(payload.get("connectorStatus")), at)


def status_of(word: object) -> PlugStatus:
    """A state by its word. Raises InvalidInput."""
    status = STATUS.get(word.strip().casefold()) if isinstance(word, str) else None
    if status is None:
        raise InvalidInput(f"{str(word)[:50]!r} is not a state of a connector", field="connectorStatus")
    return status


def presented_card(payload: Payload) -> IdToken | None:
    """The card in a message; none for NoAuthorization and for an empty one (D07, Q46)."""
    card = payload.get("idToken")
    if not isinstance(card, dict):
        return None
    type_ = text(card.get("type"), _LONGEST_TEXT) or ""
    value = text(card.get("idToken"), _LONGEST_TEXT)
    return None if value is None or type_ == NO_CARD_TYPE else IdToken(value, type_)


def transaction_reported(charger_id: ChargerId, payload: Payload, now: datetime) -> Read[TransactionReported]:
    """TransactionEvent, with as much as can be read (D08, Q45).

    Raises InvalidInput if it has no transaction or no kind: then it cannot be attributed at all.
    """
    info, values = _part(payload, "transactionInfo"), payload.get("meterValue")
    word = payload.get("eventType")
    phase = _PHASE.get(word.strip().casefold()) if isinstance(word, str) else None
    transaction = text(info.get("transactionId"), _LONGEST_NAME)
    if phase is None or transaction is None:
        raise InvalidInput("names no transaction or no event", field="transactionInfo")
    moment = moment_of(payload.get("timestamp"), now)
    read = read_samples(values, now) if values not in (None, []) else Samples(())
    state = info.get("chargingState")
    event = TransactionReported(
        charger_id=charger_id,
        transaction=TransactionRef(transaction),
        phase=phase,
        at=moment.at,
        sequence=max(whole(payload.get("seqNo")) or 0, 0),
        number=evse_of(payload.get("evse")),
        id_token=presented_card(payload),
        samples=read.samples,
        state=_STATE.get(state.strip().casefold()) if isinstance(state, str) else None,
        trigger=text(payload.get("triggerReason"), _LONGEST_TEXT),
        reason=text(info.get("stoppedReason"), _LONGEST_TEXT),
        reservation_id=whole(payload.get("reservationId")),
        remote_start_id=whole(info.get("remoteStartId")),
        offline=payload.get("offline") is True,
        clock_suspect=moment.suspect,
    )
    return Read(event, read.lost)


def metered(charger_id: ChargerId, payload: Payload, now: datetime) -> Read[Metered]:
    """MeterValues: outside transactions, as 2.x has it, but perhaps of the one that runs there (D14)."""
    read = read_samples(payload.get("meterValue"), now)
    number = ConnectorNumber(max(whole(payload.get("evseId")) or 0, 0))
    return Read(Metered(charger_id, number, read.samples), read.lost)


def evse_of(value: object) -> ConnectorNumber | None:
    """An EVSEType; connector 0 if it names none. None if there is no EVSE to be read."""
    if not isinstance(value, dict):
        return None
    evse, connector = whole(value.get("id")), whole(value.get("connectorId"))
    if evse is None or evse < 0:
        return None
    return ConnectorNumber(evse, max(connector or 0, 0))


def _plug(number: ConnectorNumber) -> ConnectorNumber:
    """The charger itself is (0, 1), an EVSE stands for its first connector."""
    return ConnectorNumber(number.evse, number.connector if number.evse and number.connector else 1)


def _part(payload: Payload, name: str) -> Payload:
    part = payload.get(name)
    return part if isinstance(part, dict) else {}


def boot_answer(now: datetime, interval: timedelta) -> dict[str, object]:
    """BootNotificationResponse: accepted."""
    return {"currentTime": wire_time(now), "interval": int(interval.total_seconds()), "status": "Accepted"}


def heartbeat_answer(now: datetime) -> dict[str, object]:
    """HeartbeatResponse."""
    return {"currentTime": wire_time(now)}


def id_token_info(authorization: Authorization) -> dict[str, object]:
    """A decision as chargers of 2.x understand it (D06, 4.D.4, M11, M12)."""
    info: dict[str, object] = {"status": _VERDICT[authorization.verdict]}
    if authorization.expires_at is not None:
        info["cacheExpiryDateTime"] = wire_time(authorization.expires_at)
    if authorization.language:
        info["language1"] = authorization.language[:_LONGEST_LANGUAGE]
    if authorization.only_at:
        info["evseId"] = list(authorization.only_at)
    if authorization.group_id:
        info["groupIdToken"] = group_token(authorization.group_id)
    if authorization.message:
        message: dict[str, object] = {"format": "UTF8"}
        if authorization.language:
            message["language"] = authorization.language[:_LONGEST_LANGUAGE]
        message["content"] = authorization.message[:_LONGEST_MESSAGE]
        info["personalMessage"] = message
    return info


def group_token(group_id: str) -> dict[str, object]:
    """A group as an IdToken (M11)."""
    return {"idToken": parent_id_tag(group_id, _LONGEST_GROUP), "type": "Central"}


def card_answer(
    authorization: Authorization | None, payload: Payload, certificate: str | None = None
) -> dict[str, object]:
    """AuthorizeResponse; None: no card was needed. `certificate`: what is known about a contract's."""
    info = {"status": "Accepted"} if authorization is None else id_token_info(authorization)
    answer: dict[str, object] = {"idTokenInfo": info}
    chain, hashes = payload.get("certificate"), payload.get("iso15118CertificateHashData")
    if chain or hashes:
        cancelled = authorization is not None and authorization.verdict in _CANCELLED
        usual = "Accepted" if hashes and not chain else "NoCertificateAvailable"
        answer["certificateStatus"] = "ContractCancelled" if cancelled else certificate or usual
    return answer


def reported_answer(reported: Reported, payload: Payload) -> dict[str, object]:
    """TransactionEventResponse: the cost at the end, a decision whenever a card was in it (D09)."""
    answer: dict[str, object] = {}
    if reported.cost is not None:
        answer["totalCost"] = money(reported.cost)
    if reported.authorization is not None:
        answer["idTokenInfo"] = id_token_info(reported.authorization)
    elif isinstance(payload.get("idToken"), dict):
        answer["idTokenInfo"] = {"status": "Accepted"}
    return answer


def money(price: Price) -> float | int:
    """With taxes where they are known; four decimals, which a float shows exactly as written."""
    amount = price.before_taxes if price.after_taxes is None else price.after_taxes
    rounded = amount.quantize(Decimal("0.0001"))
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
