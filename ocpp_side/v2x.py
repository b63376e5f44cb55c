"""Handlers that OCPP 2.0.1 and 2.1 share: one per message. Translate, one use case, answer.

A charger is answered after the use case returned, which is after its commit (decision 13).
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from gateway.app.reporting import Reported
from gateway.domain.care import ProgressKind, ProgressReported
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from ocpp_side import contracts
from ocpp_side.data_transfer import on_data_transfer
from ocpp_side.translate import v2x as translate
from ocpp_side.translate import v2x_events
from ocpp_side.translate.lenient import Payload, whole
from ocpp_side.translate.v16 import progress
from ocpp_side.version import Handler, Request, Station

log = logging.getLogger(__name__)


async def on_boot(station: Station, request: Request) -> Payload:
    """BootNotification (D01)."""
    event = translate.booted(station.id, request.payload, station.clock.now())
    station.is_a(event.vendor, event.model, event.firmware or "")
    interval = await station.charging.booted(replace(event, habits=station.habits.of_transactions))
    station.accepted = station.booted_now = True
    await station.caring.booted(station.id, device_model=True)
    return translate.boot_answer(station.clock.now(), interval)


async def on_heartbeat(station: Station, request: Request) -> Payload:
    """Heartbeat; repairs counted since the last one are written down with it."""
    del request
    await station.report_repairs()
    return translate.heartbeat_answer(station.clock.now())


async def on_status(station: Station, request: Request) -> Payload:
    """StatusNotification (D05); a state nobody knows is kept aside and answered (Q14)."""
    try:
        event = translate.status_changed(station.id, request.payload, station.clock.now())
    except InvalidInput as error:
        await put_aside(station, request, str(error))
    else:
        # A state of the charger alone tells nothing of its plugs (Q15).
        station.reported_status |= event.number.evse > 0
        await station.charging.status_changed(event)
    return {}


async def on_authorize(station: Station, request: Request) -> Payload:
    """Authorize (D06); without a card there is nothing to refuse (D07)."""
    card = translate.presented_card(request.payload)
    authorization = None if card is None else await station.authorizing.by_card(station.id, card, None)
    certificate = await contracts.contract_word(station.broker, request.payload)
    return translate.card_answer(authorization, request.payload, certificate)


async def on_transaction(station: Station, request: Request) -> Payload:
    """TransactionEvent (D08 to D11)."""
    return await transaction(station, request, translate.reported_answer)


async def transaction(
    station: Station, request: Request, answer_of: Callable[[Reported, Payload], dict[str, object]]
) -> Payload:
    """TransactionEvent, answered in a version's words."""
    read = translate.transaction_reported(station.id, request.payload, station.clock.now())
    told = await station.charging.reported(read.event)
    await _put_lost_aside(station, request, read.lost)
    return answer_of(told, request.payload)


async def on_meter_values(station: Station, request: Request) -> Payload:
    """MeterValues (D14)."""
    read = translate.metered(station.id, request.payload, station.clock.now())
    if read.event.samples:
        await station.charging.metered(read.event)
    await _put_lost_aside(station, request, read.lost)
    return {}


async def on_event(station: Station, request: Request) -> Payload:
    """NotifyEvent: states of plugs are applied (E01), everything else is logged."""
    found = v2x_events.availabilities(station.id, request.payload, station.clock.now())
    for event in found:
        station.reported_status |= event.number.evse > 0
        await station.charging.status_changed(event)
    if not found:
        log.info("%s reports events of its components", station.id)
    return {}


async def on_reservation(station: Station, request: Request) -> Payload:
    """ReservationStatusUpdate: the charger gave a reservation up (D19)."""
    await station.charging.reservation_ended(v2x_events.reservation_ended(station.id, request.payload))
    return {}


async def on_report(station: Station, request: Request) -> Payload:
    """NotifyReport: a part of the device model, in any order (D02)."""
    event = v2x_events.variables_reported(station.id, request.payload, station.clock.now())
    await station.caring.variables_reported(event)
    return {}


async def on_customer(station: Station, request: Request) -> Payload:
    """NotifyCustomerInformation: for the person who asked (D22)."""
    await station.caring.customer_told(
        v2x_events.customer_told(station.id, request.payload, station.clock.now())
    )
    return {}


async def on_progress(station: Station, request: Request) -> Payload:
    """Progress and reports nothing of ours depends on: answered and logged (D22)."""
    log.info("%s reports %s %s", station.id, request.action, request.payload.get("status") or "")
    return {}


