"""The report on a partner's endpoints: what is odd there is said in a sentence, with the field."""

import asyncio
from dataclasses import replace

from aiohttp import web

from gateway.app.checking import Finding, Mark
from gateway.domain.partner_profiles import with_setting
from ocpi.checking import EndpointCheck, patience
from tests.ocpi.fake_partner import FakePartner, envelope, token_object
from tests.ocpi.world import DIALECTS, Gateway


async def report(gateway: Gateway) -> tuple[Finding, ...]:
    return await EndpointCheck(gateway.client, DIALECTS).report(await gateway.partner())


def said(found: tuple[Finding, ...], subject: str, mark: Mark) -> list[str]:
    return [f.sentence for f in found if (f.subject, f.mark) == (subject, mark)]


async def test_a_good_partner_is_found_good(gateway: Gateway, partner: FakePartner) -> None:
    """VER-01, VER-05, PAG-03, TOK-07: everything it offers is as it should be."""
    partner.tokens = [token_object("A"), token_object("B")]
    found = await report(gateway)
    good = {f.subject for f in found if f.mark is Mark.GOOD}
    assert good == {"versions", "tokens", "authorize"}
    assert {f.subject for f in found if f.mark is Mark.WRONG} == {"endpoints"}, "loopback has no TLS (TR-09)"


async def test_a_token_that_cannot_be_read_is_named_with_its_field(
    gateway: Gateway, partner: FakePartner
) -> None:
    """TR-24: with the JSON path; the good one beside it does not hide it."""
    partner.tokens = [token_object("A"), token_object("B", whitelist="SOMETIMES")]
    (finding,) = [f for f in await report(gateway) if f.subject == "tokens" and f.mark is Mark.WRONG]
    assert finding.path == "data[1].whitelist"


async def test_what_is_odd_is_said(gateway: Gateway, partner: FakePartner) -> None:
    """TR-11, TR-31, PAG-02, PAG-03, VER-05, TOK-07."""

    async def versions(_: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"version": "9.9", "url": "x"}], "status_code": 1000})

    async def tokens(_: web.Request) -> web.StreamResponse:
        return web.json_response(envelope([]), headers={"X-Total-Count": "7"})

    async def authorize(_: web.Request) -> web.StreamResponse:
        return web.json_response(envelope({"allowed": "ALLOWED"}))

    partner.tricks = {
        ("GET", "/versions"): versions,
        ("GET", "/tokens"): tokens,
        ("POST", "/authorize"): authorize,
    }
    found = await report(gateway)
    assert any("not listed" in text for text in said(found, "versions", Mark.WRONG))
    assert any("timestamp" in text for text in said(found, "versions", Mark.ODD))
    assert any("no Link" in text for text in said(found, "tokens", Mark.WRONG))
    assert any("does not exist" in text for text in said(found, "authorize", Mark.ODD))


async def test_a_partner_that_is_gone_is_reported_and_nothing_is_raised(
    gateway: Gateway, partner: FakePartner
) -> None:
    """F5: every endpoint says why it could not be looked at."""
    await partner.stop()
    found = await report(gateway)
    assert said(found, "versions", Mark.WRONG)
    assert said(found, "tokens", Mark.WRONG)


async def test_an_answer_about_a_card_that_comes_too_late_is_told(
    gateway: Gateway, partner: FakePartner
) -> None:
    """TOK-06: nobody waits at a charger for it."""
    known = await gateway.partner()
    impatient = replace(known, profile=with_setting(known.profile, "authorize_timeout_s", "0.1"))
    await gateway.store.write(lambda tx: tx.partners.save(impatient))

    async def late(_: web.Request) -> None:
        await asyncio.sleep(0.3)

    partner.tricks["POST", "/authorize"] = late
    (sentence,) = said(await report(gateway), "authorize", Mark.ODD)
    assert "cards are given 0.1 s" in sentence
    assert patience(impatient, 0.1) == ()
