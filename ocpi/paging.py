"""Pages of a list: the query a partner sent, the headers that lead to the next page (PAG-01 to -08)."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from pydantic_core import PydanticCustomError

from gateway.app.ports import PageQuery
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party
from ocpi.wire import read_datetime, write_datetime

MAX_PAGE = 100
_LARGEST_OFFSET = 2**31 - 1


def read_page_query(
    query: Mapping[str, str], *, party: Party | None = None, needs_date: bool = False
) -> PageQuery:
    """Paging parameters; a limit above the maximum means the maximum. Raises InvalidInput."""
    date_from = _moment(query, "date_from")
    if needs_date and date_from is None:
        raise InvalidInput("is required for this list", field="date_from")
    return PageQuery(
        offset=_whole(query, "offset", 0, 0),
        limit=min(_whole(query, "limit", MAX_PAGE, 1), MAX_PAGE),
        date_from=date_from,
        date_to=_moment(query, "date_to"),
        party=party,
    )


def page_headers(url: str, query: PageQuery, total: int) -> dict[str, str]:
    """X-Total-Count and X-Limit, and the link to the next page on every page but the last.

    `url` is the list's absolute public URL without a query.
    """
    headers = {"X-Total-Count": str(total), "X-Limit": str(MAX_PAGE)}
    following = query.offset + query.limit
    if following < total:
        parameters = {"offset": str(following), "limit": str(query.limit)}
        if query.date_from is not None:
            parameters["date_from"] = _text(query.date_from)
        if query.date_to is not None:
            parameters["date_to"] = _text(query.date_to)
        headers["Link"] = f'<{url}?{urlencode(parameters)}>; rel="next"'
    return headers


def _text(moment: datetime) -> str:
    """A filter as it was given: its fraction must not be lost between pages."""
    if moment.microsecond:
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return write_datetime(moment)


def _whole(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) < least:  # noqa: PLR2004
        raise InvalidInput(f"must be a whole number from {least}", field=name)
    return min(int(text), _LARGEST_OFFSET)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None or not text.strip():
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        return read_datetime(text.strip().replace(" ", "+"))
    except PydanticCustomError:
        raise InvalidInput('must be a date and time like "2024-12-31T23:59:59Z"', field=name) from None
