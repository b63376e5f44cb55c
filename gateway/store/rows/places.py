from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, insert

from gateway.app.ports import Page, PageQuery
from gateway.domain.ids import Party, TariffId
from gateway.domain.partners import PartnerRole
from gateway.domain.selection import TariffAssignment
from gateway.domain.tariffs import Tariff
from gateway.store.codec import Codec, micros
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents, page, where
from gateway.store.tables import Parties, TariffAssignments, Tariffs, table

_PARTIES = table(Parties)
_TARIFFS = table(Tariffs)
_ASSIGNMENTS = table(TariffAssignments)
_ROLE: Final = Codec(PartnerRole, memory=64)
_TARIFF: Final = Codec(Tariff, memory=256)
_ASSIGNMENT: Final = Codec(TariffAssignment, memory=256)

_ALL_PARTIES = documents(_PARTIES).order_by(_PARTIES.c.party)
_SAVE_PARTY = upsert(_PARTIES, ["party"])
_REMOVE_PARTY = delete(_PARTIES).where(*where(_PARTIES, "party"))
_TARIFF_BY_ID = documents(_TARIFFS, "party", "id_key")
_ALL_TARIFFS = documents(_TARIFFS).order_by(_TARIFFS.c.seq)
_SAVE_TARIFF = upsert(_TARIFFS, ["party", "id_key"])
_REMOVE_TARIFF = delete(_TARIFFS).where(*where(_TARIFFS, "party", "id_key"))

_ALL_ASSIGNMENTS = documents(_ASSIGNMENTS).order_by(_ASSIGNMENTS.c.seq)
_ADD_ASSIGNMENT = insert(_ASSIGNMENTS).values(document=bindparam("document"))
_REMOVE_ASSIGNMENTS = delete(_ASSIGNMENTS)


class SqlParties:
    """Our own parties."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def all(self) -> Sequence[PartnerRole]:
        return [_ROLE.decode(row[0]) for row in self._runner.rows(_ALL_PARTIES, {})]

    def save(self, role: PartnerRole) -> None:
        self._runner.run(_SAVE_PARTY, {"party": str(role.party), "document": _ROLE.encode(role)})

    def remove(self, party: Party) -> None:
        self._runner.run(_REMOVE_PARTY, {"party": str(party)})


class SqlTariffs:
    """Our tariffs."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, party: Party, tariff_id: TariffId) -> Tariff | None:
        row = self._runner.row(_TARIFF_BY_ID, {"party": str(party), "id_key": tariff_id.casefold()})
        return _TARIFF.decode(row[0]) if row else None

    def all(self) -> Sequence[Tariff]:
        return [_TARIFF.decode(row[0]) for row in self._runner.rows(_ALL_TARIFFS, {})]

    def save(self, tariff: Tariff) -> None:
        self._runner.run(
            _SAVE_TARIFF,
            {
                "party": str(tariff.party),
                "id_key": tariff.id.casefold(),
                "last_updated": micros(tariff.last_updated),
                "document": _TARIFF.encode(tariff),
            },
        )

    def remove(self, party: Party, tariff_id: TariffId) -> None:
        self._runner.run(_REMOVE_TARIFF, {"party": str(party), "id_key": tariff_id.casefold()})

    def page(self, query: PageQuery) -> Page[Tariff]:
        items, total = page(self._runner, _TARIFFS, query)
        return Page(tuple(map(_TARIFF.decode, items)), total)


class SqlAssignments:
    """Tariffs agreed with partners."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def all(self) -> Sequence[TariffAssignment]:
        return [_ASSIGNMENT.decode(row[0]) for row in self._runner.rows(_ALL_ASSIGNMENTS, {})]

    def replace(self, assignments: Sequence[TariffAssignment]) -> None:
        self._runner.run(_REMOVE_ASSIGNMENTS, {})
        self._runner.run_many(_ADD_ASSIGNMENT, [{"document": _ASSIGNMENT.encode(a)} for a in assignments])
