"""Locations that a change of its tokens shows to a partner, or hides from it again (LOC-12).

It is given the first. The others it gets once more, as locations that are shown to nobody.
"""

from collections.abc import Collection
from datetime import datetime

from gateway.app.entitlement import holds, receivers
from gateway.app.ports import Tx
from gateway.app.visibility import Sight
from gateway.domain.delivery import WITHDRAWN, Debt, DebtState, Owed
from gateway.domain.ids import LocationId, PartnerId


def to_reveal(tx: Tx, partners: Collection[PartnerId] | None) -> list[tuple[PartnerId, LocationId]]:
    """Unpublished locations of which these partners (None: all) hold something else than they may see."""
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
                if _differs(tx.debts.get(partner.id, Owed.LOCATION, place.id), sight.location(place))
            ]
    return found


def reveal(tx: Tx, found: Collection[tuple[PartnerId, LocationId]], now: datetime) -> None:
    """Owe them; what waits to be sent is rendered as it may be seen then."""
    for partner_id, location_id in found:
        given = tx.debts.get(partner_id, Owed.LOCATION, location_id)
        if given is None or given.state is DebtState.SETTLED:
            tx.debts.owe(partner_id, Owed.LOCATION, location_id, now, now)


def _differs(given: Debt | None, visible: bool) -> bool:
    if given is None:
        return visible
    if given.state is not DebtState.SETTLED:
        return False
    return given.holding == WITHDRAWN if visible else holds(given)
