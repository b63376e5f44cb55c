"""Transaction messages of the simulated charger: kept in order, resent until the gateway answered them.

Spec: OCPP 1.6 3.7 "Transactions in Charge Points" and 4.9; C16, Q02.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.sim.errors import CallRefused, ConnectionLost, NoAnswer, NotSeenInTime, QueueOverflow
from gateway.sim.messages import Payload

_log = logging.getLogger(__name__)
_CAPACITY = 5000


class Line(Protocol):
    """The way to the gateway, whatever connection it currently is."""

    async def online(self) -> None:
        """Return as soon as messages may be sent."""

    async def call(self, action: str, payload: Payload, message_id: str) -> Payload:
        """Raises CallRefused, NoAnswer or ConnectionLost."""


@dataclass(frozen=True, slots=True)
class TransactionMessage:
    """A message that must arrive; `payload` is rendered when sent, when the transaction's id is known.

    `overtakable`: whether others may be sent before it though they were said later.
    """

    action: str
    payload: Callable[[], Payload]
    answered: Callable[[Payload], None]
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    overtakable: bool = True


class Courier:
    """Sends transaction messages one after another.

    No answer and a lost connection are retried for ever with the same content; a CALLERROR `attempts` times,
    as TransactionMessageAttempts says, then the message is given up and counted in `given_up`.

    `duplicate` sends everything twice; `swap` lets every second message overtake the one before it;
    `lose_next` forgets the next message, whose number is used up all the same.
    """

    def __init__(self, line: Line, attempts: Callable[[], int], retry_after: Callable[[], float]) -> None:
        self._line = line
        self._attempts = attempts
        self._retry_after = retry_after
        self._queue: asyncio.Queue[TransactionMessage] = asyncio.Queue(_CAPACITY)
        self.duplicate = self.swap = self.lose_next = False
        self._overtaken: TransactionMessage | None = None
        self.given_up = 0
        self.resent = 0
        self._unfinished = 0

    @property
    def pending(self) -> int:
        """How many messages the gateway has not acknowledged."""
        return self._unfinished

    def post(self, message: TransactionMessage) -> None:
        """Queue a message. Raises QueueOverflow when the charger's memory is full."""
        if self.lose_next:
            self.lose_next = False
            return
        self._unfinished += 1
        if self.swap and message.overtakable and self._overtaken is None:
            self._overtaken = message
            return
        self._queue_up(message)
        self.catch_up()

    def catch_up(self) -> None:
        """Send what waits to be overtaken."""
        if self._overtaken is not None:
            overtaken, self._overtaken = self._overtaken, None
            self._queue_up(overtaken)

    def _queue_up(self, message: TransactionMessage) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull as full:
            raise QueueOverflow(f"{_CAPACITY} messages wait") from full

    async def settled(self, within: float) -> None:
        """Wait until everything was acknowledged. Raises NotSeenInTime."""
        self.catch_up()
        try:
            async with asyncio.timeout(within):
                await self._queue.join()
        except TimeoutError as late:
            raise NotSeenInTime(f"{self.pending} messages not acknowledged within {within:g} s") from late

    async def run(self) -> None:
        """Deliver for ever; cancel to stop."""
        while True:
            message = await self._queue.get()
            await self._deliver(message)
            if self.duplicate:
                await self._again(message)
            self._unfinished -= 1
            self._queue.task_done()

    async def _deliver(self, message: TransactionMessage) -> None:
        refusals = 0
        while True:
            await self._line.online()
            try:
                answer = await self._line.call(message.action, message.payload(), message.message_id)
            except (NoAnswer, ConnectionLost) as lost:
                _log.info("%s will be resent: %s", message.action, lost)
            except CallRefused as refusal:
                refusals += 1
                if refusals >= self._attempts():
                    _log.warning("%s given up after %d refusals: %s", message.action, refusals, refusal)
                    self.given_up += 1
                    return
            else:
                message.answered(answer)
                return
            self.resent += 1
            await asyncio.sleep(self._retry_after())

    async def _again(self, message: TransactionMessage) -> None:
        """Send the same content once more under a new message id, as some chargers do (Q02)."""
        try:
            await self._line.online()
            await self._line.call(message.action, message.payload(), str(uuid.uuid4()))
        except (NoAnswer, ConnectionLost, CallRefused) as lost:
            _log.info("the duplicate of %s was not answered: %s", message.action, lost)
