"""What a session consumed: readings folded into energy and charging periods, one sample at a time.

The same fold serves the running session (each sample costs the same however many came before) and the CDR
(all samples again, in order, once the late ones are in). Rules: M40 to M45, C09 to C18, Q25 to Q37.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from gateway.domain.flags import Flag, FlagReason
from gateway.domain.fold import Fold, merged
from gateway.domain.ids import TariffId
from gateway.domain.metering import Metered
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.readings import ChargingState, Sample
from gateway.domain.running import RunningFolds
from gateway.domain.stretches import Line, Stretch
from gateway.domain.terms import Terms
from gateway.domain.timeline import begun
from gateway.domain.units import ZERO, hours, kwh, round4

_RUNNING: RunningFolds["Usage"] = RunningFolds()
_INTERPOLATED = Flag(FlagReason.ESTIMATED, "energy at a price change was interpolated between meter values")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Usage:
    """Consumption so far. `energy_wh` since the start; `as_of` the newest instant known about.

    `metered` and `line` are what was settled before `head`, the newest instant, to which more readings may
    still come. `late` counts samples that came too late for the fold; `rebuild` gives them their place.
    `flags`: what was doubtful or estimated. `end_wh`: the register at a Transaction.End reading.
    """

    started_at: datetime
    as_of: datetime
    metered: Metered
    line: Line
    first_wh: Decimal | None = None
    energy_wh: Decimal = ZERO
    head: Sample | None = None
    late: int = 0
    soc_percent: Decimal | None = None
    end_wh: Decimal | None = None
    ended: bool = False
    flags: tuple[Flag, ...] = ()


def begin(
    terms: Terms, started_at: datetime, meter_start_wh: Decimal | None, *, reserved_at: datetime | None = None
) -> Usage:
    """Nothing consumed yet. With a reservation the session starts when that did (`reserved_at`)."""
    first = started_at if reserved_at is None else min(reserved_at, started_at)
    kind = PeriodDimension.TIME if reserved_at is None else PeriodDimension.RESERVATION_TIME
    metered = Metered(started_at, meter_start_wh, meter_start_wh)
    usage = Usage(first, first, metered, begun(terms, first, kind), meter_start_wh)
    if reserved_at is None:
        return usage
    fold = _thawed(usage, terms)
    fold.timeline.turn(started_at, begins=True)
    return _frozen(usage, fold, usage.head, started_at)


def reserve(terms: Terms, reserved_at: datetime) -> Usage:
    """Nothing but a reservation so far."""
    metered = Metered(reserved_at, None, None)
    line = begun(terms, reserved_at, PeriodDimension.RESERVATION_TIME)
    return Usage(reserved_at, reserved_at, metered, line)


def observe(usage: Usage, terms: Terms, sample: Sample) -> Usage:
    """Fold one sample in. Cost does not depend on how many came before.

    A sample older than the newest is only counted as late, one of the same instant joins it.
    """
    if sample.at < usage.started_at:
        sample = replace(sample, at=usage.started_at)
    head = usage.head
    if usage.ended or (head is not None and sample.at < head.at):
        return replace(usage, late=usage.late + 1)
    if head is not None and sample.at == head.at:
        return _frozen(usage, _thawed(usage, terms), merged(head, sample), usage.as_of)
    fold = _RUNNING.taken(usage, terms)
    if fold is None:
        fold = _thawed(usage, terms)
        if head is not None:
            fold.sample(head, head.at)
    return _frozen(usage, fold, sample, max(usage.as_of, sample.at))


def observe_state(usage: Usage, terms: Terms, at: datetime, state: ChargingState) -> Usage:
    """From this instant on the car is in this state; SUSPENDED_EV is parking, SUSPENDED_EVSE never (M43)."""
    fold = _thawed(usage, terms)
    fold.state(at, state)
    return _frozen(usage, fold, usage.head, max(usage.as_of, at))


def switch_tariff(usage: Usage, terms: Terms, at: datetime, tariff_id: TariffId) -> Usage:
    """From this instant on another of the tariffs in `terms` applies (SES-10)."""
    fold = _thawed(usage, terms)
    fold.switch(at, tariff_id)
    return _frozen(usage, fold, usage.head, max(usage.as_of, at))


def finish(usage: Usage, terms: Terms, ended_at: datetime, meter_stop_wh: Decimal | None) -> Usage:
    """The transaction ended; `meter_stop_wh` is the charger's last register value, if it gave one."""
    fold = _thawed(usage, terms)
    if usage.head is not None:
        fold.sample(usage.head, usage.head.at)
    return _finished(usage, fold, ended_at, meter_stop_wh)


