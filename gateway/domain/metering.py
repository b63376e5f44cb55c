"""From what meters say to the energy of a session, Wh (M40, C11 to C15, Q29, Q33).

The best kind of reading seen so far is used: total registers at the outlet, the cable or in the body, else
the registers of the phases, else interval energies, else only the values of start and stop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from gateway.domain.flags import Flag, FlagReason
from gateway.domain.instants import PHASES, Group, Instant
from gateway.domain.ocmf import Span
from gateway.domain.readings import Measurand, ReadingContext, ReadingPlace
from gateway.domain.registers import Reach, Register, advanced, concluded
from gateway.domain.units import ZERO

_IMPORT, _EXPORT = Measurand.IMPORT_REGISTER_WH, Measurand.EXPORT_REGISTER_WH
_AGREES_WH = Decimal(1)
_UNIT_RATIO = (Decimal(900), Decimal(1100))


_UNSIGNED = Span()


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of energy reading."""

    place: ReadingPlace
    by_phase: bool = False
    interval: bool = False


SOURCES = (
    Source(ReadingPlace.OUTLET),
    Source(ReadingPlace.CABLE),
    Source(ReadingPlace.BODY),
    Source(ReadingPlace.OUTLET, by_phase=True),
    Source(ReadingPlace.CABLE, by_phase=True),
    Source(ReadingPlace.BODY, by_phase=True),
    Source(ReadingPlace.OUTLET, interval=True),
)
"""Best first."""
_NO_SOURCE = len(SOURCES)


@dataclass(frozen=True, slots=True)
class Flow:
    """Energy in one direction: which source counts, its registers by phase, and what came before it, Wh."""

    source: int = _NO_SOURCE
    registers: tuple[tuple[str, Register], ...] = ()
    before_wh: Decimal = ZERO
    context: ReadingContext | None = None

    @property
    def wh(self) -> Decimal:
        """Energy so far."""
        return sum((r.wh for _, r in self.registers), self.before_wh)

    @property
    def doubtful(self) -> bool:
        """Whether a reading is held that may be true."""
        return any(r.held is not None for _, r in self.registers)


@dataclass(frozen=True, slots=True)
class Metered:
    """Everything metering remembers; its size does not depend on the number of readings.

    `end_wh`: the register value of a Transaction.End reading. `signed`: the span of signed readings.
    """

    started_at: datetime
    meter_start_wh: Decimal | None
    first_wh: Decimal | None = None
    imported: Flow = Flow()
    exported: Flow = Flow()
    end_wh: Decimal | None = None
    signed: Span = _UNSIGNED
    flags: tuple[Flag, ...] = ()

    @property
    def wh(self) -> Decimal:
        """Imported minus exported energy (M42)."""
        return self.imported.wh - self.exported.wh

    @property
    def exports(self) -> bool:
        """Whether energy may also have come back from the car, so that the total may fall."""
        return self.exported.source != _NO_SOURCE


def flagged(metered: Metered, flags: Iterable[Flag | None]) -> Metered:
    """With these remarks, each at most once."""
    new = tuple(dict.fromkeys(f for f in flags if f is not None and f not in metered.flags))
    return replace(metered, flags=(*metered.flags, *new)) if new else metered


