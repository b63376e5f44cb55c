"""Stand-ins for what lies outside: time, ids, chargers and partners. They keep what was asked of them."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.app.parcels import Parcel
from gateway.app.ports import Agreement, Credentials, Held
from gateway.domain.authorization import PartnerVerdict, Place, Verdict
from gateway.domain.cdrs import Cdr
from gateway.domain.commands import Command, CommandAnswer, Outcome
from gateway.domain.delivery import Answer, Debt
from gateway.domain.errors import ChargerOffline, PartnerUnreachable
from gateway.domain.hubs import HubClient
from gateway.domain.ids import ChargerId, PartnerId, Party
from gateway.domain.partners import Endpoint, Partner
from gateway.domain.tokens import Token
from tests.builders import NOON

ACCEPTED = Answer(http_status=200, ocpi_status=1000)


class FakeClock:
    """A clock that moves when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def move(self, **span: float) -> None:
        self.time += timedelta(**span)


class FakeIds:
    """Ids id-1, id-2, …"""

    def __init__(self) -> None:
        self.given = 0

    def new(self) -> str:
        self.given += 1
        return f"id-{self.given}"


@dataclass
class FakeChargers:
    """Chargers that answer what the test says."""

    answers: dict[ChargerId, CommandAnswer] = field(default_factory=dict)
    present: set[ChargerId] = field(default_factory=set)
    asked: list[tuple[ChargerId, Command]] = field(default_factory=list)

    def online(self, charger_id: ChargerId) -> bool:
        return charger_id in self.present

    def connected(self) -> Sequence[ChargerId]:
        return sorted(self.present)

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        if not self.online(charger_id):
            raise ChargerOffline
        self.asked.append((charger_id, command))
        return self.answers.get(charger_id, CommandAnswer(Outcome.ACCEPTED))


Answering = Callable[[Partner, Parcel], Answer]


@dataclass
class FakeFingerprints:
    """The record itself, written out, under terms that a test may change."""

    terms: str = "terms"

    def of(self, partner: Partner, cdr: Cdr) -> str | None:
        return f"{self.terms}:{cdr!r}"


@dataclass
class FakePartners:
    """Partners that accept everything, unless the test says otherwise."""

    answering: Answering = lambda partner, parcel: ACCEPTED
    verdicts: dict[PartnerId, PartnerVerdict | PartnerUnreachable] = field(default_factory=dict)
    lists: dict[PartnerId, list[list[Token]]] = field(default_factory=dict)
    behind: dict[PartnerId, list[list[HubClient]]] = field(default_factory=dict)
    holds_cdr: bool | None = None
    held: Callable[[Partner, Parcel], Held] = lambda partner, parcel: Held(None)
    listed: dict[PartnerId, Sequence[Endpoint]] = field(default_factory=dict)
    sent: list[tuple[PartnerId, Parcel]] = field(default_factory=list)
    asked: list[tuple[PartnerId, str, str, Place | None]] = field(default_factory=list)
    patience: list[timedelta] = field(default_factory=list)
    looked_up: list[Debt] = field(default_factory=list)

    async def deliver(self, partner: Partner, parcel: Parcel) -> Answer:
        self.sent.append((partner.id, parcel))
        return self.answering(partner, parcel)

    async def find_cdr(self, partner: Partner, debt: Debt) -> bool | None:
        self.looked_up.append(debt)
        return self.holds_cdr

    async def holds(self, partner: Partner, parcel: Parcel, url: str | None) -> Held:
        return self.held(partner, parcel)

    async def endpoints(self, partner: Partner) -> Sequence[Endpoint]:
        return self.listed.get(partner.id, partner.endpoints)

    async def authorize(
        self,
        partner: Partner,
        uid: str,
        type_: str,
        place: Place | None,
        within: timedelta,
        owner: Party | None = None,
    ) -> PartnerVerdict:
        self.asked.append((partner.id, uid, type_, place))
        self.patience.append(within)
        verdict = self.verdicts.get(partner.id, PartnerVerdict(Verdict.UNKNOWN))
        if isinstance(verdict, PartnerUnreachable):
            raise verdict
        return verdict

    async def tokens(self, partner: Partner, since: datetime | None) -> AsyncIterator[Sequence[Token]]:
        for page in self.lists.get(partner.id, []):
            yield page

    async def clients(self, hub: Partner) -> AsyncIterator[Sequence[HubClient]]:
        for page in self.behind.get(hub.id, []):
            yield page

    async def discover(self, versions_url: str, token: str, version: str | None = None) -> Agreement:
        raise PartnerUnreachable("no partner in this test can be discovered")

    async def post_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        raise PartnerUnreachable("no partner in this test takes credentials")

    async def put_credentials(self, agreement: Agreement, token: str, ours: Credentials) -> Credentials:
        raise PartnerUnreachable("no partner in this test takes credentials")

    async def delete_credentials(self, partner: Partner) -> None:
        raise PartnerUnreachable("no partner in this test takes credentials")
