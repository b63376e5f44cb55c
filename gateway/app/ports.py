"""What the use cases need from the outside, as Protocols. Adapters satisfy them; `bootstrap` wires them.

A unit of work is a plain function from a `Tx` to a result. It cannot await, so no partner or charger can be
called inside a transaction, and the store may run many of them in one commit (ADR 2).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from gateway.app.care_ports import CareRows, TaskRows
from gateway.app.invoice_ports import InvoiceRows
from gateway.app.parcels import Parcel
from gateway.app.retention_ports import OldRows, ReconciliationRows
from gateway.app.rows import (
    AssignmentRows,
    AuthorizationRows,
    ChargerRows,
    HubClientRows,
    PartnerRows,
    PartyRows,
    SetAsideRows,
)
from gateway.app.variable_ports import VariableRows
from gateway.app.walk_ports import WalkRows
from gateway.domain.authorization import PartnerVerdict, Place
from gateway.domain.cdrs import Cdr
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.delivery import Answer, Backlog, Debt, DebtState, Owed
from gateway.domain.hubs import HubClient
from gateway.domain.ids import (
    CdrId,
    ChargerId,
    ConnectorNumber,
    EvseUid,
    LocationId,
    PartnerId,
    Party,
    RunId,
    SessionId,
    TariffId,
    TokenUid,
    TransactionRef,
)
from gateway.domain.partners import Endpoint, Partner, PartnerRole
from gateway.domain.readings import ChargingState, Sample
from gateway.domain.remote_runs import Run
from gateway.domain.sessions import Session
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff
from gateway.domain.tokens import Token

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A page of a list, oldest created first; `date_from` inclusive, `date_to` exclusive (PAG-01, PAG-05)."""

    offset: int = 0
    limit: int = 100
    date_from: datetime | None = None
    date_to: datetime | None = None
    party: Party | None = None
    partner_id: PartnerId | None = None
    token_party: Party | None = None  # whose token started the session, or was billed


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page and the number of all objects that match (PAG-03)."""

    items: tuple[T, ...]
    total: int


class LocationRows(Protocol):
    """Our locations. Ids are looked up case-insensitively (TR-32)."""

    def get(self, location_id: LocationId) -> Location | None: ...
    def by_evse(self, uid: EvseUid) -> Location | None: ...
    def all(self) -> Sequence[Location]: ...
    def save(self, location: Location) -> None: ...
    def page(self, query: PageQuery) -> Page[Location]: ...


class TariffRows(Protocol):
    """Our tariffs."""

    def get(self, party: Party, tariff_id: TariffId) -> Tariff | None: ...
    def all(self) -> Sequence[Tariff]: ...
    def save(self, tariff: Tariff) -> None: ...
    def remove(self, party: Party, tariff_id: TariffId) -> None: ...
    def page(self, query: PageQuery) -> Page[Tariff]: ...


class SessionRows(Protocol):
    """Sessions and the samples they were made from."""

    def get(self, session_id: SessionId) -> Session | None: ...
    def by_transaction(self, charger_id: ChargerId, transaction: TransactionRef) -> Session | None: ...
    def by_start(self, charger_id: ChargerId, start_key: str) -> Session | None:
        """The session that a start with this key made (C07)."""

    def open_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None: ...
    def awaited_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None: ...
    def open_of(self, charger_id: ChargerId) -> Sequence[Session]: ...
    def all_open(self) -> Sequence[Session]: ...
    def last_at(self, charger_id: ChargerId, number: ConnectorNumber) -> Session | None:
        """The session that started last at a plug, open or not."""

    def waiting(self) -> Sequence[Session]:
        """Sessions that ended and wait for a person, oldest first (`Session.waits`)."""

    def closing(self, now: datetime, limit: int) -> Sequence[Session]:
        """Sessions to be made final now (`closes_at` <= now): ended ones, and open ones given up as lost."""

    def next_closing_at(self) -> datetime | None: ...
    def save(self, session: Session, *, start_key: str | None = None) -> None:
        """Insert or update; `start_key` once, when the start is known. Raises AlreadyRecorded."""

    def page(self, query: PageQuery) -> Page[Session]: ...
    def next_transaction_number(self) -> int:
        """A number for OCPP 1.6, positive, below 2**31, never used before and never again (C06)."""

    def add_samples(self, session_id: SessionId, samples: Sequence[Sample]) -> None: ...
    def samples(self, session_id: SessionId) -> Sequence[Sample]: ...
    def add_state(self, session_id: SessionId, at: datetime, state: ChargingState) -> None: ...
    def states(self, session_id: SessionId) -> Sequence[tuple[datetime, ChargingState]]: ...


class CdrRows(Protocol):
    """The ledger: rows are added, never changed, never deleted."""

    def get(self, cdr_id: CdrId) -> Cdr | None: ...
    def of_session(self, session_id: SessionId) -> Sequence[Cdr]: ...
    def add(self, cdr: Cdr) -> None: ...
    def page(self, query: PageQuery) -> Page[Cdr]: ...


@dataclass(frozen=True, slots=True)
class OwnedToken:
    """A token and the partner that gave it to us."""

    partner_id: PartnerId
    token: Token


class TokenRows(Protocol):
    """Partners' tokens; key is (party, uid, type), compared case-insensitively (M10)."""

    def get(self, party: Party, uid: TokenUid, type_: str) -> OwnedToken | None: ...
    def by_uid(self, uid: TokenUid) -> Sequence[OwnedToken]: ...
    def save(self, partner_id: PartnerId, token: Token) -> None: ...
    def page(self, query: PageQuery) -> Page[Token]: ...


