"""What the recorder keeps of an exchange: readable, short, and without tokens (T12)."""

import re

KEPT = 4096
_TOKEN = re.compile(r'("token"\s*:\s*")(?:[^"\\]|\\.)*(")', re.IGNORECASE)


def readable(body: bytes) -> str:
    """The first 4 KB of a body as text, credentials masked."""
    return _TOKEN.sub(r"\1***\2", body[: KEPT * 2].decode("utf-8", "replace"))[:KEPT]
