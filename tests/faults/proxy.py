"""A TCP proxy that breaks connections in the ways networks do."""

import asyncio
import contextlib
from collections.abc import Callable
from enum import Enum, auto
from typing import Self


class Fault(Enum):
    """What happens to bytes that arrive."""

    NONE = auto()
    REFUSE = auto()
    """New connections are closed at once."""
    BLACK_HOLE = auto()
    """Nothing passes in either direction, nothing is closed: a half-open connection (F19)."""
    SWALLOW_ANSWERS = auto()
    """Requests arrive, answers do not; the connection stays open (F7)."""
    CUT_ANSWERS = auto()
    """Requests arrive, and the connection is reset when the answer comes (F7)."""
    DRIP = auto()
    """Answers come one byte a second (F13)."""


class FaultProxy:
    """Listens on a port of its own and relays to `target` (host, port). `fault` may change at any time."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.target_port = target_port
        self._address = (host, port)
        self.fault = Fault.NONE
        self.connections = 0
        self.on_request: Callable[[bytes], None] = lambda _: None
        """Told what arrives before it is passed on; it may change the fault."""
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, *self._address)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection there is."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.fault is Fault.REFUSE:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, far_writer}
        self._writers |= pair
        ways = [
            asyncio.create_task(self._relay(reader, far_writer, answers=False)),
            asyncio.create_task(self._relay(far_reader, writer, answers=True)),
        ]
        self._tasks.update(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= pair
            for end in pair:
                end.transport.abort()
            for way in ways:
                way.cancel()
            self._tasks.difference_update(ways)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not answers:
                    self.on_request(data)
                if self.fault is Fault.BLACK_HOLE or (answers and self.fault is Fault.SWALLOW_ANSWERS):
                    continue
                if answers and self.fault is Fault.CUT_ANSWERS:
                    return
                if answers and self.fault is Fault.DRIP:
                    await self._drip(data, writer)
                    continue
                writer.write(data)
                await writer.drain()

    async def _drip(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for at in range(len(data)):
            if self.fault is not Fault.DRIP:
                writer.write(data[at:])
                return
            writer.write(data[at : at + 1])
            await asyncio.sleep(1)
