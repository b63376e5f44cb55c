"""What operators do with chargers of OCPP 2.0.1 and 2.1, through the same API and commands as with 1.6."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.sim.cards import Card
from gateway.sim.charger_v2x import VERSIONS, SimulatedCharger2
from gateway.sim.device_model import DeviceModel
from gateway.sim.messages import Payload
from gateway.sim.partner import SimulatedPartner
from gateway.sim.script import ChargePlan, charge
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, Operator, network, stage

EITHER = pytest.mark.parametrize("version", VERSIONS)
ENERGY = "Energy.Active.Import.Register"
CARDS = ("04AABBCC", "04AABBCD", "04AABBCE")


@dataclass
class Yard:
    """A gateway with its operator and a simulated charger that is configured already."""

    gateway: Gateway
    operator: Operator
    charger: SimulatedCharger2

    async def done(self, operation: str, **more: Any) -> str:
        """Do an operation at the charger; what the charger said to it in the end."""
        task = await self.operator("POST", "/tasks", {"operation": operation, "chargers": [CHARGER], **more})
        return await self.ended(task["id"])

    async def ended(self, task_id: str) -> str:
        step = await self.last_step(task_id)
        assert step["state"] == "DONE", step
        return str(step["detail"])

    async def last_step(self, task_id: str) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while not (task := await self.operator("GET", f"/tasks/{task_id}"))["finished"]:
                await asyncio.sleep(0.02)
        (step,) = task["steps"]
        return dict(step)

    async def first_tasks(self) -> dict[str, str]:
        """What was begun at the first boot, and what became of it."""
        listed = await self.operator("GET", "/tasks")
        return {task["operation"]: await self.ended(task["id"]) for task in listed["items"]}


@asynccontextmanager
async def yard(directory: Path, version: str) -> AsyncIterator[Yard]:
    async with (
        stage(directory) as (gateway, operator),
        SimulatedCharger2(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD), version=version) as charger,
    ):
        yield Yard(gateway, operator, charger)


@EITHER
async def test_recipe_and_device_model_at_the_first_boot(tmp_path: Path, version: str) -> None:
    """C25, D02, D03, 4.J: settings by the names of 1.6, the device model in parts, capabilities from it."""
    async with yard(tmp_path, version) as at:
        told = await at.first_tasks()
        assert {"recipe", "report"} <= set(told)
        changed = told["recipe"].partition(";")[0].removeprefix("changed: ").split(", ")
        assert {"AuthorizeRemoteTxRequests", "StartTxnSampledData"} <= set(changed)
        model = await at.operator("GET", f"/chargers/{CHARGER}/variables?like=TxStarted")
        assert model["total"] == 1
        states = await at.operator("GET", f"/chargers/{CHARGER}/variables?like=Connector@1.1/&limit=1")
        assert [v["path"] for v in states["items"]] == ["Connector@1.1/AvailabilityState"]
        everything = await at.operator("GET", f"/chargers/{CHARGER}/variables")
        assert everything["total"] == int(told["report"].split()[0])
        location = await at.gateway.store.read(lambda tx: tx.locations.all()[0])
        assert {"RESERVABLE", "CHARGING_PROFILE_CAPABLE"} <= set(location.evses[0].capabilities)
        # At its second boot nothing of this is done again.
        await at.charger.boot()
        again = [task["operation"] for task in (await at.operator("GET", "/tasks"))["items"]]
        assert (again.count("recipe"), again.count("report")) == (1, 1)


class Backwards(DeviceModel):
    """It tells its last part first."""

    def report(self, request_id: int, at: datetime) -> Iterator[Payload]:
        return reversed(list(super().report(request_id, at)))


@EITHER
async def test_parts_of_a_device_model_in_another_order(tmp_path: Path, version: str) -> None:
    """D02: the report is not done with the part that says it is the last, but with the one that lacked."""
    async with stage(tmp_path) as (gateway, operator):
        charger = SimulatedCharger2(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD), version=version)
        charger.care.device = Backwards(charger.station, charger.care.list)
        async with charger:
            told = (await Yard(gateway, operator, charger).first_tasks())["report"]
            everything = await operator("GET", f"/chargers/{CHARGER}/variables")
            assert told == f"{everything['total']} values of the device model are known"
            assert everything["total"] > 20


@EITHER
async def test_another_firmware_is_looked_at_anew(tmp_path: Path, version: str) -> None:
    """C25, D02: settings that an update lost are set again, and the device model is read again."""
    async with yard(tmp_path, version) as at:
        await at.first_tasks()
        settings = at.charger.station.configuration
        right = settings["MeterValueSampleInterval"].value
        settings["MeterValueSampleInterval"].value = "900"
        settings["TransactionMessageAttempts"].value = "7"
        at.charger.station.identity = replace(at.charger.station.identity, firmware="2.0.0")
        await at.charger.boot()
        listed = (await at.operator("GET", "/tasks"))["items"]
        again = {name: [t for t in listed if t["operation"] == name] for name in ("recipe", "report")}
        assert {name: len(tasks) for name, tasks in again.items()} == {"recipe": 2, "report": 2}
        assert "MeterValueSampleInterval" in await at.ended(again["recipe"][0]["id"])
        assert settings["MeterValueSampleInterval"].value == right
        await at.ended(again["report"][0]["id"])
        model = await at.operator("GET", f"/chargers/{CHARGER}/variables?like=MessageAttempts")
        assert [v["value"] for v in model["items"]] == ["7"]
        await at.charger.boot()
        assert (
            len([t for t in (await at.operator("GET", "/tasks"))["items"] if t["operation"] == "report"]) == 2
        )


@EITHER
async def test_everyday_operations(tmp_path: Path, version: str) -> None:
    """D03, D04, D17, D18, D20: the same tasks as for 1.6, each with the charger's answer."""
    async with yard(tmp_path, version) as at:
        assert await at.done("unlock", number=1) == "Unlocked"
        assert await at.done("availability", number=1, operative=False) == "Accepted"
        assert at.charger.station.plugs[1].operative is False
        assert await at.done("availability", operative=True) == "Accepted"
        assert at.charger.station.plugs[1].operative is True
        assert await at.done("trigger", message="StatusNotification", number=1) == "Accepted"
        assert await at.done("clear-cache") == "Accepted"
        assert await at.done("change-configuration", key="HeartbeatInterval", value="77") == "Accepted"
        assert await at.done("read-configuration", key="HeartbeatInterval") == "HeartbeatInterval=77"
        path = "OCPPCommCtrlr/HeartbeatInterval"
        assert await at.done("read-configuration", key=path) == f"{path}=77"
        boots = at.charger.boots
        assert await at.done("reset", hard=True) == "Accepted"
        async with asyncio.timeout(20):
            while at.charger.boots == boots:
                await asyncio.sleep(0.02)


