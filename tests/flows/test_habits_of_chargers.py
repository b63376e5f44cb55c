"""Every habit of real chargers by its Q-id, over sockets: the partner's CDR is that of a charger without any.

One gateway for each OCPP version and all of its chargers at once; some habits are seen closer after that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.app.ports import PageQuery
from gateway.bootstrap import Gateway
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import ChargerId
from gateway.sim.cards import Card
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import simulated_charger
from gateway.sim.errors import CallRefused
from gateway.sim.habits import HABITS, NONE, character_of
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import Charged, ChargePlan, charge, charge_on_remote_start
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CARD, Operator, network, stage
from tests.flows.test_commands import app_token
from tests.flows.test_commands_to_2x import Driver

EVERY = pytest.mark.parametrize("version", HABITS)
WELL_BEHAVED = "none"
PLAN = ChargePlan(CARD, kwh=Decimal(1), speed=600)
LONG = ChargePlan("", duration=timedelta(hours=2), sample_every=timedelta(seconds=1))
STUCK = {"1.6": "EVSE_OCCUPIED"}
"""The result of a start at a charger that is stuck; a 2.x charger has no word for what it is."""
ALL = PageQuery(limit=1000)
SETTINGS: dict[str, dict[str, Any]] = {
    "Q01": {"protocol": True},
    "Q01.2": {"protocol": True},
    "Q04": {"ping_seconds": 0},
}
"""What the network file says of chargers with a habit; `protocol`: the one they speak."""
REPAIRED = {
    "1.6": "Q09 Q13 Q14 Q23.2 Q25.2 Q30 Q31 Q32",
    "2.0.1": "Q09 Q13 Q14 Q20 Q23.2 Q25 Q30 Q31 Q32 Q36 Q45 Q47 Q48.2",
    "2.1": "Q09 Q13 Q14 Q23.2 Q25 Q30 Q31 Q32 Q36 Q45 Q47 Q48.2",
}
"""Habits that break the schema: what was repaired is counted."""


def plan_of(version: str, habits: tuple[str, ...]) -> dict[str, Any]:
    """A network with a charger for each habit, each at an EVSE of its own."""
    made = network()
    (location,), (charger,) = made["locations"], made["chargers"]
    (evse,), (plug,) = location.pop("evses"), charger.pop("connectors")
    location["evses"], made["chargers"] = [], []
    for number, habit in enumerate(habits):
        known, uid = dict(SETTINGS.get(habit, {})), f"EVSE-{habit}"
        if "protocol" in known:
            known["protocol"] = f"ocpp{version}"
        location["evses"].append({**evse, "uid": uid, "evse_id": f"NL*GWY*E{number}"})
        connectors = [{**plug, "evse_uid": uid}]
        made["chargers"].append({**charger, **known, "id": habit, "connectors": connectors})
    return made


Bill = tuple[Decimal, Decimal]
"""kWh, and the cost without taxes."""


@dataclass
class Crowd:
    """Chargers of one version at one gateway; each is called by its one habit."""

    gateway: Gateway
    operator: Operator
    partner: SimulatedPartner
    version: str
    chargers: dict[str, SimulatedCharger] = field(default_factory=dict)
    charged: dict[str, Charged] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.gateway.url.replace('http', 'ws', 1)}/ocpp"

    def charger(self, habit: str, plan: ChargePlan | None = None) -> SimulatedCharger:
        """A charger; `plan`: what it does when it is started by an app."""
        made = simulated_charger(
            self.url,
            Identity(habit, PASSWORD),
            self.version,
            on_remote_start=None if plan is None else charge_on_remote_start(plan),
            habits=() if habit == WELL_BEHAVED else (habit,),
        )
        self.chargers[habit] = made
        return made

    async def charge(self, habit: str) -> None:
        """One charge by card; a driver who is refused as the charger is not ready tries again."""
        async with self.charger(habit) as charger, asyncio.timeout(60):
            while habit not in self.charged:
                try:
                    self.charged[habit] = await charge(charger, PLAN)
                except CallRefused:
                    await asyncio.sleep(0.2)

    def billed(self) -> dict[str, Bill]:
        """What the partner has to pay for each charger's session."""
        found: dict[str, Bill] = {}
        for held in self.partner.ledger.cdrs.values():
            habit = held.body["cdr_location"]["evse_uid"].removeprefix("EVSE-")
            assert habit not in found, f"two CDRs of {habit}"
            cost = Decimal(str(held.body["total_cost"]["excl_vat"]))
            found[habit] = (Decimal(str(held.body["total_energy"])), cost)
        return found

    def due(self) -> dict[str, Bill]:
        """What it has to pay by the charger's own meter: 0.50 and 0.35 per kWh."""
        kwh = {habit: Decimal(done.energy_wh) / 1000 for habit, done in self.charged.items()}
        return {habit: (much, cost(much)) for habit, much in kwh.items()}

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not what():
                await asyncio.sleep(0.02)


