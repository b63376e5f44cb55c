"""Opening a database: migrations, locks, damage, newer versions, wrong URLs and keys (T33, F30)."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.domain.errors import AlreadyRunning, InvalidInput, StoreUnavailable
from gateway.store import migrations
from gateway.store.engine import open_store
from gateway.store.migrate import copy_before, migrate
from gateway.store.secrets import KeyedSecrets, WrongKey
from gateway.store.tables import Row
from tests.builders import partner
from tests.store.stories import AnyStore

OLD = "an old key that is long enough"
NEW = "a new key that is long enough"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gateway.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "postgresql://localhost/gateway",
        "mysql://x/y",
    ],
)
async def test_other_urls_are_refused_by_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(InvalidInput, match="GATEWAY_DATABASE_URL"):
        await open_store(url)


async def test_folders_are_made_and_both_spellings_open_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "gateway.db"
    for url in (f"sqlite+aiosqlite:///{path}", f"sqlite:///{path}"):
        store = await open_store(url)
        await store.write(lambda tx: tx.partners.save(partner()))
        assert await store.read(lambda tx: tx.partners.all()) == [partner()]
        await store.close()


def test_migrations_from_nothing_make_the_tables_of_the_code(database: Path) -> None:
    migrate(database)
    migrate(database)
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Row.metadata)
    engine.dispose()
    assert differences == []


def test_f28_a_step_that_fails_leaves_the_schema_as_it_was(database: Path) -> None:
    """All steps or none: the version before can still be started on it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.exec_driver_sql("CREATE TABLE reconciliations (in_the_way INTEGER)")
        connection.commit()
        before = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(StoreUnavailable, match="brought up to date"):
        migrate(database)
    with engine.connect() as connection:
        after = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        assert after == before
        connection.exec_driver_sql("DROP TABLE reconciliations")
        connection.commit()
    engine.dispose()
    migrate(database)
    with closing(sqlite3.connect(copy_before(database, "0007"))) as kept:
        assert kept.execute("SELECT version_num FROM alembic_version").fetchone() == ("0007",)


def test_f28_without_room_for_a_copy_nothing_is_changed(database: Path) -> None:
    migrate(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    copy_before(database, "0001").mkdir()
    with pytest.raises(StoreUnavailable, match=r"was not brought up to date: the backup of .* failed"):
        migrate(database)


def test_f28_a_database_that_is_up_to_date_is_not_copied(database: Path) -> None:
    migrate(database)
    migrate(database)
    assert not list(database.parent.glob("*.schema-*"))


async def test_a_newer_database_is_refused(database: Path) -> None:
    migrate(database)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match=r"gateway\.db was written by a newer version.*9999"):
        await open_store(f"sqlite:///{database}")


@pytest.mark.parametrize("damage", ["all", "middle"])
def test_a_damaged_database_is_refused_by_name(database: Path, damage: str) -> None:
    migrate(database)
    content = bytearray(database.read_bytes())
    where = slice(0, 4096) if damage == "all" else slice(8192, 16384)
    content[where] = b"\xa5" * len(content[where])
    database.write_bytes(content)
    with pytest.raises(StoreUnavailable, match=r"gateway\.db is damaged"):
        asyncio.run(open_store(f"sqlite:///{database}"))


def open_in_another_process(database: Path) -> subprocess.CompletedProcess[str]:
    script = "import asyncio, sys, gateway.store.engine as e; asyncio.run(e.open_store(sys.argv[1]))"
    return subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{database}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_second_process_is_refused_with_the_first_ones_id(database: Path) -> None:
    """F30."""
    store = await open_store(f"sqlite:///{database}")
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        await open_store(f"sqlite:///{database}")
    second = await asyncio.to_thread(open_in_another_process, database)
    assert second.returncode != 0
    assert f"AlreadyRunning: Another gateway uses this database: process {os.getpid()}" in second.stderr
    await store.close()
    again = await open_store(f"sqlite:///{database}")
    await again.close()


def open_to_others(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o077 for file in folder.glob("fresh.db*")}


