"""Mutated frames for a charger's connection: the real use cases behind it, another charger beside it."""

import gc
import logging
import os
import random
from collections.abc import Sequence
from typing import Any, cast

import orjson

from gateway.app.caring import Caring
from gateway.domain.ids import ChargerId
from ocpp_side.frames import Call, read_frame
from ocpp_side.transport import Line
from ocpp_side.version import Station, Version
from tests import builders as b
from tests.app.world import World
from tests.fakes_ocpp import RecordingCaring
from tests.flows.chaos import Wire, line_of

FRAMES = int(os.environ.get("FUZZ_FRAMES", "4000"))
"""How many frames of each version; `make fuzz` takes 100 000."""
WHEN = "2026-11-22T11:00:00Z"
_CHUNK = 500
_MOST_NEW_OBJECTS = 60_000
"""What caches of bounded size may add in 100 000 frames: far less than one object for each."""
Frame = list[Any]
ODD: list[Any] = [
    None, True, 0, -1, 2**63, 1e308, "", " ", "x" * 300, "\u0000", "é\U0001f50c", [], {}, [[]],
    {"a": {"b": [1]}},
    "1970-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "NaN", "1e400",
]  # fmt: skip


def mutated(rng: random.Random, value: Any) -> Any:
    """The value with one thing in it changed."""
    if rng.random() < 0.2 or not isinstance(value, list | dict) or not value:
        return rng.choice(ODD)
    if isinstance(value, list):
        at = rng.randrange(len(value))
        match rng.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return [*value[:at], value[at], *value[at:]]
            case _:
                return [*value[:at], mutated(rng, value[at]), *value[at + 1 :]]
    key = rng.choice(sorted(value))
    match rng.randrange(5):
        case 0:
            return {k: v for k, v in value.items() if k != key}
        case 1:
            return {**value, rng.choice(["extra", key.upper(), key.lower()]): rng.choice(ODD)}
        case _:
            return {**value, key: mutated(rng, value[key])}


def garbled(rng: random.Random, raw: bytes) -> bytes:
    """The bytes with some of them changed, left out or cut off."""
    at = rng.randrange(len(raw))
    match rng.randrange(4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
        case 2:
            return raw[:at] + raw[at + 1 :]
        case _:
            return raw[:at] + raw[at : at + 20] + raw[at:]


def made_up(rng: random.Random, corpus: Sequence[Frame]) -> bytes:
    frame: Any = rng.choice(corpus)
    for _ in range(rng.randint(0, 3)):
        frame = mutated(rng, frame) if isinstance(frame, list) else frame
    try:
        raw = orjson.dumps(frame)
    except orjson.JSONEncodeError:  # integers above 64 bits
        return b"[]"
    return garbled(rng, raw) if rng.random() < 0.3 else raw


def _line(world: World, version: Version, charger_id: ChargerId) -> tuple[Wire, Line]:
    caring = cast("Caring", RecordingCaring())
    station = Station(charger_id, world.charging, world.authorizing, world.clock, caring)
    station.accepted = True
    wire = Wire()
    return wire, line_of(wire, version, station)


class _Alarms(logging.Handler):
    """What the gateway itself stumbled over."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")


async def fuzz(version: Version, corpus: Sequence[Frame], seed: int) -> None:
    """Send the frames; every request is answered once, nothing fails, the other charger is served on."""
    rng, alarms = random.Random(seed), _Alarms()
    logging.getLogger("ocpp_side").addHandler(alarms)
    logging.getLogger("ocpp_side.transport").setLevel(logging.ERROR)
    objects: list[int] = []
    try:
        for chunk in range(FRAMES // _CHUNK):
            world = await World().furnish()
            world.clock.time = b.at(3600)
            wire, line = _line(world, version, b.CHARGER)
            other = _line(world, version, ChargerId("CP-OTHER"))
            for n in range(_CHUNK):
                raw = made_up(rng, corpus)
                await _sent(wire, line, raw)
                assert alarms.seen == [], (chunk, n, raw)
                if n % 100 == 0:
                    await _served(*other)
            await _served(wire, line)
            gc.collect()
            objects.append(len(gc.get_objects()))
    finally:
        logging.getLogger("ocpp_side").removeHandler(alarms)
        logging.getLogger("ocpp_side.transport").setLevel(logging.NOTSET)
    assert objects[-1] - objects[0] < _MOST_NEW_OBJECTS, objects


async def _sent(wire: Wire, line: Line, raw: bytes) -> None:
    wire.sent.clear()
    await line._take(raw)
    if isinstance(read_frame(raw), Call):
        assert len(wire.sent) == 1, raw
        assert wire.sent[0][0] in (3, 4), raw
    assert not wire.closed, raw


async def _served(wire: Wire, line: Line) -> None:
    wire.sent.clear()
    await line._take(b'[2,"end","Heartbeat",{}]')
    assert wire.sent[0][:2] == [3, "end"]
