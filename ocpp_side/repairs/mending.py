"""Mend a payload that breaks its schema, rule by rule. Strict parsing comes first; this runs when it failed.

Each broken rule goes to the first repair in the list that fits, is switched on and can mend it. What was
mended is named by its Q-id; what nobody mends stays a violation. The payload as it came is never changed.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ocpp_side.translate.lenient import Payload
from ocpp_side.validation import Broken, Schemas, Violation

_MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Place:
    """The value that breaks a rule: `holder[key]`, and the value; `limit` is what the rule allows."""

    holder: dict[str, object] | list[object]
    key: str | int
    value: object
    limit: object

    def put(self, value: object) -> None:
        """Replace the value."""
        self.holder[self.key] = value  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair. `mend` changes the place and says whether it could; without it the value is let through.

    `actions`, `fields` and `missing` empty mean all; a field is the last name on the path, `missing` names
    required fields that may be left out. `usual` repairs are on unless a charger's preset says otherwise.
    """

    quirk: str
    words: str
    rules: frozenset[str]
    actions: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    mend: Callable[[Place], bool] | None = None
    usual: bool = True

    def fits(self, action: str, broken: Broken) -> bool:
        """Whether this repair is for such a violation."""
        return (
            broken.rule in self.rules
            and (not self.actions or action in self.actions)
            and (not self.fields or broken.field in self.fields)
            and (not self.missing or broken.limit in self.missing)
        )


@dataclass(frozen=True, slots=True)
class Switches:
    """Which repairs are on for a charger, beside the usual ones."""

    on: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()

    def chosen(self, quirk: str) -> bool:
        """Whether something unusual is on."""
        return quirk in self.on and quirk not in self.off

    def allow(self, repair: Repair) -> bool:
        """Whether a repair may be used."""
        return repair.quirk not in self.off and (repair.usual or repair.quirk in self.on)


@dataclass(slots=True)
class Mended:
    """The payload after repairs, which were needed (Q-id to an example), and what is still wrong."""

    payload: Payload
    used: dict[str, str] = field(default_factory=dict)
    violation: Violation | None = None


def mend(
    schemas: Schemas, repairs: Sequence[Repair], switches: Switches, action: str, payload: Payload
) -> Mended:
    """Repair a payload of an action until it keeps the rules or nothing more can be done."""
    usable = [repair for repair in repairs if switches.allow(repair)]
    mended = Mended(copy.deepcopy(dict(payload)))
    for _ in range(_MOST_ROUNDS):
        changed, violation = _round(schemas, usable, action, mended)
        mended.violation = violation
        if not changed:
            break
    return mended


def _round(
    schemas: Schemas, repairs: Sequence[Repair], action: str, mended: Mended
) -> tuple[bool, Violation | None]:
    """One pass over the broken rules: whether something changed, and the first rule nobody mends."""
    changed, violation = False, None
    for broken in schemas.broken(action, mended.payload):
        repair = next((r for r in repairs if r.fits(action, broken) and _apply(r, broken, mended)), None)
        if repair is None:
            violation = violation or broken.violation
            continue
        changed |= repair.mend is not None
        mended.used.setdefault(repair.quirk, f"{action}: {broken.where} {broken.rule}")
    return changed, violation


def _apply(repair: Repair, broken: Broken, mended: Mended) -> bool:
    if repair.mend is None:
        return True
    place = _place(mended.payload, broken)
    return place is not None and repair.mend(place)


def _place(payload: Payload, broken: Broken) -> Place | None:
    """Where a rule is broken; an earlier repair of this round may have moved it."""
    holder: object = {"": payload}
    path: tuple[str | int, ...] = ("", *broken.path)
    for step in path[:-1]:
        holder = _step(holder, step)
    if not isinstance(holder, dict | list):
        return None
    return Place(holder, path[-1], _step(holder, path[-1]), broken.limit)


def _step(holder: object, step: str | int) -> object:
    if isinstance(holder, dict) and isinstance(step, str):
        return holder.get(step)
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    return None
