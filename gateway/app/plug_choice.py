"""Which plug of which charger a partner means (M23, CMD-08, CMD-09). Within units of work."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.app.ports import Tx
from gateway.domain.chargers import Charger, PlugMapping
from gateway.domain.errors import InvalidInput, UnknownLocation
from gateway.domain.events import PlugStatus
from gateway.domain.ids import ChargerId, ConnectorId, ConnectorNumber, EvseUid, Party
from gateway.domain.readings import ChargingState
from gateway.domain.sessions import Session
from gateway.domain.sites import Evse, EvseStatus, Location

CONNECTOR_REQUIRED = "START_SESSION_CONNECTOR_REQUIRED"
_PREFERENCE = (
    PlugStatus.PREPARING,
    PlugStatus.AVAILABLE,
    PlugStatus.OCCUPIED,
    PlugStatus.FINISHING,
    None,
)
"""A car that is plugged in, then a free plug, then one where somebody may be about to plug in."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A plug, and the party of ours it belongs to."""

    party: Party
    charger_id: ChargerId
    plug: ConnectorNumber


def choose(
    tx: Tx,
    location: Location,
    uid: EvseUid | None,
    connector_id: ConnectorId | None,
    online: Callable[[ChargerId], bool],
) -> Choice:
    """The plug that is meant, or the likeliest one where none was named.

    Raises UnknownLocation, and InvalidInput for a connector without its EVSE or a missing connector (CMD-09).
    """
    if connector_id is not None and uid is None:
        raise InvalidInput("is required with connector_id", field="evse_uid")
    evse = _evse(location, uid)
    if evse is not None and connector_id is None and CONNECTOR_REQUIRED in evse.capabilities:
        raise InvalidInput("is required at this EVSE", field="connector_id")
    if evse is not None and connector_id is not None and evse.connector(connector_id) is None:
        raise UnknownLocation(f"connector {connector_id} is not at EVSE {uid}")
    found = [
        (_rank(tx, charger, mapping, online), number, charger, mapping)
        for number, (charger, mapping) in enumerate(_plugs(tx, location, evse))
        if connector_id is None or mapping.connector_id.casefold() == connector_id.casefold()
    ]
    if not found:
        raise UnknownLocation(f"no charger serves this part of location {location.id}")
    _, _, charger, mapping = min(found, key=lambda each: each[:2])
    return Choice(location.party, charger.id, mapping.number)


def _evse(location: Location, uid: EvseUid | None) -> Evse | None:
    evse = location.evse(uid) if uid is not None else None
    if uid is not None and (evse is None or evse.status is EvseStatus.REMOVED):
        raise UnknownLocation(f"EVSE {uid} is not at location {location.id}")
    return evse


def _plugs(tx: Tx, location: Location, evse: Evse | None) -> Iterator[tuple[Charger, PlugMapping]]:
    for each in (evse,) if evse is not None else location.evses:
        wanted = each.uid.casefold()
        for charger in tx.chargers.by_evse(each.uid):
            yield from ((charger, plug) for plug in charger.plugs if plug.evse_uid.casefold() == wanted)


def _rank(
    tx: Tx, charger: Charger, mapping: PlugMapping, online: Callable[[ChargerId], bool]
) -> tuple[bool, bool, int]:
    state = tx.chargers.state(charger.id)
    plug = state.plug(mapping.number) if state else None
    status = plug.status if plug else None
    running = tx.sessions.open_at(charger.id, mapping.number)
    plugged = running is not None and _waits_for_driver(running)
    taken = running is not None and not plugged
    taken = taken or tx.sessions.awaited_at(charger.id, mapping.number) is not None
    status = PlugStatus.PREPARING if plugged else status
    likely = _PREFERENCE.index(status) if status in _PREFERENCE else len(_PREFERENCE)
    return not online(charger.id), taken, likely


def _waits_for_driver(session: Session) -> bool:
    """Whether a transaction began with the cable and nobody charges yet (D08)."""
    nobody = session.token is None and session.presented is None
    return nobody and session.charging_state is not ChargingState.CHARGING
