"""Each EVSE in a row of its own."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_EVSES = sa.table(
    "location_evses",
    *map(sa.column, ("evse_key", "location_key", "position", "document")),
)
_LOCATIONS = sa.table("locations", *map(sa.column, ("id_key", "document")))


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    op.drop_table("location_evses")
    op.create_table(
        "location_evses",
        sa.Column("evse_key", sa.String(), nullable=False),
        sa.Column("location_key", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("evse_key", "location_key", name="pk_location_evses"),
    )
    op.create_index("ix_location_evses_location_key_position", "location_evses", ["location_key", "position"])
    connection = op.get_bind()
    for key, document in connection.execute(sa.select(_LOCATIONS.c.id_key, _LOCATIONS.c.document)).all():
        _divide(connection, key, json.loads(document))


def _divide(connection: sa.Connection, key: str, location: dict[str, object]) -> None:
    evses, location["evses"] = location["evses"], []
    assert isinstance(evses, list)  # noqa: S101 - it was written as one
    rows = [
        {
            "evse_key": evse["uid"].casefold(),
            "location_key": key,
            "position": position,
            "document": _text(evse),
        }
        for position, evse in enumerate(evses)
    ]
    if rows:
        connection.execute(_EVSES.insert(), rows)
    connection.execute(_LOCATIONS.update().where(_LOCATIONS.c.id_key == key).values(document=_text(location)))


def _text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
