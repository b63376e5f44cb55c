"""Parties behind hubs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.create_table(
        "hub_clients",
        sa.Column("hub_id", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hub_id", "party", "role", name="pk_hub_clients"),
    )
