"""What a partner that is down costs 200 charging stations: nothing anybody would notice.

Two gateways at the same time on the same machine, so that both have the same neighbours: one whose partner
answers, one whose partner refuses connections. Each has its own stations, which send a value every second.
Passes if the stations' p99 differs by at most 10 %, the memory by at most 20 MB, and neither grows.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from load import LoadedCharger, Result, measure

STATIONS = int(os.environ.get("BENCH_STATIONS", "200"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "30"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PACE_S = float(os.environ.get("BENCH_PACE_SECONDS", "1"))
HERE = Path(__file__).parent
TOLERANCE = 1.10
TOLERANCE_MB = 20


class PacedCharger(LoadedCharger):
    """Sends a value every second, each station at its own moment of it."""

    async def load(self, until: float) -> None:
        """Send values at the pace until this instant of `time.perf_counter`."""
        due = time.perf_counter() + PACE_S * (hash(self._url) % 1000) / 1000
        while due < until:
            await asyncio.sleep(due - time.perf_counter())
            due = max(due + PACE_S, await self.send_value())


@dataclass(frozen=True, slots=True)
class Run:
    """Latencies of the stations, and the gateway's memory in the middle and at the end."""

    result: Result
    middle_mb: float
    end_mb: float


async def _accept(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"})


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _watch(pid: int, seen: list[float]) -> None:
    while True:
        seen.append(_memory_mb(pid))
        await asyncio.sleep(0.5)


async def _run(*, partner_up: bool) -> Run:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", _accept)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    if not partner_up:
        await runner.cleanup()
    with tempfile.TemporaryDirectory() as directory:
        server = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "gateway_server.py"), f"{directory}/bench.db", str(STATIONS),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={
                **os.environ,
                "BENCH_PARTNER": f"http://127.0.0.1:{port}/ocpi/2.2.1",
                "GATEWAY_SESSION_UPDATE_SECONDS": "10",
                "GATEWAY_ALLOW_PRIVATE_PARTNERS": "1",
            },
        )  # fmt: skip
        assert server.stdout is not None
        assert server.stdin is not None
        base = (await server.stdout.readline()).decode().strip().replace("http", "ws", 1)
        seen: list[float] = []
        watching = asyncio.create_task(_watch(server.pid, seen))
        result = await measure(base, STATIONS, SECONDS, PacedCharger)
        watching.cancel()
        server.stdin.close()
        await server.wait()
    await runner.cleanup()
    return Run(result, seen[len(seen) // 2], seen[-1])


def _show(name: str, run: Run) -> None:
    result = run.result
    print(
        f"partner {name}: {result.per_second:6.0f} values/s, p50 {result.p50_s * 1000:5.1f} ms, "
        f"p99 {result.p99_s * 1000:6.1f} ms, memory {run.middle_mb:4.0f} to {run.end_mb:4.0f} MB",
        flush=True,
    )


async def main() -> int:
    ratios, apart, grown = list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        up, down = await asyncio.gather(_run(partner_up=True), _run(partner_up=False))
        _show("up  ", up)
        _show("down", down)
        ratios.append(down.result.p99_s / up.result.p99_s)
        apart.append(down.end_mb - up.end_mb)
        grown.append(down.end_mb - down.middle_mb)
    ratio, apart_mb, grown_mb = map(statistics.median, (ratios, apart, grown))
    print(
        f"p99 with the partner down is {ratio:.2f} times the undisturbed one, memory {apart_mb:+.0f} MB; "
        f"{grown_mb:+.0f} MB in its second half"
    )
    return 0 if ratio <= TOLERANCE and max(apart_mb, grown_mb) <= TOLERANCE_MB else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