@EITHER
async def test_firmware_logs_and_alarms_are_seen_by_people(tmp_path: Path, version: str) -> None:
    """D22, B08: progress ends the task and is shown with the charger; a security event is kept."""
    async with yard(tmp_path, version) as at:
        assert await at.done("firmware", location="https://fw.example/2.bin") == "Installed"
        assert await at.done("log", location="https://log.example/up") == "Uploaded"
        assert await at.done("log", location="https://log.example/up", security_log=True) == "Uploaded"
        care = await at.operator("GET", f"/chargers/{CHARGER}/care")
        said = {progress["kind"]: progress["status"] for progress in care["progress"]}
        assert said == {"FIRMWARE": "Installed", "LOG": "Uploaded"}
        event = {"type": "TamperDetectionActivated", "timestamp": "2026-11-22T10:00:00Z"}
        await at.charger.call("SecurityEventNotification", event)
        (kept,) = (await at.operator("GET", "/set-aside"))["items"]
        assert (kept["action"], kept["reason"]) == ("SecurityEventNotification", "security event")


@EITHER
async def test_cards_of_partners_become_its_list(tmp_path: Path, version: str) -> None:
    """D20, C23, D22: in portions the charger takes, then only the difference; what it holds is told."""
    async with yard(tmp_path, version) as at, SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await at.operator.invite("Great eMSP", "NL-EMS"))
        for card in CARDS:
            await partner.push_card(Card(card, whitelist="ALLOWED"))
        assert await at.done("local-list") == "3 cards, 3 sent"
        assert set(at.charger.care.list.cards) == set(CARDS)
        assert await at.done("local-list") == "3 cards, nothing to change"
        told = await at.done("customer-information", card=CARDS[0], clear=True)
        assert told == f"card {CARDS[0]}: on the list of cards"
        assert CARDS[0] not in at.charger.care.list.cards


@EITHER
async def test_its_list_holds_no_more_than_it_says(tmp_path: Path, version: str) -> None:
    """D20, D02: how many cards fit is a limit in its device model, which an operator can see, too."""
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        charger = SimulatedCharger2(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD), version=version)
        charger.care.list.most = 2
        async with charger:
            at = Yard(gateway, operator, charger)
            await at.first_tasks()
            model = await operator("GET", f"/chargers/{CHARGER}/variables?like=LocalAuthListCtrlr/Entries")
            assert [(v["value"], v["max_limit"]) for v in model["items"]] == [("0", 2)]
            await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
            for card in CARDS:
                await partner.push_card(Card(card, whitelist="ALLOWED"))
            task = await operator("POST", "/tasks", {"operation": "local-list", "chargers": [CHARGER]})
            step = await at.last_step(task["id"])
            assert (step["state"], step["detail"]) == ("FAILED", "2 of 3 cards are on the list: no more fit")
            assert set(charger.care.list.cards) == set(CARDS[:2])


