"""A charger with a queue of messages, and a network that drops, doubles and reorders. Seeded, no clock (F05).

The charger keeps to OCPP-J: a transaction message is repeated, unchanged, until it is acknowledged. What the
network does to each frame and each answer is drawn from the seed.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import orjson

from gateway.app.caring import Caring
from gateway.domain.cdrs import Cdr
from gateway.domain.sessions import SessionStatus
from ocpp_side.limits import Bucket
from ocpp_side.transport import Line
from ocpp_side.version import Station, Version
from tests import builders as b
from tests.app.world import World
from tests.fakes_ocpp import RecordingCaring

RUNS = 200
CARD = "04A1B2C3"
_FATES, _WEIGHTS = ("arrives", "lost", "doubled", "answer lost", "reconnects"), (50, 15, 15, 15, 5)
_PATIENCE = 50


class Wire:
    """The socket of a charger, as far as `Line` needs it: what is sent is kept."""

    closed = False

    def __init__(self) -> None:
        self.sent: list[list[Any]] = []

    async def send_frame(self, raw: bytes, _: object) -> None:
        self.sent.append(orjson.loads(raw))

    async def close(self, **_: object) -> bool:
        self.closed = True
        return True


class Silent:
    """A recorder that keeps nothing."""

    def frame(self, *_: object) -> None: ...
    def exchange(self, *_: object) -> None: ...


def line_of(wire: Wire, version: Version, station: Station) -> Line:
    """A connection without a socket and without limits."""
    return Line(
        cast("Any", wire), version, station, cast("Any", Silent()), Bucket(10**9, 10**9, 0), lambda: 0.0
    )


def when(seconds: float) -> str:
    return b.at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Box:
    """A charger of any version, and the network between it and the gateway. `answers` by message id."""

    world: World
    version: Version
    rng: random.Random
    calm: bool
    ids: int = 0
    answers: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connect()

    def _connect(self) -> None:
        world = self.world
        caring = cast("Caring", RecordingCaring())
        station = Station(b.CHARGER, world.charging, world.authorizing, world.clock, caring)
        station.accepted = True
        self.wire = Wire()
        self.line = line_of(self.wire, self.version, station)

    async def tell(
        self, action: str, payload: Callable[[], dict[str, Any]], *, must: bool
    ) -> dict[str, Any] | None:
        """Send a message until it is acknowledged, or once if nobody waits for it; the answer heard."""
        for attempt in range(_PATIENCE):
            self.ids += 1
            frame = [2, str(self.ids), action, payload()]
            fate = "arrives"
            if not self.calm and attempt < _PATIENCE - 1:
                (fate,) = self.rng.choices(_FATES, _WEIGHTS)
            if fate == "reconnects":
                self._connect()
                continue
            if fate == "lost":
                if must:
                    continue
                return None
            await self.line._take(orjson.dumps(frame))
            if fate == "doubled":
                await self.line._take(orjson.dumps(frame))
            if fate == "answer lost" and must:
                continue
            answers = [f for f in self.wire.sent if f[:2] == [3, frame[1]]]
            assert answers, (action, self.wire.sent[-1:])
            answer: dict[str, Any] = answers[0][2]
            return answer
        raise AssertionError("the last attempt always arrives")


Story = Callable[[Box], Awaitable[None]]
"""What a charger tells in one session; reorders with the box's seed unless it is calm."""


async def charge(version: Version, story: Story, seed: int | None) -> Cdr:
    """A whole session and its CDR, without what differs between any two; `seed` None is undisturbed."""
    world = await World().furnish()
    world.clock.time = b.at(0)
    await story(Box(world, version, random.Random(seed), calm=seed is None))
    world.clock.time = b.at(3660) + world.policy.orphan_grace + timedelta(hours=1)
    await world.closing.close_due()
    (session,) = await world.sessions()
    assert session.status is SessionStatus.COMPLETED, (seed, session.flags)
    (cdr,) = await world.cdrs()
    return account(cdr)


def account(cdr: Cdr) -> Cdr:
    """A CDR without ids, times of writing, and the live state of the EVSE, which partners never see in it."""
    never = datetime(2000, 1, 1, tzinfo=b.NOON.tzinfo)
    plug = replace(cdr.plug, location=replace(cdr.plug.location, evses=(), last_updated=never))
    return replace(cdr, id=cast("Any", "CDR"), session_id=cast("Any", "S"), last_updated=never, plug=plug)


async def disturbed(version: Version, story: Story, runs: int = RUNS) -> dict[int, tuple[Cdr, Cdr]]:
    """By seed, the CDRs that differ from the undisturbed one, beside it: there should be none."""
    undisturbed = await charge(version, story, None)
    cdrs = {seed: await charge(version, story, seed) for seed in range(runs)}
    return {seed: (cdr, undisturbed) for seed, cdr in cdrs.items() if cdr != undisturbed}