def cost(kwh: Decimal) -> Decimal:
    return (Decimal("0.50") + Decimal("0.35") * kwh).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@asynccontextmanager
async def crowd(directory: Path, version: str, *habits: str, **settings: Any) -> AsyncIterator[Crowd]:
    chosen = {"cdr_grace_seconds": 2, **settings}
    async with (
        stage(directory, plan=plan_of(version, habits), **chosen) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
    ):
        partner.sender.issue(Card(CARD))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        yield Crowd(gateway, operator, partner, version)


def place(habit: str) -> dict[str, str]:
    return {"location_id": "LOC1", "evse_uid": f"EVSE-{habit}"}


async def repaired(gateway: Gateway, habit: str) -> None:
    """Wait until a repair is stored, which is after the charger left."""
    async with asyncio.timeout(20):
        while True:
            care = await gateway.store.read(lambda tx: tx.care.get(ChargerId(habit)))
            if habit.partition(".")[0] in {repair.quirk for repair in care.repairs}:
                return
            await asyncio.sleep(0.02)


@EVERY
async def test_every_habit_ends_in_the_same_cdr(tmp_path: Path, version: str) -> None:
    """D10, Q01 to Q48: one CDR each with the energy of the charger's own meter and its price."""
    habits = (WELL_BEHAVED, *HABITS[version])
    endless = "Q26.2" if "Q26.2" in habits else "Q26"
    async with crowd(tmp_path, version, *habits) as all_:
        await asyncio.gather(*(all_.charge(habit) for habit in habits))
        due = {habit: bill for habit, bill in all_.due().items() if habit not in {endless, "Q27"}}
        await all_.until(lambda: all_.billed().keys() >= due.keys())
        assert all_.billed() == due
        assert len(due) == len(habits) - 2
        store = all_.gateway.store
        sessions = {s.charger_id: s for s in (await store.read(lambda tx: tx.sessions.page(ALL))).items}
        assert len(sessions) == len(habits)
        assert sessions[ChargerId(endless)].open
        assert sessions[ChargerId(endless)].closes_at is not None
        assert sessions[ChargerId("Q27")].partner_id is None
        assert await store.read(lambda tx: tx.set_aside.open()) == []
        assert {h for h, c in all_.chargers.items() if c.connections > 1} >= {"Q03", "Q07", "Q08"}
        assert all_.chargers["Q07"].boots == 4
        for habit in REPAIRED[version].split():
            await repaired(all_.gateway, habit)


