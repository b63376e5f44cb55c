"""Dialogues with partners as generators without I/O: yield an Ask, get a Reply, return the result.

A list flow also yields Items. `driver.py` runs them; tests run them with lists.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

from gateway.app.ports import Agreement, Credentials
from gateway.domain.authorization import PartnerVerdict, Place, Verdict
from gateway.domain.errors import (
    InvalidInput,
    MissingEndpoints,
    NoCommonVersion,
    PartnerRefused,
    PartnerUnreachable,
)
from gateway.domain.partners import Endpoint
from ocpi.dialect import Dialect, Json
from ocpi.replies import Reply

MAX_PAGES = 10_000
_UNKNOWN_TOKEN = 2004
_NOT_FOUND = 404
_UNAUTHORIZED = (401, 403)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to make.

    `large`: a list is expected, so more bytes are allowed. `routed`: routing headers belong on it (TR-37).
    """

    method: str
    url: str
    body: Json = None
    large: bool = False
    routed: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """Objects of one page, unread."""

    values: tuple[Json, ...]


class TokenRefused(PartnerUnreachable):
    """The partner does not accept our token."""


def join(base: str, *segments: str, slash: bool = False) -> str:
    """A URL below an endpoint, with exactly one slash between, ids percent-encoded (TR-29).

    The endpoint itself is used as the partner wrote it; `slash` ends other URLs with one.
    """
    if not segments:
        return base
    return "/".join((base.rstrip("/"), *(quote(segment, safe="") for segment in segments))) + "/" * slash


def discover(
    versions_url: str, ours: Mapping[str, Dialect], version: str | None = None
) -> Generator[Ask, Reply, Agreement]:
    """Versions, the newest common one (or the one asked for), its endpoints (VER-05, CRED-05).

    Raises PartnerUnreachable, NoCommonVersion or MissingEndpoints.
    """
    offered = _read_versions(_usable((yield Ask("GET", versions_url)), "versions"), versions_url)
    wanted = [version] if version is not None else sorted(ours, key=version_order, reverse=True)
    chosen = next((v for v in wanted if v in offered and v in ours), None)
    if chosen is None:
        listed = ", ".join(sorted(offered)) or "nothing"
        raise NoCommonVersion(f"wanted: {', '.join(wanted)}; the versions list offers: {listed}")
    details = _usable((yield Ask("GET", offered[chosen])), "version details")
    try:
        endpoints = ours[chosen].read_version_details(details)
    except InvalidInput as error:
        raise PartnerUnreachable(f"the version details cannot be read: {error}") from error
    if not endpoints:
        raise MissingEndpoints("the version details list no endpoints")
    return Agreement(chosen, tuple(_absolute(e, offered[chosen]) for e in endpoints))


def version_order(version: str) -> tuple[int, ...]:
    """Versions in the order of their numbers; what is no number sorts first."""
    return tuple(int(part) if part.isdigit() else -1 for part in version.split("."))


def exchange_credentials(
    dialect: Dialect, agreement: Agreement, method: str, ours: Credentials
) -> Generator[Ask, Reply, Credentials]:
    """POST or PUT our credentials, get theirs.

    Raises PartnerRefused when the partner said no, PartnerUnreachable when it is not known what it did.
    """
    url = credentials_url(agreement.endpoints)
    reply = yield Ask(method, url, dialect.write_credentials(ours))
    if reply.unanswered:
        raise PartnerUnreachable(f"{method} credentials: {reply.described()}")
    if not reply.success:
        raise PartnerRefused(f"{method} credentials: {reply.described()}")
    try:
        return dialect.read_credentials(reply.data)
    except InvalidInput as error:
        raise PartnerUnreachable(f"the partner's credentials cannot be read: {error}") from error


def delete_credentials(url: str) -> Generator[Ask, Reply, None]:
    """DELETE credentials; a partner that no longer knows us is content as well."""
    reply = yield Ask("DELETE", url)
    if not reply.success and reply.http_status not in (*_UNAUTHORIZED, _NOT_FOUND, 405):
        raise PartnerRefused(f"DELETE credentials: {reply.described()}")


def credentials_url(endpoints: tuple[Endpoint, ...]) -> str:
    """Where credentials are exchanged; the role of that endpoint means nothing (VER-03)."""
    for endpoint in endpoints:
        if endpoint.module == "credentials":
            return endpoint.url
    raise MissingEndpoints("the partner lists no credentials endpoint")


