"""What meters say, in base units: Wh, W, A, percent. Translated from OCPP, judged by `metering`."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Measurand(StrEnum):
    """Quantities the gateway uses. Everything else a charger measures is OTHER and only kept raw."""

    IMPORT_REGISTER_WH = "IMPORT_REGISTER_WH"
    EXPORT_REGISTER_WH = "EXPORT_REGISTER_WH"
    IMPORT_INTERVAL_WH = "IMPORT_INTERVAL_WH"
    EXPORT_INTERVAL_WH = "EXPORT_INTERVAL_WH"
    IMPORT_POWER_W = "IMPORT_POWER_W"
    OFFERED_POWER_W = "OFFERED_POWER_W"
    IMPORT_CURRENT_A = "IMPORT_CURRENT_A"
    OFFERED_CURRENT_A = "OFFERED_CURRENT_A"
    STATE_OF_CHARGE_PERCENT = "STATE_OF_CHARGE_PERCENT"
    OTHER = "OTHER"


class ReadingContext(StrEnum):
    """Why a value was taken."""

    BEGIN = "BEGIN"
    END = "END"
    PERIODIC = "PERIODIC"
    CLOCK = "CLOCK"
    INTERRUPTION_BEGIN = "INTERRUPTION_BEGIN"
    INTERRUPTION_END = "INTERRUPTION_END"
    TRIGGER = "TRIGGER"
    OTHER = "OTHER"


class ReadingPlace(StrEnum):
    """Where a value was taken. Inlet and upstream values never enter a session (M45)."""

    OUTLET = "OUTLET"
    CABLE = "CABLE"
    EV = "EV"
    INLET = "INLET"
    BODY = "BODY"
    UPSTREAM = "UPSTREAM"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one measurand; `phase` is None for a total, else "L1", "L2", "L3", "N", "L1-N" …"""

    measurand: Measurand
    value: Decimal
    context: ReadingContext = ReadingContext.PERIODIC
    phase: str | None = None
    place: ReadingPlace = ReadingPlace.OUTLET


@dataclass(frozen=True, slots=True)
class SignedReading:
    """Signed meter data, byte-exact as the charger sent it (C29, D15).

    `data` is the signed dataset (for example an OCMF string); `encoding` its name where it is known.
    """

    data: str
    context: ReadingContext
    encoding: str | None = None
    signing_method: str | None = None
    public_key: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything one meter said at one instant (UTC)."""

    at: datetime
    readings: tuple[Reading, ...] = ()
    signed: tuple[SignedReading, ...] = ()

    @property
    def of_the_end(self) -> bool:
        """Whether the charger read it at the end of a transaction, whatever its time."""
        return any(reading.context is ReadingContext.END for reading in self.readings)


class ChargingState(StrEnum):
    """What the car and the charger are doing within a transaction (M43).

    SUSPENDED_EV: the vehicle does not request power; time spent so is parking.
    SUSPENDED_EVSE: the charger withholds power; never parking.
    """

    CHARGING = "CHARGING"
    SUSPENDED_EV = "SUSPENDED_EV"
    SUSPENDED_EVSE = "SUSPENDED_EVSE"
    IDLE = "IDLE"
