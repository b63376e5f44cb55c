"""OCPI's envelope, token header and numbers, as the simulated partner reads and writes them."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aiohttp import web

Json = Any
"""Parsed JSON with Decimal numbers."""
JsonObject = dict[str, Any]

OK = 1000
INVALID = 2001
UNKNOWN_LOCATION = 2003
UNKNOWN_TOKEN = 2004
SERVER_ERROR = 3000
CANNOT_USE_API = 3001
VERSION_UNSUPPORTED = 3002


class Refused(Exception):
    """A request that is answered with an error: HTTP status, OCPI status and a message."""

    def __init__(self, message: str, *, status: int = INVALID, http: int = 200) -> None:
        super().__init__(message)
        self.status = status
        self.http = http


def read_json(raw: bytes) -> Json:
    """Numbers become Decimal. Raises Refused with HTTP 400 for what is not JSON (TR-14)."""
    try:
        return json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError) as broken:
        raise Refused("the body is not JSON", status=INVALID, http=400) from broken


def write_json(value: Json) -> bytes:
    """Decimals become JSON numbers."""
    return json.dumps(value, default=_number, ensure_ascii=False, separators=(",", ":")).encode()


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def utc_now() -> str:
    """The present as OCPI writes it (TR-31)."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def envelope(
    data: Json = None,
    status: int = OK,
    message: str = "Success",
    http: int = 200,
    location: str | None = None,
) -> web.Response:
    """Spec: OCPI 2.2.1 transport_and_format "Response format"."""
    body: JsonObject = {"status_code": status, "status_message": message, "timestamp": utc_now()}
    if data is not None:
        body["data"] = data
    headers = {"Location": location} if location else None
    return web.Response(
        body=write_json(body), status=http, headers=headers, content_type="application/json", charset="utf-8"
    )


def token_header(token: str, *, encoded: bool = True) -> str:
    """The Authorization header's value for a token, Base64 or raw (TR-02, TR-03)."""
    return f"Token {base64.b64encode(token.encode()).decode() if encoded else token}"


def tokens_in(header: str | None, *, encoded: bool = True) -> tuple[str, ...]:
    """What an Authorization header may mean: the raw string, and what it decodes to (TR-03 to TR-05)."""
    scheme, _, value = (header or "").partition(" ")
    if scheme != "Token" or not value:
        return ()
    if not encoded:
        return (value,)
    try:
        decoded = base64.b64decode(value, validate=True).decode().rstrip()
    except (binascii.Error, UnicodeDecodeError):
        return (value,)
    return (value, decoded)


def message_ids(correlation: str | None = None) -> dict[str, str]:
    """X-Request-ID and X-Correlation-ID of a new request (TR-36)."""
    return {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": correlation or str(uuid.uuid4())}


def same(left: object, right: object) -> bool:
    """CiString comparison (TR-32)."""
    return str(left).casefold() == str(right).casefold()


def require_object(value: Json) -> JsonObject:
    """The value as an object. Raises Refused."""
    if not isinstance(value, Mapping):
        raise Refused("the body must be an object")
    return dict(value)
