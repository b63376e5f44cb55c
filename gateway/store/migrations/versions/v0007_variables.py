"""Device models of chargers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.create_table(
        "variables",
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("attribute", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("charger_id", "path", "attribute", name="pk_variables"),
    )
