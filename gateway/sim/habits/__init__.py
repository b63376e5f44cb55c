"""Habits of real chargers that a simulated one can have, by their Q-id and by OCPP version."""

from collections.abc import Iterable, Mapping

from gateway.domain.errors import InvalidInput
from gateway.sim.habit import Character, Habit
from gateway.sim.habits import answering, connecting, saying, saying_v2x, saying_v16

_EVERY = (*connecting.EVERY, *answering.EVERY, *saying.EVERY)
_V2X = (*_EVERY, *connecting.V2X, *answering.V2X, *saying_v2x.HABITS)


def _by_id(habits: Iterable[Habit]) -> Mapping[str, Habit]:
    return {habit.id: habit for habit in sorted(habits, key=lambda habit: habit.id)}


HABITS: Mapping[str, Mapping[str, Habit]] = {
    "1.6": _by_id((*_EVERY, *connecting.V16, *answering.V16, *saying_v16.HABITS)),
    "2.0.1": _by_id(_V2X),
    "2.1": _by_id(_V2X),
}
"""The habits a charger of each OCPP version can have, by id."""
NONE: Mapping[str, Mapping[str, str]] = {
    "1.6": {
        "Q45": "about messages of 2.x alone",
        "Q46": "about cards without authorization, which 2.x has",
        "Q48": "the gateway gives transactions of 1.6 their numbers",
    },
    "2.0.1": {},
    "2.1": {},
}
"""Quirks that are no habit of a charger of a version, and why."""


def character_of(ids: Iterable[str], version: str, beside: Iterable[str] = ()) -> Character:
    """A charger's habits as one. Raises InvalidInput for a version or a habit there is not.

    `beside`: what else could have been meant.
    """
    known = HABITS.get(version)
    if known is None:
        raise InvalidInput(f"--version {version}: known are {', '.join(HABITS)}")
    chosen = []
    for id_ in ids:
        if id_ in NONE[version]:
            raise InvalidInput(f"--misbehave {id_}: {NONE[version][id_]}")
        if id_ not in known:
            raise InvalidInput(
                f"--misbehave {id_}: known for OCPP {version} are {', '.join((*beside, *known))}"
            )
        chosen.append(known[id_])
    return Character(tuple(chosen))
