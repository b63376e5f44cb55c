from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.store.engine import SqlStore, open_store
from gateway.store.memory import MemoryStore
from gateway.store.migrate import migrate
from tests.store.stories import AnyStore


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "gateway.db"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database with the schema, made once."""
    path = tmp_path_factory.mktemp("migrated") / "gateway.db"
    migrate(path)
    return path.read_bytes()


@pytest.fixture
def migrated_database(database: Path, migrated: bytes) -> Path:
    database.write_bytes(migrated)
    return database


@pytest.fixture
async def sqlite(migrated_database: Path) -> AsyncIterator[SqlStore]:
    """A database of its own; `lock_wait_ms` short, so that a locked one is noticed within a test."""
    opened = await open_store(f"sqlite+aiosqlite:///{migrated_database}", lock_wait_ms=3000)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest) -> AnyStore:
    """Every store there is: all of them keep the same contract."""
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("sqlite")
