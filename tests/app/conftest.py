import pytest

from tests.app.world import World


@pytest.fixture
async def world() -> World:
    return await World().furnish()
