"""What the gateway sends to partners, and how it takes what comes back (F5 to F13, TOK-04 to TOK-08)."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from gateway.app.parcels import EvseParcel, LocationParcel, TariffParcel, TariffRemovalParcel
from gateway.domain.authorization import Place, Verdict
from gateway.domain.delivery import Judgement, Owed, judge
from gateway.domain.errors import PartnerUnreachable
from gateway.domain.ids import EvseUid, LocationId, TariffId
from tests.builders import CPO, location, tariff
from tests.ocpi.fake_partner import FakePartner, token_object
from tests.ocpi.world import Gateway

Respond = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def says(status: int = 200, body: bytes | str = b"", **headers: str) -> Respond:
    content = body.encode() if isinstance(body, str) else body

    async def trick(_: web.Request) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=content, headers=names)

    return trick


async def test_a_location_its_status_and_a_tariff_arrive(gateway: Gateway, partner: FakePartner) -> None:
    stored, place = await gateway.partner(), location()

    answer = await gateway.client.deliver(stored, LocationParcel(place))
    assert judge(answer) is Judgement.DELIVERED
    assert partner.objects["locations/NL/GWY/LOC1"]["evses"][0]["uid"] == "EVSE-1"
    assert (
        judge(await gateway.client.deliver(stored, EvseParcel(place, place.evses[0]))) is Judgement.DELIVERED
    )
    assert set(partner.objects["locations/NL/GWY/LOC1/EVSE-1"]) == {"status", "last_updated"}
    assert judge(await gateway.client.deliver(stored, TariffParcel(tariff()))) is Judgement.DELIVERED
    assert "tariffs/NL/GWY/standard" in partner.objects
    removal = TariffRemovalParcel(CPO, TariffId("standard"))
    assert judge(await gateway.client.deliver(stored, removal)) is Judgement.DELIVERED
    assert "tariffs/NL/GWY/standard" not in partner.objects

    put = partner.requests("PUT", "/LOC1")[0]
    assert put.headers["OCPI-from-party-id"] == "GWY"
    assert put.headers["Content-Type"] == "application/json"
    assert len(put.headers["X-Request-ID"]) == 36


async def test_ids_are_percent_encoded_and_slashes_single(gateway: Gateway, partner: FakePartner) -> None:
    """TR-29: an endpoint may end in a slash, an id may contain anything."""
    stored = await gateway.partner()
    slashed = tuple(replace(e, url=f"{e.url}/") for e in stored.endpoints)
    odd = location(id_="A/B #1")
    answer = await gateway.client.deliver(replace(stored, endpoints=slashed), LocationParcel(odd))
    assert answer.request is not None
    assert "/ocpi/2.2.1/locations/NL/GWY/A%2FB%20%231\n" in answer.request
    assert judge(answer) is Judgement.DELIVERED


BAD_ANSWERS = [
    ("500", says(500, "oops"), Judgement.RETRY, None),
    ("503 with Retry-After", says(503, "", Retry_After="7"), Judgement.RETRY, None),
    ("429 with Retry-After", says(429, "", Retry_After="120"), Judgement.RETRY, None),
    ("HTML on 200", says(200, "<!DOCTYPE html><html>"), Judgement.RETRY, "web page"),
    ("empty 200", says(200), Judgement.RETRY, "empty"),
    ("204", says(204), Judgement.RETRY, "empty"),
    ("not JSON", says(200, "OK"), Judgement.RETRY, "not an OCPI envelope"),
    ("a JSON list", says(200, "[]"), Judgement.RETRY, "not an OCPI envelope"),
    ("no status_code", says(200, '{"data":1}'), Judgement.RETRY, "status_code"),
    ("not UTF-8", says(200, b'{"status_code":1000,"status_message":"\xff"}'), Judgement.RETRY, "UTF-8"),
    ("a byte order mark", says(200, b'\xef\xbb\xbf{"status_code":1000}'), Judgement.DELIVERED, None),
    ("a status as text", says(200, '{"status_code":"1000"}'), Judgement.DELIVERED, None),
    ("2001", says(200, '{"status_code":2001,"status_message":"no"}'), Judgement.REFUSED, None),
    ("3000", says(200, '{"status_code":3000}'), Judgement.RETRY, None),
    ("4003", says(200, '{"status_code":4003}'), Judgement.RETRY, None),
    ("401", says(401, '{"status_code":2000}'), Judgement.UNAUTHORIZED, None),
    ("404", says(404, "nothing"), Judgement.UNKNOWN_THERE, None),
    ("405", says(405), Judgement.UNSUPPORTED, None),
    ("400", says(400, '{"status_code":2001}'), Judgement.REFUSED, None),
    ("301", says(301, "", Location="http://127.0.0.1:9/"), Judgement.RETRY, "redirect"),
    ("302", says(302, "", Location="/elsewhere"), Judgement.RETRY, "redirect"),
    ("307", says(307, "", Location="/ocpi/versions"), Judgement.RETRY, "redirect"),
    ("308", says(308, "", Location="/ocpi/versions"), Judgement.RETRY, "redirect"),
    ("2 MB", says(200, b" " * 2_000_000), Judgement.RETRY, "larger"),
    ("a gzip bomb", says(200, gzip.compress(b" " * 5_000_000), Content_Encoding="gzip"), Judgement.RETRY, ""),
    ("deep JSON", says(200, "[" * 5000 + "]" * 5000), Judgement.RETRY, "not an OCPI envelope"),
]


@pytest.mark.parametrize(
    ("trick", "judgement", "error"), [c[1:] for c in BAD_ANSWERS], ids=[c[0] for c in BAD_ANSWERS]
)
async def test_answers_are_classified(
    gateway: Gateway, partner: FakePartner, trick: Respond, judgement: Judgement, error: str | None
) -> None:
    """F5, F6, F8, F9, F10: nothing a partner answers raises, and the first 4 KB are kept."""
    partner.tricks["PUT", "/LOC1"] = trick
    stored = await gateway.partner()
    seen = len(partner.seen)

    answer = await gateway.client.deliver(stored, LocationParcel(location()))

    assert judge(answer) is judgement
    assert (answer.error is None) is (error is None)
    assert (error or "") in (answer.error or "")
    assert answer.sent
    assert len(answer.body or "") <= 4096
    assert len(partner.seen) == seen + 1, "a redirect was followed"


@pytest.mark.parametrize(("value", "seconds"), [("120", 120), ("soon", None), ("999999999999", 86_400)])
async def test_retry_after(gateway: Gateway, partner: FakePartner, value: str, seconds: int | None) -> None:
    partner.tricks["PUT", "/LOC1"] = says(429, "", Retry_After=value)
    answer = await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
    assert answer.retry_after_s == seconds


@pytest.mark.parametrize("deadline_s", [2])
async def test_a_silent_partner_costs_the_deadline_and_the_outcome_is_open(
    gateway: Gateway, partner: FakePartner
) -> None:
    """F7, F13: after a timeout the object may have arrived."""
    release = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    partner.tricks["PUT", "/LOC1"] = silent
    answer = await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
    release.set()
    assert answer.error == "no answer within 2 s"
    assert answer.sent


@pytest.mark.parametrize("deadline_s", [2])
async def test_a_dripping_answer_ends_at_the_deadline(gateway: Gateway, partner: FakePartner) -> None:
    """F13, T24: one byte now and then, for ever."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    partner.tricks["PUT", "/LOC1"] = drip
    answer = await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
    assert (answer.error, answer.sent) == ("no answer within 2 s", True)


