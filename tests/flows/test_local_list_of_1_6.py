"""Partners' cards on the list of a charger of OCPP 1.6, over sockets."""

import asyncio
from pathlib import Path
from typing import Any

from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.partner import SimulatedPartner
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, Operator, stage

CARDS = ("04AABBCC", "04AABBCD", "04AABBCE")


async def synchronised(operator: Operator) -> tuple[str, str]:
    """State and detail of a synchronisation."""
    task: dict[str, Any] = await operator(
        "POST", "/tasks", {"operation": "local-list", "chargers": [CHARGER]}
    )
    async with asyncio.timeout(20):
        while not task["finished"]:
            await asyncio.sleep(0.02)
            task = await operator("GET", f"/tasks/{task['id']}")
    (step,) = task["steps"]
    return step["state"], step["detail"]


async def test_what_fits_is_listed_and_the_rest_is_told(tmp_path: Path) -> None:
    """C23: LocalAuthListMaxLength and SendLocalListMaxLength are read and kept to."""
    async with (
        stage(tmp_path) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
        SimulatedCharger(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD)) as charger,
    ):
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        for card in CARDS:
            await partner.push_card(Card(card, whitelist="ALLOWED"))
        cards, settings = charger.desk.list, charger.station.configuration
        cards.most, cards.most_at_once = 2, 1
        settings["LocalAuthListMaxLength"].value = "2"
        settings["SendLocalListMaxLength"].value = "1"
        assert await synchronised(operator) == ("FAILED", "2 of 3 cards are on the list: no more fit")
        assert set(cards.cards) == set(CARDS[:2])
        assert cards.version == 2
        await partner.push_card(Card(CARDS[0], whitelist="ALLOWED", valid=False))
        assert await synchronised(operator) == ("DONE", "2 cards, 2 sent")
        assert set(cards.cards) == set(CARDS[1:])
