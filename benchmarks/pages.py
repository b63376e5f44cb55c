"""OCPI pages of 100 locations per second, beside the usual way in the same call.

    python benchmarks/pages.py [--connections 8] [--seconds 5] [--at-least 7]

Each connection asks for the next page when it has read the last one. 400 EVSEs at 100 locations, about 160 kB
a page. Exit code 1 if the gateway is not that many times faster.
"""

import asyncio
import base64
import tempfile
import time

import aiohttp
import uvloop
from beside import judged, parser, server, show
from gateway_server import PARTNER_TOKEN
from load import Result, result_of

EVSES, LOCATIONS = "400", "100"
TOKEN = base64.b64encode(PARTNER_TOKEN.encode()).decode()


async def read_pages(base: str, connections: int, seconds: float) -> Result:
    """Read pages in a closed loop, after a second to get going."""
    durations: list[float] = []

    async def loop(http: aiohttp.ClientSession, until: float) -> None:
        while (began := time.perf_counter()) < until:
            async with http.get(f"{base}/ocpi/2.2.1/locations", params={"limit": LOCATIONS}) as answer:
                text = await answer.text()
            assert answer.headers["X-Total-Count"] == LOCATIONS, (answer.status, text[:200])
            assert text.count('"evse') >= int(LOCATIONS), text[:200]
            durations.append(time.perf_counter() - began)

    headers = {"Authorization": f"Token {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for length in (1, seconds):
            durations.clear()
            began = time.perf_counter()
            await asyncio.gather(*(loop(http, began + length) for _ in range(connections)))
        return result_of(durations, time.perf_counter() - began)


async def run(connections: int, seconds: float) -> tuple[Result, Result]:
    with tempfile.TemporaryDirectory() as folder:
        async with server("usual_way_pages.py", f"{folder}/usual.db", EVSES, LOCATIONS) as address:
            usual = await read_pages(address, connections, seconds)
        show("the usual way", usual, "pages")
        async with server("gateway_server.py", f"{folder}/gateway.db", EVSES, LOCATIONS) as address:
            ours = await read_pages(address, connections, seconds)
        show("the gateway", ours, "pages")
    return usual, ours


if __name__ == "__main__":
    given = parser(__doc__, connections=8, at_least=7).parse_args()
    raise SystemExit(judged(*uvloop.run(run(given.connections, given.seconds)), given.at_least))
