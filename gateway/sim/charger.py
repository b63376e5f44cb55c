"""A simulated charger: OCPP 1.6J over a real WebSocket, with the memory and the habits of a real one."""

import asyncio
import base64
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp

from gateway.sim import messages
from gateway.sim.charger_care import CareDesk16
from gateway.sim.clock import ChargerClock
from gateway.sim.courier import Courier, TransactionMessage
from gateway.sim.errors import (
    CallRefused,
    ConnectionLost,
    ConnectionTurnedDown,
    NoAnswer,
    NotSeenInTime,
)
from gateway.sim.habits import Habit, habit_of
from gateway.sim.link import Link, Reply, Watcher
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision, Task, decide
from gateway.sim.station import Identity, Plug, Station, Transaction, new_station

_log = logging.getLogger(__name__)
SUBPROTOCOL = "ocpp1.6"
_FIRST_BACK_OFF_S = 0.2
_LONGEST_BACK_OFF_S = 10.0

RemoteStartHandler = Callable[["SimulatedCharger", int, str], Awaitable[None]]
"""What happens after an accepted RemoteStartTransaction: charger, connector, card."""


class SimulatedCharger:
    """Connects, boots, reports, charges; keeps transaction messages until they are acknowledged.

    `url` is the gateway's OCPP base URL (`ws://host:port/ocpp`); the identity is appended. `patience_s` is
    how long it waits for an answer; requests named in `deaf_to` are kept there and never answered.

    Use it as an async context manager, or `connect` and `close`.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        register_wh: Decimal = Decimal(1_000_000),
        patience_s: float = 30.0,
        on_remote_start: RemoteStartHandler | None = None,
        watch: Watcher | None = None,
    ) -> None:
        self.clock = ChargerClock()
        self.station: Station = new_station(identity, self.clock.now(), register_wh)
        self.station.takes_remote_starts = on_remote_start is not None
        self.desk = CareDesk16(self.station)
        self.boots = 0
        self.deaf_to: dict[str, asyncio.Queue[Payload]] = {}
        self.subprotocol = SUBPROTOCOL
        self.courier = Courier(self, self._attempts, self._retry_after)
        self.habit: Habit = habit_of(())
        self._url = f"{url.rstrip('/')}/{quote(identity.id, safe='')}"
        self._patience_s = patience_s
        self._on_remote_start = on_remote_start
        self._watch = watch
        self._session: aiohttp.ClientSession | None = None
        self._link: Link | None = None
        self._online = asyncio.Event()
        self._may_dial = asyncio.Event()
        self._may_dial.set()
        self._booted = False
        self._tasks: set[asyncio.Task[None]] = set()

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
            serving = await self._dial()
        except BaseException:
            await self.close()
            raise
        self._spawn(self._stay_connected(serving))
        self._spawn(self.courier.run())
        self._spawn(self._beat())

    async def close(self) -> None:
        """Close the connection and forget what was not delivered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._link is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await self._link.close()
        if self._session is not None:
            await self._session.close()

    async def lose_connection(self) -> None:
        """Drop the connection without a word and stay away until `come_back`."""
        self._may_dial.clear()
        self._online.clear()
        if self._link is not None:
            self._link.cut()

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
        """Send any call now. Raises CallRefused, NoAnswer or ConnectionLost."""
        if self._link is None:
            raise ConnectionLost("not connected")
        return await self._link.call(action, self.habit(action, payload), self._patience_s, message_id)

    async def send_raw(self, text: str) -> None:
        """Put any text on the wire. Raises ConnectionLost."""
        if self._link is None:
            raise ConnectionLost("not connected")
        await self._link.send_raw(text)

    # --- what a charger does

    async def boot(self) -> None:
        """BootNotification until it is accepted (C01)."""
        await self._boot(messages.boot_notification(self.station.identity))

    async def _boot(self, introduction: Payload) -> None:
        while True:
            answer = await self.call("BootNotification", introduction)
            interval = max(int(answer.get("interval") or 0), 1)
            if answer.get("status") == "Accepted":
                self.station.configuration["HeartbeatInterval"].value = str(interval)
                self.boots += 1
                self._booted = True
                return
            await asyncio.sleep(interval)

    async def authorize(self, card: str) -> str:
        """Ask whether this card may charge; returns the idTagInfo status."""
        answer = await self.call("Authorize", {"idTag": card})
        self._learn_group(card, answer)
        return _verdict(answer) or "Invalid"

    async def report(self, connector: int, status: str, error_code: str = "NoError") -> None:
        """StatusNotification of a plug; while offline the status is only remembered."""
        self.station.plugs[connector].status = status
        if not self.connected:
            return
        at = None if self.clock.behind else self.clock.now()
        payload = messages.status_notification(connector, status, error_code, at)
        try:
            await self.call("StatusNotification", payload)
        except (ConnectionLost, NoAnswer, CallRefused) as lost:
            _log.info("status of connector %d not delivered: %s", connector, lost)

    def begin(self, connector: int, card: str, power_w: Decimal) -> Transaction:
        """Start a transaction: energy flows from now on, the gateway learns of it as soon as it can."""
        plug, now = self.station.plugs[connector], self.clock.now()
        plug.meter.draw(power_w, now)
        transaction = Transaction(connector, card, now, plug.meter.read(now))
        self._use_reservation(plug, transaction)
        plug.transaction = transaction
        self._post(
            "StartTransaction",
            lambda: messages.start_transaction(transaction),
            lambda answer: self._started(transaction, answer),
        )
        return transaction

    def sample(self, transaction: Transaction) -> None:
        """Read the meter and tell the gateway."""
        sample = self.station.plugs[transaction.connector].meter.read(self.clock.now())
        transaction.samples.append(sample)
        self._post("MeterValues", lambda: messages.meter_values(transaction, sample))

    def suspend(self, transaction: Transaction) -> None:
        """The car takes no more power; the transaction goes on."""
        self.station.plugs[transaction.connector].meter.draw(Decimal(0), self.clock.now())

    def end(self, transaction: Transaction, *, tell: bool = True) -> None:
        """Stop the transaction; `tell` False forgets the StopTransaction, as some chargers do (C17)."""
        plug, now = self.station.plugs[transaction.connector], self.clock.now()
        end = plug.meter.read(now)
        plug.meter.draw(Decimal(0), now)
        plug.transaction = None
        transaction.end = end
        transaction.finished.set()
        if tell:
            self._post("StopTransaction", lambda: messages.stop_transaction(transaction, end))

    async def settled(self, within: float = 10.0) -> None:
        """Wait until the gateway acknowledged every transaction message. Raises NotSeenInTime."""
        await self.courier.settled(within)

    # --- inside

    def _use_reservation(self, plug: Plug, transaction: Transaction) -> None:
        held = plug.reservation
        if held is not None and plug.kept_for(transaction.card, self.station.group_of(transaction.card)):
            transaction.reservation, plug.reservation = held.number, None

    def _learn_group(self, card: str, answer: Payload) -> None:
        info = answer.get("idTagInfo")
        self.station.learn_group(card, info.get("parentIdTag") if isinstance(info, dict) else None)

    def _post(
        self,
        action: str,
        payload: Callable[[], Payload],
        answered: Callable[[Payload], None] = lambda _: None,
    ) -> None:
        overtakable = action != "StartTransaction"  # the others need its number
        self.courier.post(TransactionMessage(action, payload, answered, overtakable=overtakable))

    def _started(self, transaction: Transaction, answer: Payload) -> None:
        transaction.number = int(answer["transactionId"])
        transaction.verdict = _verdict(answer)
        self._learn_group(transaction.card, answer)
        transaction.answered.set()
        if transaction.verdict != "Accepted" and self.station.flag("StopTransactionOnInvalidId"):
            transaction.request_stop("DeAuthorized")

    def _attempts(self) -> int:
        return max(self.station.number("TransactionMessageAttempts"), 1)

    def _retry_after(self) -> float:
        return max(float(self.station.number("TransactionMessageRetryInterval")), 0.05)

    async def _dial(self) -> asyncio.Task[None]:
        if self._session is None:
            raise ConnectionLost("closed")
        if self._link is not None:
            self._link.cut()
        identity, headers = self.station.identity, {}
        if identity.password is not None:
            pair = f"{identity.id}:{identity.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        try:
            async with asyncio.timeout(self._patience_s):
                websocket = await self._session.ws_connect(
                    self._url, protocols=(self.subprotocol,), headers=headers, heartbeat=30
                )
        except aiohttp.WSServerHandshakeError as refused:
            raise ConnectionTurnedDown(f"{self._url}: HTTP {refused.status}", refused.status) from refused
        except (aiohttp.ClientError, OSError, TimeoutError) as broken:
            raise ConnectionTurnedDown(f"{self._url}: {broken}") from broken
        self._link = Link(websocket, self._answer, self._watch)
        serving = self._spawn(self._link.serve())
        await self._introduce()
        return serving

    async def _introduce(self) -> None:
        if not self._booted:
            await self.boot()
        self._online.set()
        for plug in self.station.plugs.values():
            await self.report(plug.number, plug.status)

    async def _stay_connected(self, serving: asyncio.Task[None]) -> None:
        while True:
            await asyncio.wait({serving})
            self._online.clear()
            back_off = _FIRST_BACK_OFF_S
            while True:
                await self._may_dial.wait()
                try:
                    serving = await self._dial()
                    break
                except (ConnectionTurnedDown, ConnectionLost, NoAnswer, CallRefused) as failure:
                    _log.info("%s: %s", self.station.identity.id, failure)
                    await asyncio.sleep(back_off)
                    back_off = min(back_off * 2, _LONGEST_BACK_OFF_S)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(max(self.station.number("HeartbeatInterval"), 1))
            await self.online()
            with contextlib.suppress(ConnectionLost, NoAnswer, CallRefused):
                await self.call("Heartbeat", {})

    def _answer(self, action: str, payload: Payload) -> Reply | None:
        if action in self.deaf_to:
            self.deaf_to[action].put_nowait(payload)
            return None
        decision = self.desk.decide(action, payload) or decide(self.station, action, payload)
        if decision.task is None:
            return Reply(decision.payload)
        return Reply(decision.payload, lambda: self._follow(decision))

    def _follow(self, decision: Decision) -> None:
        self._spawn(self._perform(decision))

    async def _perform(self, decision: Decision) -> None:
        try:
            for action, payload in decision.then:
                await self.call(action, payload)
            await self._do(decision)
        except (ConnectionLost, NoAnswer, CallRefused) as lost:
            _log.info("%s not done: %s", decision.task, lost)

    async def _do(self, decision: Decision) -> None:
        match decision.task:
            case Task.BOOT:
                await self.boot()
            case Task.HEARTBEAT:
                await self.call("Heartbeat", {})
            case Task.STATUS:
                for plug in self._plugs(decision.connector):
                    await self.report(plug.number, plug.status)
            case Task.METER:
                await self._report_meters(decision.connector)
            case Task.RESET:
                await self._reset()
            case Task.START:
                await self._start_remotely(decision)

    def _plugs(self, connector: int | None) -> list[Plug]:
        plugs = self.station.plugs
        return list(plugs.values()) if connector is None else [plugs[connector]]

    async def _report_meters(self, connector: int | None) -> None:
        for plug in self._plugs(connector):
            sample = plug.meter.read(self.clock.now())
            if plug.transaction is not None:
                self.sample(plug.transaction)
            else:
                await self.call("MeterValues", messages.idle_meter_values(plug, sample))

    async def _reset(self) -> None:
        """Restart once running transactions were ended by whoever runs them, and boot again."""
        for plug in self.station.plugs.values():
            if plug.transaction is not None:
                await plug.transaction.finished.wait()
        self._booted = False
        if self._link is not None:
            await self._link.close()

    async def _start_remotely(self, decision: Decision) -> None:
        if self._on_remote_start is not None and decision.connector is not None:
            await self._on_remote_start(self, decision.connector, decision.card)

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_log_failure)
        return task


def _verdict(answer: Payload) -> str | None:
    info = answer.get("idTagInfo")
    return str(info.get("status")) if isinstance(info, dict) else None


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a task of the simulated charger failed", exc_info=error)
