"""Charging as a story: plug in, authorize, charge, perhaps misbehave, unplug."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from gateway.domain.errors import InvalidInput
from gateway.sim.charger import RemoteStartHandler, SimulatedCharger
from gateway.sim.charger_v2x import SimulatedCharger2
from gateway.sim.errors import CardRefused
from gateway.sim.habit import Moment
from gateway.sim.station import CHARGING, FINISHING, PREPARING, SUSPENDED_EV, Transaction

_DRIFT = 0.05


class Misbehaviour(StrEnum):
    """What a charger may do wrong, by the names the command line uses."""

    DUPLICATE_FRAMES = "duplicate-frames"
    OFFLINE_REPLAY = "offline-replay"
    MISSING_STOP = "missing-stop"
    POWER_LOSS = "power-loss"
    RESUMED = "power-loss-resumed"
    DRIFTING_CLOCK = "drifting-clock"
    OUT_OF_ORDER = "out-of-order"
    LOST_MESSAGE = "lost-message"


DOES: Mapping[Misbehaviour, str] = {
    Misbehaviour.DUPLICATE_FRAMES: "sends every transaction message twice, under another message id",
    Misbehaviour.OFFLINE_REPLAY: "loses the connection after the start and tells the rest later",
    Misbehaviour.MISSING_STOP: "never tells the end of the transaction",
    Misbehaviour.POWER_LOSS: "loses its power in the middle, and ends the transaction when it is back",
    Misbehaviour.RESUMED: "loses its power in the middle, and goes on when it is back",
    Misbehaviour.DRIFTING_CLOCK: "its clock loses three minutes an hour",
    Misbehaviour.OUT_OF_ORDER: "every second transaction message overtakes the one before it",
    Misbehaviour.LOST_MESSAGE: "forgets one of its messages",
}
"""What each one is."""
VERSIONS_OF: Mapping[Misbehaviour, tuple[str, ...]] = {Misbehaviour.RESUMED: ("2.1",)}
"""OCPP versions of those that not all have."""
_DARKENING = frozenset({Misbehaviour.POWER_LOSS, Misbehaviour.RESUMED})
_DARK = timedelta(minutes=5)
"""How long the power is away, charger time."""


@dataclass(frozen=True, slots=True)
class ChargePlan:
    """One charge. Spans are charger time; `kwh`, if given, decides how long it takes.

    `pause` is how long the car stays plugged in without taking power; `speed` how much faster than the wall
    clock the charge runs (the charger's clock then starts in the past, see ChargerClock). `habits`: Q-ids.
    """

    card: str
    connector: int = 1
    power_kw: Decimal = Decimal(11)
    duration: timedelta = timedelta(minutes=10)
    kwh: Decimal | None = None
    sample_every: timedelta = timedelta(seconds=60)
    pause: timedelta = timedelta()
    speed: float = 1.0
    misbehaviours: frozenset[Misbehaviour] = frozenset()
    habits: tuple[str, ...] = ()

    @property
    def charging_time(self) -> timedelta:
        """How long the car takes power."""
        if self.kwh is None:
            return self.duration
        return timedelta(hours=float(self.kwh / self.power_kw))

    @property
    def dark(self) -> timedelta:
        """How long the power is away in the middle of it."""
        return _DARK if self.misbehaviours & _DARKENING else timedelta()

    @property
    def span(self) -> timedelta:
        """How long the transaction takes."""
        return self.charging_time + self.pause + self.dark


@dataclass(frozen=True, slots=True)
class Charged:
    """What the charger's own meter says about a finished transaction, in whole Wh."""

    transaction_id: int
    start_wh: int
    stop_wh: int

    @property
    def energy_wh(self) -> int:
        """Energy delivered, Wh."""
        return self.stop_wh - self.start_wh


async def charge(charger: SimulatedCharger, plan: ChargePlan, *, authorize: bool = True) -> Charged:
    """Run a plan to its end and wait until the gateway acknowledged everything.

    Raises CardRefused (nothing was started), NotSeenInTime (the gateway went silent).
    """
    charger.clock.rewind(plan.span, plan.speed)
    await plug_in(charger, plan, authorize=authorize)
    charger.clock.hurry(plan.speed)
    return await take_energy(charger, plan)


async def plug_in(charger: SimulatedCharger, plan: ChargePlan, *, authorize: bool = True) -> None:
    """The cable is in and the card is shown. Raises CardRefused; the plug is idle again then."""
    await charger.report(plan.connector, PREPARING)
    if authorize and (verdict := await charger.authorize(plan.card)) != "Accepted":
        await charger.report(plan.connector, charger.station.plugs[plan.connector].idle_status)
        raise CardRefused(verdict)


async def take_energy(charger: SimulatedCharger, plan: ChargePlan) -> Charged:
    """The transaction from its start to the free plug, in the charger's time as it runs.

    Raises NotSeenInTime (the gateway went silent), InvalidInput for a misbehaviour this charger cannot have.
    """
    if Misbehaviour.RESUMED in plan.misbehaviours and not _resumes(charger):
        raise InvalidInput(f"{Misbehaviour.RESUMED}: only chargers of OCPP 2.1 resume transactions")
    charger.courier.duplicate = Misbehaviour.DUPLICATE_FRAMES in plan.misbehaviours
    charger.courier.swap = Misbehaviour.OUT_OF_ORDER in plan.misbehaviours
    charger.clock.drift = _DRIFT if Misbehaviour.DRIFTING_CLOCK in plan.misbehaviours else 0.0
    transaction = charger.begin(plan.connector, plan.card, plan.power_kw * 1000)
    await charger.report(plan.connector, CHARGING)
    await charger.character.at(Moment.CHARGING, charger)
    if Misbehaviour.OFFLINE_REPLAY in plan.misbehaviours:
        await charger.settled()
        await charger.lose_connection()
    ends_at = transaction.started_at + plan.charging_time
    if plan.dark:
        await _deliver_energy(charger, plan, transaction, transaction.started_at + plan.charging_time / 2)
        ends_at += await _go_dark(charger, plan, transaction)
    await _deliver_energy(charger, plan, transaction, ends_at)
    await _stand_by(charger, plan, transaction)
    await _unplug(charger, plan, transaction)
    return _charged(transaction)


def _resumes(charger: SimulatedCharger) -> bool:
    return isinstance(charger, SimulatedCharger2) and charger.resumes


async def _go_dark(charger: SimulatedCharger, plan: ChargePlan, transaction: Transaction) -> timedelta:
    """The power is lost and comes back, for the transaction too or not; returns how long that took."""
    lost_at = charger.clock.now()
    charger.clock.skip(timedelta())
    charger.suspend(transaction)
    if charger.connected:
        await charger.settled()
    await charger.lose_power()
    charger.clock.skip(_DARK)
    if Misbehaviour.RESUMED in plan.misbehaviours and isinstance(charger, SimulatedCharger2):
        await charger.come_back()
        charger.resume(transaction, plan.power_kw * 1000)
    else:
        transaction.request_stop("PowerLoss")
    charger.clock.hurry(plan.speed)
    return charger.clock.now() - lost_at


def charge_on_remote_start(plan: ChargePlan) -> RemoteStartHandler:
    """A handler that runs this plan, with the card and plug the gateway named, on RemoteStartTransaction."""

    async def start(charger: SimulatedCharger, connector: int, card: str) -> None:
        ask = charger.station.flag("AuthorizeRemoteTxRequests")
        await charge(charger, replace(plan, connector=connector, card=card), authorize=ask)

    return start


async def show_card(charger: SimulatedCharger, connector: int, card: str) -> bool:
    """A driver holds a card to a busy plug: its own card or one of its group ends the transaction.

    Spec: OCPP 1.6 4.8, OCPP 2.0.1 C09 and E07. Whether it was taken.
    """
    station, transaction = charger.station, charger.station.plugs[connector].transaction
    if transaction is None:
        return False
    if card.casefold() != transaction.card.casefold():
        accepted = await charger.authorize(card) == "Accepted"
        group = station.group_of(card)
        if not accepted or group is None or group != station.group_of(transaction.card):
            return False
    transaction.stop_card = card
    transaction.request_stop("Local")
    return True


async def _deliver_energy(
    charger: SimulatedCharger, plan: ChargePlan, transaction: Transaction, until: datetime
) -> None:
    """Until then or a stop, and one sample even if it is that late already."""
    at = charger.clock.now()
    late = False
    while not transaction.stop_requested.is_set() and not late:
        await charger.clock.sleep(min(until - at, plan.sample_every), transaction.stop_requested)
        first = not transaction.samples
        charger.courier.lose_next = first and Misbehaviour.LOST_MESSAGE in plan.misbehaviours
        charger.sample(transaction)
        at = transaction.samples[-1].at  # not the clock: the last sample has to hold all of the energy
        late = at >= until


async def _stand_by(charger: SimulatedCharger, plan: ChargePlan, transaction: Transaction) -> None:
    """The car has enough, but stays."""
    charger.suspend(transaction)
    if plan.pause and not transaction.stop_requested.is_set():
        await charger.report(plan.connector, SUSPENDED_EV)
        await charger.clock.sleep(plan.pause, transaction.stop_requested)
        charger.sample(transaction)


async def _unplug(charger: SimulatedCharger, plan: ChargePlan, transaction: Transaction) -> None:
    charger.end(transaction, tell=Misbehaviour.MISSING_STOP not in plan.misbehaviours)
    if plan.misbehaviours & {Misbehaviour.OFFLINE_REPLAY, *_DARKENING}:
        await charger.come_back()
    await charger.report(plan.connector, FINISHING)
    await charger.settled(within=30)
    charger.courier.duplicate = charger.courier.swap = False
    await charger.report(plan.connector, charger.station.plugs[plan.connector].idle_status)


def _charged(transaction: Transaction) -> Charged:
    end = transaction.end or transaction.start
    return Charged(transaction.id, int(transaction.start.register_wh), int(end.register_wh))
