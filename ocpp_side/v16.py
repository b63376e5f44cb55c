"""OCPP 1.6J: one handler per message. Translate, one use case, answer.

A charger is answered after the use case returned, which is after its commit (decision 13).
"""

from dataclasses import replace

from gateway.domain.care import ProgressKind, ProgressReported
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from ocpp_side.data_transfer import on_data_transfer
from ocpp_side.repairs import mistaken_version
from ocpp_side.repairs.v16 import REPAIRS
from ocpp_side.translate import v16 as translate
from ocpp_side.translate import v16_commands
from ocpp_side.translate.lenient import Payload
from ocpp_side.validation import Codes, Schemas
from ocpp_side.version import Request, Station, Version


async def on_boot(station: Station, request: Request) -> Payload:
    """BootNotification (C01)."""
    station.is_a(*translate.make(request.payload))
    event = translate.booted(station.id, request.payload, station.clock.now())
    habits = station.habits.of_transactions
    interval = await station.charging.booted(replace(event, habits=habits))
    station.accepted = station.booted_now = True
    await station.caring.booted(station.id)
    return translate.boot_answer(station.clock.now(), interval)


async def on_heartbeat(station: Station, request: Request) -> Payload:
    """Heartbeat (C03); repairs counted since the last one are written down with it."""
    del request
    await station.report_repairs()
    return translate.heartbeat_answer(station.clock.now())


async def on_status(station: Station, request: Request) -> Payload:
    """StatusNotification (C04); a state nobody knows is kept aside and answered (Q14)."""
    try:
        event = translate.status_changed(station.id, request.payload, station.clock.now())
    except InvalidInput as error:
        await _put_aside(station, request, str(error))
    else:
        # A state of the charger alone tells nothing of its plugs (Q15).
        station.reported_status |= event.number.evse > 0
        await station.charging.status_changed(event)
    return {}


async def on_authorize(station: Station, request: Request) -> Payload:
    """Authorize (C05)."""
    card = translate.presented_card(request.payload)
    if card is None:
        raise InvalidInput("is empty", field="idTag")
    return translate.card_answer(await station.authorizing.by_card(station.id, card, None))


async def on_start(station: Station, request: Request) -> Payload:
    """StartTransaction (C06 to C08)."""
    read = translate.transaction_started(station.id, request.payload, station.clock.now(), request.id)
    started = await station.charging.started(read.event)
    await _put_lost_aside(station, request, read.lost)
    return translate.start_answer(started.transaction, started.authorization)


async def on_meter_values(station: Station, request: Request) -> Payload:
    """MeterValues (C12)."""
    read = translate.metered(station.id, request.payload, station.clock.now())
    if read.event.samples:
        await station.charging.metered(read.event)
    await _put_lost_aside(station, request, read.lost)
    return {}


async def on_stop(station: Station, request: Request) -> Payload:
    """StopTransaction (C09 to C11)."""
    read = translate.transaction_ended(station.id, request.payload, station.clock.now())
    authorization = await station.charging.ended(read.event)
    await _put_lost_aside(station, request, read.lost)
    return translate.stop_answer(authorization)


async def on_firmware_progress(station: Station, request: Request) -> Payload:
    """FirmwareStatusNotification and its signed variant: kept as progress (C27)."""
    await station.caring.progressed(_progress(station, request, ProgressKind.FIRMWARE))
    return {}


async def on_log_progress(station: Station, request: Request) -> Payload:
    """DiagnosticsStatusNotification and LogStatusNotification: kept as progress (C27)."""
    await station.caring.progressed(_progress(station, request, ProgressKind.LOG))
    return {}


def _progress(station: Station, request: Request, kind: ProgressKind) -> ProgressReported:
    return ProgressReported(station.id, translate.progress(kind, request.payload, station.clock.now()))


async def on_security_event(station: Station, request: Request) -> Payload:
    """SecurityEventNotification: always answered, alarms kept for a person (B08)."""
    kind = str(request.payload.get("type"))[:50]
    await station.caring.security_event(station.id, kind, request.raw.decode(errors="replace"))
    return {}


async def on_sign_certificate(station: Station, request: Request) -> Payload:
    """SignCertificate: signed by our authority if the request is fit; the certificate follows (B07)."""
    csr = str(request.payload.get("csr"))
    accepted = await station.caring.certificate_asked(station.id, csr)
    return {"status": "Accepted" if accepted else "Rejected"}


async def _put_lost_aside(station: Station, request: Request, lost: tuple[str, ...]) -> None:
    if lost:
        await _put_aside(station, request, "not readable: " + ", ".join(lost[:10]))


async def _put_aside(station: Station, request: Request, reason: str) -> None:
    text = request.raw.decode(errors="replace")
    await station.charging.put_aside(station.id, request.action, text, reason)


def _unreadable_answer(charger_id: ChargerId, action: str, raw: bytes) -> Payload:
    return translate.unreadable_start_answer(charger_id, raw) if action == "StartTransaction" else {}


V16 = Version(
    subprotocol="ocpp1.6",
    schemas=Schemas(
        "ocpp.v16",
        Codes(formation="FormationViolation", occurrence="OccurenceConstraintViolation"),
    ),
    handlers={
        "BootNotification": on_boot,
        "Heartbeat": on_heartbeat,
        "StatusNotification": on_status,
        "Authorize": on_authorize,
        "StartTransaction": on_start,
        "MeterValues": on_meter_values,
        "StopTransaction": on_stop,
        "DataTransfer": on_data_transfer,
        "FirmwareStatusNotification": on_firmware_progress,
        "DiagnosticsStatusNotification": on_log_progress,
        "SignedFirmwareStatusNotification": on_firmware_progress,
        "LogStatusNotification": on_log_progress,
        "SecurityEventNotification": on_security_event,
        "SignCertificate": on_sign_certificate,
    },
    transactional=frozenset({"StartTransaction", "MeterValues", "StopTransaction"}),
    boot="BootNotification",
    call_of=v16_commands.call_of,
    answer_of=v16_commands.answer_of,
    unreadable_answer=_unreadable_answer,
    formation_violation="FormationViolation",
    repairs=REPAIRS,
    telling=mistaken_version.V16,
)
"""OCPP 1.6J as a value."""
