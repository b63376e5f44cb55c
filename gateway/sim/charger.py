"""A simulated charger: OCPP 1.6J over a real WebSocket, with the memory and the habits of a real one."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

from gateway.sim import messages
from gateway.sim.charger_care import CareDesk16
from gateway.sim.clock import ChargerClock
from gateway.sim.connected import NOT_SAID, ConnectedCharger
from gateway.sim.courier import Courier, TransactionMessage
from gateway.sim.errors import CallRefused, ConnectionLost, NoAnswer
from gateway.sim.habit import Character
from gateway.sim.link import Reply, Watcher
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision, Task, decide
from gateway.sim.station import Identity, Plug, Transaction, new_station

_log = logging.getLogger(__name__)
SUBPROTOCOL = "ocpp1.6"

RemoteStartHandler = Callable[["SimulatedCharger", int, str], Awaitable[None]]
"""What happens after an accepted RemoteStartTransaction: charger, connector, card."""


class SimulatedCharger(ConnectedCharger):
    """Connects, boots, reports, charges; keeps transaction messages until they are acknowledged."""

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        register_wh: Decimal = Decimal(1_000_000),
        patience_s: float = 30.0,
        on_remote_start: RemoteStartHandler | None = None,
        watch: Watcher | None = None,
        character: Character | None = None,
    ) -> None:
        clock, character = ChargerClock(), character or Character()
        station = new_station(character.identity(identity), clock.now(), register_wh)
        character.equip(station)
        super().__init__(url, station, clock, character, patience_s, watch)
        self.subprotocol = SUBPROTOCOL
        self.station.takes_remote_starts = on_remote_start is not None
        self.desk = CareDesk16(self.station)
        self.courier = Courier(self, self._attempts, self._retry_after)
        self._on_remote_start = on_remote_start

    async def connect(self) -> None:
        """Dial, boot, report every plug; then deliver what is to be told.

        Raises ConnectionTurnedDown, NoAnswer, ConnectionLost or CallRefused.
        """
        await super().connect()
        self._spawn(self.courier.run())
        self._spawn(self._beat())

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
        if answer is NOT_SAID:
            return "Accepted"  # it knows its cards by itself
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
        plug.occupy(transaction)
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

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(max(self.station.number("HeartbeatInterval"), 1))
            await self.online()
            with contextlib.suppress(ConnectionLost, NoAnswer, CallRefused):
                await self.call("Heartbeat", {})

    def _usual_answer(self, action: str, payload: Payload) -> Reply:
        decision = self._decide(action, payload)
        if decision.task is None and not decision.then:
            return Reply(decision.payload)
        return Reply(decision.payload, lambda: self._follow(decision))

    def _decide(self, action: str, payload: Payload) -> Decision:
        return self.desk.decide(action, payload) or decide(self.station, action, payload)

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
        self.named.add(decision.card)
        if self._on_remote_start is not None and decision.connector is not None:
            await self._on_remote_start(self, decision.connector, decision.card)


def _verdict(answer: Payload) -> str | None:
    info = answer.get("idTagInfo")
    return str(info.get("status")) if isinstance(info, dict) else None
