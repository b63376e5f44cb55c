"""What one OCPP version must provide. `transport` and `connected` know this and no version."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.app.authorize import Authorizing
from gateway.app.caring import Caring, Repaired
from gateway.app.charging import Charging
from gateway.app.ports import Clock
from gateway.domain.chargers import Charger
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.ids import ChargerId
from ocpp_side.contracts import Broker, installed_broker
from ocpp_side.repairs.mending import Repair
from ocpp_side.repairs.mistaken_version import Telling
from ocpp_side.repairs.presets import Habits, Preset, habits_of, shipped_presets
from ocpp_side.translate.lenient import Payload
from ocpp_side.validation import Schemas
from ocpp_side.vendors import Vendors

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Station:
    """One connected charger as handlers see it. `accepted`: it has booted, or did so before (A15).

    `boots`: how many chargers may boot at a time.
    """

    id: ChargerId
    charging: Charging
    authorizing: Authorizing
    clock: Clock
    caring: Caring
    admitted: Charger | None = None
    accepted: bool = False
    booted_now: bool = False
    reported_status: bool = False
    vendors: Vendors = field(default_factory=Vendors)
    broker: Broker = field(default_factory=installed_broker)
    presets: Sequence[Preset] = field(default_factory=shipped_presets)
    habits: Habits = field(default_factory=Habits)
    repaired: dict[str, Repaired] = field(default_factory=dict)
    boots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def is_a(self, vendor: str, model: str, firmware: str) -> None:
        """Treat it as what is known of its make."""
        self.habits = habits_of(self.presets, vendor, model, firmware, charger=self.id)

    def note_repair(self, quirk: str, example: str) -> None:
        """Count a repair; the first of each kind on a connection is logged."""
        before = self.repaired.get(quirk)
        if before is None:
            log.info("%s needed repair %s: %s", self.id, quirk, example)
        self.repaired[quirk] = Repaired(before.times + 1 if before else 1, example)

    async def report_repairs(self) -> None:
        """Store the repairs counted since last time. Raises StoreUnavailable."""
        counted, self.repaired = self.repaired, {}
        await self.caring.repaired(self.id, counted)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a charger. `raw` is the frame as it came, for what must be put aside."""

    id: str
    action: str
    payload: Payload
    raw: bytes


Handler = Callable[[Station, Request], Awaitable[Payload]]


def whole_command(command: Command) -> Sequence[Command]:
    """A command that is asked at once."""
    return (command,)


@dataclass(frozen=True, slots=True)
class Version:
    """An OCPP version as a value (the sibling modules `v16`, `v201` … each make one).

    `transactional`: messages that are never answered with an error, since a charger gives up on them or
    repeats them for ever (C06, C10, D25). `boot`: the one action allowed before a charger was accepted.
    `repairs`: what is tried, in this order, when a payload breaks its schema.
    `parts_of`: a command as several that a charger can take. `unreadable_frame`: the CALLERROR code for what
    is no message; None ignores it (A13). `refuses_answers`: a charger is told that its answer to a call of
    ours cannot be read (E03). `sends`: handlers of messages that get no answer (A14). `telling`:
    fields by which its messages are known (Q09).
    """

    subprotocol: str
    schemas: Schemas
    handlers: Mapping[str, Handler]
    transactional: frozenset[str]
    boot: str
    call_of: Callable[[Command], tuple[str, Payload]]
    answer_of: Callable[[Command, Payload], CommandAnswer]
    unreadable_answer: Callable[[ChargerId, str, bytes], Payload]
    formation_violation: str
    not_known: str = "NotImplemented"
    not_supported: str = "NotSupported"
    not_accepted: str = "SecurityError"
    unreadable_frame: str | None = None
    refuses_answers: bool = False
    sends: Mapping[str, Handler] = field(default_factory=dict)
    parts_of: Callable[[Command], Sequence[Command]] = whole_command
    internal_error: str = "InternalError"
    repairs: Sequence[Repair] = ()
    telling: Telling = field(default_factory=dict)