@EVERY
async def test_starts_by_app(tmp_path: Path, version: str) -> None:
    """Q17, Q21, Q22, Q28: the driver who started pays, or is told at once that it cannot be."""
    starting = ("Q21", "Q22", "Q22.2", "Q28", WELL_BEHAVED)
    async with crowd(tmp_path, version, *starting, "Q17") as all_:
        driver = Driver(all_.partner)

        async def start(habit: str) -> None:
            async with all_.charger(habit, PLAN) as charger:
                await driver.ask("START_SESSION", token=app_token(uid=f"APP-{habit}"), **place(habit))
                await all_.until(lambda: charger.station.plugs[1].latest)
                await all_.until(lambda: habit in all_.billed())

        async def refuse() -> None:
            async with all_.charger("Q17", PLAN) as charger:
                all_.charged["Q17"] = await charge(charger, PLAN)
                result = STUCK.get(version, "REJECTED")
                await driver.ask("START_SESSION", result, token=app_token(uid="APP-Q17"), **place("Q17"))

        await asyncio.gather(refuse(), *(start(habit) for habit in starting))
        for held in all_.partner.ledger.cdrs.values():
            habit = held.body["cdr_location"]["evse_uid"].removeprefix("EVSE-")
            by_card = habit == "Q17"
            assert held.body["cdr_token"]["uid"] == (CARD if by_card else f"APP-{habit}"), habit
            assert (held.body["auth_method"] == "COMMAND") is not by_card, habit
            transaction = all_.chargers[habit].station.plugs[1].latest
            assert transaction is not None
            assert transaction.end is not None
            wh = int(transaction.end.register_wh) - int(transaction.start.register_wh)
            assert all_.billed()[habit] == (Decimal(wh) / 1000, cost(Decimal(wh) / 1000)), habit


@EVERY
async def test_chargers_that_cannot_stand_pings(tmp_path: Path, version: str) -> None:
    """Q04: one that is never pinged stays; a ping breaks the same charger elsewhere."""
    async with crowd(tmp_path, version, "Q04", WELL_BEHAVED, charger_ping_seconds=0.3) as all_:
        spared = all_.charger("Q04")
        broken = simulated_charger(all_.url, Identity(WELL_BEHAVED, PASSWORD), version, habits=("Q04",))
        async with spared, broken:
            await all_.until(lambda: broken.connections > 2)
            all_.charged["Q04"] = await charge(spared, PLAN)
            await all_.until(all_.billed)
        assert spared.connections == 1
        assert all_.billed() == all_.due()


@EVERY
async def test_chargers_that_answer_no_calls(tmp_path: Path, version: str) -> None:
    """Q05, Q44: they are sent to reconnect after calls in vain, and charge then as before."""
    async with crowd(tmp_path, version, "Q05", "Q44", command_timeout_seconds=1) as all_:

        async def pester(habit: str) -> None:
            async with all_.charger(habit) as charger, asyncio.timeout(40):
                while charger.connections == 1:
                    command = {"command": "clear-cache"}
                    await all_.operator.attempt("POST", f"/chargers/{habit}/commands", command)
                await charger.online()
                all_.charged[habit] = await charge(charger, PLAN)

        await asyncio.gather(pester("Q05"), pester("Q44"))
        await all_.until(lambda: len(all_.billed()) > 1)
        assert all_.billed() == all_.due()


def test_every_quirk_is_a_habit_or_says_why_not() -> None:
    """Q01 to Q48: for each version."""
    quirks = {f"Q{number:02}" for number in range(1, 49)}
    for version, habits in HABITS.items():
        named = {id_.partition(".")[0] for id_ in habits if id_.startswith("Q")}
        assert not named & NONE[version].keys()
        assert named | NONE[version].keys() == quirks
        assert all(habit.does and id_ == habit.id for id_, habit in habits.items())
        assert all(NONE[version].values())


@pytest.mark.parametrize(
    ("id_", "version", "said"),
    [
        ("Q99", "1.6", r"known for OCPP 1\.6 are .*Q01, .*Q47"),
        ("Q99", "2.1", r"known for OCPP 2\.1 are D10, .*Q48"),
        ("Q45", "1.6", "messages of 2.x alone"),
        ("Q01", "1.5", r"known are 1\.6, 2\.0\.1, 2\.1"),
    ],
)
def test_habits_there_are_not(id_: str, version: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        character_of([id_], version)
