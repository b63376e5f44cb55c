"""What every version leaves out of a CDR, and how it says so."""

from collections.abc import Callable, Iterable

from gateway.domain.errors import NotRepresentable
from gateway.domain.tariffs import Tariff
from ocpi.dialect import Json
from ocpi.wire import clean

_TEXT_LENGTH = 255


def sayable(tariffs: Iterable[Tariff], write: Callable[[Tariff], Json]) -> tuple[list[Json], list[str]]:
    """The tariffs a version can express, and a sentence about each of the others (TAR-10)."""
    said: list[Json] = []
    unsaid: list[str] = []
    for tariff in tariffs:
        try:
            said.append(write(tariff))
        except NotRepresentable as error:
            unsaid.append(f"left out: {error}")
    return said, unsaid


def write_remark(remark: str | None, *unsaid: str) -> str | None:
    """A remark of at most 255 characters; what was left out comes first, because it must not be cut off."""
    return write_text("; ".join((*unsaid, *([remark] if remark else ()))))


def write_text(text: str | None) -> str | None:
    """A text for people, without control characters and no longer than it may be."""
    return clean(text)[:_TEXT_LENGTH] if text else None
