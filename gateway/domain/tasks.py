"""Operations on chargers as tasks: asked of many, with a result for each."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import ChargerId
from gateway.domain.network_profiles import NetworkProfile
from gateway.domain.parts import Parts
from gateway.domain.station_commands import CertificateUse


class OperationKind(StrEnum):
    """What a task does at each of its chargers."""

    RESET = "reset"
    UNLOCK = "unlock"
    AVAILABILITY = "availability"
    READ_CONFIGURATION = "read-configuration"
    CHANGE_CONFIGURATION = "change-configuration"
    RECIPE = "recipe"
    TRIGGER = "trigger"
    CLEAR_CACHE = "clear-cache"
    FIRMWARE = "firmware"
    LOG = "log"
    LOCAL_LIST = "local-list"
    CERTIFICATE = "certificate"
    INSTALL_CERTIFICATE = "install-certificate"
    DELETE_CERTIFICATE = "delete-certificate"
    INSTALLED_CERTIFICATES = "installed-certificates"
    RENEW_KEY = "renew-key"
    NETWORK_PROFILE = "network-profile"
    REPORT = "report"
    TARIFFS = "tariffs"
    CUSTOMER_INFORMATION = "customer-information"


@dataclass(frozen=True, slots=True)
class Operation:
    """What to do; only the fields of its kind are used.

    `number`: a plug, None means the charger. `location`: where firmware comes from or a log goes to.
    `card`: whose information to report, and to `clear` after that. `request_id`: the charger's own number.
    `pem`: a root certificate to install for a `use`; `serial_number`: of the one to delete, hexadecimal.
    """

    kind: OperationKind
    number: int | None = None
    hard: bool = False
    operative: bool = True
    key: str = ""
    value: str = ""
    message: str = ""
    location: str = ""
    retrieve_at: datetime | None = None
    signing_certificate: str | None = None
    signature: str | None = None
    security_log: bool = False
    request_id: int | None = None
    card: str = ""
    clear: bool = False
    use: CertificateUse | None = None
    pem: str = ""
    serial_number: str = ""
    network_profile: NetworkProfile | None = None


class StepState(StrEnum):
    """How far a task is at one charger."""

    WAITING = "WAITING"
    UNDER_WAY = "UNDER_WAY"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Step:
    """A task at one charger; `detail` is for people. `request_id` tells its progress from others'.

    `parts`: what came of a report; `repeats`: how often it was asked for again.
    """

    charger_id: ChargerId
    state: StepState = StepState.WAITING
    detail: str = ""
    at: datetime | None = None
    request_id: int | None = None
    parts: Parts | None = None
    repeats: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen here."""
        return self.state in (StepState.DONE, StepState.FAILED)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation at some chargers. Chargers that are away have until `ends_at` to come back."""

    id: str
    operation: Operation
    created_at: datetime
    ends_at: datetime
    steps: tuple[Step, ...] = field(default=())

    @property
    def finished(self) -> bool:
        """Whether every charger has its result."""
        return all(step.finished for step in self.steps)

    def step(self, charger_id: ChargerId) -> Step | None:
        """The task at this charger, or None."""
        return next((step for step in self.steps if step.charger_id == charger_id), None)

    def with_step(self, changed: Step) -> "Task":
        """The same with one charger's step replaced."""
        steps = tuple(changed if s.charger_id == changed.charger_id else s for s in self.steps)
        return replace(self, steps=steps)