async def test_a_partner_that_is_down_was_not_sent_anything(gateway: Gateway, partner: FakePartner) -> None:
    stored = await gateway.partner()
    await partner.stop()
    fresh = Gateway()
    answer = await fresh.client.deliver(
        replace(stored, outbound_token=fresh.secrets.seal("x")), LocationParcel(location())
    )
    await fresh.client.close()
    fresh.socket.close()
    assert not answer.sent
    assert "no connection" in (answer.error or "")
    assert judge(answer) is Judgement.RETRY


async def test_a_module_the_partner_lacks_is_unsupported(gateway: Gateway, partner: FakePartner) -> None:
    stored = replace(await gateway.partner(), endpoints=())
    answer = await gateway.client.deliver(stored, LocationParcel(location()))
    assert (judge(answer), answer.sent) == (Judgement.UNSUPPORTED, False)


ALLOWED = {"allowed": "ALLOWED", "token": token_object(), "authorization_reference": "REF-1"}


async def test_an_unknown_card_is_asked_about(gateway: Gateway, partner: FakePartner) -> None:
    """TOK-06, TOK-08."""
    partner.authorizations["04A1B2C3"] = ALLOWED
    place = Place(LocationId("LOC1"), (EvseUid("EVSE-1"),))
    verdict = await gateway.client.authorize(
        await gateway.partner(), "04A1B2C3", "RFID", place, timedelta(seconds=20)
    )
    assert (verdict.verdict, verdict.reference) == (Verdict.ALLOWED, "REF-1")
    asked = partner.requests("POST", "/authorize")[0]
    assert asked.body == {"location_id": "LOC1", "evse_uids": ["EVSE-1"]}
    assert (asked.headers["OCPI-from-party-id"], asked.headers["OCPI-to-party-id"]) == ("GWY", "EMS")


