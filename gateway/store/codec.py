"""Domain objects to and from JSON text, exactly: decimals as strings, moments in UTC.

What was decoded or encoded lately is remembered by its text. The text is the whole truth about the object and
domain objects cannot change, so nothing needs to be forgotten when a transaction is undone.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from operator import attrgetter, is_
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from gateway.domain.errors import InvalidInput

T = TypeVar("T")

PARTS: Final = 256
"""Parts whose text is remembered: one is written again within its unit of work, or never."""
OVER: Final = 256
"""Objects that change no more and are remembered all the same: they are read a few times in a row."""
CHARACTERS: Final = 16_000_000
"""Text that one codec remembers at most: few large objects instead of many small ones."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


def micros_or_none(moment: datetime | None) -> int | None:
    """The same for a moment that may be missing."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def moment(count: int) -> datetime:
    """The UTC moment so many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=count)


def moment_or_none(count: int | None) -> datetime | None:
    """The same for a number that may be missing."""
    return None if count is None else _EPOCH + timedelta(microseconds=count)


class Codec(Generic[T]):
    """Text of one type; remembers the latest `memory` objects.

    `settled` and `moving` name fields with codecs of their own. A settled one stays the same while the rest
    changes: its text is made once per value. A moving one changes while the rest stays: it is made every
    time, the rest only when it changed, for objects that have an `id`. `leading`: texts that agree in so many
    first characters are versions of one object, of which only the latest is remembered. `living`: which
    objects will change again; of the others only the last few are remembered. `write`: a quicker way to the
    same text. `brief`: fields that have their default are left out; as for fields that older rows do not
    have, that default is then part of what is stored and must not change its meaning.
    """

    def __init__(
        self,
        kind: type[T],
        *,
        memory: int = 0,
        settled: Mapping[str, "Codec[Any]"] | None = None,
        moving: Mapping[str, "Codec[Any]"] | None = None,
        leading: int | None = None,
        living: Callable[[T], bool] | None = None,
        write: Callable[[T], str | None] | None = None,
        brief: bool = False,
    ) -> None:
        self._kind = kind
        self._memory = memory
        self._settled, self._moving = settled or {}, moving or {}
        self._left_out = {*self._settled, *self._moving} or None
        self._leading = leading
        self._living = living or (lambda _: True)
        self._write = write
        self._brief = brief
        self._parts: OrderedDict[int, tuple[T, str]] = OrderedDict()
        self._steady: OrderedDict[Any, tuple[tuple[Any, ...], str]] = OrderedDict()
        self._steady_fields = _getter(kind, self._left_out) if self._moving else None
        self._made: TypeAdapter[T] | None = None
        self._known: _Latest[T] = _Latest(memory)
        self._over: _Latest[T] = _Latest(min(memory, OVER))

    @property
    def _adapter(self) -> TypeAdapter[T]:
        """Made when first used: building the big ones takes milliseconds that a start need not wait for."""
        if self._made is None:
            self._made = TypeAdapter(self._kind)
        return self._made

    def encode(self, value: T) -> str:
        """The object as JSON text. Raises InvalidInput for text that is no Unicode text."""
        text = self._written(value)
        self._remember(text, value)
        return text

    def encode_part(self, value: T | None) -> str:
        """The same, remembered by identity, which a remembered object keeps; it cannot change either."""
        if value is None:
            return "null"
        known = self._parts.get(id(value))
        if known is not None:
            return known[1]
        text = self.encode(value)
        self._parts[id(value)] = (value, text)
        if len(self._parts) > PARTS:
            self._parts.popitem(last=False)
        return text

    def decode(self, text: str) -> T:
        """The object of a JSON text written by `encode`. Raises pydantic's ValidationError for another."""
        key = text[: self._leading]
        known = self._known.get(key) or self._over.get(key)
        if known is not None and known[0] == text:
            return known[1]
        value = self._adapter.validate_json(text)
        if known is None:  # who reads an older version does not push out the latest
            self._remember(text, value)
        return value

    def _written(self, value: T) -> str:
        quick = self._write(value) if self._write is not None else None
        if quick is not None:
            return quick
        if self._left_out is None:
            return self._dumped(value)
        texts = [self._rest(value)[:-1]]
        texts += [
            f'"{name}":{codec.encode_part(getattr(value, name))}' for name, codec in self._settled.items()
        ]
        texts += [f'"{name}":{codec.encode(getattr(value, name))}' for name, codec in self._moving.items()]
        return ",".join(texts) + "}"

    def _rest(self, value: T) -> str:
        """Everything but the fields with codecs of their own."""
        if self._steady_fields is None:
            return self._dumped(value)
        steady, who = self._steady_fields(value), value.id  # type: ignore[attr-defined]
        known = self._steady.get(who)
        if known is not None and all(map(is_, known[0], steady)):
            return known[1]
        text = self._dumped(value)
        if self._living(value):
            self._steady[who] = steady, text
            if len(self._steady) > self._memory:
                self._steady.popitem(last=False)
        else:
            self._steady.pop(who, None)
        return text

    def _dumped(self, value: T) -> str:
        try:
            dumped = self._adapter.dump_json(value, exclude=self._left_out, exclude_defaults=self._brief)
            return dumped.decode()
        except PydanticSerializationError as error:
            raise InvalidInput(f"cannot be stored: {error}") from error

    def _remember(self, text: str, value: T) -> None:
        key, living = text[: self._leading], self._living(value)
        here, there = (self._known, self._over) if living else (self._over, self._known)
        here.put(key, text, value)
        there.drop(key)


class _Latest(Generic[T]):
    """The objects that were used last with their texts, bounded in number and in characters."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: OrderedDict[str, tuple[str, T]] = OrderedDict()
        self.characters = 0

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> tuple[str, T] | None:
        """Text and object, which count as used."""
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def put(self, key: str, text: str, value: T) -> None:
        """Keep this one, and let go of what was not used for longest."""
        if not self._most:
            return
        self.drop(key)
        self._rows[key] = (text, value)
        self.characters += len(text)
        while len(self._rows) > self._most or (self.characters > CHARACTERS and len(self._rows) > 1):
            self.drop(next(iter(self._rows)))

    def drop(self, key: str) -> None:
        """Let go of this one."""
        row = self._rows.pop(key, None)
        if row is not None:
            self.characters -= len(row[0])


def _getter(kind: Any, left_out: Collection[str] | None) -> Callable[[Any], tuple[Any, ...]]:
    """Reads the fields that are not left out; there are at least two."""
    return attrgetter(*(field.name for field in fields(kind) if field.name not in (left_out or ())))
