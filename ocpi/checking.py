"""Looks at a partner's endpoints and says in sentences what they do differently from the specification.

Only reads: GET, and one real-time authorization of a card that does not exist. Nothing there changes.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from gateway.app.checking import Finding, Mark
from gateway.domain.errors import GatewayError, InvalidInput
from gateway.domain.partners import InterfaceRole, Partner
from ocpi import flows
from ocpi.client import PartnerClient
from ocpi.dialect import Dialect, Json
from ocpi.flows import Ask
from ocpi.replies import Reply
from ocpi.wire import read_datetime

_NOBODY = "GATEWAY-CHECK-0"
_USUAL = ("cdrs", "locations", "sessions", "tariffs")
_FEW = 5


class EndpointCheck:
    """A conformance report on one partner."""

    def __init__(self, client: PartnerClient, dialects: Mapping[str, Dialect]) -> None:
        self._client = client
        self._dialects = dialects

    async def report(self, partner: Partner) -> tuple[Finding, ...]:
        """Everything that was found, in the order it was looked at."""
        return tuple([finding async for finding in self._look(partner)])

    async def _look(self, partner: Partner) -> AsyncIterator[Finding]:
        dialect = self._dialects.get(partner.version or "")
        if dialect is None or partner.versions_url is None:
            yield Finding(
                Mark.UNKNOWN, "registration", "The partner is not registered: nothing can be asked."
            )
            return
        versions = await self._get(partner, partner.versions_url)
        for finding in (
            *envelope("versions", versions),
            *version_list(versions, dialect.VERSION),
            *modules(partner),
        ):
            yield finding
        async for finding in self._lists(partner, dialect):
            yield finding

    async def _lists(self, partner: Partner, dialect: Dialect) -> AsyncIterator[Finding]:
        for module in ("tokens", "hubclientinfo"):
            endpoint = partner.endpoint(module, InterfaceRole.SENDER)
            if endpoint is None:
                continue
            reply = await self._get(partner, _limited(endpoint.url))
            for finding in (*envelope(module, reply), *page(module, reply)):
                yield finding
            if module == "tokens":
                for finding in objects(module, reply, dialect.read_token):
                    yield finding
                began = time.monotonic()
                yield await self._authorize(partner, endpoint.url, dialect)
                for finding in patience(partner, time.monotonic() - began):
                    yield finding

    async def _get(self, partner: Partner, url: str) -> Reply:
        routed = any(e.module == "tokens" and url.startswith(e.url) for e in partner.endpoints)
        return await self._ask(partner, Ask("GET", url, large=True, routed=routed))

    async def _ask(self, partner: Partner, ask: Ask) -> Reply:
        try:
            return await self._client.ask(partner, ask)
        except GatewayError as error:
            return Reply(error=str(error), sent=False)

    async def _authorize(self, partner: Partner, tokens_url: str, dialect: Dialect) -> Finding:
        """A card that nobody has is answered with 404 or 2004 (TOK-07)."""
        kind = dialect.write_token_type("RFID")
        url = f"{flows.join(tokens_url, _NOBODY, 'authorize')}?type={kind}"
        reply = await self._ask(partner, Ask("POST", url, None, routed=True))
        if reply.http_status == 404 or reply.ocpi_status == 2004:  # noqa: PLR2004
            return Finding(Mark.GOOD, "authorize", "An unknown card is answered as unknown.")
        if reply.ocpi_status == 2002:  # noqa: PLR2004
            return Finding(
                Mark.GOOD, "authorize", "It asks where the driver stands, which the gateway tells."
            )
        if reply.success:
            sentence = (
                "A card that does not exist is answered with success; 404 or 2004 was expected (TOK-07)."
            )
            return Finding(Mark.ODD, "authorize", sentence)
        return Finding(Mark.WRONG, "authorize", f"An unknown card is answered with: {reply.described()}.")


def patience(partner: Partner, took_s: float) -> tuple[Finding, ...]:
    """Whether an answer about a card comes in the time its profile gives it (TOK-06)."""
    given_s = float(partner.profile.authorize_timeout_s)
    if took_s <= given_s:
        return ()
    sentence = (
        f"The answer took {took_s:.1f} s; cards are given {given_s:g} s. Ask the partner to be quicker, or "
        "set authorize_timeout_s in its profile."
    )
    return (Finding(Mark.ODD, "authorize", sentence),)


def envelope(subject: str, reply: Reply) -> tuple[Finding, ...]:
    """Whether an answer is an OCPI answer (TR-11)."""
    if reply.error is not None or not reply.success:
        return (Finding(Mark.WRONG, subject, f"GET is answered with: {reply.described()}."),)
    found = [Finding(Mark.GOOD, subject, "GET is answered with an OCPI envelope.")]
    stamp = reply.timestamp
    if stamp is None:
        sentence = "The envelope has no timestamp, which is required (TR-11)."
        found.append(Finding(Mark.ODD, subject, sentence, "timestamp"))
    elif not _is_plain(stamp):
        sentence = f"The timestamp {stamp!r} is not in UTC with Z, as OCPI wants it (TR-31)."
        found.append(Finding(Mark.ODD, subject, sentence, "timestamp"))
    else:
        off = abs((read_datetime(stamp) - datetime.now(UTC)).total_seconds())
        if off > _CLOCK_S:
            sentence = f"The partner's clock is {off:.0f} s away from ours."
            found.append(Finding(Mark.ODD, subject, sentence, "timestamp"))
    return tuple(found)


_CLOCK_S = 60
_LONGEST_STAMP = len("2026-01-01T00:00:00.000000")


def _is_plain(stamp: str) -> bool:
    return stamp.endswith("Z") or (len(stamp) <= _LONGEST_STAMP and "+" not in stamp)


def version_list(reply: Reply, wanted: str) -> tuple[Finding, ...]:
    """Whether the version in use is still offered (VER-01, VER-05)."""
    if not isinstance(reply.data, list):
        return (Finding(Mark.WRONG, "versions", "The list of versions is not an array (VER-01).", "data"),)
    listed = [str(v.get("version")) for v in reply.data if isinstance(v, Mapping)]
    if wanted not in listed:
        sentence = (
            f"Version {wanted}, which is in use, is not listed; there are {', '.join(listed) or 'none'}."
        )
        return (Finding(Mark.WRONG, "versions", sentence, "data"),)
    return (Finding(Mark.GOOD, "versions", f"Version {wanted} is offered, of {', '.join(listed)}."),)


def modules(partner: Partner) -> tuple[Finding, ...]:
    """Which of our pushes have a place to go, and whether URLs look right (VER-02, TR-29, CRED-16)."""
    found = [
        Finding(Mark.ODD, module, f"There is no {module} endpoint, so none of our {module} are sent.")
        for module in _USUAL
        if partner.endpoint(module, InterfaceRole.RECEIVER) is None
    ]
    hosts = {urlsplit(endpoint.url).hostname for endpoint in partner.endpoints}
    hosts.add(urlsplit(partner.versions_url or "").hostname)
    if len(hosts) > 1:
        sentence = f"Endpoints are on several hosts: {', '.join(sorted(filter(None, hosts)))}."
        found.append(Finding(Mark.ODD, "endpoints", sentence))
    if any(urlsplit(endpoint.url).scheme != "https" for endpoint in partner.endpoints):
        found.append(Finding(Mark.WRONG, "endpoints", "There are endpoints without TLS (TR-09)."))
    return tuple(found)


def page(subject: str, reply: Reply) -> tuple[Finding, ...]:
    """Whether a list has what paging needs (PAG-02 to PAG-04, PAG-07)."""
    if not reply.success:
        return ()
    if not isinstance(reply.data, list):
        return (Finding(Mark.WRONG, subject, "The list is not an array (TR-11).", "data"),)
    if reply.total is None:
        return (Finding(Mark.ODD, subject, "The list comes without X-Total-Count (PAG-03)."),)
    if reply.total > len(reply.data) and reply.next_url is None:
        sentence = (
            f"{reply.total} objects are counted, {len(reply.data)} are listed, and no Link leads on (PAG-02)."
        )
        return (Finding(Mark.WRONG, subject, sentence),)
    return (Finding(Mark.GOOD, subject, f"The list pages; it counts {reply.total} objects."),)


def objects(subject: str, reply: Reply, read: Callable[[Json], object]) -> tuple[Finding, ...]:
    """The first objects of a list that cannot be read, each with the field (TR-24)."""
    values = reply.data if isinstance(reply.data, list) else []
    found = []
    for index, value in enumerate(values):
        try:
            read(value)
        except InvalidInput as error:
            path = f"data[{index}].{error.field}" if error.field else f"data[{index}]"
            found.append(Finding(Mark.WRONG, subject, f"An object cannot be read: {error}.", path))
    if values and not found:
        return (Finding(Mark.GOOD, subject, f"All {len(values)} objects looked at can be read."),)
    return tuple(found[:_FEW])


def _limited(url: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}limit=20"
