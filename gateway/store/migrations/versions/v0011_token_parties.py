"""Whose tokens started a session: what a party behind a hub is shown is found without reading the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    for name in ("sessions", "cdrs"):
        op.add_column(name, sa.Column("token_party", sa.String(), nullable=True))
        op.execute(
            f"UPDATE {name} SET token_party = json_extract(document, '$.token.party.country_code')"  # noqa: S608
            " || '-' || json_extract(document, '$.token.party.party_id')"
        )
        op.create_index(f"ix_{name}_partner_id_token_party", name, ["partner_id", "token_party"])
