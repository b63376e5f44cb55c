from collections.abc import AsyncIterator

import pytest

from tests.ocpi.fake_partner import FakePartner
from tests.ocpi.world import Gateway


@pytest.fixture
def deadline_s() -> float:
    """What the gateway waits for an answer: long, but where a test is about the end of it."""
    return 20


@pytest.fixture
async def gateway(deadline_s: float) -> AsyncIterator[Gateway]:
    running = await Gateway(deadline_s=deadline_s).start()
    yield running
    await running.stop()


@pytest.fixture
async def partner(gateway: Gateway) -> FakePartner:
    """A platform that registered here as NL-EMS."""
    return await gateway.registered_platform()
