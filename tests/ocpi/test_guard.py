"""T17, T18: which URLs of a partner are called, and which addresses are connected to."""

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.domain.errors import ForbiddenUrl
from gateway.domain.partners import PartnerState
from gateway.store.secrets import KeyedSecrets
from ocpi.client import PartnerClient
from ocpi.dialect import Json
from ocpi.exchange import exchange
from ocpi.flows import Ask
from ocpi.guard import ForbiddenAddress, UrlGuard, host_of
from ocpi.lanes import Lanes
from ocpi.replies import Reply
from tests.ocpi.world import DIALECTS, Gateway, RandomIds

REFUSED = [
    "http://partner.example/ocpi",
    "ftp://partner.example/",
    "file:///etc/passwd",
    "gopher://partner.example/",
    "//partner.example/ocpi",
    "partner.example",
    "",
    "https://",
    "https:///ocpi",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/",
    "https://172.16.3.4/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://localhost/",
    "https://localhost./",
    "https://foo.localhost/",
    "https://db.internal/",
    "https://printer.local/",
    "https://user:secret@partner.example/",
    "https://partner.example@127.0.0.1/",
    "https://partner.example\\@evil.example/",
    "https://partner.example:22/",
    "https://partner.example:99999/",
    "https://partner.example/#part",
    "https://partner.example/a b",
    "https://partner.example/\r\nHost: evil",
    "https://pärtner.example/",
    "https://partner.example/" + "x" * 3000,
    "https://other.example/ocpi",
]


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(ForbiddenUrl) as refusal:
        UrlGuard().check(url, {"partner.example"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example/ocpi/versions",
        "https://PARTNER.example:8443/ocpi",
        "https://partner.example./ocpi",
        "https://partner.example:443/ocpi?date_from=2026-01-01T00:00:00Z",
    ],
)
def test_allowed(url: str) -> None:
    assert UrlGuard().check(url, {"partner.example"}) == url


@pytest.mark.parametrize("url", ["https://8.8.8.8/ocpi", "https://[2606:4700::1111]/ocpi"])
def test_a_public_address_is_allowed_where_no_host_was_agreed(url: str) -> None:
    assert UrlGuard().check(url) == url


def test_private_addresses_and_http_can_be_opened_for_tests_but_nothing_else() -> None:
    guard = UrlGuard(allow_private=True)
    assert guard.check("http://127.0.0.1:8080/ocpi", {"elsewhere"})
    assert guard.check("http://localhost:22/ocpi")
    for url in ("ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://2130706433/"):
        with pytest.raises(ForbiddenUrl):
            guard.check(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:10.0.0.1", "169.254.169.254", "fe80::1%eth0"]
)
def test_no_socket_is_made_for_a_private_address(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with pytest.raises(ForbiddenAddress):
        UrlGuard().make_socket((family, socket.SOCK_STREAM, 0, "", (address, 443)))


class Rebinding(AbstractResolver):
    """DNS that leads a public name to a private address."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def canary() -> AsyncIterator[tuple[int, list[int]]]:
    """A listener nobody may connect to; counts connections."""
    touched: list[int] = []

    async def touch(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        touched.append(1)
        writer.close()

    server = await asyncio.start_server(touch, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], touched
    server.close()


async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(
    canary: tuple[int, list[int]],
) -> None:
    """DNS to private and DNS rebinding: the check is on the address that is connected to."""
    port, touched = canary
    connector = aiohttp.TCPConnector(resolver=Rebinding(port), socket_factory=UrlGuard().make_socket)
    async with aiohttp.ClientSession(connector=connector) as session:
        url = UrlGuard().check("https://partner.example/ocpi/versions")
        reply = await exchange(session, "GET", url, {}, None, most_bytes=1000, within_s=30)
    assert reply.error == "forbidden: partner.example leads to 127.0.0.1 is not a public address"
    assert not reply.sent
    assert not touched


async def test_lanes_use_the_guard(canary: tuple[int, list[int]]) -> None:
    port, touched = canary
    lanes = Lanes(UrlGuard())
    lane = lanes.of(None)
    reply = await exchange(
        lane.session, "GET", f"http://127.0.0.1:{port}/", {}, None, most_bytes=1000, within_s=30
    )
    await lanes.close()
    assert "is not a public address" in (reply.error or "")
    assert not touched


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://A.example:1/x", "a.example"), ("https://a.example./", "a.example"), ("https://[", "")],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


INTERNAL = [
    "http://127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "https://2130706433:{port}/",
    "https://[::1]:{port}/",
]


@pytest.mark.parametrize("url", INTERNAL)
async def test_credentials_that_point_inwards_are_refused(canary: tuple[int, list[int]], url: str) -> None:
    """T17, CRED-15: 3001, nothing is connected to, and nobody is registered."""
    port, touched = canary
    gateway = await Gateway(allow_private=False).start()
    try:
        platform = await gateway.platform()
        invitation = await gateway.registration.invite("fake")
        http, answer = await platform.register_at(
            invitation.versions_url, invitation.token, url=url.format(port=port)
        )
        assert (http, answer["status_code"]) == (200, 3001)
        assert not touched
        assert platform.seen == []
        assert (await gateway.partner()).state is PartnerState.INVITED
    finally:
        await gateway.stop()


class Scripted(PartnerClient):
    """The real client with canned answers instead of a network."""

    def __init__(self, answers: dict[str, Json]) -> None:
        super().__init__(DIALECTS, KeyedSecrets("a-secret-key-of-the-tests"), RandomIds())
        self.answers = answers

    async def _send(
        self, terms: object, ask: Ask, within_s: float | None = None, *, urgent: bool = False
    ) -> Reply:
        return Reply(200, 1000, data=self.answers[ask.url])


@pytest.mark.parametrize(
    ("host", "allowed"), [("ems.example", True), ("evil.example", False), ("10.0.0.1", False)]
)
async def test_endpoints_on_other_hosts_end_the_discovery(host: str, allowed: bool) -> None:
    """T17: what a partner lists must be where the partner was agreed to be."""
    versions = "https://ems.example/ocpi/versions"
    endpoints = [{"identifier": "credentials", "role": "SENDER", "url": f"https://{host}/ocpi/c"}]
    client = Scripted(
        {
            versions: [{"version": "2.2.1", "url": "https://ems.example/ocpi/2.2.1"}],
            "https://ems.example/ocpi/2.2.1": {"version": "2.2.1", "endpoints": endpoints},
        }
    )
    if allowed:
        assert (await client.discover(versions, "token")).version == "2.2.1"
    else:
        with pytest.raises(ForbiddenUrl):
            await client.discover(versions, "token")
    await client.close()
