"""What a version of OCPI must provide. `ocpi.v221` and its siblings are modules that satisfy `Dialect`.

Readers take parsed JSON (numbers as `Decimal`), return our words and raise InvalidInput with the field's
path. Writers return JSON-ready values with `Decimal` numbers, and raise NotRepresentable where the version
cannot say what we mean.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from gateway.app.parcels import Parcel
from gateway.app.ports import Credentials
from gateway.domain.asked import CommandAsked, Preferences, ProfileAsked
from gateway.domain.authorization import PartnerVerdict, Place
from gateway.domain.cdrs import Cdr
from gateway.domain.ids import PartnerId, Party, SessionId
from gateway.domain.invoices import InvoiceRecord
from gateway.domain.partners import Endpoint, InterfaceRole, Partner
from gateway.domain.profiles import ActiveProfile
from gateway.domain.remote_runs import Receipt, Result, Run
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, Location
from gateway.domain.tariffs import Price, Tariff
from gateway.domain.tokens import Token

Json = Any
"""Parsed JSON. It lives between the socket and a dialect, and nowhere else."""
JsonObject = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CommandWords:
    """How a version says commands, charging profiles and preferences; None where it has no words for them.

    `read`: readers by command name; the second argument is the token's owner where tokens do not say it.
    """

    read: Mapping[str, Callable[[Json, Party | None], CommandAsked]]
    write_receipt: Callable[[Receipt], Json]
    write_result: Callable[[Run, Result], Json]
    read_profile: Callable[[Json, SessionId], ProfileAsked] | None = None
    write_profile_receipt: Callable[[Receipt], Json] | None = None
    write_active_profile: Callable[[ActiveProfile], Json] | None = None
    read_preferences: Callable[[Json], Preferences] | None = None


class Dialect(Protocol):
    """One version of OCPI, as a module."""

    @property
    def VERSION(self) -> str: ...  # noqa: N802 - modules spell constants in capitals

    @property
    def TOKEN_BASE64(self) -> bool:  # noqa: N802
        """Whether the Authorization header carries the token Base64-encoded (TR-02, TR-03)."""

    @property
    def ROUTING_HEADERS(self) -> bool:  # noqa: N802
        """Whether requests carry OCPI-to/from headers and message ids (TR-36, TR-37)."""

    @property
    def TOKEN_TYPES(self) -> Sequence[str]:  # noqa: N802
        """The types a token may have where a URL does not say, likeliest first (TOK-01)."""

    @property
    def STATUS_CODES(self) -> Mapping[int, int]:  # noqa: N802
        """Status codes that this version lacks, with the ones that say it instead (TR-17)."""

    @property
    def MODULES(self) -> Sequence[tuple[str, InterfaceRole]]:  # noqa: N802
        """The modules this gateway serves in this version, with its own role in each (VER-04)."""

    @property
    def COMMANDS(self) -> CommandWords | None:  # noqa: N802
        """Words for what partners ask of chargers; None where the modules are not served."""

    def read_version_details(self, value: Json) -> tuple[Endpoint, ...]:
        """Endpoints of a partner; unknown modules are kept (VER-05)."""

    def write_version_details(self, endpoints: Sequence[Endpoint]) -> Json: ...

    def read_credentials(self, value: Json) -> Credentials: ...
    def write_credentials(self, credentials: Credentials) -> Json: ...

    def read_token(self, value: Json, owner: Party | None = None) -> Token:
        """A token; `owner` is whose it is where the version's tokens do not say."""

    def write_token(self, token: Token) -> Json: ...
    def patch_token(self, token: Token, patch: JsonObject) -> Token:
        """The token with the given fields changed; without last_updated InvalidInput (TOK-02)."""

    def write_token_type(self, type_: str) -> str:
        """What the version calls a type of token."""

    def read_authorization(self, value: Json) -> PartnerVerdict: ...
    def write_place(self, place: Place) -> Json:
        """LocationReferences."""

    def write_location(self, location: Location) -> Json: ...
    def write_evse(self, evse: Evse) -> Json: ...
    def write_connector(self, connector: Connector) -> Json: ...
    def write_evse_status(self, evse: Evse) -> Json:
        """Body of the status PATCH: status and last_updated (LOC-03)."""

    def write_tariff(self, tariff: Tariff) -> Json: ...

    @property
    def INVOICES(self) -> "InvoiceWords | None":  # noqa: N802
        """How invoice reconciliation is said, where the version has it (CDR-16)."""

    def write_session(self, session: Session, total_cost: Price | None) -> Json: ...
    def write_cdr(self, cdr: Cdr) -> Json: ...

    def request_for(self, parcel: Parcel, partner: Partner) -> "Request":
        """How a parcel is sent: module, method, path below the partner's endpoint, and body."""

    def write_datetime(self, moment: datetime) -> str:
        """A DateTime as this version writes it (TR-31)."""


@dataclass(frozen=True, slots=True)
class InvoiceWords:
    """Reads and writes invoice reconciliation records; whose they are, the connection says."""

    read: Callable[[Json, PartnerId], InvoiceRecord]
    write: Callable[[InvoiceRecord], Json]


class Request:
    """A request to a partner's module, not yet bound to a host.

    `path` holds the segments after the endpoint's URL, not yet percent-encoded (TR-29). `sender` is our party
    for the routing headers, `receiver` the partner's, where the message is about one of its parties. `role`
    is the partner's side of the module; `url`, where set, the whole address the partner gave for this answer.
    """

    __slots__ = ("body", "method", "module", "path", "receiver", "role", "sender", "url")

    def __init__(
        self,
        method: str,
        module: str,
        path: Sequence[str],
        body: Json = None,
        *,
        sender: Party | None = None,
        receiver: Party | None = None,
        role: InterfaceRole = InterfaceRole.RECEIVER,
        url: str | None = None,
    ) -> None:
        self.method = method
        self.module = module
        self.path = tuple(path)
        self.body = body
        self.sender = sender
        self.receiver = receiver
        self.role = role
        self.url = url
