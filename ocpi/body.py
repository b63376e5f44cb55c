"""A request's body: bounded in size and time, and JSON (TR-14, T23, T25)."""

import asyncio

from aiohttp import web

from ocpi import json
from ocpi.dialect import Json
from ocpi.errors import BodyTooLarge, BodyTooSlow
from ocpi.services import BODY

MAX_BYTES = 1024 * 1024


async def read_json(request: web.Request, deadline_s: float) -> Json:
    """The body as JSON. Raises MalformedJson, BodyTooLarge or BodyTooSlow.

    The HTTP server has no deadline of its own for a body; one for headers belongs to the proxy in front.
    """
    if (request.content_length or 0) > MAX_BYTES:
        raise BodyTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(deadline_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise BodyTooLarge
    except TimeoutError:
        raise BodyTooSlow from None
    except web.RequestPayloadError:
        raise json.MalformedJson("the body could not be read as it was announced") from None
    request[BODY] = bytes(body)
    return json.parse(bytes(body))
