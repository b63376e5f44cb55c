"""What a CDR looked like when it was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.add_column("debts", sa.Column("fingerprint", sa.Text(), nullable=True))