async def until_shown(at: Yard, price_kwh: float) -> dict[str, Any]:
    """The tariff of EVSE 1 at the charger, once it has this price."""
    async with asyncio.timeout(20):
        while True:
            tariff = at.charger.care.tariffs.get(1)
            if tariff and tariff["energy"]["prices"][0]["priceKwh"] == price_kwh:
                return dict(tariff)
            await asyncio.sleep(0.02)


async def test_a_charger_of_2_1_shows_the_tariff_of_its_connector(tmp_path: Path) -> None:
    """E04: given at the first boot, given anew when it changes and at each boot, taken away when unfit."""
    async with yard(tmp_path, "2.1") as at:
        first = await until_shown(at, 0.35)
        assert (first["currency"], first["fixedFee"]["prices"]) == ("EUR", [{"priceFixed": 0.5}])
        await at.operator("POST", "/network", changed(price=0.45))
        assert (await until_shown(at, 0.45))["tariffId"] != first["tariffId"]
        at.charger.care.tariffs.clear()
        await at.charger.boot()
        await until_shown(at, 0.45)
        await at.operator("POST", "/network", changed(price=0.45, step_size=100))
        async with asyncio.timeout(20):
            while at.charger.care.tariffs:
                await asyncio.sleep(0.02)
        newest = (await at.operator("GET", "/tasks"))["items"][0]
        task = await at.operator("GET", f"/tasks/{newest['id']}")
        assert (task["operation"], task["steps"][0]["charger"]) == ("tariffs", CHARGER)


def changed(**component: Any) -> str:
    """The network with another price of energy."""
    price = {"type": "ENERGY", "price": 0.35, "vat": 21.0, "step_size": 1, **component}
    return json.dumps(network(elements=[{"price_components": [price]}]))


async def test_a_charger_of_2_0_1_is_given_no_tariffs(tmp_path: Path) -> None:
    """E04: there is no such request, and nobody tries."""
    async with yard(tmp_path, "2.0.1") as at:
        assert set(await at.first_tasks()) == {"recipe", "report"}
        await at.operator("POST", "/network", changed(price=0.45))
        task = await at.operator("POST", "/tasks", {"operation": "tariffs", "chargers": [CHARGER]})
        async with asyncio.timeout(20):
            while not (told := await at.operator("GET", f"/tasks/{task['id']}"))["finished"]:
                await asyncio.sleep(0.02)
        assert told["failed"] == 1
        assert len((await at.operator("GET", "/tasks"))["items"]) == 3


@EITHER
async def test_a_cost_that_no_answer_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """D21: a charger that says it shows costs is sent what MeterValues outside its transaction made of it."""
    monkeypatch.setattr("gateway.app.costs._SILENCE", timedelta(0))
    monkeypatch.setattr("gateway.app.running_costs._LOOK_EVERY_S", 0.05)
    async with yard(tmp_path, version) as at, SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await at.operator.invite("Great eMSP", "NL-EMS"))
        await partner.push_card(Card(CARDS[0], whitelist="ALLOWED"))
        await at.first_tasks()
        begun = at.charger.begin(1, CARDS[0], Decimal(0))
        await at.charger.settled()
        assert at.charger.costs == [0.605]  # 0.50 with 21 % VAT
        sampled = {"value": float(begun.start.register_wh + 2000), "measurand": ENERGY}
        when = (at.charger.clock.now() + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"timestamp": when, "sampledValue": [sampled]}
        await at.charger.call("MeterValues", {"evseId": 1, "meterValue": [values]})
        async with asyncio.timeout(20):
            while len(at.charger.costs) < 2:
                await asyncio.sleep(0.02)
        assert at.charger.costs == [0.605, 1.452]  # and 2 kWh at 0.35


@pytest.mark.parametrize(("version", "wanted_kwh", "limited"), [("2.1", "8", True), ("2.0.1", "2.2", False)])
async def test_a_session_ends_at_its_partners_limit(
    tmp_path: Path, version: str, wanted_kwh: str, *, limited: bool
) -> None:
    """E05: agreed in the partner's profile, kept to by chargers of 2.1, never sent to others."""
    async with yard(tmp_path, version) as at, SimulatedPartner("NL", "EMS") as partner:
        await partner.register(*await at.operator.invite("Great eMSP", "NL-EMS"))
        await at.operator("POST", "/partners/Great eMSP/profile", {"settings": {"session_kwh": "2"}})
        await partner.push_card(Card(CARDS[0], whitelist="ALLOWED"))
        plan = ChargePlan(
            CARDS[0], kwh=Decimal(wanted_kwh), power_kw=Decimal(6), speed=900 if limited else 3000
        )
        charged = await charge(at.charger, plan)
        (cdr,) = await partner.ledger.until(lambda: list(partner.ledger.cdrs.values()) or None, "CDR")
    assert Decimal(str(cdr.body["total_energy"])) * 1000 == charged.energy_wh
    assert charged.energy_wh >= 2000
    assert (charged.energy_wh < Decimal(wanted_kwh) * 1000) is limited
    assert ("EnergyLimitReached" in cdr.body.get("remark", "")) is limited
