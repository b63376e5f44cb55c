"""Network profiles at chargers: set as tasks of the operator, and refused before anything is sent."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import Gateway
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Task
from gateway.sim.charger import SimulatedCharger
from gateway.sim.charger_v2x import VERSIONS, SimulatedCharger2
from gateway.sim.station import Identity
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, stage
from tests.flows.test_certificates_at_chargers import ended

HOST = "gateway.example"
OURS = {"slot": 2, "url": f"wss://{HOST}/ocpp", "security_profile": 2, "interface": "Wireless1"}


def setting(**changes: Any) -> dict[str, Any]:
    return {"operation": "network-profile", "network_profile": {**OURS, **changes}}


async def held_to(gateway: Gateway, profile: int) -> None:
    """As if it had come with this security profile before."""
    id_ = ChargerId(CHARGER)
    await gateway.store.write(lambda tx: tx.care.save(replace(tx.care.get(id_), least_profile=profile)))


def charger_of(gateway: Gateway, version: str, password: str = PASSWORD) -> SimulatedCharger2:
    return SimulatedCharger2(f"{gateway.url}/ocpp", Identity(CHARGER, password), version=version)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_charger_keeps_a_network_profile(tmp_path: Path, version: str) -> None:
    """D03, B09 (TC_B_42, TC_B_44): it is set; the charger's own refusal is told; a lower one is not sent."""
    async with stage(tmp_path, charger_hosts=HOST) as (gateway, operator), charger_of(gateway, version) as at:
        assert await ended(operator, setting()) == ("DONE", "Accepted")
        kept = at.care.networks[2]
        assert (kept["ocppCsmsUrl"], kept["securityProfile"]) == (OURS["url"], 2)
        assert (kept["ocppInterface"], kept["messageTimeout"]) == ("Wireless1", 30)
        assert kept.get("ocppVersion") == ("OCPP20" if version == "2.0.1" else None)
        assert "basicAuthPassword" not in kept
        assert await ended(operator, setting(slot=9)) == ("FAILED", "Failed")

        plain = setting(slot=1, url="ws://127.0.0.1/ocpp", security_profile=1)
        assert await ended(operator, plain) == ("FAILED", "Rejected"), "it has a better one"
        assert await ended(operator, setting(slot=3, security_profile=3)) == ("DONE", "Accepted")
        await held_to(gateway, 3)
        state, why = await ended(operator, setting(slot=1))
        assert (state, "2 is lower than 3" in why) == ("FAILED", True)
        state, why = await ended(operator, setting(slot=1, url="wss://other.example/ocpp"))
        assert (state, "other.example" in why or "lower" in why) == ("FAILED", True)
        assert set(at.care.networks) == {2, 3}
        messages = await operator("GET", f"/chargers/{CHARGER}/messages")
        sent = [m["text"] for m in messages["items"] if "SetNetworkProfile" in m["text"]]
        assert len(sent) == 4, "what is refused here never left"


async def test_a_network_profile_with_a_password_of_its_own(tmp_path: Path) -> None:
    """E13, B04, T12: identity and a fresh password go along in 2.1; both keys count until it comes."""
    async with stage(tmp_path, charger_hosts=HOST) as (gateway, operator):
        async with charger_of(gateway, "2.1") as at:
            state, words = await ended(operator, setting(new_key=True))
            assert (state, "a new key" in words) == ("DONE", True)
            kept = at.care.networks[2]
        assert kept["identity"] == CHARGER
        assert 16 <= len(kept["basicAuthPassword"]) <= 64
        async with charger_of(gateway, "2.1"):
            pass
        async with charger_of(gateway, "2.1", kept["basicAuthPassword"]):
            told = await operator("GET", f"/chargers/{CHARGER}/messages")
        tasks: list[Task] = list(await gateway.store.read(lambda tx: tx.tasks.latest(10)))
        assert kept["basicAuthPassword"] not in json.dumps(told) + repr(tasks)


async def test_older_versions_cannot_say_it(tmp_path: Path) -> None:
    """E13, D03: no password in 2.0.1, and no network profiles in 1.6; no key is left behind."""
    async with stage(tmp_path, charger_hosts=HOST) as (gateway, operator):
        async with charger_of(gateway, "2.0.1"):
            state, why = await ended(operator, setting(new_key=True))
            assert (state, "no passwords in network profiles" in why) == ("FAILED", True)
        care = await gateway.store.read(lambda tx: tx.care.get(ChargerId(CHARGER)))
        assert care.offered_keys == ()
        async with SimulatedCharger(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD)):
            state, why = await ended(operator, setting())
            assert (state, "no such request" in why) == ("FAILED", True)


async def test_what_is_no_network_profile_is_turned_down_at_once(tmp_path: Path) -> None:
    """D03: no task is begun for a field that cannot be right."""
    async with stage(tmp_path) as (_, operator):
        for body in (
            {"operation": "network-profile"},
            setting(url="https://gateway.example/ocpp"),
            setting(security_profile=0),
            setting(interface="Wired9"),
            setting(message_timeout_s=0),
            setting(slot=-1),
        ):
            status, answer = await operator.attempt("POST", "/tasks", {"chargers": [CHARGER], **body})
            assert status == 400, answer
        assert (await operator("GET", "/tasks"))["items"] == []
