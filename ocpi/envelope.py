"""The envelope every OCPI answer travels in (TR-11).

Spec: OCPI 2.2.1 transport_and_format "Response format".
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import InvalidInput
from ocpi import json
from ocpi.dialect import Json
from ocpi.wire import write_datetime

ABSENT: Json = object()
"""No `data` at all, which differs from `null` (TR-13)."""


def write_envelope(
    now: datetime, status: int = 1000, data: Json = ABSENT, message: str | None = None
) -> bytes:
    """An answer's body."""
    body: dict[str, Json] = {}
    if data is not ABSENT:
        body["data"] = data
    body["status_code"] = status
    body["status_message"] = message or ("Success" if status < 2000 else "Error")  # noqa: PLR2004
    body["timestamp"] = write_datetime(now)
    return json.render(body)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a partner answered."""

    status: int
    message: str
    data: Json = None
    timestamp: str | None = None


def read_envelope(value: Json) -> Envelope:
    """Read a partner's envelope, leniently; without a usable status_code it is none: InvalidInput."""
    if not isinstance(value, dict):
        raise InvalidInput("the answer is not an OCPI envelope")
    try:
        status = int(str(value.get("status_code")))
    except ValueError:
        raise InvalidInput("the answer has no status_code") from None
    message = value.get("status_message")
    stamp = value.get("timestamp")
    return Envelope(
        status,
        message if isinstance(message, str) else "",
        value.get("data"),
        stamp if isinstance(stamp, str) else None,
    )
