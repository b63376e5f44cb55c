"""The working side of `usage`: meters and timeline together, one instant after the other."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from gateway.domain.ids import TariffId
from gateway.domain.instants import read_instant
from gateway.domain.metering import Metered, Meters
from gateway.domain.ocmf import read_ocmf, with_dataset
from gateway.domain.readings import ChargingState, Measurand, Reading, ReadingContext, ReadingPlace, Sample
from gateway.domain.registers import Reach
from gateway.domain.stretches import Line
from gateway.domain.terms import Terms
from gateway.domain.timeline import Timeline

_THOUSAND = Decimal(1000)
_REGISTER = Measurand.IMPORT_REGISTER_WH
_SOC = Measurand.STATE_OF_CHARGE_PERCENT
_OUTLET, _END = ReadingPlace.OUTLET, ReadingContext.END
_PASSING = frozenset(
    {
        Measurand.IMPORT_POWER_W,
        Measurand.OFFERED_POWER_W,
        Measurand.IMPORT_CURRENT_A,
        Measurand.OFFERED_CURRENT_A,
        Measurand.OTHER,
    }
)


@dataclass(slots=True)
class Fold:
    """Takes samples, states and the end in the order of time."""

    metered: Metered
    line: Line
    terms: Terms
    started_at: datetime
    soc_percent: Decimal | None = None
    meters: Meters = field(init=False)
    timeline: Timeline = field(init=False)

    def __post_init__(self) -> None:
        self.meters = Meters(self.metered, Reach(self.terms.max_power_w))
        self.timeline = Timeline(self.line, self.terms, self.started_at)

    def sample(self, sample: Sample, at: datetime) -> None:
        """Everything said at one instant, `at` being that instant within the session."""
        meters, timeline = self.meters, self.timeline
        if meters.plain and not timeline.measures and not sample.signed:
            value, soc = _only_total(sample.readings)
            if value is not None:
                timeline.advance(at, meters.count(value, at))
                self.soc_percent = self.soc_percent if soc is None else soc
                return
        self._everything(sample, at)

    def _everything(self, sample: Sample, at: datetime) -> None:
        instant = read_instant(sample.readings)
        timeline = self.timeline
        power_w = instant.total(Measurand.IMPORT_POWER_W)
        power_kw = None if power_w is None else power_w / _THOUSAND
        current_a = instant.total(Measurand.IMPORT_CURRENT_A)
        timeline.first_flow(power_kw, current_a)
        timeline.advance(at, self.meters.take(instant, at))
        timeline.flow(power_kw, current_a)
        for signed in sample.signed:
            dataset = read_ocmf(signed.data)
            if dataset is not None:
                self.meters.signed(with_dataset(self.meters.result().signed, dataset))
        soc = instant.total(_SOC)
        self.soc_percent = self.soc_percent if soc is None else soc

    def state(self, at: datetime, state: ChargingState) -> None:
        """The car and the charger are in this state from here on (M43)."""
        self.timeline.turn(at, state=state)

    def switch(self, at: datetime, tariff_id: TariffId) -> None:
        """Another tariff applies from here on (SES-10)."""
        self.timeline.turn(at, tariff_id=tariff_id)

    def finish(self, ended_at: datetime, meter_stop_wh: Decimal | None) -> None:
        """The end: the total is decided, and what lies above or after it is put right."""
        total = self.meters.finish(ended_at, meter_stop_wh)
        self.timeline.cut_off(ended_at)
        if not self.meters.result().exports:
            self.timeline.settle(total)
        self.timeline.advance(ended_at, total)


def _only_total(readings: tuple[Reading, ...]) -> tuple[Decimal | None, Decimal | None]:
    """The total import register and the state of charge, if nothing else here concerns the session.

    No register: `_everything` has to look.
    """
    value = soc = None
    for reading in readings:
        measurand = reading.measurand
        if measurand in _PASSING:
            continue
        if reading.phase is not None or reading.place is not _OUTLET or reading.context is _END:
            return None, None
        if measurand is _REGISTER and value is None:
            value = reading.value
        elif measurand is _SOC and soc is None:
            soc = reading.value
        else:
            return None, None
    return value, soc


def merged(first: Sample, second: Sample) -> Sample:
    """Two samples of the same instant as one, repeats dropped (C11)."""
    readings = tuple(dict.fromkeys((*first.readings, *second.readings)))
    signed = tuple(dict.fromkeys((*first.signed, *second.signed)))
    return replace(first, readings=readings, signed=signed)
