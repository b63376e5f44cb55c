"""Simulated chargers that misbehave, at the real gateway: the energy is right all the same."""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.app.ports import PageQuery
from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from gateway.domain.sequence import gaps
from gateway.domain.sessions import Session
from gateway.sim.charger_v2x import VERSIONS, simulated_charger
from gateway.sim.script import ChargePlan, Misbehaviour, charge
from gateway.sim.station import Identity
from gateway.sim.swarm import swarm
from tests import builders
from tests.fakes_ocpp import PASSWORD
from tests.ocpp_side.test_session_with_store import NETWORK

CP1 = ChargerId("CP-1")
EVERY = ("1.6", *VERSIONS)


def network(stations: int) -> str:
    """CP-1 and so many others, each at an EVSE of its own."""
    made = json.loads(json.dumps(NETWORK))
    (location,), (charger,) = made["locations"], made["chargers"]
    for n in range(1, stations + 1):
        uid = f"EVSE-SIM-{n}"
        location["evses"].append({**location["evses"][0], "uid": uid})
        plug = {**charger["connectors"][0], "evse_uid": uid}
        made["chargers"].append({**charger, "id": f"SIM-{n}", "connectors": [plug]})
    return json.dumps(made)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/gateway.db", port=0)
    async with running_gateway(settings) as running:
        await running.network.apply("network.json", network(5))
        partner, token = builders.partner(), builders.token("CARD-1")
        await running.store.write(lambda tx: tx.partners.save(partner))
        await running.store.write(lambda tx: tx.tokens.save(partner.id, token))
        yield running


def ocpp(gateway: Gateway) -> str:
    return gateway.url.replace("http", "ws", 1) + "/ocpp"


async def sessions(gateway: Gateway) -> list[Session]:
    return list((await gateway.store.read(lambda tx: tx.sessions.page(PageQuery()))).items)


WAYS = [
    (version, wrong)
    for version in EVERY
    for wrong in Misbehaviour
    if wrong is not Misbehaviour.MISSING_STOP and (wrong is not Misbehaviour.RESUMED or version == "2.1")
]


@pytest.mark.parametrize(("version", "wrong"), WAYS)
async def test_each_misbehaviour(gateway: Gateway, version: str, wrong: Misbehaviour) -> None:
    """C16, C17, D10, D11, E06, F06, Q02: one session with the energy of the charger's own meter."""
    charger = simulated_charger(ocpp(gateway), Identity("CP-1", PASSWORD), version)
    async with charger:
        plan = ChargePlan("CARD-1", kwh=Decimal(1), speed=3000, misbehaviours=frozenset({wrong}))
        charged = await charge(charger, plan)
        assert charger.boots == (2 if plan.dark else 1)
    (session,) = await sessions(gateway)
    assert (session.open, session.energy_wh) == (False, charged.energy_wh)
    lacking = wrong is Misbehaviour.LOST_MESSAGE and version != "1.6"
    assert bool(gaps(session.heard)) is lacking


@pytest.mark.parametrize("version", EVERY)
async def test_a_missing_stop(gateway: Gateway, version: str) -> None:
    """C17b: the session stays open until it is given up; what was metered is known."""
    async with simulated_charger(ocpp(gateway), Identity("CP-1", PASSWORD), version) as charger:
        wrong = frozenset({Misbehaviour.MISSING_STOP})
        await charge(charger, ChargePlan("CARD-1", kwh=Decimal(1), speed=3000, misbehaviours=wrong))
    (session,) = await sessions(gateway)
    assert session.open
    assert session.closes_at is not None
    assert session.energy_wh >= 1000


@pytest.mark.parametrize("version", EVERY)
async def test_a_swarm(gateway: Gateway, version: str) -> None:
    """F03: every charger boots, charges once and is heard."""
    plan = ChargePlan("CARD-1", kwh=Decimal(1), speed=3000)
    done = await swarm(ocpp(gateway), 6, "SIM", PASSWORD, plan, 0.1, version)
    assert (done.charged, dict(done.failures)) == (5, {"ConnectionTurnedDown": 1})
    assert sum(s.energy_wh for s in await sessions(gateway)) == done.energy_wh


async def test_a_swarm_of_no_version() -> None:
    with pytest.raises(InvalidInput, match=r"1\.5"):
        await swarm("ws://127.0.0.1:9/ocpp", 1, "SIM", None, ChargePlan("CARD-1"), 0, "1.5")
