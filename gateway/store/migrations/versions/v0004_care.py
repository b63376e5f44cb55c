"""Looking after chargers: what is remembered of each, and operations as tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.create_table(
        "care",
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("charger_id", name="pk_care"),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_finished", "tasks", ["finished"], unique=False)
    op.create_index("ix_tasks_at", "tasks", ["at"], unique=False)
