"""Simulated chargers with the habits of real ones, at the real gateway: the energy is right all the same."""

import asyncio
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
from gateway.sim import habits_v2x
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import VERSIONS, simulated_charger
from gateway.sim.habits import HABITS, habit_of
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


async def repaired(gateway: Gateway, quirk: str, charger_id: ChargerId = CP1) -> None:
    """Wait until a repair is stored, which is after the charger left."""
    async with asyncio.timeout(15):
        while True:
            care = await gateway.store.read(lambda tx: tx.care.get(charger_id))
            if quirk in {repair.quirk for repair in care.repairs}:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("quirk", sorted(HABITS))
async def test_each_habit_by_its_id(gateway: Gateway, quirk: str) -> None:
    """Q13, Q14, Q19, Q23, Q25, Q31, Q34: one session with the energy of the charger's own meter."""
    charger = SimulatedCharger(ocpp(gateway), Identity("CP-1", PASSWORD))
    charger.habit = habit_of([quirk])
    async with charger:
        charged = await charge(charger, ChargePlan("CARD-1", kwh=Decimal(1), speed=3000))
    (session,) = await sessions(gateway)
    assert (session.open, session.energy_wh) == (False, charged.energy_wh)
    kept = await gateway.store.read(lambda tx: tx.set_aside.open())
    assert [item.reason for item in kept] == []
    if quirk not in {"Q19", "Q34"}:
        await repaired(gateway, quirk)


NO_REPAIR = {"D10", "Q16", "Q19", "Q24", "Q37", "Q46"}
"""Habits that break no schema."""
OLD_STATUS = {"Q20"}
"""Habits of StatusNotification, which the simulated charger of 2.1 does not send."""


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_habit_of_2x_by_its_id(gateway: Gateway, version: str) -> None:
    """D10, Q13, Q14, Q16, Q19, Q20, Q23 to Q25, Q30, Q31, Q36, Q37, Q45 to Q48: the energy is right."""
    told: dict[str, int] = {}

    async def one(charger_id: str, quirk: str) -> None:
        charger = simulated_charger(ocpp(gateway), Identity(charger_id, PASSWORD), version)
        charger.habit = habit_of([quirk], version)
        async with charger:
            done = await charge(charger, ChargePlan("CARD-1", kwh=Decimal(1), speed=3000))
        told[charger_id] = done.energy_wh

    names = {f"SIM-{n}": quirk for n, quirk in enumerate(habits_v2x.HABITS, start=1)}
    await gateway.network.apply("network.json", network(len(names)))
    await asyncio.gather(*(one(id_, quirk) for id_, quirk in names.items()))
    found = {s.charger_id: (s.open, s.energy_wh) for s in await sessions(gateway)}
    assert {names[id_]: found.get(ChargerId(id_)) for id_ in names} == {
        names[id_]: (False, energy_wh) for id_, energy_wh in told.items()
    }
    kept = await gateway.store.read(lambda tx: tx.set_aside.open())
    assert {names[item.charger_id] for item in kept} <= {"Q14"}
    for id_, quirk in names.items():
        if quirk not in NO_REPAIR and not (version == "2.1" and quirk in OLD_STATUS):
            await repaired(gateway, quirk, ChargerId(id_))


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


@pytest.mark.parametrize("version", EVERY)
def test_unknown_habits(version: str) -> None:
    with pytest.raises(InvalidInput, match="Q99"):
        habit_of(["Q99"], version)


async def test_a_swarm_of_no_version() -> None:
    with pytest.raises(InvalidInput, match=r"1\.5"):
        await swarm("ws://127.0.0.1:9/ocpp", 1, "SIM", None, ChargePlan("CARD-1"), 0, "1.5")
