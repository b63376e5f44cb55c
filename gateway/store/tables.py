"""Tables: the columns that are searched, and one JSON document with the object itself.

Moments are integer microseconds since 1970 (UTC): they sort, compare and index the same in every database.
Columns named `*_key` hold case-folded ids, because OCPI's CiString compares without case (TR-32, M10).
`seq` is the order of creation, which pages keep (PAG-01).
"""

import re
from typing import ClassVar

from sqlalchemy import BigInteger, Index, Integer, MetaData, Table, Text, false, text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""A growing number; on SQLite it must be called INTEGER to be the row id itself."""


class Row(SQLModel):
    """Base of all tables; a table is called like its class, in snake case."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy calls it with the class
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def table(of: type[Row]) -> Table:
    """The Core table of a row class; statements are built from it."""
    return Row.metadata.tables[str(of.__tablename__)]


class Marks(Row, table=True):
    """Facts about the database itself, such as which secret key it belongs to."""

    name: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class Counters(Row, table=True):
    """Numbers that are given out once and never again."""

    name: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInteger)


class Parties(Row, table=True):
    """Our own parties."""

    party: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class Chargers(Row, table=True):
    """Chargers of the network file."""

    id: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class ChargerPlugs(Row, table=True):
    """Which charger serves an EVSE."""

    evse_key: str = Field(primary_key=True)
    charger_id: str = Field(primary_key=True, index=True)


class ChargerStates(Row, table=True):
    """What chargers last said about themselves."""

    charger_id: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class Knocks(Row, table=True):
    """Refused attempts to connect, one row per charger id and reason."""

    charger_id: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    remote: str
    first_at: int = Field(sa_type=BigInteger)
    last_at: int = Field(sa_type=BigInteger, index=True)
    count: int = Field(sa_type=BigInteger)


class Locations(Row, table=True):
    """Our locations, without their EVSEs."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    id_key: str = Field(unique=True)
    party: str = Field(index=True)
    last_updated: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class LocationEvses(Row, table=True):
    """The EVSEs of our locations, in their order; their status changes all day long."""

    __table_args__ = (Index(None, "location_key", "position"),)
    evse_key: str = Field(primary_key=True)
    location_key: str = Field(primary_key=True)
    position: int
    document: str = Field(sa_type=Text)


class Tariffs(Row, table=True):
    """Our tariffs."""

    __table_args__ = (Index(None, "party", "id_key", unique=True),)
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    party: str
    id_key: str
    last_updated: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class TariffAssignments(Row, table=True):
    """Tariffs agreed with partners, in the order of the network file."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    document: str = Field(sa_type=Text)


class Sessions(Row, table=True):
    """Sessions. `closing_at` is set while an ended session waits for late values; `start_key` as in C07.

    `waits`: it ended and a person has to decide. `detailed_since`: when it last changed, if it is final and
    its samples are kept.
    """

    __table_args__ = (
        Index(None, "charger_id", "start_key", unique=True),
        Index(None, "charger_id", "transaction_ref"),
        Index(None, "charger_id", "evse", "connector"),
        Index(None, "running", "charger_id"),
        Index(None, "partner_id", "last_updated"),
        Index(None, "partner_id", "token_party"),
    )
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    id_key: str = Field(unique=True)
    charger_id: str
    evse: int
    connector: int
    transaction_ref: str | None
    start_key: str | None
    running: bool
    closing_at: int | None = Field(sa_type=BigInteger, index=True)
    detailed_since: int | None = Field(default=None, sa_type=BigInteger, index=True)
    waits: bool = Field(default=False, index=True, sa_column_kwargs={"server_default": false()})
    partner_id: str | None
    token_party: str | None
    party: str
    last_updated: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)


class Samples(Row, table=True):
    """Meter samples of sessions; only ever added."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    session_key: str = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)


class SessionStates(Row, table=True):
    """When a car began or stopped to ask for power; only ever added."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    session_key: str = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    state: str


