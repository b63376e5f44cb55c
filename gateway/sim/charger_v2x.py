"""A simulated charger of OCPP 2.0.1 or 2.1: the memory and the habits of the 1.6 one, other words."""

import logging
import uuid
from collections.abc import Iterable
from decimal import Decimal

from gateway.domain.errors import InvalidInput
from gateway.sim import charger_v2x_messages as messages
from gateway.sim.charger import RemoteStartHandler, SimulatedCharger
from gateway.sim.charger_v2x_care import CareDesk
from gateway.sim.charger_v2x_messages import NamedTransaction
from gateway.sim.charger_v2x_remote import decide, status_word
from gateway.sim.clock import wall_clock
from gateway.sim.connected import NOT_SAID
from gateway.sim.courier import TransactionMessage
from gateway.sim.errors import CallRefused, ConnectionLost, NoAnswer
from gateway.sim.habit import Character
from gateway.sim.habits import character_of
from gateway.sim.link import Watcher
from gateway.sim.messages import Payload
from gateway.sim.remote import Decision
from gateway.sim.station import CHARGING, SUSPENDED_EV, Identity, Transaction

_log = logging.getLogger(__name__)
_STATES_BY_EVENT = {"2.0.1": False, "2.1": True}
VERSIONS = tuple(_STATES_BY_EVENT)
_LATER = frozenset({"2.1"})
_END_TRIGGER = {
    "Remote": "RemoteStop",
    "DeAuthorized": "Deauthorized",
    "ImmediateReset": "ResetCommand",
    "PowerLoss": "AbnormalCondition",
}


