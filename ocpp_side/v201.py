"""OCPP 2.0.1 as a value."""

from ocpp_side import v2x
from ocpp_side.repairs import mistaken_version
from ocpp_side.repairs.v2x import REPAIRS
from ocpp_side.translate import v2x_commands
from ocpp_side.validation import Codes, Schemas
from ocpp_side.version import Version

V201 = Version(
    subprotocol="ocpp2.0.1",
    schemas=Schemas(
        "ocpp.v201",
        Codes(formation="FormatViolation", occurrence="OccurrenceConstraintViolation"),
    ),
    handlers=v2x.HANDLERS,
    transactional=frozenset({"TransactionEvent", "MeterValues"}),
    boot="BootNotification",
    call_of=v2x_commands.call_of,
    answer_of=v2x_commands.answer_of,
    unreadable_answer=v2x.unreadable_answer,
    formation_violation="FormatViolation",
    unreadable_frame="RpcFrameworkError",
    parts_of=v2x_commands.parts_of,
    repairs=REPAIRS,
    telling=mistaken_version.V2X,
)
"""OCPP 2.0.1."""
