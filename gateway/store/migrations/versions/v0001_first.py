"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Forwards; backwards is a restored backup."""
    for create in (
        _access_keys,
        _authorizations,
        _cdrs,
        _charger_plugs,
        _charger_states,
        _chargers,
        _counters,
        _debts,
        _knocks,
        _location_evses,
        _locations,
        _marks,
        _parties,
        _partners,
        _samples,
        _session_states,
        _sessions,
        _set_asides,
        _tariffs,
        _tokens,
    ):
        create()


def _access_keys() -> None:
    op.create_table(
        "access_keys",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_access_keys"),
    )
    op.create_index("ix_access_keys_partner_id", "access_keys", ["partner_id"], unique=False)


def _authorizations() -> None:
    op.create_table(
        "authorizations",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("presented_key", sa.String(), nullable=False),
        sa.Column("presented", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_authorizations"),
    )
    op.create_index("ix_authorizations_at", "authorizations", ["at"], unique=False)
    op.create_index(
        "ix_authorizations_charger_id_presented_key_at",
        "authorizations",
        ["charger_id", "presented_key", "at"],
        unique=False,
    )


def _cdrs() -> None:
    op.create_table(
        "cdrs",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.Column("session_key", sa.String(), nullable=True),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_cdrs"),
        sa.UniqueConstraint("id_key", name="uq_cdrs_id_key"),
    )
    op.create_index("ix_cdrs_last_updated", "cdrs", ["last_updated"], unique=False)
    op.create_index("ix_cdrs_partner_id_last_updated", "cdrs", ["partner_id", "last_updated"], unique=False)
    op.create_index("ix_cdrs_session_key", "cdrs", ["session_key"], unique=False)


def _charger_plugs() -> None:
    op.create_table(
        "charger_plugs",
        sa.Column("evse_key", sa.String(), nullable=False),
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("evse_key", "charger_id", name="pk_charger_plugs"),
    )
    op.create_index("ix_charger_plugs_charger_id", "charger_plugs", ["charger_id"], unique=False)


def _charger_states() -> None:
    op.create_table(
        "charger_states",
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("charger_id", name="pk_charger_states"),
    )


def _chargers() -> None:
    op.create_table(
        "chargers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chargers"),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )


def _debts() -> None:
    op.create_table(
        "debts",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("ambiguous", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("last_attempt_at", sa.BigInteger(), nullable=True),
        sa.Column("partner_url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("partner_id", "kind", "key", name="pk_debts"),
    )
    op.create_index(
        "ix_debts_partner_id_state_next_attempt_at",
        "debts",
        ["partner_id", "state", "next_attempt_at"],
        unique=False,
    )
    op.create_index("ix_debts_state_created_at", "debts", ["state", "created_at"], unique=False)


def _knocks() -> None:
    op.create_table(
        "knocks",
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("remote", sa.String(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("charger_id", "reason", name="pk_knocks"),
    )
    op.create_index("ix_knocks_last_at", "knocks", ["last_at"], unique=False)


def _location_evses() -> None:
    op.create_table(
        "location_evses",
        sa.Column("evse_key", sa.String(), nullable=False),
        sa.Column("location_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("evse_key", "location_key", name="pk_location_evses"),
    )
    op.create_index("ix_location_evses_location_key", "location_evses", ["location_key"], unique=False)


def _locations() -> None:
    op.create_table(
        "locations",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_locations"),
        sa.UniqueConstraint("id_key", name="uq_locations_id_key"),
    )
    op.create_index("ix_locations_last_updated", "locations", ["last_updated"], unique=False)
    op.create_index("ix_locations_party", "locations", ["party"], unique=False)


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
    )


def _parties() -> None:
    op.create_table(
        "parties",
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("party", name="pk_parties"),
    )


def _partners() -> None:
    op.create_table(
        "partners",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_partners"),
        sa.UniqueConstraint("id", name="uq_partners_id"),
    )
    op.create_index("ix_partners_name_key", "partners", ["name_key"], unique=False)


def _samples() -> None:
    op.create_table(
        "samples",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("session_key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_samples"),
    )
    op.create_index("ix_samples_session_key", "samples", ["session_key"], unique=False)


def _session_states() -> None:
    op.create_table(
        "session_states",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("session_key", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_session_states"),
    )
    op.create_index("ix_session_states_session_key", "session_states", ["session_key"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.Column("charger_id", sa.String(), nullable=False),
        sa.Column("evse", sa.Integer(), nullable=False),
        sa.Column("connector", sa.Integer(), nullable=False),
        sa.Column("transaction_ref", sa.String(), nullable=True),
        sa.Column("start_key", sa.String(), nullable=True),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("closing_at", sa.BigInteger(), nullable=True),
        sa.Column("partner_id", sa.String(), nullable=True),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_sessions"),
        sa.UniqueConstraint("id_key", name="uq_sessions_id_key"),
    )
    op.create_index(
        "ix_sessions_charger_id_evse_connector", "sessions", ["charger_id", "evse", "connector"], unique=False
    )
    op.create_index("ix_sessions_charger_id_start_key", "sessions", ["charger_id", "start_key"], unique=True)
    op.create_index(
        "ix_sessions_charger_id_transaction_ref", "sessions", ["charger_id", "transaction_ref"], unique=False
    )
    op.create_index("ix_sessions_closing_at", "sessions", ["closing_at"], unique=False)
    op.create_index(
        "ix_sessions_partner_id_last_updated", "sessions", ["partner_id", "last_updated"], unique=False
    )
    op.create_index("ix_sessions_running_charger_id", "sessions", ["running", "charger_id"], unique=False)


def _set_asides() -> None:
    op.create_table(
        "set_asides",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_set_asides"),
    )
    op.create_index("ix_set_asides_resolved", "set_asides", ["resolved"], unique=False)


def _tariffs() -> None:
    op.create_table(
        "tariffs",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("id_key", sa.String(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_tariffs"),
    )
    op.create_index("ix_tariffs_last_updated", "tariffs", ["last_updated"], unique=False)
    op.create_index("ix_tariffs_party_id_key", "tariffs", ["party", "id_key"], unique=True)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("seq", SEQUENCE, nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("uid_key", sa.String(), nullable=False),
        sa.Column("type_key", sa.String(), nullable=False),
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("last_updated", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_tokens"),
    )
    op.create_index("ix_tokens_last_updated", "tokens", ["last_updated"], unique=False)
    op.create_index(
        "ix_tokens_partner_id_last_updated", "tokens", ["partner_id", "last_updated"], unique=False
    )
    op.create_index(
        "ix_tokens_uid_key_party_type_key", "tokens", ["uid_key", "party", "type_key"], unique=True
    )
