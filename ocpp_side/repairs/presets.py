"""Habits of makes and models, from data files: which repairs a charger needs or must not get, and more.

A file of `gateway/quirks` has `[[preset]]` tables: `vendor`, `model`, `firmware` and `charger` (its identity)
are patterns with `*`, compared without case; of several that fit, all apply, the later ones last. An
operator's own file comes after those.
"""

import fnmatch
import importlib.resources
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from gateway.domain.errors import InvalidInput
from gateway.domain.events import Habit
from ocpp_side.repairs.mending import Switches

NO_PINGS, OTHER_VERSION, STRAY_COMMA = "Q04", "Q09", "Q32"
BEHAVIOURS: dict[str, str] = {
    NO_PINGS: "never pinged; three missed heartbeats end its connection",
    OTHER_VERSION: "understood in the version it really speaks, whatever was negotiated (usual)",
    "Q22": "gets names of hexadecimal digits for drivers without a card that fits",
    "Q22-listed": "its list of cards has the driver of a remote start before it is asked to start",
    "Q22-own": "a start with a card nobody issued answers the remote start under way at its plug",
    "Q26": "a second start at a plug that has not been free is the end",
    STRAY_COMMA: "commas before the first or after the last item of a list are left out",
}
"""What can be switched on and off by its id and is no repair of a field."""
_HABITS: dict[str, Habit] = {
    "Q22": Habit.HEXADECIMAL_CARDS,
    "Q22-listed": Habit.LISTED_CARDS,
    "Q22-own": Habit.OWN_CARDS,
    "Q26": Habit.START_AT_END,
}
_LISTS = ("on", "off")
_PATTERNS = ("vendor", "model", "firmware", "charger")
_FLAGS = ("nudge",)


@dataclass(frozen=True, slots=True)
class Habits:
    """How to treat a charger. `nudge`: ask it for what it should have sent by itself (Q12, Q43, Q44)."""

    switches: Switches = field(default_factory=Switches)
    nudge: bool = True

    @property
    def of_transactions(self) -> tuple[Habit, ...]:
        """Those the use cases have to know."""
        return tuple(habit for quirk, habit in _HABITS.items() if self.switches.chosen(quirk))


@dataclass(frozen=True, slots=True)
class Preset:
    """The habits of a make, model and firmware, or of certain chargers; each a pattern."""

    vendor: str
    model: str = "*"
    firmware: str = "*"
    charger: str = "*"
    on: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    nudge: bool | None = None

    def fits(self, vendor: str, model: str, firmware: str, charger: str) -> bool:
        """Whether it is about such a charger."""
        pairs = (
            (vendor, self.vendor),
            (model, self.model),
            (firmware, self.firmware),
            (charger, self.charger),
        )
        return all(fnmatch.fnmatchcase(said.casefold(), known.casefold()) for said, known in pairs)


def habits_of(
    presets: Sequence[Preset], vendor: str, model: str, firmware: str, *, charger: str = ""
) -> Habits:
    """What the presets say about a charger; nothing unusual if none fits."""
    habits = Habits()
    for preset in presets:
        if preset.fits(vendor, model, firmware, charger):
            switches = Switches(habits.switches.on | preset.on, habits.switches.off | preset.off)
            nudge = habits.nudge if preset.nudge is None else preset.nudge
            habits = replace(habits, switches=switches, nudge=nudge)
    return habits


def read_presets(name: str, text: str) -> tuple[Preset, ...]:
    """The presets of one file. Raises InvalidInput that names the file and what is wrong in it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{name} is not TOML: {error}") from error
    return tuple(_preset(name, row) for row in document.get("preset", []))


def _preset(name: str, row: dict[str, object]) -> Preset:
    unknown = set(row) - {*_LISTS, *_PATTERNS, "why", *_FLAGS}
    if unknown or not isinstance(row.get("vendor"), str):
        raise InvalidInput(f"{name}: a preset needs a vendor and knows no {', '.join(sorted(unknown))}")
    words = {key: str(row[key]) for key in _PATTERNS if key in row}
    nudge = row.get("nudge")
    return Preset(
        **words,
        on=_ids(name, row.get("on", [])),
        off=_ids(name, row.get("off", [])),
        nudge=nudge if isinstance(nudge, bool) else None,
    )


def _ids(name: str, value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInput(f"{name}: on and off are lists of Q-ids")
    return frozenset(value)


@cache
def shipped_presets() -> tuple[Preset, ...]:
    """Those that come with the gateway, file by file in the order of their names."""
    folder = importlib.resources.files("gateway") / "quirks"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return tuple(p for file in files for p in read_presets(file.name, file.read_text(encoding="utf-8")))
