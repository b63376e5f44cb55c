"""One HTTP request to a partner: bounded in time and size, never redirected, whatever the partner does."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from gateway.domain.errors import ForbiddenUrl
from ocpi.guard import ForbiddenAddress
from ocpi.replies import Reply, read_reply

TOTAL_S = 30.0
MAX_ANSWER = 1024 * 1024
MAX_LIST = 8 * 1024 * 1024
_NEXT = re.compile(r'<([^>]*)>\s*;[^,<]*\brel\s*=\s*"?next"?', re.IGNORECASE)
_LONGEST_PAUSE_S = 24 * 3600


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    most_bytes: int,
    within_s: float,
) -> Reply:
    """Send a request and classify what happens. Raises nothing but cancellation."""
    sent = False
    try:
        async with asyncio.timeout(within_s):
            # From the moment a connection exists the request may arrive, so doubt starts there.
            async with session.request(
                method, URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
            ) as response:
                sent = True
                content = await _read_capped(response, most_bytes)
                if content is None:
                    return Reply(response.status, error=f"the answer is larger than {most_bytes} bytes")
                return _with_headers(read_reply(response.status, content), response)
    except aiohttp.ClientConnectorError as error:
        return Reply(error=_connect_trouble(error), sent=False)
    except (aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL, ForbiddenUrl) as error:
        return Reply(error=f"no connection: {error or 'timeout'}", sent=False)
    except TimeoutError:
        return Reply(error=f"no answer within {within_s:g} s")
    except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
        doubt = "the answer broke off" if sent else "the connection broke"
        return Reply(error=f"{doubt}: {error or type(error).__name__}")


async def _read_capped(response: aiohttp.ClientResponse, most_bytes: int) -> bytes | None:
    if (response.content_length or 0) > most_bytes:
        response.close()
        return None
    content = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        content += chunk
        if len(content) > most_bytes:
            response.close()
            return None
    return bytes(content)


def _with_headers(reply: Reply, response: aiohttp.ClientResponse) -> Reply:
    headers = response.headers
    link = _NEXT.search(", ".join(headers.getall("Link", [])))
    total = headers.get("X-Total-Count", "").strip()
    return replace(
        reply,
        retry_after_s=read_retry_after(headers.get("Retry-After"), datetime.now(UTC)),
        next_url=link.group(1).strip() if link else None,
        total=int(total) if total.isascii() and total.isdigit() and len(total) < 12 else None,  # noqa: PLR2004
        location=headers.get("Location"),
    )


def read_retry_after(value: str | None, now: datetime) -> int | None:
    """Seconds to wait, from a number or a date; at most a day; None if it says nothing usable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_PAUSE_S)
    try:
        seconds = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(int(seconds), 0), _LONGEST_PAUSE_S)


def _connect_trouble(error: aiohttp.ClientConnectorError) -> str:
    """A connection failure in words: DNS, TLS (and what about it), refused, forbidden."""
    host = error.host
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"DNS: {host} was not found"
        case _ if isinstance(cause := error.os_error, ForbiddenAddress):
            return f"forbidden: {host} leads to {cause}"
        case _ if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS: the certificate of {host} is not valid: {cause.verify_message}"
        case _ if isinstance(cause, ssl.SSLError):
            return f"TLS: no secure connection to {host}: {cause.reason or cause}"
        case _ if isinstance(cause, ConnectionError) and not str(cause):
            return f"TLS: {host} closed the connection in the handshake"
    return f"no connection to {host}: {cause.strerror or cause}"
