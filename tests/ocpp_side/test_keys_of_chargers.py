"""The gateway gives chargers new keys: B03, B04, T12. At the real gateway over real sockets, all versions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import StepState, Task
from gateway.store.secrets import KeyedSecrets
from ocpp_side.masking import shown
from tests.app.world import World
from tests.fakes_ocpp import PASSWORD, basic
from tests.flows.stage import Operator
from tests.ocpp_side.test_session_with_store import NETWORK

CP1 = ChargerId("CP-1")
VERSIONS = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
BOOTS: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"chargePointVendor": "V", "chargePointModel": "M"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}},
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Gateway, Operator]]:
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.db"
    async with running_gateway(Settings(database_url=url, port=0, configure_chargers=False)) as gateway:
        await gateway.network.apply("network.json", json.dumps(NETWORK))
        yield gateway, Operator(gateway)


@asynccontextmanager
async def charger(
    gateway: Gateway, version: str, key: bytes
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = f"{gateway.url}/ocpp/CP-1"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, protocols=(version,), headers=basic(password=key)) as socket,
    ):
        boot = BOOTS.get(version, BOOTS["ocpp2.0.1"])
        await socket.send_json([2, "boot", "BootNotification", boot])
        while (frame := await socket.receive_json(timeout=15))[1] != "boot":
            pass  # an operation that waited for the charger
        assert frame[2]["status"] == "Accepted"
        yield socket


async def refused(gateway: Gateway, version: str, key: bytes) -> bool:
    try:
        async with charger(gateway, version, key):
            return False
    except aiohttp.WSServerHandshakeError as error:
        return error.status == 401


async def asked(socket: aiohttp.ClientWebSocketResponse, action: str) -> tuple[str, dict[str, Any]]:
    """The gateway's next request of this kind; others of the first boot are declined."""
    async with asyncio.timeout(15):
        while True:
            frame = await socket.receive_json()
            if frame[0] == 2 and frame[2] == action:
                return frame[1], frame[3]
            if frame[0] == 2:
                await socket.send_json([4, frame[1], "NotSupported", "", {}])


def offered(version: str, payload: dict[str, Any]) -> bytes:
    """The key in a request, as the charger would keep it."""
    if version == "ocpp1.6":
        assert payload["key"] == "AuthorizationKey"
        return bytes.fromhex(payload["value"])
    (row,) = payload["setVariableData"]
    assert (row["component"]["name"], row["variable"]["name"]) == ("SecurityCtrlr", "BasicAuthPassword")
    return str(row["attributeValue"]).encode()


def answer(version: str, payload: dict[str, Any], status: str) -> dict[str, Any]:
    if version == "ocpp1.6":
        return {"status": status}
    (row,) = payload["setVariableData"]
    return {
        "setVariableResult": [{**{k: row[k] for k in ("component", "variable")}, "attributeStatus": status}]
    }


async def finished(gateway: Gateway, task_id: str) -> Task:
    async with asyncio.timeout(15):
        while True:
            task = await gateway.store.read(lambda tx: tx.tasks.get(task_id))
            if task is not None and task.finished:
                return task
            await asyncio.sleep(0.02)


REQUEST = {"ocpp1.6": "ChangeConfiguration", "ocpp2.0.1": "SetVariables", "ocpp2.1": "SetVariables"}


@pytest.mark.parametrize("version", VERSIONS)
async def test_b04_a_charger_gets_a_new_key(site: tuple[Gateway, Operator], version: str) -> None:
    """B03, B04, T12: old and new count until it came with the new one; then only that; nothing is shown."""
    gateway, operator = site
    async with charger(gateway, version, PASSWORD.encode()) as socket:
        task = await operator("POST", "/tasks", {"operation": "renew-key", "chargers": ["CP-1"]})
        id_, payload = await asked(socket, REQUEST[version])
        key = offered(version, payload)
        assert 16 <= len(key) <= 20
        await socket.send_json([3, id_, answer(version, payload, "Accepted")])
        (step,) = (await finished(gateway, task["id"])).steps
        assert step.state is StepState.DONE
    assert not await refused(gateway, version, PASSWORD.encode())
    assert not await refused(gateway, version, key)
    assert await refused(gateway, version, PASSWORD.encode())
    await gateway.network.apply("network.json", json.dumps(NETWORK))
    assert not await refused(gateway, version, key), "the same file again changes nothing"
    messages = await operator("GET", "/chargers/CP-1/messages")
    assert {message["direction"] for message in messages["items"]} == {"in", "out"}
    told = json.dumps((messages, await operator("GET", f"/tasks/{task['id']}")))
    assert key.decode() not in told
    assert key.hex() not in told.lower()


