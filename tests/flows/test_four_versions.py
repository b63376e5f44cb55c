"""Partners of four versions at one gateway: what each receives is what its version's tables say.

The tables are the simulated partner's (`gateway.sim.editions`), which share nothing with the dialects.
"""

import asyncio
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import DIALECTS, Gateway
from gateway.sim.cards import Card
from gateway.sim.editions import EDITIONS, Edition
from gateway.sim.errors import PartnerCallFailed
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import CHARGER, Operator, network, stage
from tests.flows.test_first_session import charge, completed, only, operator_knows
from tests.ocpp_side.test_session_of_the_library import dial

VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
PARTIES = {"2.1.1": "E21", "2.2": "E22", "2.2.1": "EMS", "2.3.0": "E23"}
EVERYTHING = {"date_from": "2020-01-01T00:00:00Z"}


def name_of(version: str) -> str:
    return f"eMSP {version}"


def card_of(version: str, **fields: Any) -> Card:
    return Card(f"04AABB{PARTIES[version]}", contract_id=f"NL-{PARTIES[version]}-C00000001-X", **fields)


def platform(version: str) -> SimulatedPartner:
    return SimulatedPartner("NL", PARTIES[version], name=name_of(version), version=version)


async def introduce(operator: Operator, partner: SimulatedPartner, *, they_begin: bool) -> None:
    """Register, in one direction or the other, and wait until the first objects and tokens went over."""
    name, party = partner.name, f"{partner.country_code}-{partner.party_id}"
    if they_begin:
        await partner.register(*await operator.invite(name, party))
    else:
        body = {"versions_url": partner.versions_url, "token": partner.invite(), "parties": [party]}
        await operator("POST", "/partners/connect", {"name": name, **body})
    await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
    await operator_knows(operator, name)


def four_plugs() -> dict[str, Any]:
    """The network of one location with a charger per version, so that all can charge at once."""
    plan = network()
    (place,), (charger,) = plan["locations"], plan["chargers"]
    (evse,) = place["evses"]
    place["evses"], plan["chargers"] = [], []
    for number, _ in enumerate(VERSIONS, 1):
        uid = f"EVSE-{number}"
        place["evses"].append({**deepcopy(evse), "uid": uid, "evse_id": f"NL*GWY*E{number}"})
        plug = {"number": 1, "evse_uid": uid, "connector_id": "1"}
        plan["chargers"].append({**charger, "id": f"{CHARGER}-{number}", "connectors": [plug]})
    return plan


async def charge_as(gateway: Gateway, partner: SimulatedPartner, number: int, card: str) -> None:
    async with dial(gateway.url, f"{CHARGER}-{number}") as box:
        await charge(box, card)
        await partner.ledger.until(lambda: completed(partner), "session COMPLETED")
        await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")


# One charge, told in four versions


async def tell(directory: Path) -> dict[str, SimulatedPartner]:
    async with AsyncExitStack() as stack:
        gateway, operator = await stack.enter_async_context(stage(directory, plan=four_plugs()))
        partners = {v: await stack.enter_async_context(platform(v)) for v in VERSIONS}
        for number, (version, partner) in enumerate(partners.items()):
            partner.sender.issue(card_of(version))
            await introduce(operator, partner, they_begin=number % 2 == 0)
        async with asyncio.TaskGroup() as tasks:
            for number, (version, partner) in enumerate(partners.items(), 1):
                tasks.create_task(charge_as(gateway, partner, number, card_of(version).uid))
        return partners


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SimulatedPartner]:
    """The partners after the same charge by a driver of each."""
    return asyncio.run(tell(tmp_path_factory.mktemp("four")))


def price(version: str, before: str, after: str) -> Any:
    """An amount as the version writes it."""
    match version:
        case "2.1.1":
            return Decimal(before)
        case "2.3.0":
            tax = {"name": "VAT", "percentage": 21, "amount": Decimal(after) - Decimal(before)}
            return {"before_taxes": Decimal(before), "taxes": [tax]}
    return {"excl_vat": Decimal(before), "incl_vat": Decimal(after)}


def token(version: str) -> dict[str, Any]:
    """The driver as a session shows it."""
    card = card_of(version)
    match version:
        case "2.1.1":
            return {"auth_id": card.contract_id}
        case "2.2":
            owner = {}
        case _:
            owner = {"country_code": "NL", "party_id": PARTIES[version]}
    return {"cdr_token": {**owner, "uid": card.uid, "type": "RFID", "contract_id": card.contract_id}}


