"""What is kept for a time only, and what partners' books were found to be."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_FORGETTABLE = (
    "state = 'SETTLED' AND (kind IN ('SESSION', 'COMMAND_RESULT', 'ACTIVE_PROFILE')"
    " OR (kind = 'CDR' AND request IS NOT NULL))"
)


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.add_column("sessions", sa.Column("detailed_since", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE sessions SET detailed_since = last_updated WHERE NOT running"
        " AND json_extract(document, '$.status') IN ('COMPLETED', 'INVALID')"
        " AND document NOT LIKE '%ORPHAN_CLOSED%'"
    )
    op.create_index("ix_sessions_detailed_since", "sessions", ["detailed_since"], unique=False)
    op.create_index(
        "ix_debts_last_attempt_at",
        "debts",
        ["last_attempt_at"],
        unique=False,
        sqlite_where=sa.text(_FORGETTABLE),
    )
    op.create_table(
        "reconciliations",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", name="pk_reconciliations"),
    )
