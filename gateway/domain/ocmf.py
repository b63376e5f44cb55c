"""Open Charge Metering Format: the readings inside a signed dataset. Verifying them is an adapter's job.

Spec: OCMF 1.x, "OCMF|{payload as JSON}|{signature as JSON}"; payload `RD` is the list of readings, fields a
reading leaves out are those of the reading before it; RU is the unit, RI the OBIS code, TX the occasion.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

_HEADER = "OCMF|"
_WH_PER = {"wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000)}
_BEGIN = frozenset({"B"})
_END = frozenset("ELRAPX")
_EXPORT_OBIS = ("2.8.", "c0.08", "c1.08", "c2.08", "c3.08")
"""Registers of energy given back. Codes are written in many ways, so these are named and not the others."""
_GOOD = "G"
_ENERGY_WRONG = "E"


@dataclass(frozen=True, slots=True)
class OcmfReading:
    """One reading: its occasion (B begin, C charging, E end …), OBIS code and value in Wh."""

    occasion: str
    obis: str
    wh: Decimal


@dataclass(frozen=True, slots=True)
class Ocmf:
    """A dataset taken apart; `payload` and `signature` are the exact text between the separators."""

    payload: str
    signature: str
    readings: tuple[OcmfReading, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """First and last signed value of one import register, Wh."""

    obis: str = ""
    first_wh: Decimal | None = None
    last_wh: Decimal | None = None

    @property
    def wh(self) -> Decimal | None:
        """Signed energy, once both ends are known."""
        return None if self.first_wh is None or self.last_wh is None else self.last_wh - self.first_wh


def read_ocmf(text: str) -> Ocmf | None:
    """Take a dataset apart; None if this is not OCMF."""
    if not text.startswith(_HEADER):
        return None
    payload, separator, signature = text[len(_HEADER) :].rpartition("|")
    if not separator:
        return None
    try:
        fields = json.loads(payload, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    return Ocmf(payload, signature, _readings(fields.get("RD")))


def with_dataset(span: Span, dataset: Ocmf) -> Span:
    """The span with this dataset's readings in it; the register that begins first is the one that counts."""
    for reading in dataset.readings:
        if not _is_import(reading.obis):
            continue
        if reading.occasion in _BEGIN and span.first_wh is None:
            span = Span(reading.obis, reading.wh)
        elif reading.occasion in _END and reading.obis == span.obis:
            span = replace(span, last_wh=reading.wh)
    return span


def _is_import(obis: str) -> bool:
    return not any(code in obis.lower() for code in _EXPORT_OBIS)


def _readings(raw: object) -> tuple[OcmfReading, ...]:
    found: list[OcmfReading] = []
    known: dict[str, object] = {}
    for item in raw if isinstance(raw, list) else []:
        if isinstance(item, Mapping):
            known = {**known, "TX": None, "RV": None} | dict(item)
            reading = _reading(known)
            if reading is not None:
                found.append(reading)
    return tuple(found)


def _reading(fields: Mapping[str, object]) -> OcmfReading | None:
    """A reading that may be billed: the meter was well (ST), and its energy is not said to be wrong (EF)."""
    if fields.get("ST", _GOOD) != _GOOD or _ENERGY_WRONG in str(fields.get("EF") or ""):
        return None
    factor = _WH_PER.get(str(fields.get("RU", "")).lower())
    value = fields.get("RV")
    if factor is None or not isinstance(value, Decimal | str):
        return None
    try:
        wh = Decimal(value) * factor
    except InvalidOperation:
        return None
    return (
        OcmfReading(str(fields.get("TX") or ""), str(fields.get("RI") or ""), wh) if wh.is_finite() else None
    )
