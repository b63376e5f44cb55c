"""Root certificates at chargers of every version: installed, listed and deleted as tasks of the operator."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.certificates.authority import Authority
from gateway.sim.charger_v2x import simulated_charger
from gateway.sim.station import Identity
from tests import builders as b
from tests.fakes_ocpp import PASSWORD
from tests.flows.stage import CHARGER, Operator, stage

AWAY = "AWAY"
ROOT = Authority.make("Example Charging", b.at(0)).certificate
PEM = ROOT.public_bytes(Encoding.PEM).decode()
SERIAL = f"{ROOT.serial_number:X}"


async def ended(operator: Operator, body: dict[str, Any], charger: str = CHARGER) -> tuple[str, str]:
    """State and detail of a task at a charger once it is through."""
    task = await operator("POST", "/tasks", {"chargers": [charger], **body})
    async with asyncio.timeout(20):
        while not task["finished"]:
            await asyncio.sleep(0.02)
            task = await operator("GET", f"/tasks/{task['id']}")
    (step,) = task["steps"]
    return step["state"], step["detail"]


@pytest.mark.parametrize(
    ("version", "uses", "unknown"),
    [
        ("1.6", ["csms-root", "manufacturer-root"], "v2g-root"),
        ("2.0.1", ["csms-root", "manufacturer-root", "v2g-root", "mo-root"], "oem-root"),
        ("2.1", ["csms-root", "manufacturer-root", "v2g-root", "mo-root", "oem-root"], "v2g-chain"),
    ],
)
async def test_roots_come_and_go(tmp_path: Path, version: str, uses: list[str], unknown: str) -> None:
    """B08: a root of each use its version knows; each is named by the charger, found by its serial number."""
    async with (
        stage(tmp_path) as (gateway, operator),
        simulated_charger(f"{gateway.url}/ocpp", Identity(CHARGER, PASSWORD), version),
    ):
        listing = {"operation": "installed-certificates"}
        assert await ended(operator, listing) == ("DONE", "0 installed")
        for use in uses:
            install = {"operation": "install-certificate", "use": use, "pem": PEM}
            assert await ended(operator, install) == ("DONE", "Accepted")
        state, detail = await ended(operator, listing)
        count, *lines = detail.splitlines()
        assert (state, count) == ("DONE", f"{len(uses)} installed")
        assert [line.partition(":")[0] for line in lines] == uses
        assert all(f"serial number {SERIAL.lower()}, SHA256" in line for line in lines)
        assert await ended(operator, {**listing, "use": uses[0]}) == ("DONE", f"1 installed\n{lines[0]}")

        other = {"operation": "install-certificate", "use": unknown, "pem": PEM}
        state, detail = await ended(operator, other)
        assert state == "FAILED"
        assert unknown in detail or "no such request" in detail
        broken = PEM.replace(PEM.splitlines()[1], "A" * 64)
        refused = {"operation": "install-certificate", "use": uses[0], "pem": broken}
        assert await ended(operator, refused) == ("FAILED", "Rejected")

        delete = {"operation": "delete-certificate", "serial_number": f"00:{SERIAL}"}
        assert await ended(operator, delete) == ("DONE", "Accepted")
        assert await ended(operator, listing) == ("DONE", "0 installed")
        state, detail = await ended(operator, delete)
        assert (state, "no certificate with the serial number" in detail) == ("FAILED", True)


async def test_what_is_no_certificate_is_turned_down_at_once(tmp_path: Path) -> None:
    """B08: no task is begun without a use, without one certificate, or without a serial number."""
    async with stage(tmp_path) as (_, operator):
        for body in (
            {"operation": "install-certificate", "pem": PEM},
            {"operation": "install-certificate", "use": "csms-root", "pem": "none"},
            {"operation": "install-certificate", "use": "csms-root", "pem": PEM * 2},
            {"operation": "install-certificate", "use": "any", "pem": PEM},
            {"operation": "delete-certificate"},
            {"operation": "delete-certificate", "serial_number": "zz"},
        ):
            status, answer = await operator.attempt("POST", "/tasks", {"chargers": [CHARGER], **body})
            assert status == 400, answer
        assert (await operator("GET", "/tasks"))["items"] == []
