"""What the operator API takes: bodies and query parameters."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, RootModel, model_validator

from gateway.api.models import Model
from gateway.domain.commands import (
    ChangeAvailability,
    ChangeConfiguration,
    ClearCache,
    Command,
    GetConfiguration,
    RemoteStart,
    RemoteStop,
    Reset,
    Trigger,
    UnlockConnector,
)
from gateway.domain.events import IdToken
from gateway.domain.ids import ConnectorNumber, Party, TransactionRef


def _plug(number: int | None, connector: int) -> ConnectorNumber | None:
    return None if number is None else ConnectorNumber(number, connector)


class Empty(Model):
    """Done; there is nothing to tell."""


class Paging(Model):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0)


class PartnerPaging(Paging):
    """Which part of a list, of one partner or all."""

    partner: str | None = None


class NetworkQuery(Model):
    """How to apply a network file. `name` is what problems call the file."""

    name: str = Field("network", max_length=500)
    prune: bool = False


class ResetRequest(Model):
    """Restart the charger."""

    command: Literal["reset"]
    hard: bool = False

    def ours(self) -> Command:
        """The command in our words."""
        return Reset(self.hard)


class UnlockRequest(Model):
    """Release a cable."""

    command: Literal["unlock"]
    number: int = Field(ge=1)
    connector: int = Field(1, ge=1)

    def ours(self) -> Command:
        """The command in our words."""
        return UnlockConnector(ConnectorNumber(self.number, self.connector))


class TriggerRequest(Model):
    """Ask for a message."""

    command: Literal["trigger"]
    message: str = Field(min_length=1, max_length=50)
    number: int | None = Field(None, ge=0)
    connector: int = Field(1, ge=1)

    def ours(self) -> Command:
        """The command in our words."""
        return Trigger(self.message, _plug(self.number, self.connector))


class AvailabilityRequest(Model):
    """Take a plug, or the whole charger, in or out of service."""

    command: Literal["availability"]
    operative: bool
    number: int | None = Field(None, ge=0)
    connector: int = Field(1, ge=1)

    def ours(self) -> Command:
        """The command in our words."""
        return ChangeAvailability(self.operative, _plug(self.number, self.connector))


class GetConfigurationRequest(Model):
    """Read configuration keys; none given means all."""

    command: Literal["get-configuration"]
    keys: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default_factory=list)

    def ours(self) -> Command:
        """The command in our words."""
        return GetConfiguration(tuple(self.keys))


class ChangeConfigurationRequest(Model):
    """Set a configuration key."""

    command: Literal["change-configuration"]
    key: str = Field(min_length=1, max_length=200)
    value: str = Field(max_length=2500)

    def ours(self) -> Command:
        """The command in our words."""
        return ChangeConfiguration(self.key, self.value)


class ClearCacheRequest(Model):
    """Forget cached authorizations."""

    command: Literal["clear-cache"]

    def ours(self) -> Command:
        """The command in our words."""
        return ClearCache()


class RemoteStartRequest(Model):
    """Start charging for a card."""

    command: Literal["remote-start"]
    card: str = Field(min_length=1, max_length=36)
    number: int | None = Field(None, ge=1)
    connector: int = Field(1, ge=1)

    def ours(self) -> Command:
        """The command in our words."""
        return RemoteStart(IdToken(self.card), _plug(self.number, self.connector))


class RemoteStopRequest(Model):
    """End a transaction."""

    command: Literal["remote-stop"]
    transaction: str = Field(min_length=1, max_length=36)

    def ours(self) -> Command:
        """The command in our words."""
        return RemoteStop(TransactionRef(self.transaction))


AnyCommand = Annotated[
    ResetRequest
    | UnlockRequest
    | TriggerRequest
    | AvailabilityRequest
    | GetConfigurationRequest
    | ChangeConfigurationRequest
    | ClearCacheRequest
    | RemoteStartRequest
    | RemoteStopRequest,
    Field(discriminator="command"),
]


class CommandRequest(RootModel[AnyCommand]):
    """One command for a charger; `command` says which."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


def _partner_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            "a partner's name has 1 to 64 letters, digits, spaces, dots, dashes or underscores, "
            "the first a letter or digit"
        )
    return value


def _party(value: str) -> str:
    return str(Party.parse(value))


Name = Annotated[str, AfterValidator(_partner_name)]
PartyName = Annotated[str, AfterValidator(_party)]


class InviteRequest(Model):
    """Invite a partner; only these parties may be claimed, or those of the first registration."""

    name: Name
    parties: list[PartyName] = Field(default_factory=list)
    profile: str | None = None


class ConnectRequest(Model):
    """Register with a partner that gave us a token."""

    name: Name
    versions_url: str = Field(pattern=r"^https?://", max_length=2000)
    token: str = Field(min_length=1, max_length=500)
    parties: list[PartyName] = Field(default_factory=list)
    profile: str | None = None


class ProfileRequest(Model):
    """Start from a preset, or from the settings there are, and change single ones."""

    preset: str | None = None
    settings: dict[str, str] = Field(default_factory=dict)


class SessionQuery(PartnerPaging):
    """Which sessions; `open` only those that are running, `flagged` only those that wait for a person."""

    open: bool = False
    flagged: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.open and self.flagged:
            raise ValueError("a session that waits is not running; ask for open or flagged")
        return self


class DeliveryQuery(Model):
    """Which deliveries."""

    limit: int = Field(200, ge=1, le=1000)
    partner: str | None = None
    state: Literal["WAITING", "PARKED", "SETTLED", "DROPPED"] | None = None


class ResolveRequest(Model):
    """Why an item needs no more attention."""

    note: str = Field(min_length=1, max_length=2000)


class Limit(Model):
    """How many entries."""

    limit: int = Field(100, ge=1, le=1000)