def tariff(version: str) -> dict[str, Any]:
    """The tariff of the network file."""
    vat = {} if version == "2.1.1" else {"vat": 21}
    owner = {} if version == "2.1.1" else {"country_code": "NL", "party_id": "GWY"}
    taxes = {"tax_included": "NO"} if version == "2.3.0" else {}
    components = [
        {"type": "FLAT", "price": Decimal("0.5"), **vat, "step_size": 1},
        {"type": "ENERGY", "price": Decimal("0.35"), **vat, "step_size": 1},
    ]
    return {
        **owner,
        **taxes,
        "id": "standard",
        "currency": "EUR",
        "elements": [{"price_components": components}],
        "last_updated": "2026-11-01T00:00:00Z",
    }


def fits(edition: Edition, kind: str, body: dict[str, Any]) -> None:
    """Every field is one of the version's, and none it requires is missing."""
    assert set(body) <= edition.fields(kind)
    assert set(edition.required(kind)) <= set(body)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_session_field_by_field(told: dict[str, SimulatedPartner], version: str) -> None:
    """SES-06, SES-09, SES-12."""
    partner, number = told[version], VERSIONS.index(version) + 1
    body = only(partner.ledger.sessions).body
    fits(partner.edition, "session", body)
    common = {
        "kwh": 5,
        "auth_method": "AUTH_REQUEST",
        "currency": "EUR",
        "status": "COMPLETED",
        "total_cost": price(version, "2.25", "2.7225"),
        **token(version),
    }
    assert {name: body[name] for name in common} == common
    if version == "2.1.1":
        started, ended = body["start_datetime"], body["end_datetime"]
        (evse,) = body["location"]["evses"]
        assert (body["location"]["id"], evse["uid"]) == ("LOC1", f"EVSE-{number}")
        fits(partner.edition, "location", body["location"])
    else:
        started, ended = body["start_date_time"], body["end_date_time"]
        where = (body["location_id"], body["evse_uid"], body["connector_id"])
        assert where == ("LOC1", f"EVSE-{number}", "1")
    lasted = datetime.fromisoformat(ended) - datetime.fromisoformat(started)
    assert lasted == timedelta(minutes=30)
    energy = sum(
        d["volume"] for p in body["charging_periods"] for d in p["dimensions"] if d["type"] == "ENERGY"
    )
    assert energy == 5


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cdr_field_by_field(told: dict[str, SimulatedPartner], version: str) -> None:
    """CDR-01 to CDR-14 as each version has them."""
    partner, number = told[version], VERSIONS.index(version) + 1
    body = only(partner.ledger.cdrs).body
    fits(partner.edition, "cdr", body)
    common = {
        "currency": "EUR",
        "auth_method": "AUTH_REQUEST",
        "total_energy": 5,
        "total_time": Decimal("0.5"),
        "total_cost": price(version, "2.25", "2.7225"),
        "tariffs": [tariff(version)],
        **token(version),
    }
    assert {name: body[name] for name in common} == common
    flat = [d for p in body["charging_periods"] for d in p["dimensions"] if d["type"] == "FLAT"]
    if version == "2.1.1":
        (evse,) = body["location"]["evses"]
        assert (body["location"]["id"], evse["uid"]) == ("LOC1", f"EVSE-{number}")
        assert flat == [{"type": "FLAT", "volume": 1}]
    else:
        assert flat == []
        assert body["total_fixed_cost"] == price(version, "0.5", "0.605")
        assert body["total_energy_cost"] == price(version, "1.75", "2.1175")
        fits(partner.edition, "cdr_location", body["cdr_location"])
        fits(partner.edition, "cdr_token", body["cdr_token"])
        fits(partner.edition, "price", body["total_cost"])
        assert body["cdr_location"]["evse_uid"] == f"EVSE-{number}"
        (asked,) = partner.ledger.authorizations
        assert body["authorization_reference"] == asked.reference


@pytest.mark.parametrize("version", VERSIONS)
def test_the_location_and_the_tariff_field_by_field(told: dict[str, SimulatedPartner], version: str) -> None:
    """LOC-03, TAR-01."""
    partner = told[version]
    place, prices = only(partner.ledger.locations).body, only(partner.ledger.tariffs).body
    fits(partner.edition, "location", place)
    for evse in place["evses"]:
        fits(partner.edition, "evse", evse)
        for connector in evse["connectors"]:
            fits(partner.edition, "connector", connector)
    fits(partner.edition, "tariff", prices)
    assert prices == tariff(version)
    (evse, *_), plug = place["evses"], place["evses"][0]["connectors"][0]
    names = ("voltage", "amperage") if version == "2.1.1" else ("max_voltage", "max_amperage")
    assert (evse["uid"], plug[names[0]], plug[names[1]]) == ("EVSE-1", 230, 16)
    assert len(place["evses"]) == 4


