"""Lists for partners: an object that cannot be said in a version does not cost the whole list (F38)."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gateway.domain.errors import NotRepresentable
from ocpi.dialect import Json

T = TypeVar("T")

log = logging.getLogger(__name__)


def written(items: Sequence[T], write: Callable[[T], Json], kind: str) -> list[Json]:
    """The items as JSON values, without those the version has no words for."""
    values: list[Json] = []
    for item in items:
        try:
            values.append(write(item))
        except NotRepresentable as error:
            log.warning("left out of a list of %s: %s", kind, error)
    return values


_MOST_REMEMBERED = 1024
_remembered: OrderedDict[tuple[Callable[[Any], Json], int], tuple[object, Json]] = OrderedDict()
"""What was written lately, by writer and object: holding the object keeps its identity its own."""


def remembered(write: Callable[[T], Json]) -> Callable[[T], Json]:
    """The same writer, which writes an object that did not change only once.

    For objects the store hands out again as they are until they change, and values nobody changes.
    """

    def writing(item: T) -> Json:
        key = write, id(item)
        known = _remembered.get(key)
        if known is not None and known[0] is item:
            return known[1]
        value = write(item)
        _remembered[key] = item, value
        if len(_remembered) > _MOST_REMEMBERED:
            _remembered.popitem(last=False)
        return value

    return writing
