"""A network file in our own words, what can be wrong with it, and what applying it did."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.chargers import PlugMapping
from gateway.domain.errors import GatewayError
from gateway.domain.ids import ChargerId, LocationId, Party, TariffId
from gateway.domain.partners import PartnerRole
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff

Path = tuple[str | int, ...]
"""Where in the network file: keys and indexes from its root."""


@dataclass(frozen=True, slots=True)
class PlannedCharger:
    """A charger as the network file gives it; the password is in clear and never stored."""

    id: ChargerId
    plugs: tuple[PlugMapping, ...]
    password: str | None = None
    certificate_subject: str | None = None
    protocol: str | None = None
    security_profile: int | None = None
    ping_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedAssignment:
    """A tariff agreed with a partner (by name) or with a party, everywhere or at one location."""

    tariff_id: TariffId
    partner: str | None = None
    party: Party | None = None
    location_id: LocationId | None = None

    @property
    def name(self) -> str:
        """What to call it: whose, and where."""
        return f"{self.partner or self.party} at {self.location_id or 'every location'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A network file that is right in itself. Items keep the order of the file."""

    parties: tuple[PartnerRole, ...] = ()
    tariffs: tuple[Tariff, ...] = ()
    locations: tuple[Location, ...] = ()
    chargers: tuple[PlannedCharger, ...] = ()
    assignments: tuple[PlannedAssignment, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing in a plan that does not fit what is stored."""

    path: Path
    reason: str


class PlanRefused(GatewayError):
    """The plan does not fit what is stored; nothing was applied."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.reason for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a network file; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.reason}" if self.path else f"{where}: {self.reason}"


class NetworkRefused(GatewayError):
    """The network file has problems; nothing was applied."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Action(StrEnum):
    """What happened to one thing."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different now; `kind` is party, tariff, location, evse, charger or assignment."""

    action: Action
    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying a network file changed; `unchanged` counts the things that were right already."""

    changes: tuple[Change, ...] = ()
    unchanged: int = 0
