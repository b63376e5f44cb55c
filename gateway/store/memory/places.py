from collections.abc import Sequence

from gateway.app.ports import Page, PageQuery
from gateway.domain.ids import EvseUid, LocationId, Party, TariffId
from gateway.domain.partners import PartnerRole
from gateway.domain.selection import TariffAssignment
from gateway.domain.sites import Location
from gateway.domain.tariffs import Tariff
from gateway.store.memory.shelves import Journal, Shelf, page_of


class MemoryParties:
    """Our own parties."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[Party, PartnerRole] = Shelf(journal)

    def all(self) -> Sequence[PartnerRole]:
        return sorted(self._rows, key=lambda r: str(r.party))

    def save(self, role: PartnerRole) -> None:
        self._rows.put(role.party, role)

    def remove(self, party: Party) -> None:
        self._rows.drop(party)


class MemoryLocations:
    """Our locations."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[str, Location] = Shelf(journal)

    def get(self, location_id: LocationId) -> Location | None:
        return self._rows.get(location_id.casefold())

    def by_evse(self, uid: EvseUid) -> Location | None:
        return next((row for row in reversed(list(self._rows)) if row.evse(uid) is not None), None)

    def all(self) -> Sequence[Location]:
        return list(self._rows)

    def save(self, location: Location) -> None:
        self._rows.put(location.id.casefold(), location)

    def page(self, query: PageQuery) -> Page[Location]:
        return page_of(list(self._rows), query)


class MemoryTariffs:
    """Our tariffs."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[tuple[Party, str], Tariff] = Shelf(journal)

    def get(self, party: Party, tariff_id: TariffId) -> Tariff | None:
        return self._rows.get((party, tariff_id.casefold()))

    def all(self) -> Sequence[Tariff]:
        return list(self._rows)

    def save(self, tariff: Tariff) -> None:
        self._rows.put((tariff.party, tariff.id.casefold()), tariff)

    def remove(self, party: Party, tariff_id: TariffId) -> None:
        self._rows.drop((party, tariff_id.casefold()))

    def page(self, query: PageQuery) -> Page[Tariff]:
        return page_of(list(self._rows), query)


class MemoryAssignments:
    """Tariffs agreed with partners."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[str, tuple[TariffAssignment, ...]] = Shelf(journal)

    def all(self) -> Sequence[TariffAssignment]:
        return list(self._rows.get("all") or ())

    def replace(self, assignments: Sequence[TariffAssignment]) -> None:
        self._rows.put("all", tuple(assignments))