class SimulatedCharger2(SimulatedCharger):
    """Names its transactions itself and reports them with TransactionEvent; plug n is EVSE n, connector 1."""

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        version: str = "2.0.1",
        register_wh: Decimal = Decimal(1_000_000),
        patience_s: float = 30.0,
        on_remote_start: RemoteStartHandler | None = None,
        watch: Watcher | None = None,
        character: Character | None = None,
    ) -> None:
        super().__init__(
            url,
            identity,
            register_wh=register_wh,
            patience_s=patience_s,
            on_remote_start=on_remote_start,
            watch=watch,
            character=character,
        )
        self._states_by_event = _STATES_BY_EVENT[version]
        self.subprotocol = f"ocpp{version}"
        self.resumes = version in _LATER
        self.care = CareDesk(self.station, later=version in _LATER)
        self.costs: list[float] = []
        self._remote_start_id: int | None = None
        self._events = 0

    async def boot(self) -> None:
        """BootNotification until it is accepted (D01)."""
        await self._boot(messages.boot_notification(self.station.identity, "PowerUp"))

    async def authorize(self, card: str) -> str:
        """Ask whether this card may charge; returns the idTokenInfo status."""
        answer = await self.call("Authorize", messages.authorize(card))
        if answer is NOT_SAID:
            return "Accepted"  # it knows its cards by itself
        self._learn_group(card, answer)
        return _verdict(answer) or "Invalid"

    async def report(self, connector: int, status: str, error_code: str = "NoError") -> None:
        """A plug's status, by NotifyEvent in 2.1 (E01); what the car does is told by its transaction."""
        plug = self.station.plugs[connector]
        plug.status = status
        transaction = plug.transaction
        if isinstance(transaction, NamedTransaction) and status in (CHARGING, SUSPENDED_EV):
            self._tell(transaction, "Updated", "ChargingStateChanged", state=status)
        if not self.connected:
            return
        self._events += 1
        word, now = status_word(plug), wall_clock() if self.clock.behind else self.clock.now()
        action, payload = "StatusNotification", messages.status_notification(connector, word, now)
        if self._states_by_event:
            action, payload = "NotifyEvent", messages.availability_event(connector, word, now, self._events)
        try:
            await self.call(action, payload)
        except (ConnectionLost, NoAnswer, CallRefused) as lost:
            _log.info("status of EVSE %d not delivered: %s", connector, lost)

    def begin(self, connector: int, card: str, power_w: Decimal) -> Transaction:
        """Start a transaction: energy flows from now on, the gateway learns of it as soon as it can."""
        plug, now = self.station.plugs[connector], self.clock.now()
        plug.meter.draw(power_w, now)
        sample = plug.meter.read(now)
        transaction = NamedTransaction(connector, card, now, sample, name=str(uuid.uuid4()))
        transaction.remote_start_id, self._remote_start_id = self._remote_start_id, None
        self._use_reservation(plug, transaction)
        plug.occupy(transaction)
        trigger = "Authorized" if transaction.remote_start_id is None else "RemoteStart"
        self._tell(
            transaction,
            "Started",
            trigger,
            sample=sample,
            context="Transaction.Begin",
            card=transaction.card,
            at=now,
        )
        return transaction

    def sample(self, transaction: Transaction) -> None:
        """Read the meter and tell the gateway."""
        sample = self.station.plugs[transaction.connector].meter.read(self.clock.now())
        transaction.samples.append(sample)
        self._tell(transaction, "Updated", "MeterValuePeriodic", sample=sample, at=sample.at)
        most = transaction.most_wh if isinstance(transaction, NamedTransaction) else None
        if most is not None and sample.register_wh - transaction.start.register_wh >= most:
            transaction.request_stop("EnergyLimitReached")

    def resume(self, transaction: Transaction, power_w: Decimal) -> None:
        """Go on with a transaction after a power loss (2.1, E06). Raises InvalidInput for versions before."""
        if not self.resumes:
            raise InvalidInput(f"{self.subprotocol} resumes no transaction")
        plug, now = self.station.plugs[transaction.connector], self.clock.now()
        plug.meter.draw(power_w, now)
        sample = plug.meter.read(now)
        self._tell(transaction, "Updated", "TxResumed", sample=sample, state=CHARGING, at=now)

    def end(self, transaction: Transaction, *, tell: bool = True) -> None:
        """Stop the transaction; `tell` False forgets the Ended event (C17)."""
        plug, now = self.station.plugs[transaction.connector], self.clock.now()
        end = plug.meter.read(now)
        plug.meter.draw(Decimal(0), now)
        plug.transaction = None
        transaction.end = end
        transaction.finished.set()
        if tell:
            trigger = _END_TRIGGER.get(transaction.stop_reason, "EVDeparted")
            said = {"reason": transaction.stop_reason, "card": transaction.stop_card, "at": now}
            self._tell(transaction, "Ended", trigger, sample=end, context="Transaction.End", **said)

    def _tell(self, transaction: Transaction, kind: str, trigger: str, **more: object) -> None:
        """Queue an event; what is said now is repeated word for word until it is acknowledged."""
        if not isinstance(transaction, NamedTransaction):
            raise TypeError("a transaction of another charger")
        at = more.pop("at", None) or self.clock.now()
        offline = not self.connected
        payload = messages.transaction_event(transaction, kind, trigger, at, offline=offline, **more)  # type: ignore[arg-type]
        self.courier.post(
            TransactionMessage("TransactionEvent", lambda: payload, lambda a: self._told(transaction, a))
        )

    def _told(self, transaction: NamedTransaction, answer: Payload) -> None:
        if isinstance(cost := answer.get("totalCost"), int | float):
            self.costs.append(cost)
        if isinstance(limit := answer.get("transactionLimit"), dict):
            transaction.most_wh = limit.get("maxEnergy")
        verdict = _verdict(answer)
        if verdict is None:
            return
        if transaction.end is None:
            self._learn_group(transaction.card, answer)
        transaction.verdict = verdict
        transaction.answered.set()
        if verdict != "Accepted":
            transaction.request_stop("DeAuthorized")

    def _learn_group(self, card: str, answer: Payload) -> None:
        info = answer.get("idTokenInfo")
        group = info.get("groupIdToken") if isinstance(info, dict) else None
        self.station.learn_group(card, group.get("idToken") if isinstance(group, dict) else None)

    def _decide(self, action: str, payload: Payload) -> Decision:
        if action == "RequestStartTransaction":
            self._remote_start_id = int(payload["remoteStartId"])
        if action == "CostUpdated":
            self.costs.append(payload["totalCost"])
        decision = self.care.decide(action, payload, self.clock.now())
        return decide(self.station, action, payload) if decision is None else decision


def simulated_charger(
    url: str,
    identity: Identity,
    version: str,
    *,
    on_remote_start: RemoteStartHandler | None = None,
    habits: Iterable[str] = (),
) -> SimulatedCharger:
    """A charger of this OCPP version with these habits. Raises InvalidInput for what there is not."""
    character = character_of(habits, version)
    if version in VERSIONS:
        return SimulatedCharger2(
            url, identity, version=version, on_remote_start=on_remote_start, character=character
        )
    return SimulatedCharger(url, identity, on_remote_start=on_remote_start, character=character)


def _verdict(answer: Payload) -> str | None:
    info = answer.get("idTokenInfo")
    return str(info.get("status")) if isinstance(info, dict) else None
