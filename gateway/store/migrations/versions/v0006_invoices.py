"""Invoice reconciliation records."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.create_table(
        "invoices",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_invoices"),
    )
    op.create_index("ix_invoices_party_id_key", "invoices", ["party", "id_key"], unique=True)
    op.create_index("ix_invoices_partner_id_side", "invoices", ["partner_id", "side"], unique=False)
