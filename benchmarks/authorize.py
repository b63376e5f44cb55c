"""What the gateway adds to the time its issuer takes to decide about a card, from question to answer.

    python benchmarks/authorize.py [--connections 20] [--seconds 5] [--at-most-ms 10]

The same issuer is asked directly by as many connections, in the same call: that is the baseline. Exit code 1
if the median through the gateway, one card at a time, is longer by more than that.
"""

import asyncio
import tempfile
import time

import aiohttp
import uvloop
from aiohttp import web
from beside import parser, server, show
from load import CARD, LoadedCharger, Result, result_of

ANSWER = {
    "data": {"allowed": "ALLOWED"},
    "status_code": 1000,
    "timestamp": "2026-01-01T00:00:00Z",
}


async def issue(request: web.Request) -> web.Response:
    """Every card may charge."""
    await request.read()
    return web.json_response(ANSWER)


async def repeated(asking: list, seconds: float) -> Result:
    """Each asks again and again for so long, after a second to get going."""
    durations: list[float] = []

    async def loop(ask: object, until: float) -> None:
        while (began := time.perf_counter()) < until:
            await ask()
            durations.append(time.perf_counter() - began)

    for length in (1, seconds):
        durations.clear()
        began = time.perf_counter()
        await asyncio.gather(*(loop(ask, began + length) for ask in asking))
    return result_of(durations, time.perf_counter() - began)


async def directly(issuer: str, connections: int, seconds: float) -> Result:
    """Ask the issuer without a gateway."""
    async with aiohttp.ClientSession() as http:

        async def ask() -> None:
            async with http.post(f"{issuer}/tokens/{CARD}/authorize?type=RFID", json={}) as answer:
                assert (await answer.json())["status_code"] == 1000

        return await repeated([ask] * connections, seconds)


class Reader(LoadedCharger):
    """A charger whose card reader is busy."""

    async def start(self) -> str:
        """Boot only."""
        await self.ask("BootNotification", {"chargePointVendor": "Bench", "chargePointModel": "B1"})
        return ""

    async def show_card(self) -> None:
        """Ask about the card."""
        answer = await self.ask("Authorize", {"idTag": CARD})
        assert answer["idTagInfo"]["status"] == "Accepted", answer


async def through(base: str, connections: int, seconds: float) -> Result:
    """Ask as chargers, through the gateway."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        readers = [Reader(http, base, number) for number in range(connections)]
        for reader in readers:
            await reader.prepare()
        result = await repeated([reader.show_card for reader in readers], seconds)
        await asyncio.gather(*(reader.leave() for reader in readers))
    return result


async def run(connections: int, seconds: float) -> float:
    """Print the table; the median's overhead with one card at a time, ms."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", issue)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer = f"http://127.0.0.1:{runner.addresses[0][1]}/ocpi/2.2.1"
    told = {
        "BENCH_PARTNER": issuer,
        "BENCH_WHITELIST": "NEVER",
        "GATEWAY_ALLOW_PRIVATE_PARTNERS": "1",
    }
    overhead = 0.0
    with tempfile.TemporaryDirectory() as folder:
        async with server("gateway_server.py", f"{folder}/gateway.db", str(connections), **told) as base:
            for at_once in (connections, 1):
                direct = await directly(issuer, at_once, seconds)
                show(f"direct, {at_once:4}", direct, "cards")
                ours = await through(base, at_once, seconds)
                show(f"gateway, {at_once:4}", ours, "cards")
                overhead = (ours.p50_s - direct.p50_s) * 1000
    await runner.cleanup()
    return overhead


if __name__ == "__main__":
    options = parser(__doc__, connections=20, at_least=0)
    options.add_argument("--at-most-ms", type=float, default=10)
    given = options.parse_args()
    overhead_ms = uvloop.run(run(given.connections, given.seconds))
    print(f"overhead       {overhead_ms:9.2f} ms (at most {given.at_most_ms:g})")
    raise SystemExit(0 if overhead_ms <= given.at_most_ms else 1)
