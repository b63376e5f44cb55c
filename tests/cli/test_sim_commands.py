"""`gateway sim …` as a person uses it: two processes and a gateway, over loopback sockets."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.bootstrap import running_gateway
from gateway.config import load_settings
from tests.cli.conftest import Shell, run

ROOT = Path(__file__).parents[2]
CODE = "from gateway.cli import main; main()"


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`gateway …` in a process of its own, ended at the end."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CODE,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.communicate()


async def line_with(started: asyncio.subprocess.Process, text: str) -> str:
    """The first line of its output that contains the text."""
    assert started.stdout is not None
    async with asyncio.timeout(30):
        async for raw in started.stdout:
            if text in (line := raw.decode()):
                return line.strip()
    assert started.stderr is not None
    raise AssertionError((await started.stderr.read()).decode())


async def test_a_session_by_hand(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partner registers with an invitation, charger charges for its card, session and CDR are listed."""
    monkeypatch.setenv("GATEWAY_ALLOW_PRIVATE_PARTNERS", "true")
    monkeypatch.setenv("GATEWAY_CDR_GRACE_SECONDS", "0")
    async with running_gateway(load_settings(port=0)) as gateway:
        monkeypatch.setenv("GATEWAY_URL", gateway.url)
        shell = Shell(gateway, directory)
        await shell("apply", "network.json")
        made = (await shell("partner", "invite", "Sim", "--party", "NL-EMS", "--json")).json
        partner_arguments = ("--port", "0", "--card", "CARD-1", "--versions-url", made["versions_url"])
        async with process("sim", "partner", *partner_arguments, "--token", made["token"]) as partner:
            await line_with(partner, "registered at the gateway")
            url = gateway.url.replace("http", "ws") + "/ocpp"
            charger_arguments = ("--url", url, "--password", "a-password-of-16-or-more", "--connectors", "2")
            plan = ("--card", "CARD-1", "--kwh", "2", "--speed", "2000")
            async with process("sim", "charger", "CP-1", *charger_arguments, *plan) as charger:
                charged = await line_with(charger, "transaction ")
                kwh = int(charged.split()[-2]) / 1000
                assert 2 <= kwh < 2.5
                assert await charger.wait() == 0
            (session,) = (await shell("session", "list", "--json")).json
            assert (session["kwh"], session["partner"], session["token_uid"]) == (kwh, "Sim", "CARD-1")
            await line_with(partner, "/cdrs -> 1000")
            (cdr,) = (await shell("cdr", "list", "--json")).json
            assert cdr["session_id"] == session["id"]
            assert cdr["total_cost"]["excl_vat"] == pytest.approx(kwh * 0.35, abs=0.0001)
            assert " EUR" in (await shell("cdr", "show", cdr["id"])).out
            assert "CARD-1" in (await shell("session", "show", session["id"])).out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("sim", "charger", "CP-1", "--misbehave", "sulk"), "known for OCPP 1.6 are duplicate-frames"),
        (("sim", "charger", "CP-1", "--script", "none.yaml"), "none.yaml cannot be read"),
        (("sim", "charger", "CP-1", "--script", "x", "--card", "A"), "exclude each other"),
        (("sim", "partner", "--mode", "moody"), "modes are normal"),
        (("sim", "partner", "--party", "NLD"), "not a party"),
        (("sim", "partner", "--token", "x"), "belong together"),
    ],
)
def test_misuse_is_explained(directory: Path, arguments: tuple[str, ...], reason: str) -> None:
    said = run(*arguments)
    assert said.code == 2
    assert reason in said.err
