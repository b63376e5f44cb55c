"""Asking one charger, and reading its configuration in the portions it takes (C25)."""

from collections.abc import Awaitable, Callable, Sequence

from gateway.domain.commands import Command, CommandAnswer, ConfigurationKey, GetConfiguration

Ask = Callable[[Command], Awaitable[CommandAnswer]]
"""Sends a command to a charger and returns its answer; raises what `ports.Chargers.ask` raises."""

_MOST_KEYS = "GetConfigurationMaxKeys"
_MOST_BYTES = "GetConfigurationMaxBytes"
"""A word of ours: 1.6 counts keys alone (D03)."""
_FEWEST = 1


async def read_keys(ask: Ask, keys: Sequence[str]) -> dict[str, ConfigurationKey]:
    """The entries a charger has of these keys, by key in lower case: chargers differ in case (Q41).

    No more is asked for at once than it says it takes, in keys and bytes; a key it does not know is left out.
    """
    known = _by_key((await ask(GetConfiguration((_MOST_KEYS, _MOST_BYTES)))).configuration)
    most = whole(known.get(_MOST_KEYS.casefold()), len(keys) or 1)
    most_bytes = whole(known.get(_MOST_BYTES.casefold()), 0) or None
    for start in range(0, len(keys), max(most, _FEWEST)):
        portion = tuple(keys[start : start + max(most, _FEWEST)])
        known |= _by_key((await ask(GetConfiguration(portion, most_bytes))).configuration)
    return known


def whole(entry: ConfigurationKey | None, default: int) -> int:
    """A configured number, or the default where there is none."""
    value = (entry.value or "").strip() if entry else ""
    return int(value) if value.isdigit() else default


def _by_key(entries: Sequence[ConfigurationKey]) -> dict[str, ConfigurationKey]:
    return {entry.key.strip().casefold(): entry for entry in entries}
