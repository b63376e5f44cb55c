"""What a partner that is down costs 200 charging stations: nothing anybody would notice.

Two gateways in turn, same load: one whose partner answers, one whose partner refuses connections.
Passes if the stations' p99 differs by at most 10 % and the memory by at most 20 MB.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from aiohttp import web
from load import Result, measure

STATIONS = int(os.environ.get("BENCH_STATIONS", "200"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
HERE = Path(__file__).parent
TOLERANCE = 1.10


async def _accept(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"})


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def _run(*, partner_up: bool) -> tuple[Result, float]:
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
                "GATEWAY_SESSION_UPDATE_SECONDS": "1",
                "GATEWAY_ALLOW_PRIVATE_PARTNERS": "1",
            },
        )  # fmt: skip
        assert server.stdout is not None
        assert server.stdin is not None
        base = (await server.stdout.readline()).decode().strip().replace("http", "ws", 1)
        result = await measure(base, STATIONS, SECONDS)
        memory = _memory_mb(server.pid)
        server.stdin.close()
        await server.wait()
    await runner.cleanup()
    return result, memory


async def main() -> int:
    best: dict[bool, tuple[Result, float]] = {}
    for _ in range(ROUNDS):
        for partner_up in (True, False):
            measured = await _run(partner_up=partner_up)
            if partner_up not in best or measured[0].p99_s < best[partner_up][0].p99_s:
                best[partner_up] = measured
    for partner_up, (result, memory) in best.items():
        print(
            f"partner {'up  ' if partner_up else 'down'}: {result.per_second:6.0f} values/s, "
            f"p50 {result.p50_s * 1000:5.0f} ms, p99 {result.p99_s * 1000:5.0f} ms, {memory:4.0f} MB"
        )
    ratio = best[False][0].p99_s / best[True][0].p99_s
    grown = best[False][1] - best[True][1]
    print(f"p99 with the partner down is {ratio:.2f} times the undisturbed one, memory {grown:+.0f} MB")
    return 0 if ratio <= TOLERANCE and grown <= 20 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
