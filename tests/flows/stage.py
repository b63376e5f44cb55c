"""The stage of the stories: a real gateway on a real socket with SQLite, one charger, one tariff."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from gateway.sim.cards import Card
from gateway.sim.partner import SimulatedPartner
from tests.fakes_ocpp import PASSWORD

WHEN = "2026-11-01T00:00:00Z"
CHARGER = "SECRET-OCPP-IDENTITY-7"
CARD, OTHER_CARD = "04AABBCC", "04AABBCD"


def network(*, elements: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A network file with one location, one plug and a tariff of 0.50 once and 0.35 per kWh."""
    components = [
        {"type": "FLAT", "price": 0.50, "vat": 21.0, "step_size": 1},
        {"type": "ENERGY", "price": 0.35, "vat": 21.0, "step_size": 1},
    ]
    connector = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "tariff_ids": ["standard"], "last_updated": WHEN,
    }  # fmt: skip
    evse = {"uid": "EVSE-1", "evse_id": "NL*GWY*E1", "status": "UNKNOWN", "last_updated": WHEN}
    return {
        "parties": [{"country_code": "NL", "party_id": "GWY", "name": "Example Charging"}],
        "tariffs": [{
            "country_code": "NL", "party_id": "GWY", "id": "standard", "currency": "EUR",
            "last_updated": WHEN,
            "elements": elements or [{"price_components": components}],
        }],
        "locations": [{
            "country_code": "NL", "party_id": "GWY", "id": "LOC1", "publish": True, "address": "Street 1",
            "city": "Town", "country": "NLD", "time_zone": "Europe/Amsterdam", "last_updated": WHEN,
            "coordinates": {"latitude": "52.000000", "longitude": "5.000000"},
            "evses": [{**evse, "connectors": [connector]}],
        }],
        "chargers": [{
            "id": CHARGER, "password": PASSWORD,
            "connectors": [{"number": 1, "evse_uid": "EVSE-1", "connector_id": "1"}],
        }],
    }  # fmt: skip


class Operator:
    """What an operator's script does: the API under /api/v1 with the bearer token."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, method: str, path: str, body: Mapping[str, Any] | str | None = None) -> Any:
        """The answer's JSON; fails the test for anything but 200."""
        status, answer = await self.attempt(method, path, body)
        assert status == 200, answer
        return answer

    async def attempt(
        self, method: str, path: str, body: Mapping[str, Any] | str | None = None
    ) -> tuple[int, Any]:
        """The HTTP status and the answer's JSON."""
        headers = {"Authorization": f"Bearer {self._gateway.admin_token}"}
        data = body if isinstance(body, str) else json.dumps(body) if body is not None else None
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"{self._gateway.url}/api/v1{path}", data=data) as answer,
        ):
            return answer.status, json.loads(await answer.text())

    async def invite(self, name: str, *parties: str) -> tuple[str, str]:
        """A partner's versions URL and token A."""
        made = await self("POST", "/partners/invite", {"name": name, "parties": list(parties)})
        return made["versions_url"], made["token"]


@asynccontextmanager
async def stage(
    directory: Path, *, plan: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[tuple[Gateway, Operator]]:
    """A gateway with the network applied; partners may live on loopback, CDRs come after a short grace."""
    chosen = {
        "allow_private_partners": True,
        "cdr_grace_seconds": 0.3,
        "session_update_seconds": 0.2,
        **settings,
    }
    url = f"sqlite+aiosqlite:///{directory}/gateway.db"
    async with running_gateway(Settings(database_url=url, port=0, **chosen)) as gateway:
        operator = Operator(gateway)
        await operator("POST", "/network", json.dumps(plan or network()))
        yield gateway, operator


async def books_agree(operator: Operator, partner: str = "Great eMSP", *, silent: int = 0) -> None:
    """After a story: nothing waits any more, and the partner holds what we hold, asked one by one.

    `silent`: questions it has no answer to.
    """
    async with asyncio.timeout(20):
        while (await operator("GET", f"/deliveries?state=WAITING&partner={quote(partner)}"))["items"]:
            await asyncio.sleep(0.05)
    compared = await operator("POST", f"/partners/{quote(partner)}/reconcile", {"ask": True})
    assert compared["compared"] > 0
    assert compared["discrepancies"] == [], compared
    assert (compared["unanswered"], compared["further"]) == (silent, 0), compared


@asynccontextmanager
async def roaming(
    directory: Path, plan: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Gateway, Operator, SimulatedPartner]]:
    """A gateway and a partner that know each other; the partner allows two cards."""
    async with (
        stage(directory, plan=plan) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
    ):
        for card in (CARD, OTHER_CARD):
            partner.sender.issue(Card(card))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        yield gateway, operator, partner
        await books_agree(operator)


async def cdrs(partner: SimulatedPartner, count: int = 1) -> list[dict[str, Any]]:
    """The partner's CDRs, as soon as there are so many."""
    book = partner.ledger.cdrs
    await partner.ledger.until(lambda: len(book) >= count or None, f"{count} CDRs")
    return [held.body for held in book.values()]
