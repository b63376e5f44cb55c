"""Cuts a session's time where its price can change, while the readings come in.

Between two readings energy is taken to flow evenly while the car charges and not at all while it or the
charger pauses; so the energy at an edge, and the instant of a kWh threshold, are interpolated (M41 to M44).
Instants of cuts are whole seconds and their energy whole tenths of Wh, so that what is published is what was
decided on: OCPI numbers have four decimals.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from gateway.domain.edges import next_edge, zone_of
from gateway.domain.errors import CannotPrice
from gateway.domain.ids import TariffId
from gateway.domain.matching import Rules, moment_at, regime, rules_of
from gateway.domain.periods import PeriodDimension
from gateway.domain.readings import ChargingState
from gateway.domain.stretches import Line, Stretch, Turn
from gateway.domain.terms import Terms
from gateway.domain.units import ZERO, round4

_FAR = datetime.max.replace(tzinfo=UTC)
_TENTH_WH = Decimal("0.1")
_THOUSAND = Decimal(1000)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_ENDLESS = Decimal("Infinity")
_RESERVATION = PeriodDimension.RESERVATION_TIME


@dataclass(slots=True)
class Timeline:
    """Works on a `Line`. `advance` moves it to the next reading; the usual case, no edge passed, is short."""

    line: Line
    terms: Terms
    started_at: datetime
    at: datetime = field(init=False)
    wh: Decimal = field(init=False)
    measures: bool = field(init=False, default=False)
    _open: Stretch = field(init=False)
    _closed: tuple[Stretch, ...] = field(init=False)
    _turns: list[Turn] = field(init=False)
    _flowing: bool = field(init=False)
    _charged: bool = field(init=False)
    _power_kw: Decimal | None = field(init=False)
    _current_a: Decimal | None = field(init=False)
    _interpolated: bool = field(init=False)
    _zone: ZoneInfo = field(init=False)
    _rules: Rules | None = field(init=False, default=None)
    _regime: tuple[int, ...] = field(init=False, default=())
    _edge: datetime = field(init=False, default=_FAR)
    _low_wh: Decimal = field(init=False, default=-_ENDLESS)
    _high_wh: Decimal = field(init=False, default=_ENDLESS)

    def __post_init__(self) -> None:
        line = self.line
        self.at, self.wh, self._open, self._closed = line.at, line.wh, line.open, line.closed
        self._turns, self._flowing, self._charged = list(line.turns), line.flowing, line.charged
        self._power_kw, self._current_a, self._interpolated = line.power_kw, line.current_a, line.interpolated
        self._zone = _zone(self.terms)
        self._under(line.open.tariff_id)
        self._look()

    def result(self) -> Line:
        """What is to be remembered."""
        return Line(
            self.at,
            self._open,
            self.wh,
            self._closed,
            tuple(self._turns),
            self._flowing,
            self._charged,
            self._power_kw,
            self._current_a,
            self._interpolated,
        )

    @property
    def interpolated(self) -> bool:
        """Whether energy at some change was estimated between two readings."""
        return self._interpolated

    def advance(self, to: datetime, wh: Decimal) -> None:
        """Time goes on to this instant, at which the session's energy is this many Wh."""
        if not self._turns and to < self._edge and self._low_wh <= wh < self._high_wh:
            self.at, self.wh = to, wh
            return
        self._walk(max(to, self.at), wh)

    def turn(
        self,
        at: datetime,
        *,
        state: ChargingState | None = None,
        tariff_id: TariffId | None = None,
        begins: bool = False,
    ) -> None:
        """Note a change; one of the past takes effect where the readings are."""
        latest = self._turns[-1].at if self._turns else self.at
        self._turns.append(Turn(max(at, latest), state, tariff_id, begins))

    def first_flow(self, power_kw: Decimal | None, current_a: Decimal | None) -> None:
        """Power and current of the next reading, where none is known: they hold on the way to it, too."""
        unknown_kw, unknown_a = self._power_kw is None, self._current_a is None
        if unknown_kw or unknown_a:
            self.flow(power_kw if unknown_kw else None, current_a if unknown_a else None)

    def flow(self, power_kw: Decimal | None, current_a: Decimal | None) -> None:
        """Power and current measured now; they hold until the next reading."""
        if not self.measures:
            return
        power = self._power_kw if power_kw is None else round4(power_kw)
        current = self._current_a if current_a is None else round4(current_a)
        first = (self._power_kw is None and power is not None) or (
            self._current_a is None and current is not None
        )
        crossed = self._crossed(power, current)
        self._power_kw, self._current_a = power, current
        if crossed or first:
            self._look()
        if crossed:
            self._cut(self._open.kind, self._open.tariff_id)
        else:
            self._open = _measured(self._open, power, current)

    def settle(self, total_wh: Decimal) -> None:
        """Bring a total that turned out lower than the readings said into line: no change lies above it."""
        self._closed = tuple(_at_most(s, total_wh) for s in self._closed)
        self._open = _at_most(self._open, total_wh)
        self.wh = min(self.wh, total_wh)

    def cut_off(self, ended_at: datetime) -> None:
        """Forget changes after the end."""
        while self._closed and self._open.starts_at > ended_at:
            self._open, self._closed = self._closed[-1], self._closed[:-1]
        self._turns = [t for t in self._turns if t.at < ended_at]
        self.at = min(self.at, ended_at)

    # -- walking ----------------------------------------------------------------------------------------

    def _walk(self, to: datetime, wh: Decimal) -> None:
        """Go from reading to reading over the turns in between, sharing the energy by time of flow."""
        passed = [t for t in self._turns if t.at <= to]
        self._turns = self._turns[len(passed) :]
        marks = [*(t.at for t in passed), to]
        shares = _shares(self.at, marks, _flows(self._flowing, passed))
        start, gain = self.wh, wh - self.wh
        for mark, share, turn in zip(marks, shares, [*passed, None], strict=True):
            self._segment(mark, wh if share == 1 else _grid(start + gain * share))
            if turn is not None:
                self._interpolated = self._interpolated or (0 < share < 1 and bool(gain))
                self._turned(turn)

    def _segment(self, to: datetime, wh: Decimal) -> None:
        """Go evenly to a point in time and energy, stopping at each edge on the way."""
        while True:
            crossing = self._crossing(to, wh)
            if crossing is not None and crossing[0] <= self._edge:
                between = self.at < crossing[0] < to
                self.at, self.wh = crossing
            elif self._edge <= to:
                between = self._edge < to and wh != self.wh
                self.at, self.wh = self._edge, self._between(to, wh)
            else:
                break
            self._interpolated = (self._recheck() and between) or self._interpolated
        self.at, self.wh = to, wh

    def _between(self, to: datetime, wh: Decimal) -> Decimal:
        """Energy at the edge, on the way to a later point."""
        whole = (to - self.at) // _MICROSECOND
        if not whole or self._edge >= to:
            return wh
        return _grid(self.wh + (wh - self.wh) * ((self._edge - self.at) // _MICROSECOND) / whole)

    def _crossing(self, to: datetime, wh: Decimal) -> tuple[datetime, Decimal] | None:
        """When and at what energy the next kWh threshold is passed, upwards or, with export, downwards."""
        if self._low_wh <= wh < self._high_wh:
            return None
        goal = self._high_wh if wh >= self._high_wh else self._low_wh - _TENTH_WH
        whole = (to - self.at) // _MICROSECOND
        if wh == self.wh or not whole:
            return to, goal
        share = max(ZERO, (goal - self.wh) / (wh - self.wh))
        reached = self.at + timedelta(microseconds=int(whole * min(share, Decimal(1))))
        if goal == wh:
            return to, goal
        return min(max(reached.replace(microsecond=0), self.at + _SECOND), to), goal

    def _turned(self, turn: Turn) -> None:
        """Take a turn now."""
        kind, tariff_id = self._kind_after(turn), turn.tariff_id or self._open.tariff_id
        flowing = _flows(self._flowing, [turn])[-1]
        resumed = self.measures and flowing and not self._flowing
        stopped = self.measures and not flowing and self._flowing
        changed = (kind, tariff_id) != (self._open.kind, self._open.tariff_id)
        self._flowing = flowing
        self._charged = self._charged or turn.state is ChargingState.CHARGING
        if tariff_id != self._open.tariff_id:
            self._under(tariff_id)
        crossed = stopped and self._crossed(ZERO, ZERO)
        if stopped:
            self._power_kw, self._current_a = ZERO, ZERO
        if resumed:
            self._power_kw, self._current_a = None, None
        if changed or resumed or crossed:
            self._cut(kind, tariff_id)
        elif stopped:
            self._open = _measured(self._open, ZERO, ZERO)
        self._look()

    def _kind_after(self, turn: Turn) -> PeriodDimension:
        """What the time is from a turn on: parking if the car asks for nothing (M43).

        That is so where it suspended itself, and where it is idle after energy has flowed; a car that is
        idle before is still getting ready.
        """
        match turn.state:
            case ChargingState.SUSPENDED_EV:
                return PeriodDimension.PARKING_TIME
            case ChargingState.IDLE if self._charged or self.wh > 0:
                return PeriodDimension.PARKING_TIME
            case None if not turn.begins:
                return self._open.kind
            case _:
                return PeriodDimension.TIME

    # -- cutting ----------------------------------------------------------------------------------------

    def _recheck(self) -> bool:
        """At an edge: cut if another element applies from here on; whether that was so."""
        before = self._regime
        self._look()
        if self._regime == before:
            return False
        self._cut(self._open.kind, self._open.tariff_id)
        return True

    def _cut(self, kind: PeriodDimension, tariff_id: TariffId | None) -> None:
        """Begin another stretch here."""
        old = self._open
        self._open = _measured(
            Stretch(self.at, _grid(self.wh), kind, tariff_id), self._power_kw, self._current_a
        )
        if (old.starts_at, old.energy_wh) != (self._open.starts_at, self._open.energy_wh):
            self._closed = (*self._closed, old)

    def _under(self, tariff_id: TariffId | None) -> None:
        """Another tariff applies from here on."""
        tariff = next((t for t in self.terms.tariffs if t.id == tariff_id), None)
        self._rules = None if tariff is None else rules_of(tariff)
        self.measures = bool(self._rules and (self._rules.power_kw or self._rules.current_a))

    def _look(self) -> None:
        """Which elements apply here, and where the next edges are."""
        rules = self._rules
        if rules is None or not rules.restricted:
            self._regime, self._edge, self._low_wh, self._high_wh = (), _FAR, -_ENDLESS, _ENDLESS
            return
        kwh = _grid(self.wh) / _THOUSAND
        moment = moment_at(self.at, self._zone, self.started_at, kwh, self._power_kw, self._current_a)
        self._regime = regime(rules, self._open.kind, moment)
        passed = bisect_right(rules.kwh, kwh)
        self._low_wh = _threshold(rules.kwh[passed - 1]) if passed else -_ENDLESS
        self._high_wh = _threshold(rules.kwh[passed]) if passed < len(rules.kwh) else _ENDLESS
        edge = next_edge(self._zone, rules.clocks, self.at) or _FAR
        lasting = bisect_right(rules.durations, moment.elapsed)
        if lasting < len(rules.durations):
            edge = min(edge, self.started_at + rules.durations[lasting])
        self._edge = edge

    def _crossed(self, power_kw: Decimal | None, current_a: Decimal | None) -> bool:
        """Whether these values lie beyond a threshold that the last known ones did not reach, or the reverse.

        A first value crosses nothing: it is taken to have held since the stretch began.
        """
        rules = self._rules
        return rules is not None and (
            _other_side(rules.power_kw, self._power_kw, power_kw)
            or _other_side(rules.current_a, self._current_a, current_a)
        )


def begun(terms: Terms, started_at: datetime, kind: PeriodDimension) -> Line:
    """A timeline at its start."""
    return Line(
        started_at, Stretch(started_at, ZERO, kind, terms.tariff_id), flowing=kind is not _RESERVATION
    )


def _zone(terms: Terms) -> ZoneInfo:
    """The location's zone; with an unknown one time still passes, but pricing will refuse."""
    try:
        return zone_of(terms.time_zone)
    except CannotPrice:
        return ZoneInfo("UTC")


def _threshold(kwh: Decimal) -> Decimal:
    """The first energy on our grid that reaches a threshold, Wh."""
    return (kwh * _THOUSAND).quantize(_TENTH_WH, rounding=ROUND_CEILING)


def _grid(wh: Decimal) -> Decimal:
    return wh.quantize(_TENTH_WH, rounding=ROUND_FLOOR)


def _other_side(thresholds: tuple[Decimal, ...], old: Decimal | None, new: Decimal | None) -> bool:
    return (
        old is not None and new is not None and bisect_right(thresholds, old) != bisect_right(thresholds, new)
    )


def _at_most(stretch: Stretch, total_wh: Decimal) -> Stretch:
    total = _grid(total_wh)
    return stretch if stretch.energy_wh <= total else replace(stretch, energy_wh=total)


def _measured(stretch: Stretch, power_kw: Decimal | None, current_a: Decimal | None) -> Stretch:
    """With one more measured power and current within it."""
    low_kw, high_kw = _widened(stretch.min_power_kw, stretch.max_power_kw, power_kw)
    low_a, high_a = _widened(stretch.min_current_a, stretch.max_current_a, current_a)
    return replace(
        stretch, min_power_kw=low_kw, max_power_kw=high_kw, min_current_a=low_a, max_current_a=high_a
    )


def _widened(
    low: Decimal | None, high: Decimal | None, value: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    if value is None or low is None or high is None:
        return (low, high) if value is None else (value, value)
    return min(low, value), max(high, value)


def _flows(flowing: bool, turns: Sequence[Turn]) -> list[bool]:
    """Whether energy flows before the turns, and after each of them."""
    found = [flowing]
    for turn in turns:
        if turn.state is not None:
            flowing = turn.state is ChargingState.CHARGING
        found.append(flowing or turn.begins)
        flowing = found[-1]
    return found


def _shares(start: datetime, marks: list[datetime], flowing: list[bool]) -> list[Decimal]:
    """How much of the energy has flowed at each mark, 0 to 1; evenly if it flowed against all reports."""
    spans = [(b - a) // _MICROSECOND for a, b in zip([start, *marks], marks, strict=False)]
    flows = [s if f else 0 for s, f in zip(spans, flowing, strict=True)]
    weights = flows if any(flows) else spans
    whole, passed, shares = sum(weights), 0, []
    for weight in weights:
        passed += weight
        shares.append(Decimal(passed) / whole if whole else Decimal(0))
    shares[-1] = Decimal(1)
    return shares
