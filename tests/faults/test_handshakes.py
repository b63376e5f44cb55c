"""A handshake whose line breaks at any of its steps, whoever began it, is taken up again (F33, T15)."""

import re

import pytest

from gateway.sim.cards import Card
from gateway.sim.errors import PartnerCallFailed
from tests.faults.conftest import MakeSite
from tests.faults.evidence import measured
from tests.faults.proxy import Fault, FaultProxy
from tests.faults.site import CARD, PARTNER, Site, assert_books_agree, charge, until

STEPS = ("versions", "details", "credentials", "versions on the way back", "details on the way back")
"""Requests of a handshake in their order; the last two while the third is open (CRED-03)."""
_REQUEST = re.compile(rb"^(GET|POST|PUT) (\S+) HTTP/1.1\r\n")


class Line:
    """The line between both platforms; the answer to the n-th request, in whichever direction, is lost."""

    def __init__(self, ours: FaultProxy, theirs: FaultProxy, cut: int) -> None:
        self.requests: list[str] = []
        self._proxies = (ours, theirs)
        self._cut = cut
        for proxy in self._proxies:
            proxy.on_request = lambda data, proxy=proxy: self._watch(proxy, data)

    def _watch(self, proxy: FaultProxy, data: bytes) -> None:
        named = _REQUEST.match(data)
        if named is None:
            return
        self.requests.append(f"{named[1].decode()} {named[2].decode()}")
        if len(self.requests) == self._cut:
            proxy.fault = Fault.CUT_ANSWERS

    def repair(self) -> None:
        """All is well again."""
        for proxy in self._proxies:
            proxy.on_request = lambda _: None
            proxy.fault = Fault.NONE


async def _in_order(site: Site) -> None:
    """One registration that both believe in, locations over there, and a CDR that arrives once."""
    assert await site.partner.still_registered()
    partners = (await site.gateway.ask("GET", "/partners"))["items"]
    assert [(p["name"], p["state"]) for p in partners] == [(PARTNER, "REGISTERED")]
    await site.located()
    await site.partner.push_card(Card(CARD, whitelist="ALWAYS"))
    await charge(await site.station(0), 0.1)
    await site.partner.ledger.until(lambda: bool(site.partner.ledger.cdrs), "the CDR", 20)
    books = await site.until(lambda b: all(d.state == "SETTLED" for d in b.debts), "settled", 30)
    assert_books_agree(site, books, 1)


async def _invited_again(site: Site) -> dict:
    """What people do about a partner that was registered and never heard of it."""
    alarm = await until(
        lambda: site.gateway.ask("GET", f"/partners/{PARTNER}"),
        lambda p: p["state"] == "AUTH_FAILED",
        "the alarm",
    )
    assert "register again" in alarm["problem"]
    await site.gateway.ask("DELETE", f"/partners/{PARTNER}")
    return await site.gateway.ask("POST", "/partners/invite", {"name": PARTNER, "parties": ["NL-EMS"]})


def _step(line: Line, cut: int) -> None:
    """The cut was where it was meant to be."""
    wanted = ("/ocpi/versions", "/ocpi/2.2.1", "credentials", "/ocpi/versions", "/ocpi/2.2.1")[cut - 1]
    assert line.requests[cut - 1].endswith(wanted), line.requests


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cut", range(1, 6), ids=STEPS)
async def test_f33_they_register_with_us(make_site: MakeSite, cut: int) -> None:
    """They try again with the token they were invited with; it ends when our answer has left (CRED-06).

    An answer that left and got lost on its way cannot be told from one that arrived: there the first request
    to the partner raises the alarm, and it is invited again.
    """
    site = await make_site(1)
    async with FaultProxy(site.gateway.port) as ours, FaultProxy(site.partner.port) as theirs:
        site.gateway.env["GATEWAY_PUBLIC_URL"] = ours.url
        site.partner._public_url = theirs.url
        await site.gateway.start()
        invited = await site.gateway.ask("POST", "/partners/invite", {"name": PARTNER, "parties": ["NL-EMS"]})
        line = Line(ours, theirs, cut)
        with pytest.raises(PartnerCallFailed):
            await site.partner.register(invited["versions_url"], invited["token"])
        line.repair()
        _step(line, cut)
        again = invited if STEPS[cut - 1] != "credentials" else await _invited_again(site)
        await site.partner.register(again["versions_url"], again["token"])
        await _in_order(site)
    measured(
        "F33", f"they register, the answer to {STEPS[cut - 1]} is lost: taken up again, one registration"
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cut", range(1, 6), ids=STEPS)
async def test_f33_we_register_with_them(make_site: MakeSite, cut: int) -> None:
    """We try again with their token; if they took it and we never heard, they come with the one they got."""
    site = await make_site(1)
    async with FaultProxy(site.gateway.port) as ours, FaultProxy(site.partner.port) as theirs:
        site.gateway.env["GATEWAY_PUBLIC_URL"] = ours.url
        site.partner._public_url = theirs.url
        await site.gateway.start()
        token = site.partner.invite()
        order = {"name": PARTNER, "versions_url": site.partner.versions_url, "token": token}
        line = Line(ours, theirs, cut)
        with pytest.raises(AssertionError, match="partners/connect"):
            await site.gateway.ask("POST", "/partners/connect", order)
        line.repair()
        _step(line, cut)
        shown = await site.gateway.ask("GET", f"/partners/{PARTNER}")
        assert shown["problem"], "a person sees what happened"
        if site.partner.connection is None:
            await site.gateway.ask("POST", "/partners/connect", order)
        else:
            assert "Ask the partner for a new token, or to POST credentials" in shown["problem"]
            got = site.partner.connection
            await site.partner.register(got.versions_url, got.token)
        await _in_order(site)
    measured("F33", f"we register, the answer to {STEPS[cut - 1]} is lost: taken up again, registered once")
