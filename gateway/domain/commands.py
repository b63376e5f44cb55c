"""What may be asked of a charger, and what it may answer, whatever OCPP version it speaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.device_commands import DeviceCommand
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorNumber, TransactionRef
from gateway.domain.profiles import ActiveProfile, ChargingProfile, RateUnit
from gateway.domain.station_commands import CertificateHash, StationCommand


@dataclass(frozen=True, slots=True)
class RemoteStart:
    """Start charging for this token; `remote_start_id` correlates the start with this request in 2.x.

    `group_id`: whose other cards may end it (M11).
    """

    id_token: IdToken
    number: ConnectorNumber | None = None
    remote_start_id: int = 0
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteStop:
    """End this transaction."""

    transaction: TransactionRef


@dataclass(frozen=True, slots=True)
class Reset:
    """Restart the charger; `hard` does not wait for anything."""

    hard: bool = False


@dataclass(frozen=True, slots=True)
class UnlockConnector:
    """Release the cable."""

    number: ConnectorNumber


@dataclass(frozen=True, slots=True)
class Trigger:
    """Ask the charger to send a message (OCPP 1.6 MessageTrigger spelling)."""

    message: str
    number: ConnectorNumber | None = None


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    """Take a plug, or the whole charger (`number` None), in or out of service."""

    operative: bool
    number: ConnectorNumber | None = None


@dataclass(frozen=True, slots=True)
class GetConfiguration:
    """Read configuration keys; none given means all. `most_bytes`: the longest request the charger takes."""

    keys: tuple[str, ...] = ()
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeConfiguration:
    """Set one configuration key. `most_bytes`: the longest request the charger takes."""

    key: str
    value: str
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget cached authorizations."""


@dataclass(frozen=True, slots=True)
class ReserveNow:
    """Keep a plug for this token; `number` is ours, never a partner's (CMD-11, M27).

    `group_id`: whose other cards may use it (M11).
    """

    number: int
    plug: ConnectorNumber
    id_token: IdToken
    expires_at: datetime
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    """Give up a reservation."""

    number: int


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    """Limit this transaction; `profile_id` is ours, the same for all profiles of one session (M60)."""

    profile_id: int
    plug: ConnectorNumber
    transaction: TransactionRef
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class ClearChargingProfile:
    """Forget a profile that was set (M61)."""

    profile_id: int


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    """Ask for the limits that are in force from now on, all profiles combined (M62)."""

    plug: ConnectorNumber
    duration_s: int
    unit: RateUnit | None = None


Command = (
    RemoteStart
    | RemoteStop
    | Reset
    | UnlockConnector
    | Trigger
    | ChangeAvailability
    | GetConfiguration
    | ChangeConfiguration
    | ClearCache
    | ReserveNow
    | CancelReservation
    | SetChargingProfile
    | ClearChargingProfile
    | GetCompositeSchedule
    | StationCommand
    | DeviceCommand
)


class Outcome(StrEnum):
    """What a charger's answer means."""

    ACCEPTED = "ACCEPTED"
    SCHEDULED = "SCHEDULED"
    REBOOT_REQUIRED = "REBOOT_REQUIRED"
    REJECTED = "REJECTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    FAILED = "FAILED"
    UNKNOWN_CONNECTOR = "UNKNOWN_CONNECTOR"
    TRANSACTION_ONGOING = "TRANSACTION_ONGOING"
    OCCUPIED = "OCCUPIED"
    FAULTED = "FAULTED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"
    VERSION_MISMATCH = "VERSION_MISMATCH"


@dataclass(frozen=True, slots=True)
class ConfigurationKey:
    """One configuration entry of a charger."""

    key: str
    value: str | None
    readonly: bool


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """A charger's answer. `detail` is its own word.

    Configuration is only for GetConfiguration, `schedule` only for GetCompositeSchedule, `list_version` only
    for GetLocalListVersion, `certificates` only for GetInstalledCertificates, `data` only for SendData,
    `file_name` only for logs, `ongoing` and `messages_wait` only for GetTransactionStatus. `nothing_follows`:
    what was asked for is accepted, and there is nothing to report.
    """

    outcome: Outcome
    detail: str = ""
    configuration: tuple[ConfigurationKey, ...] = ()
    unknown_keys: tuple[str, ...] = field(default=())
    schedule: ActiveProfile | None = None
    list_version: int | None = None
    certificates: tuple[CertificateHash, ...] = ()
    data: str | None = None
    file_name: str | None = None
    ongoing: bool | None = None
    messages_wait: bool = False
    nothing_follows: bool = False


def joined(answers: Sequence[CommandAnswer]) -> CommandAnswer:
    """The answers to the parts of one command as one; the worst outcome counts."""
    refused = [a for a in answers if a.outcome is not Outcome.ACCEPTED]
    return replace(
        refused[0] if refused else answers[0],
        configuration=tuple(key for answer in answers for key in answer.configuration),
        unknown_keys=tuple(key for answer in answers for key in answer.unknown_keys),
    )
