"""What the operator API answers, as pydantic models: the wire, and the source of openapi/admin.yaml.

No model has a field for a secret, except the token of an invitation, which exists only in that answer.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, WithJsonSchema

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""Quantities and money: `Decimal` inside, a JSON number with the same digits outside (`exact`)."""


class Model(BaseModel):
    """Base of all models: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Item = TypeVar("Item", bound=Model)


class Listing(Model, Generic[Item]):
    """A part of a list; `total` counts all of it."""

    items: list[Item]
    total: int


class Problem(Model):
    """One reason why a network file was refused."""

    file: str
    line: int
    column: int
    path: str
    reason: str


class Error(Model):
    """Why a request was refused. `error` is a stable name; `hint` says what to do next."""

    error: str
    message: str
    field: str | None = None
    hint: str | None = None
    problems: list[Problem] | None = None


class Change(Model):
    """One thing that is different now."""

    action: Literal["added", "changed", "removed"]
    kind: Literal["party", "tariff", "location", "evse", "charger", "assignment"]
    id: str


class Changes(Model):
    """What applying a network file changed."""

    changes: list[Change]
    unchanged: int


class Plug(Model):
    """A plug of a charger: its number, where it is for partners, and what the charger says of it."""

    number: int
    connector: int
    evse_uid: str | None = None
    connector_id: str | None = None
    status: str | None = None
    status_at: datetime | None = None
    error_code: str | None = None
    info: str | None = None


class Knock(Model):
    """Attempts to connect that were turned away for one reason."""

    reason: str
    remote: str
    first_at: datetime
    last_at: datetime
    count: int


class Charger(Model):
    """A charger. `state` is online, offline, or knocking (not configured, or turned away)."""

    id: str
    state: Literal["online", "offline", "knocking"]
    configured: bool
    online: bool
    authentication: Literal["password", "certificate", "none"] | None = None
    security_profile: int | None = None
    protocol: str | None = None
    vendor: str = ""
    model: str = ""
    serial_number: str | None = None
    meter_serial_number: str | None = None
    firmware: str | None = None
    booted_at: datetime | None = None
    last_seen_at: datetime | None = None
    connectors: list[Plug] = []
    open_sessions: list[str] = []
    knocks: list[Knock] = []


class ChargerList(Listing[Charger]):
    """Chargers: the configured ones, then those that only knocked."""


class ConfigurationKey(Model):
    """One configuration entry."""

    key: str
    value: str | None
    readonly: bool


class CommandAnswer(Model):
    """What the charger answered; `detail` is its own word."""

    outcome: str
    detail: str
    configuration: list[ConfigurationKey] = []
    unknown_keys: list[str] = []


class Invitation(Model):
    """What to give to the partner. The token is shown this once."""

    name: str
    token: str
    versions_url: str


class PartyRole(Model):
    """A role a partner plays for a party."""

    role: str
    party: str
    name: str
    website: str | None = None


class PartnerEndpoint(Model):
    """Where a module of the partner lives."""

    module: str
    role: str
    url: str


class Profile(Model):
    """How a partner differs from the specification, every setting as text."""

    preset: str
    certainty: str | None = None
    about: str | None = None
    settings: dict[str, str]


class Preset(Model):
    """Settings under a name, and how certain their source is."""

    name: str
    certainty: str
    about: str
    settings: dict[str, str]


class PresetList(Listing[Preset]):
    """Presets by name."""


class CheckFinding(Model):
    """One thing about a partner's endpoint; `path` is the field it is about."""

    mark: Literal["GOOD", "ODD", "WRONG", "UNKNOWN"]
    subject: str
    sentence: str
    path: str | None = None


class CheckReport(Listing[CheckFinding]):
    """What a partner's endpoints do, in the order they were looked at."""


class Partner(Model):
    """A partner and how its deliveries stand."""

    name: str
    id: str
    state: str
    version: str | None = None
    versions_url: str | None = None
    parties: list[str] = []
    allowed_parties: list[str] = []
    roles: list[PartyRole] = []
    endpoints: list[PartnerEndpoint] = []
    invited_until: datetime | None = None
    last_success_at: datetime | None = None
    tokens_pulled_at: datetime | None = None
    problem: str | None = None
    profile: str = ""
    deliveries_waiting: int = 0
    deliveries_parked: int = 0
    reach: str = "UP"
    next_attempt_at: datetime | None = None
    created_at: datetime
    last_updated: datetime


class PartnerList(Listing[Partner]):
    """Partners by name, removed ones last."""


class SessionFlag(Model):
    """Why a person should look at a session."""

    reason: str
    detail: str


class Session(Model):
    """A charging session. `waits`: it ended, and a person has to release it."""

    id: str
    status: str
    party: str
    charger_id: str
    number: int
    location_id: str
    evse_uid: str
    connector_id: str
    transaction: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    kwh: Number
    token_uid: str | None = None
    contract_id: str | None = None
    presented: str | None = None
    partner: str | None = None
    auth_method: str
    authorization_reference: str | None = None
    currency: str
    tariff_id: str | None = None
    stop_reason: str | None = None
    refused: bool
    waits: bool = False
    flags: list[SessionFlag] = []
    accepted_flags: list[str] = []
    notes: list[str] = []
    cdrs: list[str] = []
    last_updated: datetime


class SessionList(Listing[Session]):
    """Sessions, newest first."""


class Delivery(Model):
    """Something owed to a partner. `request` and `answer`: the last attempt, secrets masked."""

    partner: str
    kind: str
    key: str
    state: str
    revision: int
    settled: int
    attempts: int
    ambiguous: bool
    reason: str | None = None
    created_at: datetime
    next_attempt_at: datetime
    last_attempt_at: datetime | None = None
    request: str | None = None
    answer: str | None = None
    partner_url: str | None = None


class DeliveryList(Listing[Delivery]):
    """Deliveries."""


class SetAside(Model):
    """Something a charger said that could not be attributed."""

    id: str
    charger_id: str
    at: datetime
    action: str
    reason: str
    payload: str
    resolved_at: datetime | None = None
    note: str | None = None


class SetAsideList(Listing[SetAside]):
    """What was set aside and not resolved yet."""


class AuthorizationEntry(Model):
    """A decision about a card."""

    at: datetime
    charger_id: str
    presented: str
    verdict: str
    reason: str
    method: str
    token_uid: str | None = None
    party: str | None = None
    reference: str | None = None


class AuthorizationList(Listing[AuthorizationEntry]):
    """Decisions about cards, newest first."""


class Counts(Model):
    """Everything in numbers."""

    chargers: int
    chargers_online: int
    chargers_knocking: int
    locations: int
    tariffs: int
    open_sessions: int
    sessions: int
    cdrs: int
    partners: int
    partners_registered: int
    deliveries_waiting: int
    deliveries_parked: int
    set_aside: int
    books_disagreeing: int


class Status(Model):
    """How the gateway is. `problem` is set when it is not ready; `now` is its clock."""

    version: str
    ready: bool
    problem: str | None = None
    now: datetime
    started_at: datetime
    public_url: str
    versions_url: str
    charger_url: str
    warnings: list[str]
    counts: Counts
