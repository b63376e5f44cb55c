"""A hub with two eMSPs behind it, over real sockets: routing, broadcast, open routing, status (HUB, HCI)."""

import json
from pathlib import Path

from gateway.sim.cards import Card
from gateway.sim.hub import SimulatedHub
from tests.flows.stage import CHARGER, books_agree, network, stage
from tests.flows.test_first_session import charge, completed, only
from tests.ocpp_side.test_session_of_the_library import dial

KNOWN, STRANGER = "04AABBCC", "04FFFFFF"
NL, DE = "NL-EMS", "DE-EMS"


def sent(hub: SimulatedHub, module: str) -> list[tuple[str, dict[str, str]]]:
    """What went through the hub to a module: to whom, with which headers."""
    paths = [e.path for e in hub.ledger.requests(module) if "/behind/" not in e.path]
    assert paths, module
    return [(to, headers) for to, _, headers in hub.routed]


async def test_hub_a_driver_of_a_party_behind_it_charges(tmp_path: Path) -> None:
    """HUB-01, HUB-02, HUB-04, HUB-05, HCI-04, CRED-12: locations to all, session and CDR to one.

    After it the books of the party behind the hub hold what the gateway holds; the other's hold no session.
    """
    async with stage(tmp_path) as (gateway, operator), SimulatedHub(NL, DE) as hub:
        hub.parties[NL].sender.issue(Card(KNOWN))
        await hub.register(*await operator.invite("Hub", "DE-HUB"))
        nl, de = hub.parties[NL].ledger, hub.parties[DE].ledger
        for ledger in (nl, de):
            await ledger.until(lambda ledger=ledger: ledger.locations and ledger.tariffs, "broadcast")
        await hub.ledger.until(lambda: hub.ledger.requests("tokens", "GET") or None, "tokens pulled")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, KNOWN)
            await nl.until(lambda: completed_in(nl), "session COMPLETED")
            await nl.until(lambda: nl.cdrs or None, "CDR accepted")
        await books_agree(operator, "Hub", silent=2)  # a hub gives back neither location nor tariff
        (ours,) = (await operator("GET", "/cdrs"))["items"]
        assert only(nl.cdrs).body["id"] == ours["id"]
        assert only(nl.cdrs).body["cdr_token"]["party_id"] == "EMS"
        assert (de.sessions, de.cdrs, nl.duplicate_cdrs) == ({}, {}, 0)
        routes = [headers for to, headers in sent(hub, "cdrs") if to == NL]
        assert {h["OCPI-from-party-id"] for h in routes} == {"GWY"}
        assert all(first != h["X-Request-ID"] for _, first, h in hub.routed)
        everything = json.dumps([e.body + e.path for e in hub.ledger.exchanges])
        assert CHARGER not in everything


def completed_in(ledger: object) -> object:
    class Holder:
        pass

    holder = Holder()
    holder.ledger = ledger  # type: ignore[attr-defined]
    return completed(holder)  # type: ignore[arg-type]


async def test_hub_an_unknown_card_is_asked_for_by_open_routing(tmp_path: Path) -> None:
    """HUB-03: no TO headers; the party that knows the card is found, and gets the documents."""
    async with stage(tmp_path) as (gateway, operator), SimulatedHub(NL, DE) as hub:
        await hub.register(*await operator.invite("Hub", "DE-HUB"))
        await hub.ledger.until(lambda: hub.ledger.requests("tokens", "GET") or None, "tokens pulled")
        hub.parties[DE].sender.issue(Card(STRANGER))
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, STRANGER)
            de = hub.parties[DE].ledger
            await de.until(lambda: de.cdrs or None, "CDR accepted")
        assert only(de.cdrs).body["cdr_token"]["country_code"] == "DE"
        asked = [e for e in hub.ledger.requests("tokens", "POST") if "/behind/" not in e.path]
        assert asked
        assert hub.parties[NL].ledger.cdrs == {}


async def test_hub_nothing_goes_to_a_party_that_is_offline(tmp_path: Path) -> None:
    """HCI-01, HCI-03, F14: reported OFFLINE by PUT, its CDR waits; CONNECTED again, it goes at once."""
    async with stage(tmp_path) as (gateway, operator), SimulatedHub(NL) as hub:
        hub.parties[NL].sender.issue(Card(KNOWN))
        await hub.register(*await operator.invite("Hub", "DE-HUB"))
        nl = hub.parties[NL].ledger
        await hub.ledger.until(lambda: hub.ledger.requests("tokens", "GET") or None, "tokens pulled")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, KNOWN, authorize=True)
            assert await hub.report(NL, "OFFLINE") in (200, 201)
            await operator_waits(operator)
        held = len([e for e in hub.ledger.requests("cdrs") if e.method == "POST"])
        await hub.report(NL, "CONNECTED")
        await nl.until(lambda: nl.cdrs or None, "CDR accepted")
        assert len(nl.cdrs) == 1
        assert held <= 1


async def test_hub_02_a_removed_tariff_is_taken_back_from_everyone(tmp_path: Path) -> None:
    """HUB-02, TAR-01: from who is connected at once, from who was away when it is back."""
    plan = network()
    (standard,) = plan["tariffs"]
    more = {**plan, "tariffs": [standard, {**standard, "id": "old"}]}
    async with stage(tmp_path, plan=more) as (_, operator), SimulatedHub(NL, DE) as hub:
        await hub.register(*await operator.invite("Hub", "DE-HUB"))
        nl, de = hub.parties[NL].ledger, hub.parties[DE].ledger
        for ledger in (nl, de):
            await ledger.until(lambda ledger=ledger: len(ledger.tariffs) == 2 or None, "broadcast", 20)
        await hub.report(DE, "OFFLINE")
        await operator("POST", "/network?prune=true", json.dumps(plan))
        await nl.until(lambda: len(nl.tariffs) == 1 or None, "removal", 20)
        assert len(de.tariffs) == 2
        await hub.report(DE, "CONNECTED")
        await de.until(lambda: len(de.tariffs) == 1 or None, "removal after the absence", 20)
        assert [key.rpartition("/")[2] for key in de.tariffs] == ["STANDARD"]


async def operator_waits(operator: object) -> None:
    """Until the CDR is made."""
    import asyncio

    async with asyncio.timeout(10):
        while not (await operator("GET", "/cdrs"))["items"]:  # type: ignore[operator]
            await asyncio.sleep(0.05)
