"""All chargers at once: after a start, after a restart, and into a stop (F18, F27)."""

import asyncio
import os
import random
import time
from pathlib import Path

import pytest

from gateway.sim.errors import CallRefused, ConnectionLost, ConnectionTurnedDown, NoAnswer
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.process import GatewayProcess
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import CARD, Site, charge, until

STATIONS = int(os.environ.get("FAULTS_STATIONS", "200"))
_ALL_IN_S = 60
_CALM_AGAIN_S = 120
_TURNED_AWAY = (ConnectionTurnedDown, NoAnswer, ConnectionLost, CallRefused)


class Storm:
    """Stations that come back later, at random, when they are told to."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.turned_away = 0
        self.took: list[float] = []

    async def arrive(self, number: int) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._site.station(number)
            except _TURNED_AWAY:
                self.turned_away += 1
                await asyncio.sleep(random.uniform(0.5, 3))
            else:
                self.took.append(time.monotonic() - began)
                return


async def watched(gateway: GatewayProcess, seen: dict[str, float]) -> None:
    """The most that was ever seen of memory, of chargers being let in, and of those who wait."""
    while True:
        seen["memory"] = max(seen.get("memory", 0), gateway.memory_mb())
        now = await gateway.metrics()
        for name in ("gateway_admission_working", "gateway_admission_waiting"):
            seen[name] = max(seen.get(name, 0), now[name])
        await asyncio.sleep(0.1)


def processor_s(pid: int) -> float:
    """Processor time used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def load(gateway: GatewayProcess, seconds: float = 1.0) -> float:
    """Processor load of the gateway, 1 is one core."""
    assert gateway.pid is not None
    before, began = processor_s(gateway.pid), time.monotonic()
    await asyncio.sleep(seconds)
    return (processor_s(gateway.pid) - before) / (time.monotonic() - began)


async def all_online(site: Site) -> None:
    await until(
        lambda: site.gateway.ask("GET", "/status"),
        lambda status: status["counts"]["chargers_online"] == STATIONS,
        "everybody online",
        _ALL_IN_S,
        every=0.5,
    )


@pytest.mark.timeout(400)
async def test_f18_a_boot_storm_and_a_reconnect_storm(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All stations at once, new and after a restart: served in order, memory bounded, calm again soon."""
    monkeypatch.setattr("gateway.sim.connected._LONGEST_BACK_OFF_S", 3.0)
    site = await make_site(STATIONS)
    await site.gateway.start()
    before = site.gateway.memory_mb()
    seen: dict[str, float] = {}
    watching = asyncio.create_task(watched(site.gateway, seen))
    storm = Storm(site)
    began = time.monotonic()
    await asyncio.gather(*(storm.arrive(n) for n in range(STATIONS)))
    booted = time.monotonic() - began
    await all_online(site)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    grown = seen["memory"] - before
    assert booted <= _ALL_IN_S
    assert seen["gateway_admission_working"] <= 50
    assert grown <= 50 + 0.2 * STATIONS
    began = time.monotonic()
    await site.gateway.kill()
    await site.gateway.start()
    await all_online(site)
    back = time.monotonic() - began
    assert back <= _ALL_IN_S
    began = time.monotonic()
    await until(lambda: load(site.gateway), lambda used: used < 0.5, "calm again", _CALM_AGAIN_S)
    calm = time.monotonic() - began
    assert (await site.gateway.metrics())["gateway_ready"] == 1
    working, waiting = seen["gateway_admission_working"], seen["gateway_admission_waiting"]
    measured(
        "F18",
        f"{STATIONS} stations at once: all booted after {booted:.1f} s, {storm.turned_away} asked to come "
        f"later, slowest {max(storm.took):.1f} s, at most {working:.0f} being let in and "
        f"{waiting:.0f} waiting, memory +{grown:.0f} MB; after a kill "
        f"all back after {back:.1f} s, below half a core after {calm:.1f} s",
    )


@pytest.mark.timeout(120)
async def test_f18_beyond_the_bound_they_come_later_and_are_served(make_site: MakeSite) -> None:
    """Few places and little room to wait: 503 for most, everyone in after all, and nothing lost."""
    site = await make_site(40, charger_connects_at_once="1", charger_connects_waiting="1")
    await site.gateway.start()
    storm = Storm(site)
    await asyncio.gather(*(storm.arrive(n) for n in range(40)))
    assert storm.turned_away > 0
    assert (await site.gateway.metrics())["gateway_admission_refused_total"] == storm.turned_away
    await charge(site.stations[0], 0.1)
    books = await site.until(lambda b: len(b.sessions) == 1, "the session")
    assert books.sessions[0].presented == CARD
    measured(
        "F18", f"room for two at the door: 40 stations in, {storm.turned_away} times asked to come later"
    )


@pytest.mark.timeout(120)
async def test_f27_a_stop_into_a_storm(make_site: MakeSite) -> None:
    """SIGTERM while chargers stream in: those at the door are sent away, and it ends in time."""
    site = await make_site(150, charger_connects_at_once="2")
    await site.gateway.start()
    arriving = [asyncio.create_task(site.station(n)) for n in range(150)]

    async def some_are_in() -> bool:
        return (await site.gateway.metrics())["gateway_chargers_online"] >= 5

    await until(some_are_in, bool, "the storm is on")
    began = time.monotonic()
    try:
        code = await site.gateway.stop(20)
    finally:
        for task in arriving:
            task.cancel()
        await asyncio.gather(*arriving, return_exceptions=True)
    took = time.monotonic() - began
    assert code == 0
    assert "Traceback" not in site.gateway.log_tail(10**6)
    measured("F27", f"a stop into a boot storm: exit 0 after {took:.1f} s")


@pytest.mark.timeout(120)
async def test_f27_a_stop_while_a_partner_keeps_us_waiting(make_site: MakeSite) -> None:
    """A handshake that hangs at a silent partner, and half a request: both are cut off in time."""
    site = await make_site(1)
    await site.gateway.start()
    async with FaultProxy(site.partner.port) as proxy:
        site.partner._public_url = proxy.url
        invited = await site.gateway.ask("POST", "/partners/invite", {"name": "Slow", "parties": ["NL-EMS"]})
        proxy.fault = Fault.BLACK_HOLE
        registering = asyncio.create_task(site.partner.register(invited["versions_url"], invited["token"]))
        reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.port)
        writer.write(b"POST /api/v1/network HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        async with asyncio.timeout(20):
            while not proxy.connections:
                await asyncio.sleep(0.02)
        began = time.monotonic()
        code = await site.gateway.stop(20)
        took = time.monotonic() - began
        writer.close()
        await asyncio.gather(registering, reader.read(), return_exceptions=True)
    assert code == 0
    assert "Traceback" not in site.gateway.log_tail(10**6)
    measured("F27", f"a stop while a partner is silent in a handshake: exit 0 after {took:.1f} s")
