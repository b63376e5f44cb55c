"""Locations that a partner may see since one of its tokens is known: it is given them (LOC-12)."""

from collections.abc import Collection
from datetime import datetime

from gateway.app.entitlement import receivers
from gateway.app.ports import Tx
from gateway.app.visibility import Sight
from gateway.domain.delivery import Owed
from gateway.domain.ids import LocationId, PartnerId


def to_reveal(tx: Tx, partners: Collection[PartnerId] | None) -> list[tuple[PartnerId, LocationId]]:
    """Unpublished locations these partners (None: all) may see and were never given."""
    rules = [place for place in tx.locations.all() if not place.publish and place.publish_allowed_to]
    if not rules:
        return []
    found = []
    for partner in receivers(tx, "locations"):
        if partners is None or partner.id in partners:
            sight = Sight(tx, partner)
            found += [
                (partner.id, place.id)
                for place in rules
                if tx.debts.get(partner.id, Owed.LOCATION, place.id) is None and sight.location(place)
            ]
    return found


def reveal(tx: Tx, found: Collection[tuple[PartnerId, LocationId]], now: datetime) -> None:
    """Owe them."""
    for partner_id, location_id in found:
        if tx.debts.get(partner_id, Owed.LOCATION, location_id) is None:
            tx.debts.owe(partner_id, Owed.LOCATION, location_id, now, now)