@pytest.mark.parametrize("version", VERSIONS)
async def test_b04_a_key_that_is_refused_is_taken_back(site: tuple[Gateway, Operator], version: str) -> None:
    """B04 (TC_A_10): the old key stays, the refused one opens nothing, and the task says so."""
    gateway, operator = site
    async with charger(gateway, version, PASSWORD.encode()) as socket:
        task = await operator("POST", "/tasks", {"operation": "renew-key", "chargers": ["CP-1"]})
        id_, payload = await asked(socket, REQUEST[version])
        await socket.send_json([3, id_, answer(version, payload, "Rejected")])
        (step,) = (await finished(gateway, task["id"])).steps
        assert (step.state, "the old key stays" in step.detail) == (StepState.FAILED, True)
    assert await refused(gateway, version, offered(version, payload))
    assert not await refused(gateway, version, PASSWORD.encode())


async def test_b04_a_lost_answer_locks_nobody_out(site: tuple[Gateway, Operator]) -> None:
    """B04: a charger that went away before it answered may have either key; a changed file ends both."""
    gateway, operator = site
    async with charger(gateway, "ocpp2.0.1", PASSWORD.encode()) as socket:
        await operator("POST", "/tasks", {"operation": "renew-key", "chargers": ["CP-1"]})
        _, payload = await asked(socket, "SetVariables")
        key = offered("ocpp2.0.1", payload)
    assert not await refused(gateway, "ocpp2.0.1", PASSWORD.encode())
    assert not await refused(gateway, "ocpp2.0.1", key)
    network = json.loads(json.dumps(NETWORK))
    network["chargers"][0]["password"] = "another-password-of-it"
    await gateway.network.apply("network.json", json.dumps(network))
    assert await refused(gateway, "ocpp2.0.1", key)
    assert not await refused(gateway, "ocpp2.0.1", b"another-password-of-it")


async def test_b04_a_charger_without_password_gets_none(site: tuple[Gateway, Operator]) -> None:
    """B04: who connects with a certificate alone has no key to replace; the task says so."""
    gateway, operator = site
    network = json.loads(json.dumps(NETWORK))
    del network["chargers"][0]["password"]
    network["chargers"][0] |= {"id": "CP-2", "security_profile": 0}
    await gateway.network.apply("network.json", json.dumps(network), prune=True)
    url = f"{gateway.url}/ocpp/CP-2"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=("ocpp1.6",)) as socket:
        await socket.send_json([2, "boot", "BootNotification", BOOTS["ocpp1.6"]])
        assert (await socket.receive_json(timeout=15))[2]["status"] == "Accepted"
        task = await operator("POST", "/tasks", {"operation": "renew-key", "chargers": ["CP-2"]})
        (step,) = (await finished(gateway, task["id"])).steps
        assert (step.state, "no password" in step.detail) == (StepState.FAILED, True)


def about(name: str) -> dict[str, Any]:
    return {"component": {"name": "SecurityCtrlr"}, "variable": {"name": name}}


@pytest.mark.parametrize(
    ("frame", "hidden"),
    [
        ({"setVariableData": [{"attributeValue": "SECRET-1", **about("BasicAuthPassword")}]}, True),
        ({"getVariableResult": [{"attributeValue": "SECRET-1", **about("basicauthpassword")}]}, True),
        (
            {"reportData": [{**about("BasicAuthPassword"), "variableAttribute": [{"value": "SECRET-1"}]}]},
            True,
        ),
        ({"connectionData": {"basicAuthPassword": "SECRET-1"}}, True),
        ({"setVariableData": [{"attributeValue": "SECRET-1", **about("OrganizationName")}]}, False),
    ],
    ids=["set", "got", "reported", "network profile", "another variable"],
)
def test_t12_keys_of_2x_are_masked(frame: dict[str, Any], hidden: bool) -> None:
    """B04, T12: in every message that may carry one; nothing else is hidden."""
    assert ("SECRET-1" not in shown(json.dumps([2, "1", "X", frame]).encode())) is hidden


async def test_a_key_of_ours_is_stored_only_as_a_hash() -> None:
    """B04: what is remembered does not open the door."""
    world = await World().furnish()
    secrets = KeyedSecrets("a-secret-key-of-the-tests")
    secret = secrets.new_token()[:20]
    care = StationCare(CP1, offered_keys=((secrets.fingerprint(secret.encode()),),))
    await world.store.write(lambda tx: tx.care.save(care))
    kept = await world.store.read(lambda tx: tx.care.get(CP1))
    assert secret not in repr(kept)