def test_each_partner_has_one_session_one_cdr_and_no_complaints(told: dict[str, SimulatedPartner]) -> None:
    """CDR-09: what is about one driver goes to one platform; TR-36, TR-37: headers where they belong."""
    for version, partner in told.items():
        ledger = partner.ledger
        assert (len(ledger.sessions), len(ledger.cdrs), ledger.remarks) == (1, 1, []), version
        assert all(e.status == 1000 for e in ledger.exchanges if e.module != "versions"), version


def test_all_were_charged_the_same(told: dict[str, SimulatedPartner]) -> None:
    """The same charge costs the same before taxes in every version."""
    costs = [only(partner.ledger.cdrs).body["total_cost"] for partner in told.values()]
    before = [c if isinstance(c, Decimal) else c.get("excl_vat", c.get("before_taxes")) for c in costs]
    assert before == [Decimal("2.25")] * 4


# Each version by itself


@pytest.mark.parametrize("they_begin", [True, False], ids=["they register", "we connect"])
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_partnership(tmp_path: Path, version: str, they_begin: bool) -> None:
    """CRED-01 to CRED-09, TOK-01 to TOK-04, LOC-01, SES-01 in each version, whoever begins."""
    assert set(VERSIONS) == set(EDITIONS) == set(DIALECTS)
    async with stage(tmp_path) as (gateway, operator), platform(version) as partner:
        await introduce(operator, partner, they_begin=they_begin)
        shown = await operator("GET", f"/partners/{name_of(version)}")
        assert (shown["version"], shown["state"]) == (version, "REGISTERED")
        card = card_of(version, whitelist="ALLOWED")
        assert await partner.push_card(card) == 201
        assert await partner.push_card(card) == 200
        assert await partner.fetch_card(card) == partner.sender.token(card)
        (place,) = await partner.pull("locations")
        assert place["id"] == "LOC1"
        fits(partner.edition, "location", place)
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, card.uid)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        assert [t["id"] for t in await partner.pull("tariffs")] == ["standard"]
        for module, book in (("sessions", partner.ledger.sessions), ("cdrs", partner.ledger.cdrs)):
            assert await partner.pull(module, **EVERYTHING) == [only(book).body]
        assert only(partner.ledger.cdrs).body["auth_method"] == "WHITELIST"
        await partner.renew()
        assert await partner.push_card(card) == 200
        await partner.unregister()
        with pytest.raises(PartnerCallFailed):
            await partner.push_card(card)


@pytest.mark.parametrize(("first", "then"), [("2.1.1", "2.3.0"), ("2.2", "2.1.1"), ("2.3.0", "2.2.1")])
async def test_cred_07_a_partner_changes_its_version(tmp_path: Path, first: str, then: str) -> None:
    """PUT credentials at another version's endpoint; the token's form and the objects change with it."""
    async with stage(tmp_path) as (_, operator), platform(first) as partner:
        await introduce(operator, partner, they_begin=True)
        before = only(partner.ledger.locations)
        await partner.speak(then)
        shown = await operator("GET", f"/partners/{partner.name}")
        assert shown["version"] == then
        after = await partner.ledger.until(lambda: before.puts > 1 or None, "location pushed again")
        assert after
        fits(EDITIONS[then], "location", before.body)
        card = Card("04AABBFF", contract_id="C", whitelist="ALLOWED")
        assert await partner.push_card(card) == 201
        assert await partner.fetch_card(card) == partner.sender.token(card)


async def test_what_a_version_cannot_say_is_in_the_delivery_list(tmp_path: Path) -> None:
    """TAR-10: a limited price is refused by name for 2.1.1, and delivered in every other version."""
    plan = network()
    plan["tariffs"][0]["max_price"] = {"excl_vat": 20}
    async with (
        stage(tmp_path, plan=plan) as (_, operator),
        platform("2.1.1") as old,
        platform("2.2.1") as new,
    ):
        await introduce(operator, new, they_begin=True)
        await introduce(operator, old, they_begin=True)
        await new.ledger.until(lambda: new.ledger.tariffs or None, "tariff pushed")
        reason = await refusal(operator)
        assert old.ledger.tariffs == {}
        assert await old.pull("tariffs") == []
    assert reason == "tariff standard: OCPI 2.1.1 has no minimum or maximum price"


async def refusal(operator: Operator) -> str:
    """Why a tariff was not delivered, once the delivery list says so."""
    async with asyncio.timeout(10):
        while True:
            for debt in (await operator("GET", "/deliveries"))["items"]:
                if debt["kind"] == "TARIFF" and debt["reason"]:
                    return str(debt["reason"])
            await asyncio.sleep(0.05)
