"""T6: a charger's OCPP identity is nowhere in what a partner is pushed, shown or answered."""

import json
from pathlib import Path
from typing import Any

from gateway.sim.cards import Card
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import CHARGER, stage
from tests.flows.test_first_session import charge
from tests.ocpp_side.test_session_of_the_library import dial

CARD = "04AABBCC"


async def test_t6_the_ocpp_identity_stays_here(tmp_path: Path) -> None:
    """LOC-05, T6: every object pushed with its history, every list, and every request in between."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        partner.sender.issue(Card(CARD))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        seen: list[Any] = [[e.path, e.body] for e in partner.ledger.exchanges]
        for module, book in partner.ledger.books().items():
            seen += [list(held.history) for held in book.values()]
            seen.append(await partner.pull(module, date_from="2020-01-01T00:00:00Z"))
    text = json.dumps(seen, default=str).casefold()
    assert "loc1" in text
    assert CHARGER.casefold() not in text