async def on_firmware_progress(station: Station, request: Request) -> Payload:
    """FirmwareStatusNotification: kept as progress (D22)."""
    await station.caring.progressed(_progress(station, request, ProgressKind.FIRMWARE))
    return {}


async def on_log_progress(station: Station, request: Request) -> Payload:
    """LogStatusNotification: kept as progress (D22)."""
    await station.caring.progressed(_progress(station, request, ProgressKind.LOG))
    return {}


def _progress(station: Station, request: Request, kind: ProgressKind) -> ProgressReported:
    return ProgressReported(station.id, progress(kind, request.payload, station.clock.now()))


async def on_security_event(station: Station, request: Request) -> Payload:
    """SecurityEventNotification: always answered, alarms kept for a person (B08)."""
    kind = str(request.payload.get("type"))[:50]
    await station.caring.security_event(station.id, kind, request.raw.decode(errors="replace"))
    return {}


async def on_sign_certificate(station: Station, request: Request) -> Payload:
    """SignCertificate: signed by our authority, but not for talking to cars (B07, D23)."""
    of_station = request.payload.get("certificateType") in (None, "ChargingStationCertificate")
    csr = str(request.payload.get("csr"))
    number = whole(request.payload.get("requestId"))
    accepted = of_station and await station.caring.certificate_asked(station.id, csr, number)
    return {"status": "Accepted" if accepted else "Rejected"}


async def on_certificate_status(station: Station, request: Request) -> Payload:
    """GetCertificateStatus: what a plug-in knows, else Failed (D23)."""
    return await contracts.certificate_status_answer(station.broker, request.payload)


async def on_ev_certificate(station: Station, request: Request) -> Payload:
    """Get15118EVCertificate: what a plug-in gets for the car, else Failed (D23)."""
    return await contracts.ev_certificate_answer(station.broker, request.payload)


async def on_kept(station: Station, request: Request) -> Payload:
    """Answered, and kept for a person: what has no counterpart in OCPI (E10)."""
    await put_aside(station, request, "for a person to read")
    return {}


async def on_limits(station: Station, request: Request) -> Payload:
    """NotifyChargingLimit, ClearedChargingLimit: what is in force is asked for and told (M63)."""
    log.info("%s sent %s", station.id, request.action)
    station.charging.limits_changed(station.id)
    return {}


async def on_car_schedule(station: Station, request: Request) -> Payload:
    """NotifyEVChargingSchedule: the car chose within its limits (M63)."""
    await on_limits(station, request)
    return {"status": "Accepted"}


def says(answer: Payload) -> Handler:
    """A handler that always answers this."""

    async def answering(station: Station, request: Request) -> Payload:
        log.info("%s sent %s", station.id, request.action)
        return answer

    return answering


async def _put_lost_aside(station: Station, request: Request, lost: tuple[str, ...]) -> None:
    if lost:
        await put_aside(station, request, "not readable: " + ", ".join(lost[:10]))


async def put_aside(station: Station, request: Request, reason: str) -> None:
    """Keep a message for a person."""
    text = request.raw.decode(errors="replace")
    await station.charging.put_aside(station.id, request.action, text, reason)


def unreadable_answer(charger_id: ChargerId, action: str, raw: bytes) -> Payload:
    """What a transaction message gets that nobody can read: it was taken (D25)."""
    del charger_id, action, raw
    return {}


HANDLERS: dict[str, Handler] = {
    "BootNotification": on_boot,
    "Heartbeat": on_heartbeat,
    "StatusNotification": on_status,
    "Authorize": on_authorize,
    "TransactionEvent": on_transaction,
    "MeterValues": on_meter_values,
    "NotifyEvent": on_event,
    "NotifyReport": on_report,
    "DataTransfer": on_data_transfer,
    "SecurityEventNotification": on_security_event,
    "ClearedChargingLimit": on_limits,
    "FirmwareStatusNotification": on_firmware_progress,
    "LogStatusNotification": on_log_progress,
    "NotifyChargingLimit": on_limits,
    "NotifyCustomerInformation": on_customer,
    "NotifyDisplayMessages": on_progress,
    "NotifyMonitoringReport": on_progress,
    "PublishFirmwareStatusNotification": on_progress,
    "ReportChargingProfiles": on_progress,
    "ReservationStatusUpdate": on_reservation,
    "NotifyEVChargingNeeds": says({"status": "Rejected"}),
    "NotifyEVChargingSchedule": on_car_schedule,
    "Get15118EVCertificate": on_ev_certificate,
    "GetCertificateStatus": on_certificate_status,
    "SignCertificate": on_sign_certificate,
}
"""What chargers of both versions send."""