def rebuild(
    terms: Terms,
    started_at: datetime,
    meter_start_wh: Decimal | None,
    samples: Iterable[Sample],
    states: Iterable[tuple[datetime, ChargingState]],
    ended_at: datetime,
    meter_stop_wh: Decimal | None,
    *,
    reserved_at: datetime | None = None,
    switches: Iterable[tuple[datetime, TariffId]] = (),
) -> Usage:
    """The whole session again from everything that is stored, whatever order it arrived in.

    Samples of before the start or after the end count as of the start or the end (M44, Q36).
    """
    usage = begin(terms, started_at, meter_start_wh, reserved_at=reserved_at)
    fold = _thawed(usage, terms)
    ended_at = max(ended_at, started_at)
    turns: list[tuple[datetime, ChargingState | TariffId]] = sorted(
        [*((at, s) for at, s in states if at < ended_at), *((at, t) for at, t in switches if at < ended_at)],
        key=lambda turn: turn[0],
    )
    turns.reverse()
    for sample, at in _instants(samples, started_at, ended_at):
        while turns and turns[-1][0] <= at:
            _take(fold, *turns.pop())
        fold.sample(sample, at)
    while turns:
        _take(fold, *turns.pop())
    return _finished(usage, fold, ended_at, meter_stop_wh)


def charging_periods(usage: Usage, terms: Terms) -> tuple[ChargingPeriod, ...]:
    """The periods up to `usage.as_of`, the running one included.

    Their ENERGY adds up to `energy_wh` in kWh, their times to the whole time, each rounded to four decimals.
    """
    fold = _current(usage, terms)
    line = fold.timeline.result()
    stretches = (*line.closed, line.open)
    ends = [*((s.starts_at, s.energy_wh) for s in stretches[1:]), (usage.as_of, fold.meters.wh)]
    found = []
    for number, (stretch, (ends_at, wh)) in enumerate(zip(stretches, ends, strict=True)):
        last = number == len(stretches) - 1
        if last and number and ends_at <= stretch.starts_at and wh <= stretch.energy_wh:
            continue
        energy = round4(kwh(wh)) - round4(kwh(stretch.energy_wh))
        length = round4(hours(ends_at - usage.started_at)) - round4(
            hours(stretch.starts_at - usage.started_at)
        )
        volumes = _volumes(stretch, energy, length)
        if last and not usage.ended:
            volumes = (*volumes, *_so_far(fold))
        found.append(ChargingPeriod(stretch.starts_at, volumes, stretch.tariff_id))
    return tuple(found)


def _so_far(fold: Fold) -> tuple[Volume, ...]:
    """What only a running session tells: the battery, and both directions where energy came back (SES-13)."""
    found = [] if fold.soc_percent is None else [(PeriodDimension.STATE_OF_CHARGE, fold.soc_percent)]
    metered = fold.meters.result()
    if metered.exported.wh:
        found += [
            (PeriodDimension.ENERGY_IMPORT, kwh(metered.imported.wh)),
            (PeriodDimension.ENERGY_EXPORT, kwh(metered.exported.wh)),
        ]
    return tuple(Volume(type_, round4(value)) for type_, value in found)


