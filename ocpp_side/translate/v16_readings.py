"""Meter values of OCPP 1.6: sampled values to readings in base units, signed values byte-exact. Pure.

Spec: OCPP 1.6 "MeterValue", "SampledValue", "Measurand", "UnitOfMeasure"; C12, C13, C29, Q30, Q31, Q33.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.readings import Reading, Sample, SignedReading
from ocpp_side.translate import moments
from ocpp_side.translate.lenient import Payload, rows
from ocpp_side.translate.sampled import BILLED, context_of, kind_of


@dataclass(frozen=True, slots=True)
class Samples:
    """What could be read, and the names of money-relevant values that were there but could not be."""

    samples: tuple[Sample, ...]
    lost: tuple[str, ...] = ()


def read_samples(meter_values: object, now: datetime) -> Samples:
    """All samples of a MeterValue list, oldest as it came first.

    Values of no use for a session (voltage, temperature …) are left out; an energy register or a signed
    value that cannot be read is named in `lost`.
    """
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
        if sampled.get("format") == "SignedData":
            found = _signed(sampled)
            if found is None:
                lost.append(f"{where}.sampledValue[{index}]")
            else:
                signed.append(found)
            continue
        kind = kind_of(
            (
                sampled.get("measurand"),
                sampled.get("unit"),
                0,
                sampled.get("context"),
                sampled.get("phase"),
                sampled.get("location"),
            )
        )
        reading = kind.reading(sampled.get("value"))
        if reading is not None:
            readings.append(reading)
        elif kind.measurand in BILLED:
            lost.append(f"{where}.sampledValue[{index}]")
    return Sample(now if at is None else at + shift, tuple(readings), tuple(signed))


def _signed(sampled: Payload) -> SignedReading | None:
    """Signed data, raw or in OCA's envelope, never re-serialised (C29, M53)."""
    value = sampled.get("value")
    if not isinstance(value, str) or not value:
        return None
    envelope = _envelope(value)
    data = text_of(envelope.get("signedMeterData"))
    if data is None:
        return SignedReading(value, context_of(sampled.get("context")), encoding_of(value))
    dataset = dataset_of(data)
    return SignedReading(
        dataset,
        context_of(sampled.get("context")),
        text_of(envelope.get("encodingMethod")) or encoding_of(dataset),
        text_of(envelope.get("signingMethod")),
        text_of(envelope.get("publicKey")),
    )


def _envelope(value: str) -> Payload:
    """OCA's JSON envelope around signed data; empty if this is the data itself."""
    if not value.lstrip().startswith("{"):
        return {}
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def dataset_of(data: str) -> str:
    """The dataset inside the envelope's Base64; as it is where it is no Base64 of a text."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return data


def encoding_of(dataset: str) -> str | None:
    """The name of the format of a dataset, where the data shows it."""
    return "OCMF" if dataset.startswith("OCMF|") else None


def text_of(value: object) -> str | None:
    """A text exactly as it came, None if it is empty or no text."""
    return value if isinstance(value, str) and value else None
