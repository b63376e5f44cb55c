"""What a habit of a real charger is made of: the places at which a simulated one does otherwise.

A charger has a Character, which is the sum of its habits, and asks it: how to dial, what to say, what to
answer, how to write a frame, what to do at certain moments. It never knows which habits those are.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from typing import Protocol

from gateway.sim.clock import ChargerClock
from gateway.sim.dialing import Dialing
from gateway.sim.link import Reply
from gateway.sim.messages import Payload
from gateway.sim.station import ConfigurationEntry, Identity, Station

Message = tuple[str, Payload]
"""A request of the charger: action and payload."""


class Moment(Enum):
    """When a habit may do something by itself. CONNECTED: every plug was reported; CHARGING: energy flows."""

    CONNECTED = auto()
    CHARGING = auto()


class Body(Protocol):
    """What a habit sees of its charger.

    `connections`: how often it was connected; `asked`: calls of the gateway on this connection; `named`:
    cards that the gateway told it in remote starts.
    """

    station: Station
    clock: ChargerClock
    connections: int
    asked: int
    named: set[str]

    async def call(self, action: str, payload: Payload, message_id: str | None = None) -> Payload:
        """Send any call now. Raises CallRefused, NoAnswer or ConnectionLost."""

    def leave_half_open(self) -> None:
        """Forget the connection without closing it, and open another one."""

    def drop(self) -> None:
        """Lose the connection; it is dialled again by itself."""


Usual = Callable[[], Reply | None]
"""Makes the usual answer; not called, nothing of what was asked is done."""


@dataclass(frozen=True, slots=True)
class Habit:
    """One habit by its Q-id (`Q23.2`: another form of the same quirk); what it leaves open is as usual.

    `says`: the messages that are sent in place of one; none: it is not sent, and its answer is {}.
    `answers`: the answer to a call, None for silence. Raises CallRefused. `frame`: text on the wire.
    `make`: vendor and model that are known for it. `settings`: configuration the charger comes with.
    """

    id: str
    does: str
    says: Callable[[Body, str, Payload], Sequence[Message]] | None = None
    answers: Callable[[Body, str, Payload, Usual], Reply | None] | None = None
    frame: Callable[[str], str] | None = None
    dials: Callable[[Dialing], Dialing] | None = None
    moments: Mapping[Moment, Callable[[Body], Awaitable[None]]] = field(default_factory=dict)
    make: tuple[str, str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Character:
    """Several habits as one; without any, a charger does everything as it should."""

    habits: tuple[Habit, ...] = ()

    def identity(self, identity: Identity) -> Identity:
        """Who the charger says it is: of the make that is known for its habits."""
        for habit in self.habits:
            if habit.make is not None:
                identity = replace(identity, vendor=habit.make[0], model=habit.make[1])
        return identity

    def equip(self, station: Station) -> None:
        """Give the station the configuration it comes with."""
        for habit in self.habits:
            for key, value in habit.settings.items():
                station.configuration[key] = ConfigurationEntry(value, readonly=True)

    def dialing(self, usual: Dialing) -> Dialing:
        """How it connects."""
        for habit in self.habits:
            if habit.dials is not None:
                usual = habit.dials(usual)
        return usual

    def says(self, body: Body, action: str, payload: Payload) -> list[Message]:
        """What it sends where this message belongs."""
        messages: list[Message] = [(action, payload)]
        for habit in self.habits:
            if habit.says is not None:
                messages = [said for message in messages for said in habit.says(body, *message)]
        return messages

    def answers(self, body: Body, action: str, payload: Payload, usual: Usual) -> Reply | None:
        """Its answer to a call. Raises CallRefused."""
        for habit in self.habits:
            if habit.answers is not None:
                usual = partial(habit.answers, body, action, payload, usual)
        return usual()

    def frame(self, text: str) -> str:
        """What it puts on the wire."""
        for habit in self.habits:
            if habit.frame is not None:
                text = habit.frame(text)
        return text

    async def at(self, moment: Moment, body: Body) -> None:
        """Let it do what it does at this moment."""
        for habit in self.habits:
            if (act := habit.moments.get(moment)) is not None:
                await act(body)
