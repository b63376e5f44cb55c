"""Tariff assignments, and sessions that wait for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.create_table(
        "tariff_assignments",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_tariff_assignments"),
    )
    op.add_column("sessions", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_sessions_waits", "sessions", ["waits"], unique=False)
    op.execute(
        "UPDATE sessions SET waits = 1 WHERE NOT running AND closing_at IS NULL"
        " AND json_extract(document, '$.status') NOT IN ('COMPLETED', 'INVALID')"
        " AND json_extract(document, '$.ended_at') IS NOT NULL"
    )
