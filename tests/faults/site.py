"""A site under test: the gateway as a process, its partner, its stations, and the books of both sides."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from gateway.app.ports import PageQuery, Tx
from gateway.domain.cdrs import Cdr
from gateway.domain.chargers import SetAside
from gateway.domain.delivery import Debt
from gateway.domain.sessions import Session
from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.link import Watcher
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity, Transaction
from gateway.store.reader import Reader
from tests.faults.process import GatewayProcess

T = TypeVar("T")
PASSWORD = "fault-test-password-1"
CARD = "FA01CARD"
PARTNER = "Fault eMSP"
_WHEN = "2026-01-01T00:00:00Z"


def charger_id(number: int) -> str:
    return f"CP-{number:04d}"


EVSES = 25
"""At one location; more are more locations."""


def network(stations: int) -> dict:
    """A network file: locations of some EVSEs, an EVSE for each station, one energy tariff."""
    connector = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 32, "tariff_ids": ["T1"], "last_updated": _WHEN,
    }  # fmt: skip
    location = {
        "country_code": "NL", "party_id": "CPO", "publish": True, "address": "Street 1",
        "city": "Town", "country": "NLD", "coordinates": {"latitude": "52.000000", "longitude": "5.000000"},
        "time_zone": "Europe/Amsterdam", "last_updated": _WHEN,
    }  # fmt: skip
    evses = [
        {"uid": f"E{n}", "status": "UNKNOWN", "connectors": [connector], "last_updated": _WHEN}
        for n in range(stations)
    ]
    locations = [
        {**location, "id": f"LOC{first // EVSES + 1}", "evses": evses[first : first + EVSES]}
        for first in range(0, stations, EVSES)
    ]
    tariff = {
        "country_code": "NL", "party_id": "CPO", "id": "T1", "currency": "EUR", "last_updated": _WHEN,
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.35, "step_size": 1}]}],
    }  # fmt: skip
    chargers = [
        {
            "id": charger_id(n),
            "password": PASSWORD,
            "connectors": [{"number": 1, "evse_uid": f"E{n}", "connector_id": "1"}],
        }
        for n in range(stations)
    ]
    return {
        "parties": [{"country_code": "NL", "party_id": "CPO", "name": "Fault CPO"}],
        "tariffs": [tariff],
        "locations": locations,
        "chargers": chargers,
    }


@dataclass(frozen=True)
class Books:
    """What the gateway stored."""

    sessions: list[Session]
    cdrs: list[Cdr]
    debts: list[Debt]
    aside: list[SetAside]


def _books(tx: Tx) -> Books:
    query = PageQuery(limit=100_000)
    return Books(
        list(tx.sessions.page(query).items),
        list(tx.cdrs.page(query).items),
        list(tx.debts.list(limit=100_000)),
        list(tx.set_aside.open()),
    )


class Site:
    """One gateway with one partner; stations come as asked for."""

    def __init__(self, gateway: GatewayProcess, partner: SimulatedPartner) -> None:
        self.gateway = gateway
        self.partner = partner
        self.stations: dict[int, SimulatedCharger] = {}
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        await asyncio.gather(*(station.close() for station in self.stations.values()))
        await self._stack.aclose()
        if self.gateway.pid is not None and self.gateway.exit_code() is None:
            await self.gateway.kill()

    async def befriend(self) -> None:
        """Register the partner and its card."""
        invitation = await self.gateway.ask(
            "POST", "/partners/invite", {"name": PARTNER, "parties": ["NL-EMS"]}
        )
        await self.partner.register(invitation["versions_url"], invitation["token"])
        await self.partner.push_card(Card(CARD, whitelist="ALWAYS"))

    async def located(self) -> None:
        """The partner has our location."""
        await self.partner.ledger.until(
            lambda: bool(self.partner.ledger.locations), "location at the partner", 15
        )

    async def station(
        self, number: int = 0, url: str | None = None, *, patience_s: float = 5, watch: Watcher | None = None
    ) -> SimulatedCharger:
        """A connected station; quick to try again. `watch` is told every frame."""
        identity = Identity(charger_id(number), PASSWORD)
        charger = SimulatedCharger(url or self.gateway.ocpp_url, identity, patience_s=patience_s, watch=watch)
        charger.station.configuration["TransactionMessageRetryInterval"].value = "0"
        charger.station.configuration["TransactionMessageAttempts"].value = "1000"
        await charger.connect()
        self.stations[number] = charger
        return charger

    async def books(self) -> Books:
        """Everything committed; the process may run or not."""
        reader = Reader(self.gateway.database, budget_s=30)
        try:
            return await reader.read(_books)
        finally:
            await reader.close()

    async def until(
        self, seen: Callable[[Books], bool], what: str, within: float = 20, *, every: float = 0.1
    ) -> Books:
        """Wait until what is stored looks like this."""
        return await until(self.books, seen, what, within, every=every)


async def until(
    look: Callable[[], Awaitable[T]],
    seen: Callable[[T], object],
    what: str,
    within: float = 20,
    *,
    every: float = 0.05,
) -> T:
    """Look again and again until it is seen. Fails with the last look."""
    value: T | None = None
    try:
        async with asyncio.timeout(within):
            while not seen(value := await look()):
                await asyncio.sleep(every)
            return value
    except TimeoutError:
        raise AssertionError(f"{what}: not seen within {within:g} s, last {value!r:.1500}") from None


async def charge(
    station: SimulatedCharger,
    seconds: float = 0.3,
    *,
    samples: int = 2,
    settle_within: float = 60,
    card: str = CARD,
) -> Transaction:
    """One transaction, whatever happens to the connection; returns when all of it was acknowledged."""
    transaction = station.begin(1, card, Decimal(300_000))
    for _ in range(samples):
        await asyncio.sleep(seconds / samples)
        station.sample(transaction)
    station.end(transaction)
    await station.settled(within=settle_within)
    return transaction


def energy_wh(transaction: Transaction) -> int:
    assert transaction.end is not None
    return int(transaction.end.register_wh) - int(transaction.start.register_wh)


def assert_books_agree(site: Site, books: Books, transactions: int) -> None:
    """0 lost, 0 duplicate: our ledger and the partner's are the same, each CDR posted once in effect."""
    held = site.partner.ledger.cdrs
    ours = {f"{cdr.party.country_code}/{cdr.party.party_id}/{cdr.id}".upper(): cdr for cdr in books.cdrs}
    assert len(books.sessions) == transactions
    assert all(session.ended_at is not None for session in books.sessions)
    assert len(ours) == transactions
    assert set(held) == set(ours)
    for key, cdr in ours.items():
        theirs = held[key].body
        assert Decimal(str(theirs["total_cost"]["excl_vat"])) == cdr.bill.total.before_taxes, key
    assert not books.aside


def utc() -> datetime:
    return datetime.now(UTC)
