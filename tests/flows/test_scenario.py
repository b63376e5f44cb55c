"""A charger's day from a file, in each version of OCPP: two plugs at once, time offline, a refused card."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.sim.cards import Card
from gateway.sim.charger_v2x import simulated_charger
from gateway.sim.partner import SimulatedPartner
from gateway.sim.scenario import play, read_scenario
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, network, stage

DAY = """
speed: 2000
steps:
  - together:
      - {card: CARD-1, connector: 1, minutes: 20, power_kw: 22}
      - {card: CARD-2, connector: 2, minutes: 10, power_kw: 11}
  - charge: {card: STRANGER, minutes: 5}
  - wait_minutes: 5
  - offline: {minutes: 10}
  - charge: {card: CARD-1, kwh: 2}
"""


def two_plugs() -> dict[str, Any]:
    plan = network()
    (evse,) = plan["locations"][0]["evses"]
    plan["locations"][0]["evses"].append({**evse, "uid": "EVSE-2", "evse_id": "NL*GWY*E2"})
    plan["chargers"][0]["connectors"].append({"number": 2, "evse_uid": "EVSE-2", "connector_id": "1"})
    return plan


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_a_day_of_two_plugs(tmp_path: Path, version: str) -> None:
    """Two EVSEs at once and what follows: each card's energy is in its own CDR, in the order of the day."""
    (file := tmp_path / "day.yaml").write_text(DAY)
    told: list[str] = []
    async with stage(tmp_path, plan=two_plugs()) as (gateway, operator), SimulatedPartner() as partner:
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        for uid in ("CARD-1", "CARD-2"):
            await partner.push_card(Card(uid))
        identity = Identity(CHARGER, PASSWORD, connectors=2)
        async with simulated_charger(
            f"{gateway.url.replace('http', 'ws')}/ocpp", identity, version
        ) as charger:
            assert await play(charger, read_scenario(file), told.append) == 1
        cdrs = partner.ledger.cdrs
        await partner.ledger.until(lambda: len(cdrs) == 3 or None, "three CDRs", 20)
    bodies = sorted((held.body for held in cdrs.values()), key=lambda body: body["start_date_time"])
    assert sorted(b["cdr_token"]["uid"] for b in bodies) == ["CARD-1", "CARD-1", "CARD-2"]
    assert bodies[-1]["cdr_token"]["uid"] == "CARD-1"
    assert max(b["end_date_time"] for b in bodies[:2]) <= bodies[2]["start_date_time"]
    by_plug = {(b["cdr_location"]["evse_uid"], b["cdr_token"]["uid"]) for b in bodies}
    assert by_plug == {("EVSE-1", "CARD-1"), ("EVSE-2", "CARD-2")}
    billed = sorted(Decimal(str(b["total_energy"])) * 1000 for b in bodies)
    measured = sorted(Decimal(line.split()[-2]) for line in told if line.endswith(" Wh"))
    assert billed == measured
    assert any("STRANGER refused" in line for line in told)
