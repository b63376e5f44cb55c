"""Signed meter data of a session as its CDR shows it: byte for byte, with its nature (CDR-12, M53)."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.domain.ocmf import read_ocmf
from gateway.domain.readings import ReadingContext, SignedReading

_LONGEST_DATA = 5000
_LONGEST_KEY = 512
_LONGEST_METHOD = 36
_UNKNOWN_METHOD = "UNKNOWN"
_NATURE = {ReadingContext.BEGIN: "Start", ReadingContext.END: "End"}
_ORDER = ("Start", "Intermediate", "End")


@dataclass(frozen=True, slots=True)
class SignedValue:
    """One signed dataset with its nature: "Start", "End" or "Intermediate" (M53)."""

    nature: str
    plain_data: str
    signed_data: str


@dataclass(frozen=True, slots=True)
class SignedData:
    """Signed meter data of a session, byte-exact (CDR-12)."""

    encoding_method: str
    signed_values: tuple[SignedValue, ...]
    public_key: str | None = None
    encoding_method_version: int | None = None
    url: str | None = None


def signed_data_of(readings: Iterable[SignedReading]) -> SignedData | None:
    """What a CDR carries of these readings, None if nothing was signed or nothing fits.

    Repeats appear once. Datasets longer than OCPI allows stay with the session, a key that is too long is
    left out: cutting either would break it. A dataset that holds start and end is the one of its context.
    """
    distinct = tuple(dict.fromkeys(readings))
    values = [v for r in distinct if (v := _value(r)) is not None]
    if not values:
        return None
    keys = (r.public_key for r in distinct if r.public_key and len(r.public_key) <= _LONGEST_KEY)
    methods = (r.encoding or _method_of(r.data) for r in distinct)
    return SignedData(
        encoding_method=next((m for m in methods if m), _UNKNOWN_METHOD)[:_LONGEST_METHOD],
        signed_values=tuple(sorted(dict.fromkeys(values), key=lambda v: _ORDER.index(v.nature))),
        public_key=next(keys, None),
    )


def too_long(reading: SignedReading) -> bool:
    """Whether a dataset does not fit into a CDR."""
    return max(len(_plain(reading.data)), len(_encoded(reading.data))) > _LONGEST_DATA


def _value(reading: SignedReading) -> SignedValue | None:
    if not reading.data or too_long(reading):
        return None
    nature = _NATURE.get(reading.context, "Intermediate")
    return SignedValue(nature, _plain(reading.data), _encoded(reading.data))


def _plain(data: str) -> str:
    """The data without its signature where the format separates them, else as it came."""
    dataset = read_ocmf(data)
    return data if dataset is None else dataset.payload


def _encoded(data: str) -> str:
    """Base64, as OCPI wants it; what is Base64 already stays as the charger sent it."""
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return base64.b64encode(data.encode()).decode()
    return data


def _method_of(data: str) -> str | None:
    return "OCMF" if data.startswith("OCMF|") else None
