"""What sampled values are about: measurand, unit, context, phase, place, however they are spelled. Pure.

Spec: OCPP 1.6 and 2.0.1 "Measurand", "UnitOfMeasure", "ReadingContext", "Location", "Phase"; C12, C13, Q30.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from gateway.domain.readings import Measurand, Reading, ReadingContext, ReadingPlace
from ocpp_side.translate.lenient import number

_MEASURANDS: dict[str, Measurand] = {
    "energy.active.import.register": Measurand.IMPORT_REGISTER_WH,
    "energy.active.export.register": Measurand.EXPORT_REGISTER_WH,
    "energy.active.import.interval": Measurand.IMPORT_INTERVAL_WH,
    "energy.active.export.interval": Measurand.EXPORT_INTERVAL_WH,
    "power.active.import": Measurand.IMPORT_POWER_W,
    "power.offered": Measurand.OFFERED_POWER_W,
    "power.import.offered": Measurand.OFFERED_POWER_W,
    "current.import": Measurand.IMPORT_CURRENT_A,
    "current.offered": Measurand.OFFERED_CURRENT_A,
    "current.import.offered": Measurand.OFFERED_CURRENT_A,
    "soc": Measurand.STATE_OF_CHARGE_PERCENT,
}
_ENERGY = {"wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000)}
_POWER = {"w": Decimal(1), "kw": Decimal(1000)}
_CURRENT = {"a": Decimal(1)}
_PERCENT = {"percent": Decimal(1), "%": Decimal(1)}
_UNITS: dict[Measurand, tuple[str, dict[str, Decimal]]] = {
    Measurand.IMPORT_REGISTER_WH: ("wh", _ENERGY),
    Measurand.EXPORT_REGISTER_WH: ("wh", _ENERGY),
    Measurand.IMPORT_INTERVAL_WH: ("wh", _ENERGY),
    Measurand.EXPORT_INTERVAL_WH: ("wh", _ENERGY),
    Measurand.IMPORT_POWER_W: ("w", _POWER),
    Measurand.OFFERED_POWER_W: ("w", _POWER),
    Measurand.IMPORT_CURRENT_A: ("a", _CURRENT),
    Measurand.OFFERED_CURRENT_A: ("a", _CURRENT),
    Measurand.STATE_OF_CHARGE_PERCENT: ("percent", _PERCENT),
}
"""Default unit of each measurand, and the units it may come in with their factor to the base unit."""
_CONTEXTS: dict[str, ReadingContext] = {
    "transaction.begin": ReadingContext.BEGIN,
    "transaction.end": ReadingContext.END,
    "sample.periodic": ReadingContext.PERIODIC,
    "sample.clock": ReadingContext.CLOCK,
    "interruption.begin": ReadingContext.INTERRUPTION_BEGIN,
    "interruption.end": ReadingContext.INTERRUPTION_END,
    "trigger": ReadingContext.TRIGGER,
}
_PLACES: dict[str, ReadingPlace] = {
    "outlet": ReadingPlace.OUTLET,
    "cable": ReadingPlace.CABLE,
    "ev": ReadingPlace.EV,
    "inlet": ReadingPlace.INLET,
    "body": ReadingPlace.BODY,
    "upstream": ReadingPlace.UPSTREAM,
}
BILLED = frozenset({Measurand.IMPORT_REGISTER_WH, Measurand.IMPORT_INTERVAL_WH})
"""What a driver pays for: such a value must not be lost unseen."""
_REGISTER = "energy.active.import.register"
_LONGEST_PHASE = 8
_LONGEST_WORD = 64
_LARGEST_POWER = 9
_MOST_KINDS: Final = 4096
_AS_IT_IS: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sampled value is about; `factor` to its base unit, None if it came in none of its units."""

    measurand: Measurand
    factor: Decimal | None
    context: ReadingContext
    phase: str | None
    place: ReadingPlace

    def reading(self, said: object) -> Reading | None:
        """One value in its base unit, or None if it says nothing we can use."""
        value = None if self.factor is None else number(said)
        if value is None or self.factor is None:
            return None
        if self.factor is not _AS_IT_IS:
            value *= self.factor
        return Reading(self.measurand, value, self.context, self.phase, self.place)


Words = tuple[object, object, int, object, object, object]
"""Measurand, unit, power of ten, context, phase and place as a charger said them."""
_KINDS: Final[dict[Words, Kind]] = {}
"""What was made of these words before: every meter repeats its own with every message."""


def kind_of(words: Words) -> Kind:
    """What is measured, and how to read its value; nothing in the words need be a text."""
    try:
        known = _KINDS.get(words)
    except TypeError:  # a list or an object where a word was to be
        known = None
    return _read_kind(words) if known is None else known


def _read_kind(words: Words) -> Kind:
    """Remembered only for short words, so that the memory stays small whatever a charger sends."""
    measurand, unit, power, context, phase, place = words
    quantity, factor = _quantity_of(measurand, unit)
    if power and factor is not None:
        factor = factor.scaleb(power) if abs(power) <= _LARGEST_POWER else None
    if factor == 1:
        factor = _AS_IT_IS
    kind = Kind(quantity, factor, context_of(context), phase_of(phase), place_of(place))
    if abs(power) <= _LARGEST_POWER and all(_is_short(word) for word in (measurand, unit, *words[3:])):
        if len(_KINDS) >= _MOST_KINDS:
            _KINDS.clear()
        _KINDS[words] = kind
    return kind


def _is_short(word: object) -> bool:
    return word is None or (isinstance(word, str) and len(word) <= _LONGEST_WORD)


def _quantity_of(measurand: object, unit: object) -> tuple[Measurand, Decimal | None]:
    """What is measured, and the factor to its base unit (None: not a unit of it)."""
    quantity = _MEASURANDS.get(_word(measurand) or _REGISTER, Measurand.OTHER)
    if quantity is Measurand.OTHER:
        return quantity, None
    default, factors = _UNITS[quantity]
    return quantity, factors.get(_word(unit) or default)


def context_of(said: object) -> ReadingContext:
    """Why a value was taken; periodically where nothing is said."""
    word = _word(said)
    return _CONTEXTS.get(word, ReadingContext.OTHER) if word else ReadingContext.PERIODIC


def place_of(said: object) -> ReadingPlace:
    """Where a value was taken; at the outlet where nothing known is said."""
    return _PLACES.get(_word(said), ReadingPlace.OUTLET)


def phase_of(said: object) -> str | None:
    """The phase, None for a total."""
    return said.strip()[:_LONGEST_PHASE].upper() or None if isinstance(said, str) else None


def _word(said: object) -> str:
    """An enum value without the quotes, blanks and capitals some firmware adds (Q30)."""
    return said[:_LONGEST_WORD].strip(" '\"").casefold() if isinstance(said, str) else ""
