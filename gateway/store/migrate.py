"""The schema, brought up to date at start."""

import importlib.resources
import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from gateway.domain.errors import StoreUnavailable
from gateway.store.backup import BadBackup, back_up

log = logging.getLogger(__name__)


def migrate(path: Path) -> None:
    """Create or upgrade the schema; before an upgrade a checked copy is made for the way back (F28).

    Raises StoreUnavailable if the file was written by a newer version, if there is no room for the copy, or
    if a step fails: then the database is as it was, and the version before starts on it.
    """
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            _upgrade(connection, path)
    except BadBackup as error:
        raise StoreUnavailable(f"{path} was not brought up to date: {error}.") from error
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The schema of {path} could not be brought up to date: {error}.") from error
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """The driver would commit before every change of the schema; a failed step would leave half of it."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def copy_before(path: Path, schema: str) -> Path:
    """Where the database of an older schema is kept when it is brought up to date."""
    return path.with_name(f"{path.name}.schema-{schema}")


def _upgrade(connection: Connection, path: Path) -> None:
    """Run the steps this database lacks, all of them or none."""
    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("gateway.store") / "migrations"))
    steps = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == steps.get_current_head():
        return
    if current is not None and current not in {step.revision for step in steps.walk_revisions()}:
        raise StoreUnavailable(
            f"{path.name} was written by a newer version of the gateway (schema {current}). "
            "Start that version, or restore a backup made by this one."
        )
    if current is not None:
        facts = back_up(path, copy_before(path, current))
        log.info("the database as it was is kept as %s; now it is brought up to date", facts.path.name)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
