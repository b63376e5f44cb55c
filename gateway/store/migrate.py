"""The schema, brought up to date at start."""

import importlib.resources
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


def migrate(path: Path) -> None:
    """Create or upgrade the schema.

    Raises StoreUnavailable if the file was written by a newer version, or if a step fails.
    """
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            upgrade(connection, path.name)
    except SQLAlchemyError as error:
        raise StoreUnavailable(f"The schema of {path} could not be brought up to date: {error}.") from error
    finally:
        engine.dispose()


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """The driver would commit before every change of the schema; a failed step would leave half of it."""
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def upgrade(connection: Connection, name: str) -> None:
    """Run the steps this database lacks, all of them or none."""
    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("gateway.store") / "migrations"))
    steps = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == steps.get_current_head():
        return
    if current is not None and current not in {step.revision for step in steps.walk_revisions()}:
        raise StoreUnavailable(
            f"{name} was written by a newer version of the gateway (schema {current}). "
            "Start that version, or restore a backup made by this one."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
