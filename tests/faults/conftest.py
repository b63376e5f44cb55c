from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.sim.partner import SimulatedPartner
from tests.faults.process import GatewayProcess, Launcher
from tests.faults.site import Site, network


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    one = Launcher()
    yield one
    one.close()


MakeSite = Callable[..., Awaitable[Site]]


@pytest.fixture
async def make_site(launcher: Launcher, tmp_path: Path) -> AsyncIterator[MakeSite]:
    """Sites with a gateway that is not started yet and a partner that listens."""
    made: list[Site] = []

    async def make(stations: int = 1, *, public_url: str | None = None, **settings: str) -> Site:
        directory = tmp_path / f"site-{len(made)}"
        directory.mkdir()
        partner = SimulatedPartner(public_url=public_url)
        await partner.start()
        site = Site(GatewayProcess(launcher, directory, network(stations), **settings), partner)
        made.append(site)
        return site

    yield make
    for site in made:
        await site.close()
        await site.partner.close()


@pytest.fixture
async def site(make_site: MakeSite) -> Site:
    """One started gateway with one station's place and a registered partner that has the location."""
    one = await make_site(2)
    await one.gateway.start()
    await one.befriend()
    await one.located()
    return one
