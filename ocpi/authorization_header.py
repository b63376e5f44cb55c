"""The Authorization header: `Token <value>`, Base64 or not (TR-01 to TR-05)."""

import base64
import binascii

_SCHEME = "token "
_LONGEST = 512


def read_tokens(header: str | None) -> tuple[str, ...]:
    """The tokens a header may mean, most literal first; none if it is missing or no token header.

    A raw token can itself be valid Base64, so its shape decides nothing: every reading is looked up.
    """
    if header is None or not header.lower().startswith(_SCHEME) or len(header) > _LONGEST:
        return ()
    raw = header[len(_SCHEME) :].strip()
    if not raw:
        return ()
    decoded = _decoded(raw)
    return (raw,) if decoded is None or decoded == raw else (raw, decoded)


def write_token(token: str, *, encoded: bool) -> str:
    """The header's value; Base64 from OCPI 2.2 on, without a trailing newline (TR-02, TR-05)."""
    value = base64.b64encode(token.encode()).decode("ascii") if encoded else token
    return f"Token {value}"


def _decoded(raw: str) -> str | None:
    try:
        return base64.b64decode(raw + "=" * (-len(raw) % 4), validate=True).decode().rstrip() or None
    except (binascii.Error, ValueError):
        return None
