"""One load on the gateway and on its baseline, in the same call, each server in a process of its own."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from load import LoadedCharger, Result, measure

HERE = Path(__file__).parent


@asynccontextmanager
async def server(script: str, *arguments: str, **environment: str) -> AsyncIterator[str]:
    """Run a server in a process of its own; its first line is its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / script),
        *arguments,
        stdin=asyncio.subprocess.PIPE,  # the server ends with us, however we end
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment, "PYTHONPATH": str(HERE.parent)},
    )
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().strip()
        if not address:
            raise SystemExit(f"{script} did not start")
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def show(name: str, result: Result, unit: str = "messages") -> None:
    """One line of the table."""
    milliseconds = f"p50 {result.p50_s * 1000:8.1f} ms   p99 {result.p99_s * 1000:8.1f} ms"
    print(f"{name:<14} {result.per_second:9.0f} {unit}/s   {milliseconds}", flush=True)


def judged(usual: Result, ours: Result, at_least: float) -> int:
    """Print the ratio; the exit code."""
    ratio = ours.per_second / usual.per_second
    print(f"ratio          {ratio:9.1f} (at least {at_least:g})")
    return 0 if ratio >= at_least else 1


def parser(about: str | None, connections: int, at_least: float) -> argparse.ArgumentParser:
    """What every comparison may be told."""
    options = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    options.add_argument("--connections", type=int, default=connections)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--at-least", type=float, default=at_least)
    return options


def compare_chargers(about: str | None, usual_way: str, kind: type[LoadedCharger], at_least: float) -> int:
    """Load both with chargers of this kind; the exit code."""
    given = parser(about, 200, at_least).parse_args()

    async def run() -> tuple[Result, Result]:
        with tempfile.TemporaryDirectory() as folder:
            async with server(usual_way, f"{folder}/usual.db") as address:
                usual = await measure(address, given.connections, given.seconds, kind)
            show("the usual way", usual)
            async with server("gateway_server.py", f"{folder}/gateway.db", str(given.connections)) as address:
                ours = await measure(address, given.connections, given.seconds, kind)
            show("the gateway", ours)
        return usual, ours

    return judged(*uvloop.run(run()), given.at_least)
