"""F25: no more memory to be had. Who is connected is served, nobody new gets in, nothing crashes."""

import asyncio
import resource
from pathlib import Path

import pytest

from gateway.sim.errors import ConnectionTurnedDown
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.process import GatewayProcess
from tests.faults.site import Site, assert_books_agree, charge, until

PLACES = 200
_MIB = 2**20
_LATER = 503


def address_space(gateway: GatewayProcess) -> int:
    """Bytes of it that are in use."""
    return int(Path(f"/proc/{gateway.pid}/statm").read_text().split()[0]) * resource.getpagesize()


def limit(gateway: GatewayProcess, most: int) -> None:
    """How much address space the gateway may have from now on."""
    assert gateway.pid is not None
    resource.prlimit(gateway.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


async def _crowd(site: Site, first: int) -> int:
    """Chargers come, one after the other, until one is sent away; returns how many got in."""
    for number in range(first, PLACES):
        if not await _came(site, number):
            return number - first
        await asyncio.sleep(0.05)
    raise AssertionError("nobody was sent away")


@pytest.mark.timeout(180)
async def test_f25_no_memory_left(make_site: MakeSite) -> None:
    site = await make_site(PLACES)
    await site.gateway.start()
    await site.befriend()
    await site.located()
    station = await site.station(0)
    await charge(station, 0.05, samples=1)
    limit(site.gateway, int(address_space(site.gateway) / 0.96))
    let_in = await _crowd(site, 1)
    assert "MiB of memory are used" in site.gateway.log_tail(10**6)
    await charge(station, 0.05, samples=1)
    limit(site.gateway, address_space(site.gateway) + _MIB)
    charged = await asyncio.gather(*(charge(site.stations[n], 0.5) for n in range(min(let_in, 20) + 1)))
    assert site.gateway.exit_code() is None
    limit(site.gateway, resource.RLIM_INFINITY)
    late = PLACES - 1
    await until(lambda: _came(site, late), bool, "a charger that comes again", 30)
    await charge(site.stations[late], 0.05)
    total = len(charged) + 3
    await site.partner.ledger.until(lambda: len(site.partner.ledger.cdrs) == total, "all CDRs", 60)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "all settled", 60)
    assert_books_agree(site, books, total)
    assert site.gateway.exit_code() is None
    measured(
        "F25",
        "nearly all memory used: chargers that come get 503, in the log; who was connected is served, also "
        "with one MiB to be had; 0 lost, no crash; the next gets in when there is room",
    )


async def _came(site: Site, number: int) -> bool:
    """Whether a charger got in, or was asked to come back later."""
    try:
        await site.station(number, patience_s=30)
    except ConnectionTurnedDown as refused:
        if refused.status != _LATER:
            raise
        return False
    return True
