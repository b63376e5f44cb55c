"""What repairs do to a value, whatever the version. Each says whether it could. Pure."""

from collections.abc import Callable, Iterable, Mapping

from ocpp_side.repairs.mending import Place, Repair
from ocpp_side.translate.lenient import whole

Mend = Callable[[Place], bool]


def repair(
    quirk: str,
    words: str,
    rules: str,
    fields: frozenset[str] = frozenset(),
    mend: Mend | None = None,
    *,
    actions: str = "",
    missing: str = "",
    usual: bool = True,
) -> Repair:
    """A repair, its lists written as words."""
    named, lacking = frozenset(actions.split()), frozenset(missing.split())
    return Repair(quirk, words, frozenset(rules.split()), named, fields, lacking, mend, usual)


def cut(place: Place) -> bool:
    """Shorten a text to what the schema allows."""
    if not isinstance(place.value, str) or not isinstance(place.limit, int):
        return False
    place.put(place.value[: place.limit])
    return True


def wrap(place: Place) -> bool:
    """A lone object where a list belongs."""
    if not isinstance(place.value, dict):
        return False
    place.put([place.value])
    return True


def as_text(place: Place) -> bool:
    """A number where a text belongs."""
    if isinstance(place.value, bool) or not isinstance(place.value, int | float):
        return False
    place.put(str(place.value))
    return True


def as_number(place: Place) -> bool:
    """A whole number written as text or with decimals."""
    read = whole(place.value)
    if read is None:
        return False
    place.put(read)
    return True


def as_truth(place: Place) -> bool:
    """Yes or no written as text or as a number."""
    words = {"true": True, "1": True, "false": False, "0": False}
    read = words.get(str(place.value).casefold())
    if read is None:
        return False
    place.put(read)
    return True


def left_out(place: Place) -> bool:
    """Nothing (null) where a value may be left out."""
    if place.value is not None or not isinstance(place.holder, dict) or place.key not in place.holder:
        return False
    del place.holder[place.key]
    return True


def right_case(keys: Iterable[str]) -> Mend:
    """Keys of an object in another case than the specification's."""
    cases: Mapping[str, str] = {key.casefold(): key for key in keys}

    def renamed(place: Place) -> bool:
        holder = place.value
        if not isinstance(holder, dict):
            return False
        changed = False
        for key in list(holder):
            right = cases.get(key.casefold())
            if right is not None and right != key and right not in holder:
                holder[right] = holder.pop(key)
                changed = True
        return changed

    return renamed
