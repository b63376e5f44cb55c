"""F14: a hub that is down, or cannot reach a party behind it: what is owed waits for each final party."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from gateway.app.hubs import WAITS_FOR_PARTY
from gateway.domain.delivery import Debt, Owed
from gateway.sim.cards import Card
from gateway.sim.hub import NOT_CONNECTED, SimulatedHub
from gateway.sim.ledger import Exchange
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import Books, Site, charge, until

NL, DE, HUB = "NL-EMS", "DE-EMS", "Fault hub"
CARDS = {NL: "FA01CARD", DE: "FA02CARD"}


@asynccontextmanager
async def hub_at(site: Site, proxy: FaultProxy | None = None) -> AsyncIterator[SimulatedHub]:
    """A registered hub, perhaps behind a proxy; its two parties have a card each and know the location."""
    await site.gateway.start()
    async with SimulatedHub(NL, DE, public_url=proxy.url if proxy else None) as hub:
        if proxy is not None:
            proxy.target_port = hub.port
        for party, card in CARDS.items():
            hub.parties[party].sender.issue(Card(card, whitelist="ALWAYS"))
        order = {"name": HUB, "parties": [f"{hub.country_code}-{hub.party_id}"]}
        invitation = await site.gateway.ask("POST", "/partners/invite", order)
        await hub.register(invitation["versions_url"], invitation["token"])
        for party in CARDS:
            ledger = hub.parties[party].ledger
            await ledger.until(lambda ledger=ledger: bool(ledger.locations), "the location", 20)
        await until(
            lambda: site.gateway.ask("GET", f"/partners/{HUB}"),
            lambda shown: shown["deliveries_waiting"] == 0,
            "tokens and parties read",
        )
        yield hub


async def charged_by_both(site: Site) -> None:
    """A session for a driver of each party."""
    for number, card in enumerate(CARDS.values()):
        station = site.stations.get(number) or await site.station(number)
        await charge(station, 0.1, card=card)
    await site.until(lambda b: len(b.cdrs) == len(CARDS), "both CDRs made")


def waiting(books: Books) -> Sequence[Debt]:
    return [d for d in books.debts if d.state == "WAITING" and d.kind in (Owed.SESSION, Owed.CDR)]


def could_not_hand_on(hub: SimulatedHub) -> list[Exchange]:
    """What the hub answered with 4003."""
    return [e for e in hub.ledger.exchanges if e.status == NOT_CONNECTED and e.module in ("sessions", "cdrs")]


async def arrived(hub: SimulatedHub, party: str) -> None:
    """A party holds its driver's CDR, once, and nobody else's."""
    ledger = hub.parties[party].ledger
    await ledger.until(lambda: bool(ledger.cdrs), f"the CDR of {party}", 30)
    assert [held.body["cdr_token"]["uid"] for held in ledger.cdrs.values()] == [CARDS[party]]
    assert ledger.duplicate_cdrs == 0


async def all_settled(site: Site) -> None:
    await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 30)
    assert (await site.gateway.ask("POST", "/verify"))["findings"] == []


@pytest.mark.timeout(120)
async def test_f14_the_hub_is_down_and_the_parties_behind_it_are_not(make_site: MakeSite) -> None:
    """Nothing reaches anybody; what is owed outlives a kill -9, and each party gets its own."""
    site = await make_site(2)
    async with FaultProxy(0) as proxy, hub_at(site, proxy) as hub:
        proxy.fault = Fault.REFUSE
        proxy.cut()
        await charged_by_both(site)
        await until(
            lambda: site.gateway.ask("GET", f"/partners/{HUB}"), lambda p: p["reach"] == "DOWN", "down", 30
        )
        await site.gateway.kill()
        assert {d.kind for d in waiting(await site.books())} == {Owed.SESSION, Owed.CDR}
        await site.gateway.start()
        assert not any(hub.parties[party].ledger.cdrs for party in CARDS)
        proxy.fault = Fault.NONE
        for party in CARDS:
            await arrived(hub, party)
        await all_settled(site)
    measured("F14", "a hub that is down, and a kill -9: each party behind it gets its own CDR, once")


@pytest.mark.timeout(120)
async def test_f14_a_party_reported_offline_waits_alone(make_site: MakeSite) -> None:
    """HubClientInfo OFFLINE: not one request for it; the other party is served; CONNECTED sends it all."""
    site = await make_site(2)
    async with hub_at(site) as hub:
        assert await hub.report(NL, "OFFLINE") in (200, 201)
        await charged_by_both(site)
        await arrived(hub, DE)
        await site.until(lambda b: {d.reason for d in waiting(b)} == {WAITS_FOR_PARTY}, "held back", 20)
        await site.gateway.kill()
        await site.gateway.start()
        await until(site.gateway.ready, bool, "ready")
        assert not could_not_hand_on(hub)
        assert not hub.parties[NL].ledger.cdrs
        assert await hub.report(NL, "CONNECTED") == 200
        await arrived(hub, NL)
        await all_settled(site)
    measured(
        "F14", "a party reported OFFLINE: no request for it, the other served; CONNECTED: delivered once"
    )


@pytest.mark.timeout(120)
async def test_f14_what_the_hub_cannot_hand_on_is_tried_again(make_site: MakeSite) -> None:
    """Status 4003 although nobody was reported away: retried, the hub counts as up, nothing is parked."""
    site = await make_site(2)
    async with hub_at(site) as hub:
        hub.parties[NL].status = "OFFLINE"  # and the gateway is not told
        await charged_by_both(site)
        await arrived(hub, DE)
        await hub.ledger.until(lambda: len(could_not_hand_on(hub)) >= 3, "tried again", 30)
        assert all(d.state in ("WAITING", "SETTLED") for d in (await site.books()).debts)
        assert (await site.gateway.ask("GET", f"/partners/{HUB}"))["reach"] == "UP"
        hub.parties[NL].status = "CONNECTED"
        await arrived(hub, NL)
        await all_settled(site)
        tried = len(could_not_hand_on(hub))
    measured("F14", f"4003 {tried} times, nobody told of: retried, the other party served, delivered once")