VERDICTS = [
    ("404 with 2004", None, Verdict.UNKNOWN),
    ("200 with 2004", says(200, '{"status_code":2004}'), Verdict.UNKNOWN),
    ("404 without envelope", says(404, "?"), Verdict.UNKNOWN),
    ("2002 not enough information", says(200, '{"status_code":2002}'), Verdict.NOT_ALLOWED),
    ("500", says(500), None),
    ("401", says(401), None),
    ("3000", says(200, '{"status_code":3000}'), None),
    ("1000 without data", says(200, '{"status_code":1000}'), None),
    ("a web page", says(200, "<html>"), None),
]


@pytest.mark.parametrize(("trick", "verdict"), [c[1:] for c in VERDICTS], ids=[c[0] for c in VERDICTS])
async def test_authorization_answers(
    gateway: Gateway, partner: FakePartner, trick: Respond | None, verdict: Verdict | None
) -> None:
    """TOK-07: unknown is an answer; None here: the partner counts as unreachable."""
    if trick is not None:
        partner.tricks["POST", "/authorize"] = trick
    asking = gateway.client.authorize(await gateway.partner(), "NOBODY", "RFID", None, timedelta(seconds=20))
    if verdict is None:
        with pytest.raises(PartnerUnreachable):
            await asking
    else:
        assert (await asking).verdict is verdict


async def test_authorization_keeps_its_deadline(gateway: Gateway, partner: FakePartner) -> None:
    release = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response()

    partner.tricks["POST", "/authorize"] = silent
    with pytest.raises(PartnerUnreachable, match=r"no answer within 0\.2 s"):
        await gateway.client.authorize(await gateway.partner(), "X", "RFID", None, timedelta(seconds=0.2))
    release.set()


async def test_the_token_list_is_pulled_page_by_page(gateway: Gateway, partner: FakePartner) -> None:
    """TOK-04, TR-24, T21: pages are followed; a broken or foreign object costs only itself."""
    partner.tokens = [token_object(f"UID{n}") for n in range(5)]
    partner.tokens[1]["whitelist"] = "SOMETIMES"
    partner.tokens[3] |= {"country_code": "DE", "party_id": "OTH"}
    await gateway.tokens.pull(await gateway.partner())

    known = [
        uid
        for uid in ("UID0", "UID1", "UID2", "UID3", "UID4")
        if await gateway.store.read(lambda tx, uid=uid: tx.tokens.by_uid(uid))
    ]
    assert known == ["UID0", "UID2", "UID4"]
    assert len(partner.requests("GET", "/tokens")) == 3
    assert (await gateway.partner()).tokens_pulled_at == gateway.clock.now()


async def test_a_pull_that_breaks_off_starts_from_the_same_date_again(
    gateway: Gateway, partner: FakePartner
) -> None:
    partner.tokens = [token_object(f"UID{n}") for n in range(4)]

    async def fail_second(request: web.Request) -> web.StreamResponse | None:
        return web.Response(status=500) if "offset" in request.query else None

    partner.tricks["GET", "/tokens"] = fail_second
    with pytest.raises(PartnerUnreachable):
        await gateway.tokens.pull(await gateway.partner())
    assert (await gateway.partner()).tokens_pulled_at is None
    assert await gateway.store.read(lambda tx: tx.tokens.by_uid("UID1"))


async def test_a_cdr_whose_answer_was_lost_is_looked_for(gateway: Gateway, partner: FakePartner) -> None:
    """F7: by the URL the partner gave; without one it cannot be told."""
    stored = await gateway.partner()
    url = f"{partner.url}/ocpi/2.2.1/cdrs/CDR1"
    now = gateway.clock.now()
    await gateway.store.write(lambda tx: tx.debts.owe(stored.id, Owed.CDR, "CDR1", now, now))
    debt = await gateway.store.read(lambda tx: tx.debts.get(stored.id, Owed.CDR, "CDR1"))
    assert await gateway.client.find_cdr(stored, debt) is None
    assert await gateway.client.find_cdr(stored, replace(debt, partner_url=url)) is False
    partner.objects["cdrs/CDR1"] = {"id": "CDR1"}
    assert await gateway.client.find_cdr(stored, replace(debt, partner_url=url)) is True


async def test_no_token_is_recorded(gateway: Gateway, partner: FakePartner) -> None:
    """T12: what is kept for people shows no credentials."""
    kept = "\n".join(gateway.recorder.texts)
    assert "POST" in kept
    assert partner.our_token not in kept
    assert partner.gateway_token not in kept
