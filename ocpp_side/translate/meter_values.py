"""The walk through a list of meter values, which is the same in every version. Pure.

Spec: OCPP 1.6 and 2.0.1 "MeterValue", "SampledValue"; C12, D14, Q30.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.readings import Reading, Sample, SignedReading
from ocpp_side.translate import moments
from ocpp_side.translate.lenient import Payload, rows
from ocpp_side.translate.sampled import BILLED, Words, kind_of


@dataclass(frozen=True, slots=True)
class Samples:
    """What could be read, and the names of money-relevant values that were there but could not be."""

    samples: tuple[Sample, ...]
    lost: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """What the sampled values of one meter value hold; `index`: of the one that is being read."""

    where: str
    lost: list[str]
    index: int = 0
    readings: list[Reading] = field(default_factory=list)
    signed: list[SignedReading] = field(default_factory=list)

    def take_number(self, words: Words, value: object) -> None:
        """A measured value; one that is billed and cannot be read is lost."""
        kind = kind_of(words)
        reading = kind.reading(value)
        if reading is not None:
            self.readings.append(reading)
        elif kind.measurand in BILLED:
            self._lose()

    def take_signed(self, value: SignedReading | None, part: str = "") -> None:
        """A signed value; None could not be read. `part`: where in the sampled value it stands."""
        if value is not None:
            self.signed.append(value)
        else:
            self._lose(part)

    def _lose(self, part: str = "") -> None:
        self.lost.append(f"{self.where}.sampledValue[{self.index}]{part}")


Take = Callable[[Payload, Found], None]
"""Reads one sampled value, as its version writes it."""


def read(meter_values: object, now: datetime, take: Take) -> Samples:
    """All samples of a MeterValue list, oldest as it came first.

    Values of no use for a session (voltage, temperature …) are left out; an energy register or a signed
    value that cannot be read is named in `lost`.
    """
    values = rows(meter_values)
    shift = moments.shift_of((value.get("timestamp") for value in values), now)
    lost: list[str] = [] if values else ["meterValue"]
    samples = [
        _sample(value, Found(f"meterValue[{index}]", lost), now, shift, take)
        for index, value in enumerate(values)
    ]
    return Samples(tuple(sample for sample in samples if sample.readings or sample.signed), tuple(lost))


def _sample(value: Payload, found: Found, now: datetime, shift: timedelta, take: Take) -> Sample:
    at = moments.read_time(value.get("timestamp"))
    for found.index, sampled in enumerate(rows(value.get("sampledValue"))):
        take(sampled, found)
    return Sample(now if at is None else at + shift, tuple(found.readings), tuple(found.signed))
