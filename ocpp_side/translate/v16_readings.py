"""Meter values of OCPP 1.6: sampled values to readings in base units, signed values byte-exact. Pure.

Spec: OCPP 1.6 "MeterValue", "SampledValue", "Measurand", "UnitOfMeasure"; C12, C13, C29, Q30, Q31, Q33.
"""

import base64
import binascii
import json
from datetime import datetime

from gateway.domain.readings import SignedReading
from ocpp_side.translate import meter_values
from ocpp_side.translate.lenient import Payload
from ocpp_side.translate.meter_values import Found, Samples
from ocpp_side.translate.sampled import context_of


def read_samples(values: object, now: datetime) -> Samples:
    """All samples of a MeterValue list; what was there but unreadable is named in `lost`."""
    return meter_values.read(values, now, _take)


def _take(sampled: Payload, found: Found) -> None:
    if sampled.get("format") == "SignedData":
        found.take_signed(_signed(sampled))
        return
    words = (
        sampled.get("measurand"),
        sampled.get("unit"),
        0,
        sampled.get("context"),
        sampled.get("phase"),
        sampled.get("location"),
    )
    found.take_number(words, sampled.get("value"))


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
