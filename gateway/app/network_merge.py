"""What a location or tariff becomes when the network file says something new about it. Pure.

`last_updated` moves only where something changed, and then upwards as well (LOC-02).
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from gateway.domain.ids import ConnectorId, EvseUid
from gateway.domain.sites import Connector, Evse, EvseStatus, Location
from gateway.domain.tariffs import Tariff


def same_tariff(before: Tariff | None, wanted: Tariff, now: datetime) -> Tariff:
    """The stored tariff if the file says the same, else the file's with a newer `last_updated`."""
    if before is None:
        return wanted
    wanted = replace(wanted, id=before.id)
    if replace(wanted, last_updated=before.last_updated) == before:
        return before
    return replace(wanted, last_updated=_newer(before.last_updated, wanted.last_updated, now))


def merge_location(
    before: Location, wanted: Location, live: Collection[str], now: datetime, *, prune: bool
) -> Location:
    """The location as the file wants it.

    EVSEs in `live` have a charger, whose word about their status counts. EVSEs the file does not mention
    stay, or become REMOVED with `prune`; they are never deleted (LOC-05).
    """
    evses = [_merge_evse(before.evse(evse.uid), evse, live, now, prune=prune) for evse in wanted.evses]
    mentioned = {evse.uid.casefold() for evse in wanted.evses}
    kept = [evse for evse in before.evses if evse.uid.casefold() not in mentioned]
    evses += [_removed(evse, now) for evse in kept] if prune else kept
    merged = replace(wanted, id=before.id, evses=tuple(evses))
    if replace(merged, last_updated=before.last_updated) == before:
        return before
    moment = _newer(before.last_updated, wanted.last_updated, now)
    return replace(merged, last_updated=max([moment, *(evse.last_updated for evse in evses)]))


def removed_everywhere(location: Location, now: datetime) -> Location:
    """The location without any EVSE in service; the same one if that was so already."""
    evses = tuple(_removed(evse, now) for evse in location.evses)
    if evses == location.evses:
        return location
    return replace(location, evses=evses, last_updated=max(now, location.last_updated))


def only_connector(before: Location | None, after: Location) -> tuple[EvseUid, ConnectorId] | None:
    """The one connector in which the two differ, times aside; None if they differ in more (LOC-03)."""
    changed = (
        [] if before is None else [(e, before.evse(e.uid)) for e in after.evses if before.evse(e.uid) != e]
    )
    if before is None or len(changed) != 1:
        return None
    (evse, old) = changed[0]
    if old is None or len(old.connectors) != len(evse.connectors):
        return None
    pairs = zip(old.connectors, evse.connectors, strict=True)
    parts = [new for was, new in pairs if was != new]
    if len(parts) != 1 or old.connector(parts[0].id) is None:
        return None
    same_evse = replace(old, connectors=evse.connectors, last_updated=evse.last_updated)
    same = replace(
        before,
        last_updated=after.last_updated,
        evses=tuple(same_evse if e is old else e for e in before.evses),
    )
    return (evse.uid, parts[0].id) if same == after else None


def _removed(evse: Evse, now: datetime) -> Evse:
    if evse.status is EvseStatus.REMOVED:
        return evse
    return replace(evse, status=EvseStatus.REMOVED, last_updated=max(now, evse.last_updated))


def _merge_evse(
    before: Evse | None, wanted: Evse, live: Collection[str], now: datetime, *, prune: bool
) -> Evse:
    if before is None:
        return wanted
    connectors = [_merge_connector(before.connector(c.id), c, now) for c in wanted.connectors]
    mentioned = {connector.id.casefold() for connector in wanted.connectors}
    if not prune:
        connectors += [c for c in before.connectors if c.id.casefold() not in mentioned]
    keeps_status = wanted.uid in live and wanted.status is not EvseStatus.REMOVED
    merged = replace(
        wanted,
        uid=before.uid,
        status=before.status if keeps_status else wanted.status,
        # Without a list in the file, what the charger said it can do stands (4.J).
        capabilities=wanted.capabilities or before.capabilities,
        connectors=tuple(connectors),
    )
    if replace(merged, last_updated=before.last_updated) == before:
        return before
    moment = _newer(before.last_updated, wanted.last_updated, now)
    return replace(merged, last_updated=max([moment, *(c.last_updated for c in connectors)]))


def _merge_connector(before: Connector | None, wanted: Connector, now: datetime) -> Connector:
    if before is None:
        return wanted
    wanted = replace(wanted, id=before.id)
    if replace(wanted, last_updated=before.last_updated) == before:
        return before
    return replace(wanted, last_updated=_newer(before.last_updated, wanted.last_updated, now))


def _newer(before: datetime, wanted: datetime, now: datetime) -> datetime:
    """The file's own time if it is believable, else now; never older than what partners have seen."""
    return wanted if before < wanted <= now else max(now, before)
