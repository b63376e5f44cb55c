"""One OCPP-J connection seen from the charger: one call out at a time, calls in answered in order."""

import asyncio
import contextlib
import logging
import socket
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import orjson

from gateway.sim.errors import CallRefused, ConnectionLost, NoAnswer
from gateway.sim.messages import Payload

_log = logging.getLogger(__name__)
_CALL, _RESULT, _ERROR = 2, 3, 4


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a call of the gateway, and what to do once it is on its way.

    With `held` that is done first, and the answer goes out when `held` returns.
    """

    payload: Payload
    then: Callable[[], None] | None = None
    held: Callable[[], Awaitable[None]] | None = None


Answerer = Callable[[str, Payload], Reply | None]
"""Answers a call of the gateway; raises CallRefused for a CALLERROR."""
Watcher = Callable[[str, str], None]
"""Told every frame: direction "in" or "out", and the text."""
Spelling = Callable[[str], str]
"""What is put on the wire in place of a frame."""


class Link:
    """An open WebSocket speaking OCPP-J. `serve` must run for calls to be answered."""

    def __init__(
        self,
        websocket: aiohttp.ClientWebSocketResponse,
        answer: Answerer,
        watch: Watcher | None = None,
        spelling: Spelling = str,
    ) -> None:
        self._websocket = websocket
        self._answer = answer
        self._watch = watch
        self._spelling = spelling
        self._held: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Payload]] = {}

    async def call(
        self, action: str, payload: Payload, within: float, message_id: str | None = None
    ) -> Payload:
        """Send a CALL and return its result; calls wait for their turn (A08).

        Raises CallRefused for a CALLERROR, NoAnswer after `within` seconds, ConnectionLost.
        """
        async with self._turn:
            key = message_id or str(uuid.uuid4())
            answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            self._waiting[key] = answer
            try:
                async with asyncio.timeout(within):
                    await self._send([_CALL, key, action, payload])
                    return await answer
            except TimeoutError as late:
                raise NoAnswer(f"no answer to {action} within {within:g} s") from late
            finally:
                self._waiting.pop(key, None)

    async def send_raw(self, text: str) -> None:
        """Put text on the wire as it is; for misbehaviour. Raises ConnectionLost."""
        await self._send_text(text)

    async def serve(self) -> None:
        """Read until the connection ends; everything that still waits fails with ConnectionLost."""
        try:
            async for message in self._websocket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._received(message.data)
                elif message.type is aiohttp.WSMsgType.PING:
                    self.cut()  # only seen by chargers that cannot stand pings
        finally:
            for held in self._held:
                held.cancel()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionLost())

    async def close(self) -> None:
        """Say goodbye and close."""
        await self._websocket.close()

    def cut(self) -> None:
        """Drop the connection without a word, as a failing network does."""
        plug = self._websocket.get_extra_info("socket")
        if plug is not None:
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)

    async def _received(self, text: str) -> None:
        if self._watch is not None:
            self._watch("in", text)
        try:
            frame = orjson.loads(text)
            kind, key = frame[0], frame[1]
        except (orjson.JSONDecodeError, IndexError, TypeError, KeyError):
            _log.warning("the gateway sent a frame that is not OCPP-J: %.200s", text)
            return
        if kind == _CALL:
            await self._called(key, frame[2], frame[3])
        else:
            self._answered(kind, key, frame)

    async def _called(self, key: str, action: str, payload: Payload) -> None:
        try:
            reply = self._answer(action, payload)
            if reply is None:
                return
        except CallRefused as refusal:
            with contextlib.suppress(ConnectionLost):
                await self._send([_ERROR, key, refusal.code, str(refusal), {}])
            return
        if reply.held is not None:
            task = asyncio.create_task(self._send_later(key, reply.payload, reply.held))
            self._held.add(task)
            task.add_done_callback(self._held.discard)
        else:
            await self._send_result(key, reply.payload)
        if reply.then is not None:
            reply.then()

    async def _send_later(self, key: str, payload: Payload, held: Callable[[], Awaitable[None]]) -> None:
        await held()
        await self._send_result(key, payload)

    async def _send_result(self, key: str, payload: Payload) -> None:
        with contextlib.suppress(ConnectionLost):
            await self._send([_RESULT, key, payload])

    def _answered(self, kind: int, key: str, frame: list[object]) -> None:
        waiting = self._waiting.get(key)
        if waiting is None or waiting.done():
            _log.info("late or unknown answer %s", key)
        elif kind == _RESULT:
            payload = frame[2]
            waiting.set_result(payload if isinstance(payload, dict) else {})
        elif kind == _ERROR:
            waiting.set_exception(CallRefused(str(frame[2]), str(frame[3]) if frame[3:] else ""))

    async def _send(self, frame: list[object]) -> None:
        await self._send_text(self._spelling(orjson.dumps(frame).decode()))

    async def _send_text(self, text: str) -> None:
        if self._watch is not None:
            self._watch("out", text)
        try:
            await self._websocket.send_str(text)
        except (ConnectionError, aiohttp.ClientError, RuntimeError) as broken:
            raise ConnectionLost(str(broken)) from broken
