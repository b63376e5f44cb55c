"""Frames as people may see them: without keys (T12)."""

import orjson

_SECRETS = ("authorizationkey", "basicauthpassword")
_VALUES = ("value", "attributevalue", "variableattribute")
_MASK = "***"
_UNREADABLE = "(a frame with a key in it, not shown)"


def shown(raw: bytes) -> str:
    """The text of a frame with the values of keys masked."""
    text = raw.decode(errors="replace")
    folded = text.casefold()
    if _SECRETS[0] not in folded and _SECRETS[1] not in folded:  # no loop: every frame passes here
        return text
    try:
        return orjson.dumps(_masked(orjson.loads(raw))).decode()
    except (orjson.JSONDecodeError, RecursionError):
        return _UNREADABLE


def _masked(part: object) -> object:
    """Mask values beside a key or a variable that names a secret, and every field named like one."""
    if isinstance(part, list):
        return [_masked(item) for item in part]
    if not isinstance(part, dict):
        return part
    hidden = _SECRETS + (_VALUES if _names_a_secret(part) else ())
    return {key: _MASK if key.casefold() in hidden else _masked(value) for key, value in part.items()}


def _names_a_secret(part: dict[str, object]) -> bool:
    """Whether an entry is about a secret: by its key (1.6), or by the name of its variable (2.x)."""
    named = [value for value in part.values() if isinstance(value, dict)]
    words = [*part.values(), *(value for inner in named for value in inner.values())]
    return any(isinstance(word, str) and word.strip().casefold() in _SECRETS for word in words)
