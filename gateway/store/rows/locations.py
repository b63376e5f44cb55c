"""Locations, each EVSE in a row of its own: a change of status costs the same at one EVSE and at hundreds."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from sqlalchemy import bindparam, delete, select

from gateway.app.ports import Page, PageQuery
from gateway.domain.ids import EvseUid, LocationId
from gateway.domain.sites import Evse, Location
from gateway.store.codec import Codec, micros
from gateway.store.recall import Recall
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents, page, parts_of_page, where
from gateway.store.tables import LocationEvses, Locations, table

_LOCATIONS = table(Locations)
_EVSES = table(LocationEvses)
_PLACE: Final = Codec(Location, memory=1024)
"""Locations without their EVSEs."""
_EVSE: Final = Codec(Evse)
_WHOLE_KEPT: Final = 1024

_BY_ID = documents(_LOCATIONS, "id_key")
_HOME_OF = (
    select(_LOCATIONS.c.id_key)
    .join(_EVSES, _EVSES.c.location_key == _LOCATIONS.c.id_key)
    .where(*where(_EVSES, "evse_key"))
    .order_by(_LOCATIONS.c.seq.desc())
    .limit(1)
)
_ALL = documents(_LOCATIONS).order_by(_LOCATIONS.c.seq)
_SAVE = upsert(_LOCATIONS, ["id_key"])
_EVSES_OF = (
    select(_EVSES.c.document)
    .where(_EVSES.c.location_key == bindparam("location_key"))
    .order_by(_EVSES.c.position)
)
_ALL_EVSES = select(_EVSES.c.location_key, _EVSES.c.document).order_by(
    _EVSES.c.location_key, _EVSES.c.position
)
_SAVE_EVSE = upsert(_EVSES, ["evse_key", "location_key"])
_REMOVE_EVSE = delete(_EVSES).where(*where(_EVSES, "evse_key", "location_key"))

_whole: OrderedDict[str, tuple[Location, tuple[str, ...], Location]] = OrderedDict()
"""By key: the parts a location was put together from last, and the whole. What did not change stays the same
object, and is not read again."""


class SqlLocations:
    """Our locations, found by their id or by the uid of an EVSE."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._recall: Recall[str, Location] = Recall(runner, most=_WHOLE_KEPT)

    def get(self, location_id: LocationId) -> Location | None:
        return self._get(location_id.casefold())

    def by_evse(self, uid: EvseUid) -> Location | None:
        row = self._runner.row(_HOME_OF, {"evse_key": uid.casefold()})
        return self._get(row[0]) if row else None

    def all(self) -> Sequence[Location]:
        rows = self._runner.rows(_ALL, {})
        return _together((row[0] for row in rows), self._runner.rows(_ALL_EVSES, {}))

    def save(self, location: Location) -> None:
        key = location.id.casefold()
        before = self._get(key)
        self._save_evses(key, before.evses if before else (), location.evses)
        self._runner.run(
            _SAVE,
            {
                "id_key": key,
                "party": str(location.party),
                "last_updated": micros(location.last_updated),
                "document": _PLACE.encode(replace(location, evses=())),
            },
        )
        self._recall.keep(key, location)

    def page(self, query: PageQuery) -> Page[Location]:
        items, total = page(self._runner, _LOCATIONS, query)
        evses = parts_of_page(self._runner, _LOCATIONS, query, _EVSES, "location_key")
        return Page(tuple(_together(items, evses)), total)

    def _get(self, key: str) -> Location | None:
        known = self._recall.get(key)
        if known is not None:
            return known
        row = self._runner.row(_BY_ID, {"id_key": key})
        if row is None:
            return None
        evses = self._runner.rows(_EVSES_OF, {"location_key": key})
        found = _one(_PLACE.decode(row[0]), tuple(evse[0] for evse in evses))
        self._recall.keep(key, found)
        return found

    def _save_evses(self, key: str, before: Sequence[Evse], after: Sequence[Evse]) -> None:
        """Write the rows that differ; an EVSE that did not change is the same object."""
        differing = [
            (position, old, new)
            for position, (old, new) in enumerate(zip_longest(before, after))
            if new is not old
        ]
        rows = [
            {
                "evse_key": new.uid.casefold(),
                "location_key": key,
                "position": position,
                "document": _EVSE.encode(new),
            }
            for position, _, new in differing
            if new is not None
        ]
        gone = {old.uid.casefold() for _, old, _ in differing if old} - {row["evse_key"] for row in rows}
        if gone:
            self._runner.run_many(_REMOVE_EVSE, [{"evse_key": uid, "location_key": key} for uid in gone])
        if rows:
            self._runner.run_many(_SAVE_EVSE, rows)


def _together(places: Iterable[str], evses: Iterable[Sequence[str]]) -> list[Location]:
    """Locations from their own documents, and from the keys of locations with the documents of EVSEs."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, document in evses:
        found[key].append(document)
    decoded = [_PLACE.decode(document) for document in places]
    return [_one(place, tuple(found[place.id.casefold()])) for place in decoded]


def _one(place: Location, evses: tuple[str, ...]) -> Location:
    """A location with its EVSEs, from what was decoded last time as far as it is the same."""
    key = place.id.casefold()
    known = _whole.get(key)
    if known is not None and known[0] is place and known[1] == evses:
        return known[2]
    before = dict(zip(known[1], known[2].evses, strict=True)) if known else {}
    whole = replace(place, evses=tuple(before.get(text) or _EVSE.decode(text) for text in evses))
    _whole[key] = place, evses, whole
    if len(_whole) > _WHOLE_KEPT:
        _whole.popitem(last=False)
    return whole
