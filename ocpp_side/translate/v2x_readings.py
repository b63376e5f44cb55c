"""Meter values of OCPP 2.x: numbers with unit and power of ten to readings, signed values byte-exact. Pure.

Spec: OCPP 2.0.1 "MeterValueType", "SampledValueType", "UnitOfMeasureType", "SignedMeterValueType"; D14, D15,
Q47.
"""

import base64
import binascii
from datetime import datetime, timedelta

from gateway.domain.readings import Reading, Sample, SignedReading
from ocpp_side.translate import moments
from ocpp_side.translate.lenient import Payload, rows, whole
from ocpp_side.translate.sampled import BILLED, Words, context_of, kind_of
from ocpp_side.translate.v16_readings import Samples, encoding_of, text_of

_DATASETS = ("OCMF|", "<", "{")
"""How datasets begin that are text once their Base64 is taken off."""


def read_samples(meter_values: object, now: datetime) -> Samples:
    """All samples of a MeterValueType list; what was there but unreadable is named in `lost`."""
    values = rows(meter_values)
    shift = moments.shift_of((value.get("timestamp") for value in values), now)
    samples: list[Sample] = []
    lost: list[str] = [] if values else ["meterValue"]
    for index, value in enumerate(values):
        sample = _sample(value, f"meterValue[{index}]", now, shift, lost)
        if sample.readings or sample.signed:
            samples.append(sample)
    return Samples(tuple(samples), tuple(lost))


def _sample(value: Payload, where: str, now: datetime, shift: timedelta, lost: list[str]) -> Sample:
    at = moments.read_time(value.get("timestamp"))
    readings: list[Reading] = []
    signed: list[SignedReading] = []
    for index, sampled in enumerate(rows(value.get("sampledValue"))):
        if "signedMeterValue" in sampled:
            found = _signed(sampled)
            if found is None:
                lost.append(f"{where}.sampledValue[{index}].signedMeterValue")
            else:
                signed.append(found)
        kind = kind_of(_words(sampled))
        reading = kind.reading(sampled.get("value"))
        if reading is not None:
            readings.append(reading)
        elif kind.measurand in BILLED:
            lost.append(f"{where}.sampledValue[{index}]")
    return Sample(now if at is None else at + shift, tuple(readings), tuple(signed))


def _words(sampled: Payload) -> Words:
    unit, power = sampled.get("unitOfMeasure"), 0
    if isinstance(unit, dict):
        power = whole(unit.get("multiplier")) or 0
        unit = unit.get("unit")
    else:
        unit = sampled.get("unit")
    return (
        sampled.get("measurand"),
        unit,
        power,
        sampled.get("context"),
        sampled.get("phase"),
        sampled.get("location"),
    )


def _signed(sampled: Payload) -> SignedReading | None:
    """Signed data as it came; longer than the schema allows is fine, an empty key is no key (D15)."""
    value = sampled.get("signedMeterValue")
    data = text_of(value.get("signedMeterData")) if isinstance(value, dict) else None
    if data is None or not isinstance(value, dict):
        return None
    dataset = _dataset(data)
    return SignedReading(
        dataset,
        context_of(sampled.get("context")),
        text_of(value.get("encodingMethod")) or encoding_of(dataset),
        text_of(value.get("signingMethod")),
        text_of(value.get("publicKey")),
    )


def _dataset(data: str) -> str:
    """The dataset inside Base64 where it is a text of a known kind, else exactly what was sent (Q47)."""
    try:
        decoded = base64.b64decode(data, validate=True)
        same = base64.b64encode(decoded).decode() == data
        text = decoded.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return data
    return text if same and text.startswith(_DATASETS) else data
