from collections.abc import AsyncIterator

import pytest

from tests.ocpi.fake_partner import FakePartner
from tests.ocpi.world import Gateway


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    running = await Gateway().start()
    yield running
    await running.stop()


@pytest.fixture
async def partner(gateway: Gateway) -> FakePartner:
    """A platform that registered here as NL-EMS."""
    return await gateway.registered_platform()