class DebtRows(Protocol):
    """The outbox: what is owed to whom."""

    def owe(self, partner_id: PartnerId, kind: Owed, key: str, now: datetime, due_at: datetime) -> None:
        """Note that an object changed: a new debt, or revision + 1 on the one there is.

        A waiting debt keeps the earlier of the two due times unless it failed before (its back-off stays);
        a settled or parked one waits again.
        """

    def get(self, partner_id: PartnerId, kind: Owed, key: str) -> Debt | None: ...
    def save(self, debt: Debt) -> None: ...
    def due(
        self, partner_id: PartnerId, now: datetime, limit: int, *, records_first: bool = False
    ) -> Sequence[Debt]:
        """Waiting debts whose time has come, parents before children, or CDRs first; then oldest first."""

    def next_due(self, partner_id: PartnerId) -> datetime | None: ...
    def list(
        self,
        *,
        partner_id: PartnerId | None = None,
        state: DebtState | None = None,
        kind: Owed | None = None,
        limit: int = 1000,
    ) -> Sequence[Debt]: ...
    def count(self, state: DebtState | None = None, partner_id: PartnerId | None = None) -> int: ...
    def backlog(self) -> Sequence[Backlog]:
        """What waits or is parked, counted by partner, kind and state, in this order."""

    def hasten(self, partner_id: PartnerId, now: datetime) -> None:
        """Make every waiting debt that failed before due now: the partner answers again."""

    def unsettled(self, partner_id: PartnerId, kind: Owed, key: str) -> bool:
        """Whether such a debt exists and waits."""


class RunRows(Protocol):
    """Commands of partners."""

    def get(self, run_id: RunId) -> Run | None: ...
    def save(self, run: Run) -> None: ...
    def unfinished(self) -> Sequence[Run]:
        """Runs with something left to do, oldest first."""

    def by_tag(self, charger_id: ChargerId, id_tag: str) -> Run | None:
        """The newest command that made this driver known to this charger (M21); case does not count."""

    def by_number(self, charger_id: ChargerId, number: int) -> Run | None:
        """The newest command that went to this charger under this number."""

    def reservation(self, partner_id: PartnerId, reservation_id: str) -> Run | None:
        """The partner's newest RESERVE_NOW with this id; case does not count."""

    def next_number(self) -> int:
        """A number for remote starts, reservations and profiles; positive, below 2**31, never used before."""


class Tx(Protocol):
    """One transaction's view of everything stored."""

    @property
    def parties(self) -> PartyRows: ...
    @property
    def chargers(self) -> ChargerRows: ...
    @property
    def locations(self) -> LocationRows: ...
    @property
    def tariffs(self) -> TariffRows: ...
    @property
    def assignments(self) -> AssignmentRows: ...
    @property
    def sessions(self) -> SessionRows: ...
    @property
    def cdrs(self) -> CdrRows: ...
    @property
    def tokens(self) -> TokenRows: ...
    @property
    def partners(self) -> PartnerRows: ...
    @property
    def debts(self) -> DebtRows: ...
    @property
    def authorizations(self) -> AuthorizationRows: ...
    @property
    def runs(self) -> RunRows: ...
    @property
    def set_aside(self) -> SetAsideRows: ...
    @property
    def care(self) -> CareRows: ...
    @property
    def variables(self) -> VariableRows: ...
    @property
    def tasks(self) -> TaskRows: ...
    @property
    def invoices(self) -> InvoiceRows: ...
    @property
    def hub_clients(self) -> HubClientRows: ...
    @property
    def old(self) -> OldRows: ...
    @property
    def reconciliations(self) -> ReconciliationRows: ...
    @property
    def walk(self) -> WalkRows: ...


