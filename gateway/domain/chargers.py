"""Chargers as we know them: what the network file says, and what they last told us."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.events import Habit, PlugStatus, TransactionReported
from gateway.domain.ids import ChargerId, ConnectorId, ConnectorNumber, EvseUid
from gateway.domain.sites import EvseStatus


@dataclass(frozen=True, slots=True)
class PlugMapping:
    """Which plug of the charger is which connector in our locations (M01, M02)."""

    number: ConnectorNumber
    evse_uid: EvseUid
    connector_id: ConnectorId


@dataclass(frozen=True, slots=True)
class Charger:
    """A charger of the network file. `password_hashes`: keyed hashes of the accepted forms of its key (B03).

    `ping_interval_s`: how long it may be silent before it is pinged; 0: never; None: as all others (Q04).
    """

    id: ChargerId
    plugs: tuple[PlugMapping, ...]
    password_hashes: tuple[str, ...] = ()
    certificate_subject: str | None = None
    protocol: str | None = None
    security_profile: int | None = None
    ping_interval_s: int | None = None

    def plug(self, number: ConnectorNumber) -> PlugMapping | None:
        """The mapping of a plug, or None if the network file does not know it."""
        return next((p for p in self.plugs if p.number == number), None)


@dataclass(frozen=True, slots=True)
class PlugState:
    """Last reported state of a plug; `at` is the charger's time of it."""

    number: ConnectorNumber
    status: PlugStatus
    at: datetime
    error_code: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class ChargerState:
    """What a charger last said about itself. Kept apart from `Charger`, which only people change.

    `held`: messages about transactions whose EVSE is not known yet (D08). `features`: its feature profiles.
    `habits`: those of its make.
    """

    id: ChargerId
    vendor: str = ""
    model: str = ""
    serial_number: str | None = None
    meter_serial_number: str | None = None
    firmware: str | None = None
    protocol: str | None = None
    booted_at: datetime | None = None
    last_seen_at: datetime | None = None
    plugs: tuple[PlugState, ...] = ()
    unsupported: tuple[str, ...] = ()
    held: tuple[TransactionReported, ...] = ()
    features: tuple[str, ...] = ()
    habits: tuple[Habit, ...] = ()

    def plug(self, number: ConnectorNumber) -> PlugState | None:
        """Last state of a plug, or None if it never reported."""
        return next((p for p in self.plugs if p.number == number), None)


EVSE_STATUS: dict[PlugStatus, EvseStatus] = {
    PlugStatus.AVAILABLE: EvseStatus.AVAILABLE,
    PlugStatus.PREPARING: EvseStatus.CHARGING,
    PlugStatus.CHARGING: EvseStatus.CHARGING,
    PlugStatus.SUSPENDED_EV: EvseStatus.CHARGING,
    PlugStatus.SUSPENDED_EVSE: EvseStatus.CHARGING,
    PlugStatus.FINISHING: EvseStatus.CHARGING,
    PlugStatus.OCCUPIED: EvseStatus.CHARGING,
    PlugStatus.RESERVED: EvseStatus.RESERVED,
    PlugStatus.UNAVAILABLE: EvseStatus.INOPERATIVE,
    PlugStatus.FAULTED: EvseStatus.OUTOFORDER,
}
"""Spec: OCPI 2.2.1 mod_locations "Status enum"; table 4.B of the OCPP notes (LOC-17)."""

IN_USE = frozenset(
    {
        PlugStatus.CHARGING,
        PlugStatus.SUSPENDED_EV,
        PlugStatus.SUSPENDED_EVSE,
        PlugStatus.FINISHING,
        PlugStatus.RESERVED,
    }
)
"""States in which a plug serves or awaits somebody (M24)."""
OUT_OF_USE = frozenset({PlugStatus.UNAVAILABLE, PlugStatus.FAULTED})
"""States in which a plug serves nobody, and drops its reservation. Spec: OCPP 1.6 section 5.13."""

_STATION_OVERRIDES = frozenset({PlugStatus.UNAVAILABLE, PlugStatus.FAULTED})
_PREFERENCE = (
    EvseStatus.CHARGING,
    EvseStatus.RESERVED,
    EvseStatus.AVAILABLE,
    EvseStatus.INOPERATIVE,
    EvseStatus.OUTOFORDER,
)


def evse_status(charger: Charger, state: ChargerState, uid: EvseUid, *, online: bool) -> EvseStatus:
    """Fold what a charger said into one EVSE's status (4.B).

    Offline or never reported is UNKNOWN; a charger-wide fault or unavailability (number 0) overrides its
    plugs; of several plugs, one in use decides, else one that is free.
    """
    if not online:
        return EvseStatus.UNKNOWN
    station = state.plug(ConnectorNumber(0)) or state.plug(ConnectorNumber(0, 0))
    if station is not None and station.status in _STATION_OVERRIDES:
        return EVSE_STATUS[station.status]
    numbers = [p.number for p in charger.plugs if p.evse_uid == uid]
    reported = {EVSE_STATUS[s.status] for n in numbers if (s := state.plug(n)) is not None}
    return next((status for status in _PREFERENCE if status in reported), EvseStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Knock:
    """An attempt to connect that was turned away; `count` repeats since `first_at`."""

    charger_id: ChargerId
    reason: str
    remote: str
    first_at: datetime
    last_at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something a charger said that could not be attributed; kept for a person, never dropped (C06-C18)."""

    id: str
    charger_id: ChargerId
    at: datetime
    action: str
    reason: str
    payload: str
    resolved_at: datetime | None = None
    note: str | None = None