@dataclass(slots=True)
class Meters:
    """Works on `Metered`, reading by reading. The usual case, one total register that grew, is kept short.

    `plain`: `count` may be used, as there is one total register at the outlet, nothing doubtful, no export.
    """

    state: Metered
    reach: Reach
    plain: bool = field(init=False, default=False)
    _at_once: Decimal = field(init=False)
    _quick: Register | None = field(init=False, default=None)
    _last: Decimal = ZERO
    _at: datetime | None = None
    _wh: Decimal = ZERO

    def __post_init__(self) -> None:
        self._at_once = self.reach.at_once_wh
        self._load()

    @property
    def wh(self) -> Decimal:
        """Energy so far."""
        return self._wh if self._quick is not None else self.state.wh

    def count(self, value: Decimal, at: datetime) -> Decimal:
        """One more value of the only register; the energy so far."""
        delta = value - self._last
        if 0 <= delta <= self._at_once:
            self._last, self._at, self._wh = value, at, self._wh + delta
            return self._wh
        instant = Instant({(_IMPORT, ReadingPlace.OUTLET): {"": value}})
        return self.take(instant, at)

    def take(self, instant: Instant, at: datetime) -> Decimal:
        """Everything of one instant; the energy so far."""
        self._store()
        if instant.end_wh is not None:
            self.state = replace(self.state, end_wh=instant.end_wh)
        start = self.state.meter_start_wh
        imported = self._flow(self.state.imported, instant, at, Direction(_IMPORT, _IMPORT_INTERVAL, start))
        exported = self._flow(self.state.exported, instant, at, Direction(_EXPORT, _EXPORT_INTERVAL, None))
        first = self.state.first_wh
        if first is None and imported.registers:
            first = sum((r.last for _, r in imported.registers), ZERO)
        self.state = replace(self.state, imported=imported, exported=exported, first_wh=first)
        self._load()
        return self.wh

    def signed(self, span: Span) -> None:
        """Remember what signed readings say."""
        self.state = replace(self.state, signed=span)

    def result(self) -> Metered:
        """What is to be remembered."""
        self._store()
        return self.state

    def finish(self, ended_at: datetime, meter_stop_wh: Decimal | None) -> Decimal:
        """The energy of the session: the pair of start and stop counts, a signed pair before it (M40)."""
        self._store()
        self._quick, self.plain = None, False
        sampled = self.state.imported.wh
        said = meter_stop_wh if meter_stop_wh is not None and not self._says_nothing(meter_stop_wh) else None
        state = self.state if said is None else self._stopped(self.state, said, ended_at)
        held = state.imported.doubtful
        registers, flags = [], []
        for phase, register in state.imported.registers:
            calm, flag = concluded(register, self.reach)
            registers.append((phase, calm))
            flags.append(flag)
        state = flagged(replace(state, imported=replace(state.imported, registers=tuple(registers))), flags)
        self.state = (
            state if said is None else self._by_pair(state, sampled, ended_at, said, believed=not held)
        )
        return self._by_signature(ended_at)

    def _says_nothing(self, stop: Decimal) -> bool:
        """Whether the stop value denies what the meter values show (Q29)."""
        start, imported = self.state.meter_start_wh, self.state.imported
        if start is None or stop not in (start, ZERO) or not (imported.wh > 0 or imported.doubtful):
            return False
        detail = f"meterStop {stop:f} Wh says nothing was charged; the meter values count"
        self.state = flagged(self.state, [Flag(FlagReason.METER_REBASED, detail)])
        return True

    def _stopped(self, state: Metered, stop: Decimal, ended_at: datetime) -> Metered:
        """The stop value as one more reading of the total register; phases and intervals have none."""
        flow = state.imported
        if flow.source == _NO_SOURCE:
            start = stop if state.meter_start_wh is None else state.meter_start_wh
            flow = Flow(0, (("", Register(start, state.started_at)),))
        elif flow.source >= _FIRST_BY_PHASE:
            return state
        register, flag = advanced(
            flow.registers[0][1], _in_wh(flow.registers[0][1], stop), ended_at, self.reach
        )
        first = register.last if state.first_wh is None else state.first_wh
        return flagged(
            replace(state, imported=replace(flow, registers=(("", register),)), first_wh=first), [flag]
        )

    def _by_pair(
        self, state: Metered, sampled: Decimal, ended_at: datetime, stop: Decimal, *, believed: bool
    ) -> Metered:
        """Let stop minus start decide where it can be true; `believed`: the stop value followed the others.

        Where a register restarted the pair is only used if the stop value did not, and the pair leaves room
        for what the readings say.
        """
        start, counted = state.meter_start_wh, state.imported.wh
        if start is None or stop < start or stop - start == counted:
            return state
        pair = stop - start
        if not self.reach.allows(pair, ended_at - state.started_at):
            return state
        restarted = any(f.reason is FlagReason.METER_REBASED for f in self.state.flags)
        if restarted and (believed or pair < sampled - _AGREES_WH):
            return state
        flags = list(self.state.flags)
        if counted and _UNIT_RATIO[0] < pair / counted < _UNIT_RATIO[1]:
            flags.append(
                Flag(FlagReason.UNIT_SUSPECT, "meter values look like kWh; meterStop - meterStart counts")
            )
        elif sampled - pair > _AGREES_WH:
            detail = f"meter values say {sampled:f} Wh, meterStop - meterStart {pair:f} Wh; the latter counts"
            flags.append(Flag(FlagReason.METER_DECREASED, detail))
        kept = replace(state.imported, registers=(), before_wh=pair)
        return replace(state, imported=kept, flags=tuple(dict.fromkeys(flags)))

    def _by_signature(self, ended_at: datetime) -> Decimal:
        """A signed pair bills, whatever the unsigned values say (M40, M53).

        It is of the import register: what came back from the car is still taken off (M42). One that cannot
        be true waits for a person.
        """
        signed, counted = self.state.signed.wh, self.state.imported.wh
        if signed is None:
            return self.state.wh
        if signed < 0 or not self.reach.allows(signed, ended_at - self.state.started_at):
            detail = f"signed readings say {signed:f} Wh, which cannot be true; {counted:f} Wh count"
            self.state = flagged(self.state, [Flag(FlagReason.METER_JUMP, detail)])
            return self.state.wh
        if abs(signed - counted) > _AGREES_WH:
            detail = f"signed readings say {signed:f} Wh, unsigned ones {counted:f} Wh; the signed ones count"
            self.state = flagged(self.state, [Flag(FlagReason.SIGNED_TOTAL_DIFFERS, detail)])
        self.state = replace(self.state, imported=Flow(0, (), signed))
        return self.state.wh

    def _flow(self, flow: Flow, instant: Instant, at: datetime, direction: "Direction") -> Flow:
        """One direction after this instant."""
        if not _concerns(instant, direction):
            return flow
        best = next((n for n in range(flow.source) if _has(instant, SOURCES[n], direction)), None)
        if best is not None:
            flow = _switched(flow, best, instant, at, direction, self.state.started_at, self.reach)
        if flow.source == _NO_SOURCE or not _has(instant, SOURCES[flow.source], direction):
            return flow
        source = SOURCES[flow.source]
        if source.interval:
            if flow.context is None or flow.context not in instant.intervals:
                return flow
            return replace(
                flow, before_wh=flow.before_wh + instant.interval_wh(direction.interval, flow.context)
            )
        registers, flags = dict(flow.registers), []
        for phase, value in _values(instant, source, direction).items():
            if phase in registers:
                registers[phase], flag = advanced(registers[phase], value, at, self.reach)
                flags.append(flag)
            else:
                registers[phase] = Register(value, at)
        self.state = flagged(self.state, flags)
        return replace(flow, registers=tuple(sorted(registers.items())))

    def _load(self) -> None:
        """Unpack the register of the usual case."""
        flow = self.state.imported
        self._quick, self.plain = None, False
        if flow.source or self.state.exports or len(flow.registers) != 1 or flow.before_wh:
            return
        register = flow.registers[0][1]
        if register.held is None and register.scale == 1:
            self._quick, self._last, self._at, self._wh = register, register.last, register.at, register.wh
            self.plain = True

    def _store(self) -> None:
        """Pack it again."""
        quick = self._quick
        if quick is not None and self._at is not None and (self._at, self._last) != (quick.at, quick.last):
            proven = quick.proven or self._wh > quick.wh
            register = Register(self._last, self._at, self._wh, quick.scale, proven)
            state, flow = self.state, self.state.imported
            self.state = Metered(
                state.started_at,
                state.meter_start_wh,
                state.first_wh,
                Flow(flow.source, (("", register),), flow.before_wh, flow.context),
                state.exported,
                state.end_wh,
                state.signed,
                state.flags,
            )
            self._quick = register


