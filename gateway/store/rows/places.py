from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from gateway.app.ports import Page, PageQuery
from gateway.domain.ids import EvseUid, LocationId, Party, TariffId
from gateway.domain.partners import PartnerRole
from gateway.domain.selection import TariffAssignment
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff
from gateway.store.codec import Codec, micros
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents, page, where
from gateway.store.tables import LocationEvses, Locations, Parties, TariffAssignments, Tariffs, table

_PARTIES = table(Parties)
_LOCATIONS = table(Locations)
_EVSES = table(LocationEvses)
_TARIFFS = table(Tariffs)
_ASSIGNMENTS = table(TariffAssignments)
_ROLE: Final = Codec(PartnerRole, memory=64)
_LOCATION: Final = Codec(Location, memory=1024)
_TARIFF: Final = Codec(Tariff, memory=256)
_ASSIGNMENT: Final = Codec(TariffAssignment, memory=256)

_ALL_PARTIES = documents(_PARTIES).order_by(_PARTIES.c.party)
_SAVE_PARTY = upsert(_PARTIES, ["party"])
_REMOVE_PARTY = delete(_PARTIES).where(*where(_PARTIES, "party"))
_LOCATION_BY_ID = documents(_LOCATIONS, "id_key")
_LOCATION_BY_EVSE = (
    select(_LOCATIONS.c.document)
    .join(_EVSES, _EVSES.c.location_key == _LOCATIONS.c.id_key)
    .where(*where(_EVSES, "evse_key"))
    .order_by(_LOCATIONS.c.seq.desc())
    .limit(1)
)
_ALL_LOCATIONS = documents(_LOCATIONS).order_by(_LOCATIONS.c.seq)
_SAVE_LOCATION = upsert(_LOCATIONS, ["id_key"])
_EVSES_OF = select(_EVSES.c.evse_key).where(*where(_EVSES, "location_key"))
_ADD_EVSE = upsert(_EVSES, ["evse_key", "location_key"])
_REMOVE_EVSE = delete(_EVSES).where(*where(_EVSES, "evse_key", "location_key"))
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


class SqlLocations:
    """Our locations, found by their id or by the uid of an EVSE."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def get(self, location_id: LocationId) -> Location | None:
        row = self._runner.row(_LOCATION_BY_ID, {"id_key": location_id.casefold()})
        return _LOCATION.decode(row[0]) if row else None

    def by_evse(self, uid: EvseUid) -> Location | None:
        row = self._runner.row(_LOCATION_BY_EVSE, {"evse_key": uid.casefold()})
        return _LOCATION.decode(row[0]) if row else None

    def all(self) -> Sequence[Location]:
        return [_LOCATION.decode(row[0]) for row in self._runner.rows(_ALL_LOCATIONS, {})]

    def save(self, location: Location) -> None:
        key = location.id.casefold()
        self._runner.run(
            _SAVE_LOCATION,
            {
                "id_key": key,
                "party": str(location.party),
                "last_updated": micros(location.last_updated),
                "document": _LOCATION.encode(location),
            },
        )
        self._list_evses(key, {evse.uid.casefold() for evse in location.evses})

    def page(self, query: PageQuery) -> Page[Location]:
        items, total = page(self._runner, _LOCATIONS, query)
        return Page(tuple(map(_LOCATION.decode, items)), total)

    def _list_evses(self, key: str, wanted: set[str]) -> None:
        """Most saves change a status and no uid, so the list is compared before it is written."""
        listed = {row[0] for row in self._runner.rows(_EVSES_OF, {"location_key": key})}
        if gone := sorted(listed - wanted):
            self._runner.run_many(_REMOVE_EVSE, [{"evse_key": uid, "location_key": key} for uid in gone])
        if new := sorted(wanted - listed):
            self._runner.run_many(_ADD_EVSE, [{"evse_key": uid, "location_key": key} for uid in new])


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
