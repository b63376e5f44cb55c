"""What every version does with a token that is changed by a PATCH."""

from collections.abc import Callable, Mapping, Sequence

from gateway.domain.errors import InvalidInput
from gateway.domain.tokens import Token
from ocpi.dialect import Json, JsonObject


def patched(
    current: JsonObject, patch: JsonObject, identity: Sequence[str], read: Callable[[Json], Token]
) -> Token:
    """The token with the given fields changed; null changes nothing, as a PATCH cannot remove (TR-22).

    Raises InvalidInput for a field that breaks a rule, and for a patch that would turn the token into another
    one (TR-27).
    """
    if not isinstance(patch, Mapping):
        raise InvalidInput("must be a JSON object")
    changes = {name: value for name, value in patch.items() if value is not None}
    for name in identity:
        if name in changes and str(changes[name]).casefold() != str(current[name]).casefold():
            raise InvalidInput("identifies the token and cannot be changed", field=name)
    return read({**current, **changes})


def demand_date(patch: JsonObject) -> None:
    """Refuse a PATCH that does not say when it was made (TOK-02). Raises InvalidInput."""
    if isinstance(patch, Mapping) and patch.get("last_updated") is None:
        raise InvalidInput("is required in a PATCH", field="last_updated")