class Cdrs(Row, table=True):
    """The ledger."""

    __table_args__ = (Index(None, "partner_id", "last_updated"), Index(None, "partner_id", "token_party"))
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    id_key: str = Field(unique=True)
    session_key: str | None = Field(index=True)
    partner_id: str
    token_party: str | None
    party: str
    last_updated: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class Tokens(Row, table=True):
    """Partners' tokens."""

    __table_args__ = (
        Index(None, "uid_key", "party", "type_key", unique=True),
        Index(None, "partner_id", "last_updated"),
    )
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    party: str
    uid_key: str
    type_key: str
    partner_id: str
    last_updated: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class Partners(Row, table=True):
    """Partner platforms."""

    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    id: str = Field(unique=True)
    name_key: str = Field(index=True)
    document: str = Field(sa_type=Text)


class AccessKeys(Row, table=True):
    """Keyed hashes of the tokens partners present."""

    hash: str = Field(primary_key=True)
    partner_id: str = Field(index=True)
    document: str = Field(sa_type=Text)


class HubClients(Row, table=True):
    """Parties behind hubs."""

    hub_id: str = Field(primary_key=True)
    party: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


FORGETTABLE = text(
    "state = 'SETTLED' AND (kind IN ('SESSION', 'COMMAND_RESULT', 'ACTIVE_PROFILE')"
    " OR (kind = 'CDR' AND request IS NOT NULL))"
)
"""What is kept of acknowledged debts for a time only. Written out, so that SQLite knows the index for it."""


class Debts(Row, table=True):
    """The outbox. `rank` orders parents before children."""

    __table_args__ = (
        Index(None, "partner_id", "state", "next_attempt_at"),
        Index(None, "state", "created_at"),
        Index(None, "last_attempt_at", sqlite_where=FORGETTABLE),
    )
    partner_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    rank: int
    revision: int
    created_at: int = Field(sa_type=BigInteger)
    next_attempt_at: int = Field(sa_type=BigInteger)
    state: str
    settled: int
    attempts: int
    ambiguous: bool
    reason: str | None = Field(sa_type=Text)
    request: str | None = Field(sa_type=Text)
    answer: str | None = Field(sa_type=Text)
    last_attempt_at: int | None = Field(sa_type=BigInteger)
    partner_url: str | None = Field(sa_type=Text)
    holding: str | None = Field(sa_type=Text)
    fingerprint: str | None = Field(sa_type=Text)


class Reconciliations(Row, table=True):
    """The last comparison with each partner's books."""

    partner_id: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class Authorizations(Row, table=True):
    """Decisions about cards."""

    __table_args__ = (Index(None, "charger_id", "presented_key", "at"),)
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    charger_id: str
    presented_key: str
    presented: str
    at: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class Runs(Row, table=True):
    """Commands of partners. `tag_key` and `number`: what chargers know them by."""

    __table_args__ = (
        Index(None, "charger_id", "tag_key"),
        Index(None, "charger_id", "number"),
        Index(None, "partner_id", "kind", "reservation_key"),
    )
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    id: str = Field(unique=True)
    kind: str
    partner_id: str
    charger_id: str
    number: int
    tag_key: str | None
    reservation_key: str | None
    finished: bool = Field(index=True)
    document: str = Field(sa_type=Text)


class Variables(Row, table=True):
    """Device models of chargers, one row for each attribute of a variable."""

    charger_id: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    attribute: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class Care(Row, table=True):
    """What is remembered to look after chargers."""

    charger_id: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)


class Tasks(Row, table=True):
    """Operations on chargers."""

    id: str = Field(primary_key=True)
    finished: bool = Field(index=True)
    at: int = Field(sa_type=BigInteger, index=True)
    document: str = Field(sa_type=Text)


class Invoices(Row, table=True):
    """Invoice reconciliation records."""

    __table_args__ = (Index(None, "party", "id_key", unique=True), Index(None, "partner_id", "side"))
    seq: int | None = Field(default=None, primary_key=True, sa_type=SEQUENCE)
    party: str
    id_key: str
    partner_id: str
    side: str
    document: str = Field(sa_type=Text)


class SetAsides(Row, table=True):
    """What could not be attributed."""

    id: str = Field(primary_key=True)
    resolved: bool = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    document: str = Field(sa_type=Text)