def authorize(
    dialect: Dialect, tokens_url: str, uid: str, type_: str, place: Place | None, *, slash: bool = False
) -> Generator[Ask, Reply, PartnerVerdict]:
    """Ask whether a token may charge (TOK-06 to TOK-08). Raises PartnerUnreachable."""
    kind = urlencode({"type": dialect.write_token_type(type_)})
    url = f"{join(tokens_url, uid, 'authorize', slash=slash)}?{kind}"
    body = dialect.write_place(place) if place is not None else None
    reply = yield Ask("POST", url, body, routed=True)
    if reply.http_status == _NOT_FOUND or reply.ocpi_status == _UNKNOWN_TOKEN:
        return PartnerVerdict(Verdict.UNKNOWN, message=reply.message or None)
    if reply.success:
        try:
            return dialect.read_authorization(reply.data)
        except InvalidInput as error:
            raise PartnerUnreachable(f"the authorization cannot be read: {error}") from error
    if not reply.unanswered and 2000 <= (reply.ocpi_status or 0) < 3000:  # noqa: PLR2004
        return PartnerVerdict(Verdict.NOT_ALLOWED, message=reply.message or None)
    raise PartnerUnreachable(f"authorize: {reply.described()}")


def pages(url: str, most: int = MAX_PAGES) -> Generator[Ask | Items, Reply | None, None]:
    """A whole list: Link is followed verbatim until there is none (PAG-06).

    When the total shrinks between pages, objects moved up and one may have been skipped: the page is asked
    for again, that much earlier, until it holds still. Raises PartnerUnreachable, also for a list that leads
    back to itself.
    """
    seen: set[str] = set()
    count = 0
    total: int | None = None
    following: str | None = url
    while following is not None:
        if following in seen:
            raise PartnerUnreachable(f"the list leads back to {following}")
        if count >= most:
            raise PartnerUnreachable(f"the list has more than {most} pages")
        seen.add(following)
        count += 1
        reply = yield from _page(following)
        values = _list(reply)
        asked = following
        while total is not None and reply.total is not None and reply.total < total and count < most:
            earlier = _moved_up(asked, total - reply.total)
            if earlier is None:
                break
            # The page before may now lead to this one again, and rightly so.
            seen.discard(following)
            asked, total = earlier, reply.total
            count += 1
            reply = yield from _page(earlier)
            values = _list(reply)
        total = reply.total if reply.total is not None else total
        yield Items(values)
        following = urljoin(following, reply.next_url) if reply.next_url else None


def _page(url: str) -> Generator[Ask | Items, Reply | None, Reply]:
    reply = yield Ask("GET", url, large=True, routed=True)
    if reply is None:
        raise PartnerUnreachable(f"no reply was given for {url}")
    return reply


def _usable(reply: Reply, what: str) -> Json:
    if reply.http_status in _UNAUTHORIZED:
        raise TokenRefused(f"GET {what}: the partner does not accept the token (HTTP {reply.http_status})")
    if not reply.success:
        raise PartnerUnreachable(f"GET {what}: {reply.described()}")
    return reply.data


def _list(reply: Reply) -> tuple[Json, ...]:
    data = _usable(reply, "list")
    if data is None:
        return ()
    if not isinstance(data, list):
        raise PartnerUnreachable("GET list: data is not an array")
    return tuple(data)


def _read_versions(data: Json, versions_url: str) -> dict[str, str]:
    """Version numbers with their URLs; entries that cannot be read are left out (VER-05)."""
    if not isinstance(data, list):
        raise PartnerUnreachable("GET versions: data is not an array")
    entries = [e for e in data if isinstance(e, Mapping)]
    return {
        entry["version"]: urljoin(versions_url, entry["url"])
        for entry in entries
        if isinstance(entry.get("version"), str) and isinstance(entry.get("url"), str)
    }


def _absolute(endpoint: Endpoint, base: str) -> Endpoint:
    """Some partners list relative URLs (CRED-16)."""
    return Endpoint(endpoint.module, endpoint.role, urljoin(base, endpoint.url))


def _moved_up(url: str, by: int) -> str | None:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    offset = next((int(v) for k, v in query if k == "offset" and v.isdigit()), 0)
    if offset == 0:
        return None
    moved = [(k, str(max(offset - by, 0)) if k == "offset" else v) for k, v in query]
    return urlunsplit(parts._replace(query=urlencode(moved)))
