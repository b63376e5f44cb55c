"""Commands of partners; what a partner holds of what was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.add_column("debts", sa.Column("holding", sa.Text(), nullable=True))
    op.create_table(
        "runs",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tag_key", sa.String(), nullable=True),
        sa.Column("reservation_key", sa.String(), nullable=True),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
    )
    op.create_index("ix_runs_finished", "runs", ["finished"], unique=False)
    op.create_index("ix_runs_charger_id_tag_key", "runs", ["charger_id", "tag_key"], unique=False)
    op.create_index("ix_runs_charger_id_number", "runs", ["charger_id", "number"], unique=False)
    op.create_index(
        "ix_runs_partner_id_kind_reservation_key",
        "runs",
        ["partner_id", "kind", "reservation_key"],
        unique=False,
    )
