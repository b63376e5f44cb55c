"""Repairs of frames that are no JSON, for makes that are known to send them (Q32). Pure."""

import re

import orjson

_STRAY = re.compile(rb"([\[{])\s*,|,\s*([\]}])")
_LONGEST = 65_536


def without_stray_commas(raw: bytes) -> bytes | None:
    """The frame without commas before the first or after the last item; None if it is no JSON then either."""
    if len(raw) > _LONGEST:
        return None
    mended = _STRAY.sub(rb"\1\2", raw)
    try:
        orjson.loads(mended)
    except orjson.JSONDecodeError:
        return None
    return mended
