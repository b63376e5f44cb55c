"""Groups of cards over real sockets: another card of one stops a charge, uses a reservation (TOK-11)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import simulated_charger
from gateway.sim.ledger import Held
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge, charge_on_remote_start, show_card
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, books_agree, stage

GROUP = "the-drivers-of-the-great-company-nl"
OWN, SIBLING, STRANGER = "04AA0001", "04AA0002", "04AA0003"
PLAN = ChargePlan(OWN, power_kw=Decimal(11), duration=timedelta(hours=2), sample_every=timedelta(seconds=1))
EACH = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])


@dataclass
class Scene:
    partner: SimulatedPartner
    charger: SimulatedCharger

    def session(self, status: str) -> Held | None:
        found = [h for h in self.partner.ledger.sessions.values() if h.body["status"] == status]
        return found[-1] if found else None

    async def until(self, status: str) -> Held:
        return await self.partner.ledger.until(lambda: self.session(status), f"session {status}", 20)

    def app_token(self) -> dict[str, Any]:
        """The app account of a driver whose cards are in the group."""
        card = Card("8f14e45f-ceea-467f-9c0a-6d1f4b2f0f3a", type="APP_USER", group_id=GROUP.upper())
        return self.partner.sender.token(card)


@asynccontextmanager
async def scene(directory: Path, version: str) -> AsyncIterator[Scene]:
    async with stage(directory) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        for uid, group in ((OWN, GROUP), (SIBLING, GROUP.upper()), (STRANGER, "someone else")):
            partner.sender.issue(Card(uid, group_id=group))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        charger = simulated_charger(
            gateway.url.replace("http", "ws", 1) + "/ocpp",
            Identity(CHARGER, PASSWORD),
            version,
            on_remote_start=charge_on_remote_start(PLAN),
        )
        async with charger:
            yield Scene(partner, charger)
        await books_agree(operator)


@EACH
async def test_tok_11_another_card_of_the_group_stops(tmp_path: Path, version: str) -> None:
    """TOK-11, M11: a card of the group ends the charge, another group's does not; the first one pays.

    The reader writes the card's number in lower case.
    """
    async with scene(tmp_path, version) as at:
        running = asyncio.create_task(charge(at.charger, PLAN))
        await at.until("ACTIVE")
        assert not await show_card(at.charger, 1, STRANGER)
        assert await show_card(at.charger, 1, SIBLING.lower())
        await running
        done = await at.until("COMPLETED")
        assert done.body["cdr_token"]["uid"] == OWN


@EACH
async def test_tok_11_a_card_of_the_group_stops_what_the_app_started(tmp_path: Path, version: str) -> None:
    """TOK-11, M11, M21: the charger knows the app's driver by a name of ours, and the group all the same."""
    async with scene(tmp_path, version) as at:
        place = {"location_id": "LOC1", "evse_uid": "EVSE-1"}
        asked = await at.partner.commander.send("START_SESSION", token=at.app_token(), **place)
        assert (await at.partner.commander.result(asked))["result"] == "ACCEPTED"
        await at.until("ACTIVE")
        await at.charger.settled()
        assert await show_card(at.charger, 1, SIBLING)
        done = await at.until("COMPLETED")
        assert done.body["cdr_token"]["type"] == "APP_USER"


@EACH
async def test_tok_11_a_card_of_the_group_uses_the_reservation(tmp_path: Path, version: str) -> None:
    """TOK-11, M11, M27: reserved in the app, started with a card of the group: one session, the card's."""
    async with scene(tmp_path, version) as at:
        expiry = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = await at.partner.commander.send(
            "RESERVE_NOW", token=at.app_token(), location_id="LOC1", evse_uid="EVSE-1",
            reservation_id="R-1", expiry_date=expiry,
        )  # fmt: skip
        assert (await at.partner.commander.result(asked))["result"] == "ACCEPTED"
        reserved = await at.until("RESERVATION")
        plug = at.charger.station.plugs[1]
        assert plug.reservation is not None
        assert not plug.free_for(STRANGER, "SOMEONEELSE")
        running = asyncio.create_task(charge(at.charger, replace(PLAN, card=SIBLING)))
        started = await at.until("ACTIVE")
        assert started.body["id"] == reserved.body["id"]
        assert started.body["cdr_token"]["uid"] == SIBLING
        assert plug.reservation is None
        assert await show_card(at.charger, 1, SIBLING)
        await running
        await at.until("COMPLETED")
        assert len(at.partner.ledger.sessions) == 1
