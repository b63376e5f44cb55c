"""What came back from a partner, classified before anybody decides what it means (F5 to F13)."""

from dataclasses import dataclass

from gateway.domain.errors import InvalidInput
from ocpi import json
from ocpi.dialect import Json
from ocpi.envelope import read_envelope
from ocpi.recording import readable


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `error` is set when there is no usable one; `sent`: the request may have arrived.

    `next_url` is the Link header's next page, `total` X-Total-Count, `location` the Location header.
    """

    http_status: int | None = None
    ocpi_status: int | None = None
    message: str = ""
    data: Json = None
    error: str | None = None
    sent: bool = True
    retry_after_s: int | None = None
    next_url: str | None = None
    total: int | None = None
    location: str | None = None
    body: str | None = None
    timestamp: str | None = None

    @property
    def success(self) -> bool:
        """HTTP 2xx with an OCPI 1xxx."""
        good_http = self.http_status is not None and 200 <= self.http_status < 300  # noqa: PLR2004
        good_ocpi = self.ocpi_status is not None and 1000 <= self.ocpi_status < 2000  # noqa: PLR2004
        return self.error is None and good_http and good_ocpi

    @property
    def unanswered(self) -> bool:
        """Whether the partner gave no answer of its own: nothing usable came, or its server failed."""
        return self.error is not None or self.http_status is None or self.http_status >= 500  # noqa: PLR2004

    def described(self) -> str:
        """The answer in a sentence for people."""
        if self.error is not None:
            return self.error
        status = f"HTTP {self.http_status}"
        if self.ocpi_status is not None:
            status += f", OCPI {self.ocpi_status}"
        return f"{status}: {self.message}" if self.message else status


def read_reply(http_status: int, body: bytes) -> Reply:
    """Classify an answer by its body; headers are the caller's. A wrong body matters on 2xx only."""
    kept = readable(body)
    if 300 <= http_status < 400:  # noqa: PLR2004
        return Reply(http_status, error=f"redirect (HTTP {http_status}) is not followed", body=kept)
    good = 200 <= http_status < 300  # noqa: PLR2004
    try:
        envelope = read_envelope(json.parse(body))
    except (json.MalformedJson, InvalidInput) as error:
        return Reply(http_status, error=_complaint(body, str(error)) if good else None, body=kept)
    return Reply(
        http_status,
        envelope.status,
        envelope.message[:500],
        envelope.data,
        body=kept,
        timestamp=envelope.timestamp,
    )


def _complaint(body: bytes, reason: str) -> str:
    text = body.lstrip()[:100].lower()
    if not text:
        return "the answer is empty"
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "the answer is a web page, not JSON"
    return f"the answer is not an OCPI envelope: {reason}"
