"""What an operation of the API is: its name, what it takes and answers. Routes and OpenAPI come from it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel

from gateway.app.attention import Attention
from gateway.app.checking import Finding
from gateway.app.corrections import Corrections
from gateway.app.invoices import Invoices
from gateway.app.keeping import Keeping
from gateway.app.network_plan import Changes
from gateway.app.operations import Operations
from gateway.app.partner_profiles import PartnerProfiles
from gateway.app.ports import Clock
from gateway.app.recent import RecentMessages
from gateway.app.register import Registration
from gateway.app.releasing import Releasing
from gateway.app.remote import Remote
from gateway.app.views import Views
from gateway.domain.ids import SessionId
from gateway.domain.partners import Partner
from gateway.domain.readings import SignedReading

Check = Callable[[Partner], Awaitable[Sequence[Finding]]]
"""Looks at a partner's endpoints."""

Withdraw = Callable[[SessionId], Awaitable[None]]
"""Cancels a reservation on our side."""


class ApplyNetwork(Protocol):
    """Applies a network file's text. Raises NetworkRefused or StoreUnavailable."""

    async def apply(self, name: str, text: str, *, prune: bool = False) -> Changes: ...  # noqa: D102


class Checked(Protocol):
    """What a signature is worth, and why."""

    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102


class Signatures(Protocol):
    """What can be said about signed meter data."""

    def check(self, reading: SignedReading) -> Checked: ...  # noqa: D102
    def transparency(self, readings: Sequence[SignedReading], transaction: str) -> bytes: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class About:
    """What the gateway says about itself. Addresses without a slash at the end."""

    version: str
    started_at: datetime
    public_url: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases behind the API. `health` answers with a problem, or None."""

    views: Views
    attention: Attention
    registration: Registration
    profiles: PartnerProfiles
    remote: Remote
    network: ApplyNetwork
    clock: Clock
    about: About
    health: Callable[[], Awaitable[str | None]]
    operations: Operations
    corrections: Corrections
    releasing: Releasing
    signatures: Signatures
    invoices: Invoices
    keeping: Keeping
    recent: RecentMessages
    check: Check | None = None
    withdraw: Withdraw | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request: path parameters, the validated query and body, or the raw text where that is the body."""

    services: Services
    path: Mapping[str, str]
    query: BaseModel | None
    body: BaseModel | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that is a file, byte for byte."""

    content: bytes
    media_type: str
    name: str


Handler = Callable[[Call], Awaitable[BaseModel | Download]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A route. `path` is below /api/v1, with {name} parameters; `text_body` takes the body as it is.

    `download`: the media type of an answer that is a file and no model.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answer: type[BaseModel] | None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    text_body: bool = False
    download: str = "application/octet-stream"
