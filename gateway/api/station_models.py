"""What the operator API shows and takes of looking after chargers."""

from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from gateway.api.models import Listing, Model, Number
from gateway.api.requests import Paging
from gateway.domain import network_profiles
from gateway.domain.station_commands import CertificateUse
from gateway.domain.tasks import Operation, OperationKind

Kind = Literal[
    "reset",
    "unlock",
    "availability",
    "read-configuration",
    "change-configuration",
    "recipe",
    "trigger",
    "clear-cache",
    "firmware",
    "log",
    "local-list",
    "certificate",
    "install-certificate",
    "delete-certificate",
    "installed-certificates",
    "renew-key",
    "network-profile",
    "report",
    "tariffs",
    "customer-information",
]


Use = Literal["csms-root", "manufacturer-root", "v2g-root", "mo-root", "oem-root", "v2g-chain"]
_LABEL = "-----BEGIN CERTIFICATE-----"


class NetworkProfile(Model):
    """What belongs in a slot; `url` is this gateway's, without the charger's identity."""

    slot: int = Field(ge=0, le=1_000_000)
    url: str = Field(max_length=1000, pattern=r"^wss?://\S+$")
    security_profile: int = Field(ge=1, le=3)
    interface: network_profiles.NetworkInterface = network_profiles.NetworkInterface.WIRED_0
    message_timeout_s: int = Field(30, ge=1, le=3600)
    new_key: bool = False

    def ours(self) -> network_profiles.NetworkProfile:
        """The same in our words."""
        return network_profiles.NetworkProfile(**self.model_dump())


class TaskRequest(Model):
    """An operation at chargers; no charger named means all. Only the fields of its kind count."""

    operation: Kind
    chargers: list[str] = Field(default_factory=list, max_length=10_000)
    number: int | None = Field(None, ge=0)
    hard: bool = False
    operative: bool = True
    key: str = Field("", max_length=200)
    value: str = Field("", max_length=2500)
    message: str = Field("", max_length=50)
    location: str = Field("", max_length=2000, pattern=r"^((https?|ftps?|sftp)://\S+)?$")
    retrieve_at: datetime | None = None
    signing_certificate: str | None = Field(None, max_length=5500)
    signature: str | None = Field(None, max_length=800)
    security_log: bool = False
    card: str = Field("", max_length=36)
    clear: bool = False
    use: Use | None = None
    pem: str = Field("", max_length=5500)
    serial_number: str = Field("", max_length=80, pattern=r"^[0-9A-Fa-f:]*$")
    network_profile: NetworkProfile | None = None

    @model_validator(mode="after")
    def _complete(self) -> "TaskRequest":
        needed = {
            "firmware": "location",
            "log": "location",
            "change-configuration": "key",
            "trigger": "message",
            "customer-information": "card",
            "install-certificate": "use",
            "delete-certificate": "serial_number",
            "network-profile": "network_profile",
        }
        field = needed.get(self.operation)
        if field is not None and not getattr(self, field):
            raise ValueError(f"{self.operation} needs {field}")
        if self.operation == "unlock" and not self.number:
            raise ValueError("unlock needs number")
        if self.operation == "certificate" and self.value:
            raise ValueError("certificates are signed here, not given")
        if self.operation == "install-certificate" and self.pem.count(_LABEL) != 1:
            raise ValueError("install-certificate needs pem: one certificate")
        return self

    def ours(self) -> Operation:
        """The operation in our words."""
        network = self.network_profile
        return Operation(
            OperationKind(self.operation),
            use=None if self.use is None else CertificateUse(self.use),
            network_profile=None if network is None else network.ours(),
            **self.model_dump(exclude={"operation", "chargers", "use", "network_profile"}),
        )


class TaskStep(Model):
    """A task at one charger."""

    charger: str
    state: Literal["WAITING", "UNDER_WAY", "DONE", "FAILED"]
    detail: str
    at: datetime | None = None


class Task(Model):
    """An operation at chargers."""

    id: str
    operation: str
    created_at: datetime
    ends_at: datetime
    finished: bool
    done: int
    failed: int
    steps: list[TaskStep]


class TaskList(Listing[Task]):
    """Tasks, newest first."""


class Repair(Model):
    """How often a repair was needed; `id` is its line in docs/conformance-ocpp.md."""

    id: str
    times: int
    last_at: datetime
    example: str


class Progress(Model):
    """Last word about something that takes a while."""

    kind: str
    status: str
    at: datetime


class Message(Model):
    """One frame of a charger as it came, or as it was sent; passwords are masked."""

    at: datetime
    direction: Literal["in", "out"]
    text: str


class MessageList(Listing[Message]):
    """The last frames of a charger, oldest first."""


class VariableQuery(Paging):
    """Which variables; `like` is part of a name."""

    like: str = Field("", max_length=200)


class Variable(Model):
    """One value of a device model; `path` is Component[instance]@evse.connector/Variable[instance]."""

    path: str
    attribute: str
    value: str | None = None
    readonly: bool
    unit: str | None = None
    data_type: str | None = None
    max_limit: Number | None = None


class VariableList(Listing[Variable]):
    """The device model of a charger, by name."""


class Care(Model):
    """What is remembered to look after a charger."""

    least_profile: int
    configured_at: datetime | None = None
    list_version: int
    cards_listed: int
    certificate_ends_at: datetime | None = None
    progress: list[Progress] = Field(default_factory=list)
    repairs: list[Repair] = Field(default_factory=list)
