"""What is sent to a partner, in our own words; the partner's dialect renders it."""

from dataclasses import dataclass

from gateway.domain.cdrs import Cdr
from gateway.domain.ids import Party, TariffId
from gateway.domain.profiles import ActiveProfile
from gateway.domain.remote_runs import Result, Run
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, Location
from gateway.domain.tariffs import Price, Tariff


@dataclass(frozen=True, slots=True)
class LocationParcel:
    """A whole location (PUT)."""

    location: Location


@dataclass(frozen=True, slots=True)
class EvseParcel:
    """The status of one EVSE (PATCH with status and last_updated, LOC-03)."""

    location: Location
    evse: Evse


@dataclass(frozen=True, slots=True)
class ConnectorParcel:
    """One connector, where nothing else changed (PUT, LOC-03)."""

    location: Location
    evse: Evse
    connector: Connector


@dataclass(frozen=True, slots=True)
class TariffParcel:
    """A whole tariff (PUT)."""

    tariff: Tariff


@dataclass(frozen=True, slots=True)
class TariffRemovalParcel:
    """A tariff that is no longer offered (DELETE).

    `receivers`: parties behind a hub that are each told by themselves, as a DELETE is no broadcast (HUB-02).
    """

    party: Party
    tariff_id: TariffId
    receivers: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionParcel:
    """A session as it is now. `total_cost` None: not known, which is not free (SES-09).

    `settled`: how many of its periods are final and shown, None shows all. `held`: how many of them
    the partner holds, so that a PATCH appends the others; None is a PUT (SES-03).
    """

    session: Session
    total_cost: Price | None
    settled: int | None = None
    held: int | None = None


@dataclass(frozen=True, slots=True)
class CdrParcel:
    """A CDR (POST)."""

    cdr: Cdr


@dataclass(frozen=True, slots=True)
class CommandResultParcel:
    """What came of a command (POST to the address that came with it, CMD-03)."""

    run: Run
    result: Result


@dataclass(frozen=True, slots=True)
class ActiveProfileParcel:
    """What a session's charger follows now (PUT to the partner that set a profile, CP-03)."""

    session: Session
    active: ActiveProfile


Parcel = (
    LocationParcel
    | EvseParcel
    | ConnectorParcel
    | TariffParcel
    | TariffRemovalParcel
    | SessionParcel
    | CdrParcel
    | CommandResultParcel
    | ActiveProfileParcel
)
