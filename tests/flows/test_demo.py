"""What a newcomer sees: `gateway demo`, run as a process in an empty directory, again and again."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = (
    "Handshake",
    "Location pushed",
    "Token received",
    "Charger booted",
    "Card authorised",
    "Session ACTIVE",
    "Session COMPLETED",
    "CDR accepted",
)


async def start(directory: Path, *arguments: str) -> asyncio.subprocess.Process:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway.demo",
        *arguments,
        cwd=directory,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def once(directory: Path) -> tuple[int | None, str]:
    process = await start(directory, "--once")
    async with asyncio.timeout(100):
        output, _ = await process.communicate()
    return process.returncode, output.decode()


def books(directory: Path) -> dict[str, int]:
    """How many objects of a kind the simulated partner holds."""
    memory = json.loads((directory / ".demo" / "demo.json").read_text())
    return {module: len(book) for module, book in memory["partner"]["ledger"].items()}


def assert_told(output: str) -> None:
    for number, title in enumerate(STEPS, 1):
        assert re.search(rf"^ ?{number}  {title}  \S", output, re.MULTILINE), output
    assert "status_code 1000" in output


async def test_a_second_run_adds_one_session_and_repeats_nothing(tmp_path: Path) -> None:
    """The eight steps happen; then again, with the same registration, location and token."""
    code, output = await once(tmp_path)
    assert code == 0, output
    assert_told(output)
    assert books(tmp_path) == {"locations": 1, "tariffs": 1, "sessions": 1, "cdrs": 1}

    code, output = await once(tmp_path)
    assert code == 0, output
    assert_told(output)
    assert books(tmp_path) == {"locations": 1, "tariffs": 1, "sessions": 2, "cdrs": 2}
    assert "registered in an earlier run" in output
    assert "PUT once" in output
    assert "0 changes" in output
    with sqlite3.connect(tmp_path / ".demo" / "gateway.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


@pytest.mark.slow
async def test_a_new_address_renews_the_registration(tmp_path: Path) -> None:
    """CRED-07: with the partner's old port taken, the demo registers its new one and nothing is doubled."""
    code, output = await once(tmp_path)
    assert code == 0, output
    port = json.loads((tmp_path / ".demo" / "demo.json").read_text())["partner_port"]
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", port))
        code, output = await once(tmp_path)
    assert code == 0, output
    assert "renewed" in output
    assert books(tmp_path) == {"locations": 1, "tariffs": 1, "sessions": 2, "cdrs": 2}


async def test_a_second_demo_at_the_same_time_fails_with_the_reason(tmp_path: Path) -> None:
    """F30: the exit code is non-zero and the output says why; Ctrl-C ends the first one cleanly."""
    first = await start(tmp_path)
    assert first.stdout is not None
    async with asyncio.timeout(110):
        while b"Handshake" not in await first.stdout.readline():
            assert first.returncode is None
        code, output = await once(tmp_path)
        first.send_signal(signal.SIGINT)
        rest, _ = await first.communicate()
    assert code == 1, output
    assert "FAILED" in output
    assert "already" in output or "another" in output.lower(), output
    assert b"stopped" in rest, rest
    assert b"Traceback" not in rest
    assert first.returncode == 0
