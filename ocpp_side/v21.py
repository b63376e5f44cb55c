"""OCPP 2.1 as a value: what it says beyond 2.0.1."""

import logging

from ocpp_side import v2x
from ocpp_side.repairs import mistaken_version
from ocpp_side.repairs.v2x import REPAIRS
from ocpp_side.translate import v2x_commands, v2x_events, v21_commands
from ocpp_side.translate.lenient import Payload, text
from ocpp_side.validation import Codes, Schemas
from ocpp_side.version import Handler, Request, Station, Version

log = logging.getLogger(__name__)


async def on_vat_number(station: Station, request: Request) -> Payload:
    """VatNumberValidation: nothing here validates them, and it is said (E07)."""
    del station
    number = text(request.payload.get("vatNumber"), 20) or ""
    return {"vatNumber": number, "status": "Rejected"}


async def on_chain_status(station: Station, request: Request) -> Payload:
    """GetCertificateChainStatus: no certificate is looked up here, and it is said (E12, D23)."""
    return v21_commands.chain_status_answer(request.payload, station.clock.now())


async def on_transaction(station: Station, request: Request) -> Payload:
    """TransactionEvent: the answer also says how much the driver may take (D08, E05)."""
    return await v2x.transaction(station, request, v21_commands.reported_answer)


async def on_report(station: Station, request: Request) -> Payload:
    """NotifyReport: it also says whether the charger can be given tariffs (D02, E04)."""
    now = station.clock.now()
    event = v2x_events.variables_reported(station.id, request.payload, now, v21_commands.FEATURES)
    await station.caring.variables_reported(event)
    return {}


async def on_stream(station: Station, request: Request) -> Payload:
    """NotifyPeriodicEventStream: values of monitors nobody asked for; nobody is answered (E03)."""
    log.debug("%s streams values of %s", station.id, request.payload.get("id"))
    return {}


HANDLERS: dict[str, Handler] = {
    **v2x.HANDLERS,
    "NotifyReport": on_report,
    "TransactionEvent": on_transaction,
    "BatterySwap": v2x.on_kept,
    "NotifyDERAlarm": v2x.on_kept,
    "NotifyDERStartStop": v2x.on_kept,
    "ReportDERControl": v2x.on_kept,
    "NotifySettlement": v2x.on_kept,
    "NotifyWebPaymentStarted": v2x.on_progress,
    "NotifyPriorityCharging": v2x.on_progress,
    "ClosePeriodicEventStream": v2x.on_progress,
    "OpenPeriodicEventStream": v2x.says({"status": "Accepted"}),
    "PullDynamicScheduleUpdate": v2x.says({"status": "Rejected"}),
    "VatNumberValidation": on_vat_number,
    "GetCertificateChainStatus": on_chain_status,
}
"""Energy resources, battery swaps and settlements have no counterpart in OCPI: answered, kept (E07, E10)."""

V21 = Version(
    subprotocol="ocpp2.1",
    schemas=Schemas(
        "ocpp.v21", Codes(formation="FormatViolation", occurrence="OccurrenceConstraintViolation")
    ),
    handlers=HANDLERS,
    transactional=frozenset({"TransactionEvent", "MeterValues"}),
    boot="BootNotification",
    call_of=v21_commands.call_of,
    answer_of=v21_commands.answer_of,
    unreadable_answer=v2x.unreadable_answer,
    formation_violation="FormatViolation",
    unreadable_frame="RpcFrameworkError",
    refuses_answers=True,
    sends={"NotifyPeriodicEventStream": on_stream},
    parts_of=v2x_commands.parts_of,
    repairs=REPAIRS,
    telling=mistaken_version.V2X,
)
"""OCPP 2.1."""
