"""One charger sends nonsense to the real gateway; another one must not notice (F07, A17).

Measured in the run and compared with a run in which the first charger sends as many ordinary frames.
"""

import asyncio
import contextlib
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson
import pytest

from gateway.bootstrap import Gateway, running_gateway
from gateway.config import Settings
from tests.fakes_ocpp import PASSWORD, basic
from tests.ocpp_side.fuzzing import FRAMES, made_up
from tests.ocpp_side.test_session_with_store import NETWORK
from tests.ocpp_side.test_v16_fuzz import CORPUS

SENT = FRAMES // 4
"""Frames of either kind: over real sockets they cost more than in memory."""
_AT_ONCE = 50
_FLOOR_S = 0.5
"""Below this a charger cannot notice, and a busy machine decides."""
_MOST_GROWTH_KIB = 64 * 1024
"""What caches of bounded size may add; a leak of a kilobyte for each frame would be more in the full run."""
OTHER = "CP-2"
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


@dataclass(frozen=True)
class Measured:
    """Seconds another charger waited for its answers."""

    waits: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.waits)

    @property
    def p99(self) -> float:
        return sorted(self.waits)[int(len(self.waits) * 0.99)]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{tmp_path}/gateway.db",
        port=0,
        configure_chargers=False,
        charger_messages_per_second=100_000,
        charger_message_burst=1_000_000,
    )
    network = json.loads(json.dumps(NETWORK))
    second = {"number": 1, "evse_uid": "EVSE-2", "connector_id": "1"}
    network["chargers"].append({"id": OTHER, "password": PASSWORD, "connectors": [second]})
    evse = network["locations"][0]["evses"][0]
    network["locations"][0]["evses"].append({**evse, "uid": "EVSE-2"})
    async with running_gateway(settings) as running:
        await running.network.apply("network.json", json.dumps(network))
        yield running


@contextlib.asynccontextmanager
async def charger(gateway: Gateway, id_: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{gateway.url}/ocpp/{id_}", protocols=("ocpp1.6",), headers=basic(id_)) as socket,
    ):
        await socket.send_json([2, "boot", "BootNotification", BOOT])
        assert (await socket.receive_json(timeout=15))[2]["status"] == "Accepted"
        yield socket


def resident_kib() -> int:
    """Memory this process has in use."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    pytest.skip("this system does not tell how much memory a process uses")


async def noise(socket: aiohttp.ClientWebSocketResponse, frame: Callable[[int], bytes]) -> None:
    """Frames in bunches; after each bunch the charger is still served."""
    for first in range(0, SENT, _AT_ONCE):
        for number in range(first, first + _AT_ONCE):
            # Text of any kind, as a broken charger would send it.
            await socket.send_str(frame(number).decode(errors="replace"))
        mark = f"mark-{first}"
        await socket.send_json([2, mark, "Heartbeat", {}])
        async with asyncio.timeout(60):
            while not (text := await socket.receive_str()).startswith(f'[3,"{mark}"'):
                assert text


async def waits(socket: aiohttp.ClientWebSocketResponse, until: asyncio.Task[None]) -> Measured:
    """How long the other charger waits for each answer while the noise goes on."""
    found = []
    while not until.done() or not found:
        began = time.perf_counter()
        await socket.send_json([2, "h", "Heartbeat", {}])
        await socket.receive_str(timeout=60)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(0.002)
    await until
    return Measured(found)


async def test_f07_other_chargers_notice_nothing(gateway: Gateway) -> None:
    """F07, A17: waits beside malformed frames are as beside ordinary ones; memory stays."""
    rng = random.Random(707)
    ordinary = [orjson.dumps(frame) for frame in CORPUS if frame[0] == 2]
    async with charger(gateway, OTHER) as other:
        async with charger(gateway, "CP-1") as first:
            usual = await waits(
                other, asyncio.create_task(noise(first, lambda n: ordinary[n % len(ordinary)]))
            )
            before = resident_kib()
            odd = await waits(other, asyncio.create_task(noise(first, lambda _: made_up(rng, CORPUS))))
            grown = resident_kib() - before
        assert not other.closed
    print(
        f"\n{SENT} frames: ordinary p50 {usual.median * 1e3:.1f} ms, p99 {usual.p99 * 1e3:.1f} ms; "
        f"malformed p50 {odd.median * 1e3:.1f} ms, p99 {odd.p99 * 1e3:.1f} ms; {grown} KiB more"
    )
    assert odd.median < max(10 * usual.median, _FLOOR_S)
    assert odd.p99 < max(10 * usual.p99, _FLOOR_S)
    assert grown < _MOST_GROWTH_KIB
