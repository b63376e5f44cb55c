"""Chargers and a protocol checker written by others, run against the real gateway over a real socket.

They come from the npm registry into a cache folder (`GATEWAY_TEST_NPM` names another one); without node,
npm or the registry these tests say so and are skipped. What they found: docs/foreign-chargers.md.
"""

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from gateway.domain.care import StationCare
from gateway.domain.events import PlugStatus
from gateway.domain.ids import ChargerId, ConnectorNumber
from gateway.domain.readings import Measurand
from tests import builders
from tests.fakes_ocpp import PASSWORD, basic
from tests.ocpp_side.test_session_with_store import NETWORK

PACKAGES = ("em-ocpp-chargepoint-simulator@0.0.4", "ocpp-ws-cli@1.1.12")
SESSION = """
const cp = await connect('{url}');
await cp.sendBootnotification({{chargePointVendor: "vendor", chargePointModel: "1"}});
await cp.sendHeartbeat();
await cp.sendStatusNotification({{connectorId: 0, errorCode: "NoError", status: "Available"}});
await cp.sendStatusNotification({{connectorId: 1, errorCode: "NoError", status: "Preparing"}});
await cp.sendAuthorize({{idTag: "ccc"}});
cp.transaction = await cp.startTransaction({{connectorId: 1, idTag: "ccc", meterStart: 1377,
  timestamp: "{began}"}});
await cp.meterValues({{connectorId: 1, transactionId: cp.transaction.transactionId,
  meterValue: [{{timestamp: "{began}", sampledValue: [{{value: 1387}}]}}]}});
await cp.stopTransaction({{transactionId: cp.transaction.transactionId, meterStop: 1399,
  timestamp: "{ended}"}});
console.log("SESSION DONE " + cp.transaction.transactionId);
cp.close();
"""
BY_DESIGN = {
    "Server requires subprotocol": "OCPP-J wants the upgrade without a subprotocol, then a close (A03)",
    "Server rejects invalid subprotocol": "as above; passes where the close comes before it looks (A03)",
    "Server rejects oversized frames (>128KB)": "the limit is 1 MiB: configurations and OCMF are long (A17)",
    "Server enforces MessageId is a string": "numbers are echoed: some chargers send them (A09)",
    "Server rejects missing payload in CALL": "a missing payload stands for the empty object (A16)",
    "Server rejects non-object payload in CALL": "refused; 1.6 spells it FormationViolation (A12)",
}
"""Checks that ask for something else than the specification or the gateway's rules, and why."""


async def _run(*command: str, cwd: Path, within_s: float = 60) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


@pytest.fixture(scope="module")
def npm_folder() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: chargers written by others cannot run")
    default = Path(tempfile.gettempdir()) / "gateway-foreign-chargers"
    return Path(os.environ.get("GATEWAY_TEST_NPM", default))


