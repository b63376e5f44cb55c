"""The forms in which chargers prove that they know their key."""

import string

_HEX = frozenset(string.hexdigits.encode())
_SHORTEST_HEX_KEY = 16


def key_forms(password: str) -> tuple[bytes, ...]:
    """The byte strings that prove knowledge of a configured key (B03).

    Chargers send the key as raw bytes, as text, or as its hex digits verbatim; hex is compared in lower case.
    """
    raw = password.encode()
    forms = [raw, raw.hex().encode()]
    if is_hex(raw):
        forms += [raw.lower(), bytes.fromhex(password)]
    return tuple(dict.fromkeys(forms))


def is_hex(key: bytes) -> bool:
    """Whether a key may be meant as hexadecimal digits."""
    return len(key) % 2 == 0 and len(key) >= _SHORTEST_HEX_KEY and set(key) <= _HEX
