"""Meter values of OCPP 2.x: numbers with unit and power of ten to readings, signed values byte-exact. Pure.

Spec: OCPP 2.0.1 "MeterValueType", "SampledValueType", "UnitOfMeasureType", "SignedMeterValueType"; D14, D15,
Q47.
"""

import base64
import binascii
from datetime import datetime

from gateway.domain.readings import SignedReading
from ocpp_side.translate import meter_values
from ocpp_side.translate.lenient import Payload, whole
from ocpp_side.translate.meter_values import Found, Samples
from ocpp_side.translate.sampled import Words, context_of
from ocpp_side.translate.v16_readings import encoding_of, text_of

_DATASETS = ("OCMF|", "<", "{")
"""How datasets begin that are text once their Base64 is taken off."""


def read_samples(values: object, now: datetime) -> Samples:
    """All samples of a MeterValueType list; what was there but unreadable is named in `lost`."""
    return meter_values.read(values, now, _take)


def _take(sampled: Payload, found: Found) -> None:
    if "signedMeterValue" in sampled:
        found.take_signed(_signed(sampled), ".signedMeterValue")
    found.take_number(_words(sampled), sampled.get("value"))


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
