"""What we send and list, read by an OCPI implementation that nobody here wrote (`extrawest-ocpi`)."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.cards import Card
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import CHARGER, stage
from tests.flows.test_first_session import charge
from tests.foreign import checkers
from tests.ocpp_side.test_session_of_the_library import dial

READER = Path(__file__).parent / "read_with_py_ocpi.py"
CARD = "04AABBCC"
FAR_BACK = "2020-01-01T00:00:00Z"
BROKEN = {"locations": "coordinates", "tariffs": "elements", "sessions": "cdr_token", "cdrs": "total_cost"}
"""A field of each kind of object without which the foreign reader refuses it: it does look."""


async def charged(directory: Path) -> dict[str, list[Any]]:
    """Everything a partner holds and lists after one session, by module."""
    async with stage(directory) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        partner.sender.issue(Card(CARD))
        connection = await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await partner.ledger.until(lambda: partner.ledger.locations or None, "location pushed")
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        found: dict[str, list[Any]] = {
            module: [held.body for held in book.values()] + await partner.pull(module, date_from=FAR_BACK)
            for module, book in partner.ledger.books().items()
        }
        shown = await partner.calls.ask("GET", connection.url("credentials", "SENDER"), connection.token)
        return {**found, "credentials": [shown.data], "tokens": [partner.sender.token(Card(CARD))]}


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_another_implementation_reads_every_object(tmp_path: Path) -> None:
    """A foreign reader takes locations, tariffs, sessions, CDRs and credentials, pushed and listed."""
    python = await asyncio.to_thread(checkers.interpreter)
    objects = await charged(tmp_path)
    assert {module for module, values in objects.items() if values} >= {
        "locations", "tariffs", "sessions", "cdrs", "credentials",
    }  # fmt: skip
    assert await refusals(python, objects) == ""
    for module, field in BROKEN.items():
        broken = {module: [{**objects[module][0], field: None}]}
        assert field in await refusals(python, broken), f"the reader would take {module} without {field}"


async def refusals(python: Path, objects: dict[str, list[Any]]) -> str:
    """What the foreign reader does not take."""
    text = json.dumps(objects, default=float)
    done = await asyncio.to_thread(
        subprocess.run, [str(python), str(READER)], input=text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