_IMPORT_INTERVAL, _EXPORT_INTERVAL = Measurand.IMPORT_INTERVAL_WH, Measurand.EXPORT_INTERVAL_WH
_FIRST_BY_PHASE = next(n for n, s in enumerate(SOURCES) if s.by_phase)


@dataclass(frozen=True, slots=True)
class Direction:
    """Import or export: its register, its interval energy, and the register value at the start if given."""

    register: Measurand
    interval: Measurand
    start_wh: Decimal | None


def _concerns(instant: Instant, direction: Direction) -> bool:
    """Whether anything was said about a direction; about export there usually was not."""
    return any(m is direction.register for m, _ in instant.values) or bool(instant.intervals)


def _has(instant: Instant, source: Source, direction: Direction) -> bool:
    if source.interval:
        return any(m is direction.interval for groups in instant.intervals.values() for m, _ in groups)
    return bool(_values(instant, source, direction))


def _values(instant: Instant, source: Source, direction: Direction) -> Mapping[str, Decimal]:
    """This source's values: by phase, or the total under ""."""
    group: Group = (direction.register, source.place)
    values = instant.values.get(group, {})
    wanted = PHASES if source.by_phase else ("",)
    return {phase: values[phase] for phase in wanted if phase in values}


def _switched(
    flow: Flow,
    best: int,
    instant: Instant,
    at: datetime,
    direction: Direction,
    started_at: datetime,
    reach: Reach,
) -> Flow:
    """Begin with a better source, so that the energy goes on from where it is."""
    so_far, source, start = flow.wh, SOURCES[best], direction.start_wh
    if source.interval:
        return Flow(best, (), so_far, instant.interval_context())
    values = _values(instant, source, direction)
    since_start = None if start is None else total_wh(values) - start
    plausible = since_start is not None and since_start >= 0 and reach.allows(since_start, at - started_at)
    if source.by_phase:
        before = since_start if plausible and since_start is not None and not so_far else so_far
        return Flow(best, tuple((p, Register(v, at)) for p, v in values.items()), before)
    if start is not None and not so_far:
        return Flow(best, (("", Register(start, started_at)),))
    wh = since_start if plausible and since_start is not None else so_far
    return Flow(best, (("", Register(values[""], at, wh)),))


def total_wh(values: Mapping[str, Decimal]) -> Decimal:
    """The sum of a source's values."""
    return sum(values.values(), ZERO)


def _in_wh(register: Register, stop: Decimal) -> Decimal:
    """A meterStop is always in Wh; a register read in other units wants it in its own."""
    return stop / register.scale