async def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path / 'fresh.db'}")
    await store.write(lambda tx: tx.partners.save(partner()))
    modes = open_to_others(tmp_path)
    assert set(modes) >= {"fresh.db", "fresh.db-wal", "fresh.db.lock"}
    assert set(modes.values()) == {0}
    await store.close()


async def test_the_durability_that_was_promised(sqlite: object, database: Path) -> None:
    connection = sqlite._writer._connection._connection  # type: ignore[attr-defined]
    told = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
    }
    assert told == {"journal_mode": "wal", "synchronous": 2}


async def test_every_lookup_has_an_index(database: Path) -> None:
    """Statements that search by columns never walk through a whole table."""
    from gateway.store.rows import cdrs, chargers, debts, partners, places, records, sessions

    migrate(database)
    walks: list[str] = []
    with closing(sqlite3.connect(database)) as connection:
        for module in (cdrs, chargers, debts, partners, places, records, sessions):
            for name, statement in vars(module).items():
                if "WHERE" not in str(statement).upper() or not str(statement).startswith(
                    ("SELECT", "DELETE")
                ):
                    continue
                from gateway.store.sqlite import _DIALECT

                compiled = statement.compile(dialect=_DIALECT)
                plan = connection.execute(
                    f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)
                ).fetchall()
                walks += [
                    f"{module.__name__}.{name}: {step[3]}" for step in plan if step[3].startswith("SCAN")
                ]
    assert walks == []


async def test_the_first_start_marks_the_database_with_its_key(store: AnyStore) -> None:
    await KeyedSecrets(OLD).check_key(store)
    await KeyedSecrets(OLD).check_key(store)
    with pytest.raises(WrongKey, match="GATEWAY_SECRET_KEY"):
        await KeyedSecrets(NEW).check_key(store)


async def test_keys_rotate_without_losing_anything(store: AnyStore) -> None:
    """T33: seals move to the newest key, fingerprints stay with the oldest."""
    old, both = KeyedSecrets(OLD), KeyedSecrets(f"{NEW},{OLD}")
    sealed, fingerprint = old.seal("token"), old.fingerprint(b"token")
    await old.check_key(store)
    await both.check_key(store)
    assert both.open(sealed) == "token"
    assert both.fingerprint(b"token") == fingerprint
    assert not both.sealed_with_newest(sealed)
    assert both.sealed_with_newest(both.seal("token"))
    with pytest.raises(WrongKey, match="lacks the oldest key"):
        await KeyedSecrets(NEW).check_key(store)
    with pytest.raises(WrongKey):
        old.open(both.seal("token"))


async def test_the_files_contain_no_token(database: Path) -> None:
    """T33: neither the database nor its log shows what was sealed or fingerprinted."""
    secrets = KeyedSecrets(OLD)
    token = secrets.new_token()
    store = await open_store(f"sqlite:///{database}")
    await secrets.check_key(store)
    sealed = secrets.seal(token)
    await store.write(lambda tx: tx.partners.save(partner(outbound_token=sealed)))
    raw = b"".join(file.read_bytes() for file in database.parent.iterdir())
    assert sealed.encode() in raw
    for plain in (token, OLD):
        assert plain.encode() not in raw
    await store.close()


@pytest.mark.parametrize("key", ["", ",", "short", f"{OLD},short"])
def test_short_keys_are_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="GATEWAY_SECRET_KEY"):
        KeyedSecrets(key)


def test_new_tokens_are_long_unlike_and_printable() -> None:
    """At most 64 printable ASCII characters (OCPI credentials)."""
    tokens = {KeyedSecrets(OLD).new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(43 <= len(t) <= 64 and t.isascii() and t.isprintable() and " " not in t for t in tokens)
    assert KeyedSecrets(OLD).fingerprint(b"x") != KeyedSecrets(NEW).fingerprint(b"x")


def test_a_new_token_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given to commands as an argument."""
    drawn = iter(["-minus", "--two", "good-"])
    monkeypatch.setattr("gateway.store.secrets.secrets.token_urlsafe", lambda _: next(drawn))
    assert KeyedSecrets(OLD).new_token() == "good-"
