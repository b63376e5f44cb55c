"""Scenarios that take long: `make faults-full` collects them, `make test` does not."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gateway.sim.partner import SimulatedPartner
from tests.faults.altered import AlteredLauncher
from tests.faults.process import GatewayProcess
from tests.faults.site import Site, network

collect_ignore_glob = [] if os.environ.get("FAULTS_FULL") else ["test_*.py"]

MakeAltered = Callable[..., Awaitable[Site]]


@pytest.fixture
async def altered(tmp_path: Path) -> AsyncIterator[MakeAltered]:
    """Sites whose gateway, not started yet, lives in the world of a launcher."""
    made: list[Site] = []

    async def make(
        launcher: AlteredLauncher, stations: int = 2, *, public_url: str | None = None, **settings: str
    ) -> Site:
        partner = SimulatedPartner(public_url=public_url)
        await partner.start()
        gateway = GatewayProcess(launcher, tmp_path, network(stations), **settings)  # type: ignore[arg-type]
        made.append(Site(gateway, partner))
        return made[-1]

    yield make
    for site in made:
        await site.close()
        await site.partner.close()
