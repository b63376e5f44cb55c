"""What a partner may read: all that we publish, and of sessions and CDRs its own drivers' only (T20)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.app.costs import running_cost
from gateway.app.hubs import asking_through
from gateway.app.ports import Page, PageQuery, Store, Tx
from gateway.app.visibility import Sight
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import UnknownLocation
from gateway.domain.ids import ConnectorId, EvseUid, LocationId, Party
from gateway.domain.partners import Partner, PartnerRole
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, Location
from gateway.domain.tariffs import Price, Tariff

T = TypeVar("T")

_EVERYTHING = 2**31 - 1


class PartnerViews:
    """Reads for partners. Nothing here writes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def parties(self) -> Sequence[PartnerRole]:
        """Our own parties."""
        return await self._store.read(lambda tx: tuple(tx.parties.all()))

    async def locations(self, partner: Partner, query: PageQuery) -> Page[Location]:
        """Locations the partner may see, oldest created first (LOC-01, LOC-12)."""
        return await self._store.read(lambda tx: _locations(tx, partner, query))

    async def location(self, partner: Partner, location_id: LocationId) -> Location:
        """One location. Raises UnknownLocation, also for one that is hidden from this partner."""
        return await self._store.read(lambda tx: visible_location(tx, partner, location_id))

    async def evse(self, partner: Partner, location_id: LocationId, uid: EvseUid) -> Evse:
        """One EVSE. Raises UnknownLocation."""
        evse = (await self.location(partner, location_id)).evse(uid)
        if evse is None:
            raise UnknownLocation(f"EVSE {uid} is not at location {location_id}")
        return evse

    async def connector(
        self, partner: Partner, location_id: LocationId, uid: EvseUid, connector_id: ConnectorId
    ) -> Connector:
        """One connector. Raises UnknownLocation."""
        connector = (await self.evse(partner, location_id, uid)).connector(connector_id)
        if connector is None:
            raise UnknownLocation(f"connector {connector_id} is not at EVSE {uid}")
        return connector

    async def tariffs(self, partner: Partner, query: PageQuery) -> Page[Tariff]:
        """Tariffs the partner may see, oldest created first."""
        return await self._store.read(lambda tx: _tariffs(tx, partner, query))

    async def sessions(
        self, partner: Partner, query: PageQuery, sender: Party | None = None
    ) -> Page[tuple[Session, Price | None]]:
        """Sessions of the caller's drivers, with what they cost so far; None: cannot be told (SES-09)."""
        own = _own(partner, query, sender)
        page = await self._store.read(lambda tx: tx.sessions.page(own))
        return Page(tuple((s, running_cost(s)) for s in page.items), page.total)

    async def cdrs(self, partner: Partner, query: PageQuery, sender: Party | None = None) -> Page[Cdr]:
        """CDRs of the caller's drivers (CDR-09)."""
        own = _own(partner, query, sender)
        return await self._store.read(lambda tx: tx.cdrs.page(own))


def _own(partner: Partner, query: PageQuery, sender: Party | None) -> PageQuery:
    """Of what came over a hub only the asking party's own (T20, HUB-04)."""
    return replace(query, partner_id=partner.id, token_party=asking_through(partner, sender))


def _locations(tx: Tx, partner: Partner, query: PageQuery) -> Page[Location]:
    every = tx.locations.page(replace(query, offset=0, limit=_EVERYTHING)).items
    sight = Sight(tx, partner)
    return _part([location for location in every if sight.location(location)], query)


def visible_location(tx: Tx, partner: Partner, location_id: LocationId) -> Location:
    """A location as this partner may see it. Raises UnknownLocation, also for a hidden one."""
    found = tx.locations.get(location_id)
    if found is None or not Sight(tx, partner).location(found):
        raise UnknownLocation(f"location {location_id} is not known here")
    return found


def _tariffs(tx: Tx, partner: Partner, query: PageQuery) -> Page[Tariff]:
    if not partner.profile.our_parties:
        return tx.tariffs.page(query)
    every = tx.tariffs.page(replace(query, offset=0, limit=_EVERYTHING)).items
    sight = Sight(tx, partner)
    return _part([tariff for tariff in every if sight.tariff(tariff)], query)


def _part(seen: Sequence[T], query: PageQuery) -> Page[T]:
    return Page(tuple(seen[query.offset : query.offset + query.limit]), len(seen))