def _volumes(stretch: Stretch, energy_kwh: Decimal, length_h: Decimal) -> tuple[Volume, ...]:
    volumes = []
    if energy_kwh or stretch.kind is PeriodDimension.TIME:
        volumes.append(Volume(PeriodDimension.ENERGY, energy_kwh))
    volumes.append(Volume(stretch.kind, length_h))
    measured = (
        (PeriodDimension.MIN_POWER, stretch.min_power_kw),
        (PeriodDimension.MAX_POWER, stretch.max_power_kw),
        (PeriodDimension.MIN_CURRENT, stretch.min_current_a),
        (PeriodDimension.MAX_CURRENT, stretch.max_current_a),
    )
    return (*volumes, *(Volume(type_, value) for type_, value in measured if value is not None))


_at = attrgetter("at")


def _instants(
    samples: Iterable[Sample], started_at: datetime, ended_at: datetime
) -> Sequence[tuple[Sample, datetime]]:
    """Samples in order of time within the session, those of the same instant as one."""
    found: list[tuple[Sample, datetime]] = []
    latest = None
    for sample in sorted(samples, key=_at):
        at = sample.at
        if not started_at <= at <= ended_at:
            at = started_at if at < started_at else ended_at
        if at == latest:
            found[-1] = (merged(found[-1][0], sample), at)
        else:
            found.append((sample, at))
        latest = at
    return found


def _take(fold: Fold, at: datetime, turn: "ChargingState | TariffId") -> None:
    if isinstance(turn, ChargingState):
        fold.state(at, turn)
    else:
        fold.switch(at, turn)


def _thawed(usage: Usage, terms: Terms) -> Fold:
    return Fold(usage.metered, usage.line, terms, usage.started_at, usage.soc_percent)


def _current(usage: Usage, terms: Terms) -> Fold:
    """The fold with the newest instant in it and time gone on to `as_of`."""
    fold = _thawed(usage, terms)
    if usage.head is not None:
        fold.sample(usage.head, usage.head.at)
    fold.timeline.advance(usage.as_of, fold.timeline.wh)
    return fold


def _frozen(usage: Usage, fold: Fold, head: Sample | None, as_of: datetime) -> Usage:
    """What is settled is kept apart from what the newest instant adds to it."""
    metered, line, soc = fold.meters.result(), fold.timeline.result(), fold.soc_percent
    if head is not None:
        fold.sample(head, head.at)
    frozen = _shown(usage, fold, as_of, _Settled(metered, line, head, soc))
    _RUNNING.keep(frozen, fold)
    return frozen


def _finished(usage: Usage, fold: Fold, ended_at: datetime, meter_stop_wh: Decimal | None) -> Usage:
    ended_at = max(ended_at, usage.metered.started_at)
    fold.finish(ended_at, meter_stop_wh)
    settled = _Settled(fold.meters.result(), fold.timeline.result(), None, usage.soc_percent, ended=True)
    return _shown(usage, fold, ended_at, settled)


@dataclass(slots=True)
class _Settled:
    """What was settled before the newest instant, and that instant."""

    metered: Metered
    line: Line
    head: Sample | None
    soc_percent: Decimal | None
    ended: bool = False


def _shown(usage: Usage, fold: Fold, as_of: datetime, settled: _Settled) -> Usage:
    """With the figures other code reads. Made in one go: this happens with every sample."""
    shown = fold.meters.result()
    return Usage(
        started_at=usage.started_at,
        as_of=as_of,
        metered=settled.metered,
        line=settled.line,
        first_wh=shown.first_wh,
        energy_wh=shown.wh,
        head=settled.head,
        late=usage.late,
        soc_percent=settled.soc_percent,
        end_wh=shown.end_wh,
        ended=settled.ended or usage.ended,
        flags=(*shown.flags, _INTERPOLATED) if fold.timeline.interpolated else shown.flags,
    )
