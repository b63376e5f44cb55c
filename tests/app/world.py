"""The use cases around a memory store, with everything outside faked."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from gateway.app.authorize import Authorizing
from gateway.app.charging import Charging, Started
from gateway.app.closing import Closing
from gateway.app.costs import CostsTold
from gateway.app.deliver import Deliveries
from gateway.app.policy import Policy
from gateway.app.ports import PageQuery, Tx
from gateway.app.presence import Presence
from gateway.app.still_running import StillRunning
from gateway.app.wake import Wake
from gateway.domain.cdrs import Cdr
from gateway.domain.chargers import SetAside
from gateway.domain.events import (
    IdToken,
    Metered,
    PlugStatus,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from gateway.domain.ids import ConnectorNumber, PartnerId, TransactionRef
from gateway.domain.partners import Partner
from gateway.domain.readings import Sample
from gateway.domain.sessions import Session
from gateway.store.memory import MemoryStore
from tests import builders as b
from tests.fakes import FakeChargers, FakeClock, FakeFingerprints, FakeIds, FakePartners

GRACE = timedelta(seconds=30)


@dataclass
class World:
    """One charger at one location, one registered eMSP with one token."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    ids: FakeIds = field(default_factory=FakeIds)
    chargers: FakeChargers = field(default_factory=FakeChargers)
    partners: FakePartners = field(default_factory=FakePartners)
    policy: Policy = field(
        default_factory=lambda: Policy(cdr_grace=GRACE, authorize_deadline=timedelta(seconds=1))
    )
    wake: Wake = field(default_factory=Wake)
    pulled: list[PartnerId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authorizing = Authorizing(self.store, self.partners, self.clock, self.policy)
        self.costs = CostsTold(self.policy.session_update)
        self.presence = Presence(self.store, self.chargers, self.clock, self.policy, self.wake)
        self.charging = Charging(
            self.store,
            self.authorizing,
            self.presence,
            self.clock,
            self.ids,
            self.policy,
            self.wake,
            self.costs,
        )
        self.closing = Closing(self.store, self.clock, self.wake, StillRunning(self.chargers))
        self.deliveries = Deliveries(
            self.store, self.partners, self._pull, self.clock, self.policy, self.wake, FakeFingerprints()
        )

    async def _pull(self, partner: Partner) -> None:
        self.pulled.append(partner.id)

    async def furnish(self) -> "World":
        """Store the usual network, partner and token."""

        def work(tx: Tx) -> None:
            tx.tariffs.save(b.tariff())
            tx.locations.save(b.location())
            tx.chargers.save(b.charger())
            tx.partners.save(b.partner())
            tx.tokens.save(b.partner().id, b.token())

        await self.store.write(work)
        return self

    async def start(
        self,
        seconds: float = 0,
        *,
        card: str | None = "04A1B2C3",
        meter: float = 1000,
        key: str | None = None,
        number: ConnectorNumber = b.PLUG,
    ) -> Started:
        """A StartTransaction."""
        return await self.charging.started(
            TransactionStarted(
                b.CHARGER,
                number,
                b.at(seconds),
                key or f"{seconds}/{meter}/{card}",
                IdToken(card) if card else None,
                Decimal(str(meter)),
            )
        )

    async def values(
        self, transaction: str | None, *samples: Sample, number: ConnectorNumber = b.PLUG
    ) -> None:
        """A MeterValues."""
        ref = TransactionRef(transaction) if transaction is not None else None
        await self.charging.metered(Metered(b.CHARGER, number, samples, ref))

    async def stop(
        self,
        transaction: str,
        seconds: float,
        meter: float | None,
        *,
        card: str | None = None,
        samples: tuple[Sample, ...] = (),
        clock_suspect: bool = False,
    ) -> None:
        """A StopTransaction."""
        await self.charging.ended(
            TransactionEnded(
                b.CHARGER,
                b.at(seconds),
                TransactionRef(transaction),
                Decimal(str(meter)) if meter is not None else None,
                "Local",
                IdToken(card) if card else None,
                samples,
                clock_suspect=clock_suspect,
            )
        )

    async def status(self, seconds: float, status: PlugStatus, number: ConnectorNumber = b.PLUG) -> None:
        """A StatusNotification."""
        await self.charging.status_changed(StatusChanged(b.CHARGER, number, status, b.at(seconds)))

    async def sessions(self) -> tuple[Session, ...]:
        """All sessions."""
        return (await self.store.read(lambda tx: tx.sessions.page(PageQuery()))).items

    async def session(self) -> Session:
        """The only session."""
        (session,) = await self.sessions()
        return session

    async def cdrs(self) -> tuple[Cdr, ...]:
        """All CDRs."""
        return (await self.store.read(lambda tx: tx.cdrs.page(PageQuery()))).items

    async def kept(self) -> tuple[SetAside, ...]:
        """What was set aside."""
        return tuple(await self.store.read(lambda tx: tx.set_aside.open()))
