"""Requests Schemathesis makes up from openapi/ocpi-2.2.1.yaml, against the live gateway, in bounded time."""

import asyncio
import base64
import subprocess
from pathlib import Path

import pytest

from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import stage
from tests.foreign import checkers

DOCUMENT = checkers.ROOT / "openapi" / "ocpi-2.2.1.yaml"
LONGEST_S = 60
CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance"


@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_made_up_requests_get_documented_answers(tmp_path: Path) -> None:
    """TR-11, TR-12, TR-15: no request of a registered partner makes the gateway fail or leave its envelope.

    Credentials are left out: a successful DELETE would end the run.
    """
    python = await asyncio.to_thread(checkers.interpreter)
    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        connection = await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        value = base64.b64encode(connection.token.encode()).decode()
        command = [
            str(python.with_name("st")), "run", str(DOCUMENT), "--url", f"{gateway.url}/ocpi",
            "--header", f"Authorization: Token {value}", "--checks", CHECKS,
            "--exclude-tag", "credentials", "--phases", "examples,fuzzing", "--max-examples", "8",
            "--max-failures", "5", "--seed", "1", "--no-color", "--workers", "1",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, text=True, capture_output=True, check=False, timeout=LONGEST_S,
            cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert "No issues found" in done.stdout
