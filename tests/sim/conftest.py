"""A central system of the `ocpp` package and `websockets`: code that shares nothing with the simulator."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus

logging.getLogger("ocpp").setLevel(logging.WARNING)


class CentralSystem:
    """Books what chargers say; `muted` actions are received but get no answer."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.headers: dict[str, str] = {}
        self.sessions: list[Session] = []
        self.known_cards = {"CARD-1"}
        self.muted: set[str] = set()
        self.next_transaction = 41
        self.url = ""
        self._changed = asyncio.Event()

    def note(self, action: str, payload: dict[str, Any]) -> None:
        self.calls.append((action, payload))
        self._changed.set()
        self._changed = asyncio.Event()

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.calls if name == action]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await self._changed.wait()


class Session(ChargePoint):
    """One charger's connection at the central system."""

    def __init__(self, name: str, connection: Any, book: CentralSystem) -> None:
        super().__init__(name, connection)
        self._book = book

    async def _take(self, action: str, payload: dict[str, Any]) -> None:
        self._book.note(action, payload)
        if action in self._book.muted:
            await self._connection.close()

    def _info(self, card: str) -> IdTagInfo:
        known = card in self._book.known_cards
        return IdTagInfo(status=AuthorizationStatus.accepted if known else AuthorizationStatus.invalid)

    @on(Action.boot_notification)
    async def on_boot(self, **payload: Any) -> call_result.BootNotification:
        await self._take("BootNotification", payload)
        return call_result.BootNotification("2026-11-22T10:00:00Z", 300, RegistrationStatus.accepted)

    @on(Action.heartbeat)
    async def on_heartbeat(self, **payload: Any) -> call_result.Heartbeat:
        await self._take("Heartbeat", payload)
        return call_result.Heartbeat("2026-11-22T10:00:00Z")

    @on(Action.status_notification)
    async def on_status(self, **payload: Any) -> call_result.StatusNotification:
        await self._take("StatusNotification", payload)
        return call_result.StatusNotification()

    @on(Action.authorize)
    async def on_authorize(self, **payload: Any) -> call_result.Authorize:
        await self._take("Authorize", payload)
        return call_result.Authorize(self._info(payload["id_tag"]))

    @on(Action.start_transaction)
    async def on_start(self, **payload: Any) -> call_result.StartTransaction:
        await self._take("StartTransaction", payload)
        self._book.next_transaction += 1
        return call_result.StartTransaction(self._book.next_transaction, self._info(payload["id_tag"]))

    @on(Action.meter_values)
    async def on_meter_values(self, **payload: Any) -> call_result.MeterValues:
        await self._take("MeterValues", payload)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    async def on_stop(self, **payload: Any) -> call_result.StopTransaction:
        await self._take("StopTransaction", payload)
        return call_result.StopTransaction()

    async def ask(self, request: Any) -> Any:
        return await self.call(request, suppress=False)


@asynccontextmanager
async def _running(book: CentralSystem) -> AsyncIterator[CentralSystem]:
    async def serve(connection: Any) -> None:
        book.headers = {k.lower(): v for k, v in connection.request.headers.raw_items()}
        session = Session(connection.request.path.rsplit("/", 1)[-1], connection, book)
        book.sessions.append(session)
        try:
            await session.start()
        except websockets.ConnectionClosed:
            return

    async with websockets.serve(serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:  # type: ignore[list-item]
        port = next(iter(server.sockets)).getsockname()[1]
        book.url = f"ws://127.0.0.1:{port}/ocpp"
        yield book


@pytest.fixture
async def central() -> AsyncIterator[CentralSystem]:
    async with _running(CentralSystem()) as book:
        yield book


__all__ = ["CentralSystem", "call"]
