"""What chargers tell us, whatever OCPP version they speak. Facts, in the past tense; times are UTC."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import ChargingState, Sample


class PlugStatus(StrEnum):
    """State of a plug as chargers report it: the nine states of OCPP 1.6 and Occupied of 2.x."""

    AVAILABLE = "AVAILABLE"
    PREPARING = "PREPARING"
    CHARGING = "CHARGING"
    SUSPENDED_EV = "SUSPENDED_EV"
    SUSPENDED_EVSE = "SUSPENDED_EVSE"
    FINISHING = "FINISHING"
    RESERVED = "RESERVED"
    UNAVAILABLE = "UNAVAILABLE"
    FAULTED = "FAULTED"
    OCCUPIED = "OCCUPIED"


@dataclass(frozen=True, slots=True)
class IdToken:
    """A card, app user or contract as presented to a charger. `type`: an OCPP 2.x IdToken type or "idTag"."""

    value: str
    type: str = "idTag"


class Habit(StrEnum):
    """What is known of a charger's make that changes how its transactions are started or understood.

    HEXADECIMAL_CARDS: it takes nothing else as a card from us. LISTED_CARDS: it starts only for cards on its
    list. OWN_CARDS: it answers a remote start with a card of its own (all Q22). START_AT_END: it sends a
    second start where the end belongs (Q26).
    """

    HEXADECIMAL_CARDS = "HEXADECIMAL_CARDS"
    LISTED_CARDS = "LISTED_CARDS"
    OWN_CARDS = "OWN_CARDS"
    START_AT_END = "START_AT_END"


@dataclass(frozen=True, slots=True)
class Booted:
    """A charger (re)started and introduced itself; `habits` are those of its make."""

    charger_id: ChargerId
    at: datetime
    vendor: str
    model: str
    serial_number: str | None = None
    firmware: str | None = None
    meter_serial_number: str | None = None
    reason: str | None = None
    habits: tuple[Habit, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A plug, or the charger itself (`number.evse` 0), reports its state. `at` is the charger's own time."""

    charger_id: ChargerId
    number: ConnectorNumber
    status: PlugStatus
    at: datetime
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionStarted:
    """Charging began. `transaction` is None where the gateway must name it (OCPP 1.6).

    `key` identifies this start among repeats of the same message (C07): equal keys are the same start.
    """

    charger_id: ChargerId
    number: ConnectorNumber
    at: datetime
    key: str
    id_token: IdToken | None
    meter_start_wh: Decimal | None = None
    transaction: TransactionRef | None = None
    reservation_id: int | None = None
    remote_start_id: int | None = None
    offline: bool = False
    clock_suspect: bool = False


@dataclass(frozen=True, slots=True)
class ReservationEnded:
    """A charger gave up a reservation; `number` is ours. `unused`: its time passed, or nobody charged.

    Otherwise the charger took it away from the driver (D19, M28).
    """

    charger_id: ChargerId
    number: int
    unused: bool


@dataclass(frozen=True, slots=True)
class Metered:
    """Meter values. `transaction` as the charger said it, which may be missing or wrong (Q25, Q34)."""

    charger_id: ChargerId
    number: ConnectorNumber
    samples: tuple[Sample, ...]
    transaction: TransactionRef | None = None
    state: ChargingState | None = None


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """Charging ended, by the charger's word. `transaction` may be unknown, stale or "-1" (C09, C10)."""

    charger_id: ChargerId
    at: datetime
    transaction: TransactionRef
    meter_stop_wh: Decimal | None = None
    reason: str | None = None
    id_token: IdToken | None = None
    samples: tuple[Sample, ...] = ()
    number: ConnectorNumber | None = None
    clock_suspect: bool = False


class TransactionPhase(StrEnum):
    """What a message about a transaction reports."""

    STARTED = "STARTED"
    UPDATED = "UPDATED"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class TransactionReported:
    """One message about a transaction the charger itself named: OCPP 2.x TransactionEvent (D08 to D11).

    `number` None: no EVSE was named; its `connector` 0: the EVSE was, the connector was not (Q45).
    `sequence` counts messages, by transaction or by charger, or is always 0. `offline`: happened earlier.
    """

    charger_id: ChargerId
    transaction: TransactionRef
    phase: TransactionPhase
    at: datetime
    sequence: int = 0
    number: ConnectorNumber | None = None
    id_token: IdToken | None = None
    samples: tuple[Sample, ...] = ()
    state: ChargingState | None = None
    trigger: str | None = None
    reason: str | None = None
    reservation_id: int | None = None
    remote_start_id: int | None = None
    offline: bool = False
    clock_suspect: bool = False