async def _installed(folder: Path, package: str) -> Path:
    home = folder / "node_modules" / package.partition("@")[0]
    if not home.exists():
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - pathlib blocks no less
        arguments = ("install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder))
        code, output = await _run("npm", *arguments, *PACKAGES, cwd=folder, within_s=100)
        if code or not home.exists():
            pytest.skip(f"npm could not install {package}: {output[-300:]}")
    return home


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    url = f"sqlite+aiosqlite:///{tmp_path}/gateway.db"
    async with running_gateway(Settings(database_url=url, port=0, configure_chargers=False)) as running:
        await running.network.apply("network.json", json.dumps(NETWORK))
        partner, token = builders.partner(), builders.token("ccc")
        await running.store.write(lambda tx: tx.partners.save(partner))
        await running.store.write(lambda tx: tx.tokens.save(partner.id, token))
        yield running


async def test_a_session_of_em_ocpp_chargepoint_simulator(
    npm_folder: Path, tmp_path: Path, gateway: Gateway
) -> None:
    """It sends meter values as JSON numbers, which 1.6 does not allow: read all the same (Q31)."""
    home = await _installed(npm_folder, PACKAGES[0])
    url = f"{gateway.url.replace('http://', f'ws://CP-1:{PASSWORD}@')}/ocpp/CP-1"
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)
    times = {"began": began.isoformat(), "ended": (began + timedelta(minutes=20)).isoformat()}
    (tmp_path / "session.js").write_text(SESSION.format(url=url, **times))
    code, output = await _run("node", str(home / "build/src/main.js"), "session.js", cwd=tmp_path)
    assert code == 0, output
    assert "SESSION DONE" in output, output
    cp1 = ChargerId("CP-1")
    session = await gateway.store.read(lambda tx: tx.sessions.last_at(cp1, ConnectorNumber(1)))
    assert session is not None
    assert (session.started_at, session.open, session.energy_wh) == (began, False, 22)
    assert session.token is not None
    assert session.token.uid == "ccc"
    samples = await gateway.store.read(lambda tx: tx.sessions.samples(session.id))
    values = {r.value for s in samples for r in s.readings if r.measurand is Measurand.IMPORT_REGISTER_WH}
    assert 1387 in values
    state = await gateway.store.read(lambda tx: tx.chargers.state(cp1))
    assert state is not None
    assert {plug.number.evse: plug.status for plug in state.plugs} == {
        0: PlugStatus.AVAILABLE,
        1: PlugStatus.PREPARING,
    }
    assert "Q31" in {repair.quirk for repair in (await _care(gateway)).repairs}


async def _care(gateway: Gateway) -> StationCare:
    """What is known once the connection's end is written down."""
    async with asyncio.timeout(15):
        while gateway.chargers.online(ChargerId("CP-1")):
            await asyncio.sleep(0.02)
        while not (care := await gateway.store.read(lambda tx: tx.care.get(ChargerId("CP-1")))).repairs:
            await asyncio.sleep(0.02)
    return care


@pytest.mark.slow
async def test_the_checks_of_ocpp_ws_cli(npm_folder: Path, tmp_path: Path, gateway: Gateway) -> None:
    """Transport, RPC, security and chaos suites of a checker that tests central systems."""
    home = await _installed(npm_folder, PACKAGES[1])
    await _accepted_before(gateway)
    endpoint = f"{gateway.url.replace('http://', f'ws://CP-1:{PASSWORD}@')}/ocpp"
    report = tmp_path / "report"
    report.mkdir()
    options = ("-e", endpoint, "-i", "CP-1", "-p", "ocpp1.6", "--suite", "all", "--report", "json")
    script = str(home / "dist/index.js")
    _, output = await _run(
        "node", script, "test", *options, "--report-dir", str(report), cwd=tmp_path, within_s=100
    )
    reports = [report / name for name in os.listdir(report) if name.endswith(".json")]  # noqa: PTH208
    assert reports, output
    results = json.loads(reports[0].read_text())["testResults"]
    failed = {r["name"]: r.get("issue") for r in results if not r["passed"]}
    assert len(results) >= 20, output
    assert {name: issue for name, issue in failed.items() if name not in BY_DESIGN} == {}


async def _accepted_before(gateway: Gateway) -> None:
    """The checker never boots: it stands for a charger that did so earlier (A15)."""
    url = f"{gateway.url}/ocpp/CP-1"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(url, protocols=("ocpp1.6",), headers=basic()) as line,
    ):
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        await line.send_json([2, "1", "BootNotification", boot])
        assert (await line.receive_json(timeout=15))[2]["status"] == "Accepted"


def test_every_check_that_fails_has_its_reason_in_the_docs() -> None:
    """The table of docs/foreign-chargers.md names each of them with the same reason."""
    page = (Path(__file__).parents[2] / "docs" / "foreign-chargers.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]+) \| not so \| ([^|]+) \|$", page, re.MULTILINE))
    assert rows == BY_DESIGN