class Store(Protocol):
    """The database. The commit is the only point where anything becomes true."""

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run the work in the next commit and return its result after that commit.

        An exception of the work undoes the work alone and is raised here. Raises StoreUnavailable when the
        commit fails. Works run one after another, each seeing what the earlier ones did.
        """

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run the work on what is committed. Writing in it is an error."""


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> datetime:
        """Aware UTC."""


class Ids(Protocol):
    """Fresh ids of at most 36 characters, never repeated."""

    def new(self) -> str: ...


class Secrets(Protocol):
    """Hashes for secrets we check, sealing for secrets we present."""

    def fingerprint(self, secret: bytes) -> str:
        """Keyed hash (HMAC-SHA-256) of a machine key."""

    def seal(self, secret: str) -> str: ...
    def open(self, sealed: str) -> str: ...
    def new_token(self) -> str:
        """A fresh credentials token, at most 64 printable ASCII characters."""


class Chargers(Protocol):
    """Chargers that are connected, wherever they are."""

    def online(self, charger_id: ChargerId) -> bool: ...
    def connected(self) -> Sequence[ChargerId]: ...
    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        """Send a command. Raises ChargerOffline, ChargerSilent or ChargerRefused."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What discovery found: the newest common version and the partner's endpoints in it.

    `token_base64`: how the partner read our token (TR-04); None where it was not tried.
    """

    version: str
    endpoints: tuple[Endpoint, ...]
    token_base64: bool | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A credentials object in our words; `token` in clear, for this exchange only."""

    token: str
    versions_url: str
    roles: tuple[PartnerRole, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What a partner holds of an object: whether it does (None: unknown), and which fields differ."""

    found: bool | None
    differs: tuple[str, ...] = ()


class Partners(Protocol):
    """Calls to partners. Every call has a deadline; none is made inside a transaction."""

    async def deliver(self, partner: Partner, parcel: Parcel) -> Answer:
        """Send one parcel and report what came back. Never raises for what a partner does."""

    async def find_cdr(self, partner: Partner, debt: Debt) -> bool | None:
        """Whether the partner holds a CDR whose delivery was ambiguous; None if that cannot be told.

        Raises PartnerUnreachable where nobody answers.
        """

    async def holds(self, partner: Partner, parcel: Parcel, url: str | None) -> "Held":
        """Ask for one object and compare it with ours; `url`: where the partner said it keeps it.

        Raises PartnerUnreachable or NotRepresentable.
        """

    async def endpoints(self, partner: Partner) -> Sequence[Endpoint]:
        """The partner's endpoints as it lists them now. Raises PartnerUnreachable or ForbiddenUrl."""

    async def authorize(
        self,
        partner: Partner,
        uid: str,
        type_: str,
        place: Place | None,
        within: timedelta,
        owner: Party | None = None,
    ) -> PartnerVerdict:
        """Ask in real time (TOK-06). Raises PartnerUnreachable.

        `owner`: the token's party; None asks whoever knows the token, at a hub by open routing (HUB-03).
        """

    def tokens(self, partner: Partner, since: datetime | None) -> AsyncIterator[Sequence[Token]]:
        """The partner's token list, page by page (TOK-04). Raises PartnerUnreachable."""

    def clients(self, hub: Partner) -> AsyncIterator[Sequence[HubClient]]:
        """The parties behind a hub, page by page (HCI-04). Raises PartnerUnreachable."""

    async def discover(self, versions_url: str, token: str, version: str | None = None) -> Agreement:
        """GET versions and details; `version` None picks the newest common one.

        Raises PartnerUnreachable, NoCommonVersion, MissingEndpoints or ForbiddenUrl.
        """

    async def post_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials: ...
    async def put_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials: ...
    async def delete_credentials(self, partner: Partner) -> None: ...


class Recorder(Protocol):
    """Keeps the last raw messages for people, bounded and with secrets masked."""

    def frame(self, charger_id: ChargerId, direction: str, text: str) -> None:
        """An OCPP frame; direction "in" or "out"."""

    def exchange(self, partner_id: PartnerId | None, direction: str, summary: str, text: str) -> None:
        """An OCPI request with its answer."""
