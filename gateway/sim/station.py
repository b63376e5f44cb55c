"""What a simulated charger is made of: plugs with meters, a transaction, a configuration. No network."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

RESERVED = "Reserved"
AVAILABLE = "Available"
PREPARING = "Preparing"
CHARGING = "Charging"
SUSPENDED_EV = "SuspendedEV"
FINISHING = "Finishing"
UNAVAILABLE = "Unavailable"
UNKNOWN_TRANSACTION = -1
"""The id of a transaction whose start was never answered (C09)."""

_SECONDS_PER_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the charger says it is. `password` None connects without Basic authentication."""

    id: str
    password: str | None = None
    vendor: str = "Simulated"
    model: str = "Charger 16"
    serial_number: str = "SIM-0001"
    firmware: str = "1.0.0"
    meter_serial_number: str = "SIM-METER-1"
    connectors: int = 1


@dataclass(frozen=True, slots=True)
class MeterSample:
    """One reading of a plug's meter: register in Wh, power in W."""

    at: datetime
    register_wh: Decimal
    power_w: Decimal


class Meter:
    """An energy register that integrates the power over the charger's time; it never runs backwards."""

    def __init__(self, register_wh: Decimal, at: datetime) -> None:
        self._register_wh = register_wh
        self._power_w = Decimal(0)
        self._since = at

    def draw(self, power_w: Decimal, at: datetime) -> None:
        """From this instant on the car draws this power. The clock may jump back while nothing is drawn."""
        self._advance(at)
        self._power_w = power_w
        self._since = at

    def read(self, at: datetime) -> MeterSample:
        """What the display shows."""
        self._advance(at)
        return MeterSample(at, self._register_wh, self._power_w)

    def _advance(self, at: datetime) -> None:
        elapsed = max(at - self._since, timedelta())
        seconds = Decimal(elapsed // timedelta(milliseconds=1)) / 1000
        self._register_wh += self._power_w * seconds / _SECONDS_PER_HOUR
        self._since += timedelta(milliseconds=elapsed // timedelta(milliseconds=1))


@dataclass(slots=True, eq=False)
class Transaction:
    """One transaction as the charger remembers it; `number` is what the gateway called it."""

    connector: int
    card: str
    started_at: datetime
    start: MeterSample
    reservation: int | None = None
    number: int | None = None
    verdict: str | None = None
    samples: list[MeterSample] = field(default_factory=list)
    end: MeterSample | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    stop_reason: str = "Local"
    stop_card: str | None = None

    @property
    def id(self) -> int:
        """The id to put into messages: the gateway's, or -1 while there is none."""
        return UNKNOWN_TRANSACTION if self.number is None else self.number

    def request_stop(self, reason: str) -> None:
        """Ask whoever runs this transaction to end it; the first reason counts."""
        if not self.stop_requested.is_set():
            self.stop_reason = reason
            self.stop_requested.set()


@dataclass(frozen=True, slots=True)
class Reservation:
    """Whom a plug is kept for: a card, and whoever belongs to the same group."""

    number: int
    card: str
    group: str | None = None


@dataclass(slots=True, eq=False)
class Plug:
    """One connector: its status in OCPP's words, its meter, what runs there and what ran there last."""

    number: int
    meter: Meter
    status: str = AVAILABLE
    operative: bool = True
    transaction: Transaction | None = None
    latest: Transaction | None = None
    reservation: Reservation | None = None
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)

    def occupy(self, transaction: Transaction) -> None:
        """A transaction runs here from now on."""
        self.transaction = self.latest = transaction

    def free_for(self, card: str, group: str | None = None) -> bool:
        """Whether this driver may start here."""
        kept = self.reservation is not None and not self.kept_for(card, group)
        return self.operative and self.transaction is None and not kept

    def kept_for(self, card: str, group: str | None) -> bool:
        """Whether the plug is reserved for this card, or for the group it belongs to."""
        held = self.reservation
        return held is not None and (held.card == card or (group is not None and held.group == group))

    @property
    def idle_status(self) -> str:
        """What the plug reports when no car is there."""
        return AVAILABLE if self.operative else UNAVAILABLE


@dataclass(slots=True, eq=False)
class ConfigurationEntry:
    """One OCPP 1.6 configuration key."""

    value: str
    readonly: bool = False


def default_configuration(connectors: int) -> dict[str, ConfigurationEntry]:
    """The keys this charger knows. Spec: OCPP 1.6 section 9 "Standard Configuration Key Names"."""
    return {
        "AuthorizeRemoteTxRequests": ConfigurationEntry("true"),
        "ClockAlignedDataInterval": ConfigurationEntry("0"),
        "ConnectionTimeOut": ConfigurationEntry("60"),
        "GetConfigurationMaxKeys": ConfigurationEntry("50", readonly=True),
        "HeartbeatInterval": ConfigurationEntry("300"),
        "LocalPreAuthorize": ConfigurationEntry("false"),
        "MeterValueSampleInterval": ConfigurationEntry("60"),
        "MeterValuesSampledData": ConfigurationEntry("Energy.Active.Import.Register,Power.Active.Import"),
        "NumberOfConnectors": ConfigurationEntry(str(connectors), readonly=True),
        "StopTransactionOnInvalidId": ConfigurationEntry("true"),
        "StopTxnSampledData": ConfigurationEntry("Energy.Active.Import.Register"),
        "SupportedFeatureProfiles": ConfigurationEntry("Core,RemoteTrigger", readonly=True),
        "TransactionMessageAttempts": ConfigurationEntry("3"),
        "TransactionMessageRetryInterval": ConfigurationEntry("2"),
        "WebSocketPingInterval": ConfigurationEntry("30"),
    }


@dataclass(slots=True, eq=False)
class Station:
    """Everything the charger knows about itself; `groups`: the group of each card, as it was told."""

    identity: Identity
    plugs: dict[int, Plug]
    configuration: dict[str, ConfigurationEntry]
    takes_remote_starts: bool = False
    groups: dict[str, str] = field(default_factory=dict)

    def group_of(self, card: str) -> str | None:
        """The group a card belongs to, if the gateway named one."""
        return self.groups.get(card.casefold())

    def learn_group(self, card: str, group: str | None) -> None:
        """Remember what an answer said about a card."""
        if group is not None:
            self.groups[card.casefold()] = group

    def takes_unit(self, key: str, unit: str) -> bool:
        """Whether schedules may be in W or A; a charger that does not say takes both."""
        entry = self.configuration.get(key)
        words = {"W": ("w", "power"), "A": ("a", "current")}[unit]
        named = [part.strip().casefold() for part in entry.value.split(",")] if entry is not None else words
        return any(word in named for word in words)

    def transaction(self, number: int) -> Transaction | None:
        """The running transaction with this id, or None."""
        running = (p.transaction for p in self.plugs.values())
        return next((t for t in running if t is not None and t.number == number), None)

    def free_plug(self) -> Plug | None:
        """A plug that can start a transaction, lowest number first."""
        return next((p for p in self.plugs.values() if p.operative and p.transaction is None), None)

    def flag(self, key: str) -> bool:
        """A boolean configuration key."""
        return self.configuration[key].value.casefold() == "true"

    def number(self, key: str) -> int:
        """A numeric configuration key; 0 if what was configured is not a number."""
        value = self.configuration[key].value
        return int(value) if value.isdigit() else 0


def new_station(identity: Identity, at: datetime, register_wh: Decimal) -> Station:
    """A station with its plugs free and their meters at the given register value."""
    numbers = range(1, identity.connectors + 1)
    return Station(
        identity,
        {n: Plug(n, Meter(register_wh, at)) for n in numbers},
        default_configuration(identity.connectors),
    )
