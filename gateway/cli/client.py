"""Calls to the operator API of the running gateway."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gateway.domain.errors import GatewayError, InvalidInput

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gateway.api.models import Listing, Model

M = TypeVar("M", bound="BaseModel")
Item = TypeVar("Item", bound="Model")
_DEADLINE_S = 120.0
_PAGE = 1000
_CONNECT_S = 5.0


class NotRunning(GatewayError):
    """The gateway cannot be reached."""


class Refused(GatewayError):
    """The gateway refused."""


def call(
    answer: type[M],
    method: str,
    path: str,
    *,
    url: str | None = None,
    query: dict[str, str | int | bool | None] | None = None,
    body: "BaseModel | str | None" = None,
    config: Path | None = None,
) -> M:
    """One operation of the API (path below /api/v1).

    Raises InvalidInput without a token, NotRunning, or Refused with the gateway's words.
    """
    from gateway.api.exact import read

    text = body if isinstance(body, str) else body.model_dump_json() if body is not None else None
    return read(answer, _answer(method, path, url=url, query=query, text=text, config=config))


def asked(kind: type[M], fields: dict[str, object]) -> M:
    """A request from what was typed. Raises InvalidInput in the words of the API."""
    from pydantic import ValidationError

    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InvalidInput(str(first["msg"]), field=".".join(str(part) for part in first["loc"])) from None


def fetch(path: str, *, url: str | None = None, config: Path | None = None) -> bytes:
    """A file the API answers with. Raises what `call` raises."""
    return _answer("GET", path, url=url, query=None, text=None, config=config)


def _answer(
    method: str,
    path: str,
    *,
    url: str | None,
    query: dict[str, str | int | bool | None] | None,
    text: str | None,
    config: Path | None,
) -> bytes:
    from gateway.config import load_settings
    from gateway.secret_files import known_admin_token

    settings = load_settings(config, url=url)
    token = known_admin_token(settings)
    if token is None:
        raise InvalidInput(
            "GATEWAY_ADMIN_TOKEN is not set. Set it to the gateway's admin token, or run this where the "
            "gateway keeps its database: `gateway serve` leaves the token it made beside it."
        )
    params = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
    address = settings.command_url
    status, raw = asyncio.run(_request(method, address, f"/api/v1{path}", token, params, text))
    if status >= 400:  # noqa: PLR2004 - HTTP
        raise _refusal(status, raw, address)
    return raw


def call_all(
    answer: "type[Listing[Item]]",
    path: str,
    wanted: Mapping[str, str] | None = None,
    *,
    url: str | None = None,
    config: Path | None = None,
) -> list[Item]:
    """All items of a list, page by page. Raises what `call` raises."""
    items: list[Item] = []
    while True:
        query: dict[str, str | int | bool | None] = {
            **(wanted or {}), "limit": _PAGE, "offset": len(items),
        }  # fmt: skip
        page = call(answer, "GET", path, url=url, query=query, config=config)
        items += page.items
        if not page.items or len(items) >= page.total:
            return items


def segment(value: str) -> str:
    """A path segment, percent-encoded."""
    from urllib.parse import quote

    return quote(value, safe="")


def _plain(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _request(
    method: str, address: str, path: str, token: str, params: dict[str, str], body: str | None
) -> tuple[int, bytes]:
    import aiohttp
    from yarl import URL

    timeout = aiohttp.ClientTimeout(total=_DEADLINE_S, sock_connect=_CONNECT_S)
    headers = {"Authorization": f"Bearer {token}"}
    # A stream, because aiohttp warns about large bodies in one piece.
    data = io.BytesIO(body.encode()) if body is not None else None
    if data is not None:
        headers["Content-Type"] = "application/json"
    target = URL(address + path, encoded=True).with_query(params)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=False) as session,
            session.request(method, target, headers=headers, data=data, allow_redirects=False) as response,
        ):
            return response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise NotRunning(
            f"the gateway does not answer at {address} ({reason}). Start it with `gateway serve`, or say "
            "where it is with GATEWAY_URL or --url."
        ) from error


def _refusal(status: int, raw: bytes, address: str) -> GatewayError:
    from pydantic import ValidationError

    from gateway.api.models import Error

    try:
        error = Error.model_validate_json(raw)
    except ValidationError:
        return Refused(f"{address} answered HTTP {status}, and not as a gateway does. Is it one?")
    if error.problems:
        lines = [
            f"{p.file}:{p.line}:{p.column}: {f'{p.path}: ' if p.path else ''}{p.reason}"
            for p in error.problems
        ]
        return Refused("\n".join(["the network file was refused, nothing was changed", *lines]))
    where = "" if not error.field or error.message.startswith(error.field) else f"{error.field}: "
    hint = f"\n{error.hint}" if error.hint else ""
    return Refused(f"{where}{error.message}{hint}")
