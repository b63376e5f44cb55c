"""The simulated charger's connection: dials, introduces itself, comes back; its character decides how.

What a charger is and does stands in `charger`.
"""

import abc
import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Self

import aiohttp

from gateway.sim.clock import ChargerClock
from gateway.sim.dialing import Dialing, address_of, open_socket
from gateway.sim.errors import CallRefused, ConnectionLost, ConnectionTurnedDown, NoAnswer, NotSeenInTime
from gateway.sim.habit import Character, Moment
from gateway.sim.link import Link, Reply, Watcher
from gateway.sim.messages import Payload
from gateway.sim.station import Station

_log = logging.getLogger(__name__)
_FIRST_BACK_OFF_S = 0.2
_LONGEST_BACK_OFF_S = 10.0
NOT_SAID: Payload = {}
"""The answer to what a habit did not let be sent."""


class ConnectedCharger(abc.ABC):
    """A station with a connection that is kept. Use it as an async context manager, or `connect` and `close`.

    `url` is the gateway's OCPP base URL (`ws://host:port/ocpp`); the identity is appended. `patience_s` is
    how long it waits for an answer; requests named in `deaf_to` are kept there and never answered.
    Who derives from it says how it introduces itself (`boot`, `report`) and what it answers.
    """

    def __init__(
        self,
        url: str,
        station: Station,
        clock: ChargerClock,
        character: Character,
        patience_s: float,
        watch: Watcher | None,
    ) -> None:
        self.station, self.clock, self.character = station, clock, character
        self.subprotocol = ""
        self.boots = self.connections = self.asked = 0
        self.named: set[str] = set()
        self.deaf_to: dict[str, asyncio.Queue[Payload]] = {}
        self._url = address_of(url, station.identity)
        self._patience_s = patience_s
        self._watch = watch
        self._session: aiohttp.ClientSession | None = None
        self._link: Link | None = None
        self._half_open: list[Link] = []
        self._serving: asyncio.Task[None] | None = None
        self._online = asyncio.Event()
        self._may_dial = asyncio.Event()
        self._may_dial.set()
        self._booted = False
        self._tasks: set[asyncio.Task[None]] = set()

    @abc.abstractmethod
    async def boot(self) -> None:
        """Introduce itself until it is accepted."""

    @abc.abstractmethod
    async def report(self, connector: int, status: str, error_code: str = "NoError") -> None:
        """Tell the status of a plug; while offline it is only remembered."""

    @abc.abstractmethod
    def _usual_answer(self, action: str, payload: Payload) -> Reply:
        """What it answers; its character may make something else of it. Raises CallRefused."""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- connection

    @property
    def connected(self) -> bool:
        """Whether the charger is connected and has introduced itself."""
        return self._online.is_set()

    async def connect(self) -> None:
        """Dial, boot, report every plug.

        Raises ConnectionTurnedDown, NoAnswer, ConnectionLost or CallRefused.
        """
        self._session = aiohttp.ClientSession(trust_env=False)
        try:
            await self._dial()
        except BaseException:
            await self.close()
            raise
        self._spawn(self._stay_connected())

    async def close(self) -> None:
        """Close the connection and forget what was not delivered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for link in (*self._half_open, *([self._link] if self._link else [])):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await link.close()
        if self._session is not None:
            await self._session.close()

    async def lose_connection(self) -> None:
        """Drop the connection without a word and stay away until `come_back`."""
        self._may_dial.clear()
        self._online.clear()
        self.drop()

    def drop(self) -> None:
        """Lose the connection; it is dialled again by itself, as soon as that is allowed."""
        if self._link is not None:
            self._link.cut()

    def leave_half_open(self) -> None:
        """Forget the connection without a word and open another one; nobody reads the old one any more."""
        if self._link is not None and self._serving is not None:
            self._half_open.append(self._link)
            self._link = None
            self._serving.cancel()

    async def lose_power(self) -> None:
        """Go dark; after `come_back` it introduces itself anew (C17)."""
        self._booted = False
        await self.lose_connection()

    async def come_back(self, within: float = 10.0) -> None:
        """Connect again. Raises NotSeenInTime if that does not work in time."""
        self._may_dial.set()
        try:
            async with asyncio.timeout(within):
                await self._online.wait()
        except TimeoutError as late:
            raise NotSeenInTime(f"not connected again within {within:g} s") from late

    async def online(self) -> None:
        """Return as soon as the charger is connected."""
        await self._online.wait()

    async def call(self, action: str, payload: Payload, message_id: str | None = None) -> Payload:
        """Send any call now; returns the answer. Raises CallRefused, NoAnswer or ConnectionLost."""
        answers = []
        for each, said in self.character.says(self, action, payload):
            if self._link is None:
                raise ConnectionLost("not connected")
            answers.append(await self._link.call(each, said, self._patience_s, message_id))
            message_id = None
        return answers[0] if answers else NOT_SAID

    async def send_raw(self, text: str) -> None:
        """Put any text on the wire. Raises ConnectionLost."""
        if self._link is None:
            raise ConnectionLost("not connected")
        await self._link.send_raw(text)

    # --- inside

    async def _dial(self) -> None:
        """Connect and introduce itself; `_serving` ends with the connection."""
        self.drop()
        dialing = self.character.dialing(Dialing((self.subprotocol,)))
        for _ in range(0 if self.connections else dialing.restarts):
            await self._open(dialing)
            await self.boot()
            self._booted = False
            self.drop()
        await self._open(dialing)
        await self._introduce(dialing)

    async def _open(self, dialing: Dialing) -> None:
        if self._session is None:
            raise ConnectionLost("closed")
        websocket = await open_socket(
            self._session, self._url, self.station.identity, dialing, self._patience_s
        )
        self.connections += 1
        self.asked = 0
        self._link = Link(websocket, self._answer, self._watch, self.character.frame)
        self._serving = self._spawn(self._link.serve())

    async def _introduce(self, dialing: Dialing) -> None:
        if dialing.introduces and not self._booted:
            await self.boot()
        self._online.set()
        for plug in self.station.plugs.values():
            await self.report(plug.number, plug.status)
        await self.character.at(Moment.CONNECTED, self)

    async def _stay_connected(self) -> None:
        while True:
            if self._serving is not None:
                await asyncio.wait({self._serving})
            self._online.clear()
            await self.clock.sleep(self.character.dialing(Dialing(())).away)
            back_off = _FIRST_BACK_OFF_S
            while True:
                await self._may_dial.wait()
                try:
                    await self._dial()
                    break
                except (ConnectionTurnedDown, ConnectionLost, NoAnswer, CallRefused) as failure:
                    _log.info("%s: %s", self.station.identity.id, failure)
                    await asyncio.sleep(back_off)
                    back_off = min(back_off * 2, _LONGEST_BACK_OFF_S)

    def _answer(self, action: str, payload: Payload) -> Reply | None:
        if action in self.deaf_to:
            self.deaf_to[action].put_nowait(payload)
            return None
        self.asked += 1
        return self.character.answers(self, action, payload, lambda: self._usual_answer(action, payload))

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)
        return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a task of the simulated charger failed", exc_info=error)
