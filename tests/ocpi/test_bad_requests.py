"""Broken OCPI requests and the answer each of them gets; afterwards good ones still work (TR-06 to TR-40)."""

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from gateway.domain.errors import StoreUnavailable
from tests.ocpi.fake_partner import FakePartner, encoded, token_object
from tests.ocpi.world import Gateway

MINE = "{v}/tokens/NL/EMS/04A1B2C3"
SESSIONS = "{v}/sessions?date_from=2026-01-01T00:00:00Z"


@dataclass
class Bad:
    """A request; `path` is below /ocpi, `{v}` is 2.2.1. `auth` None: the partner's token, Base64."""

    name: str
    http: int
    ocpi: int
    hint: str
    path: str
    method: str = "GET"
    body: Any = None
    auth: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def put(name: str, http: int, ocpi: int, hint: str, path: str = MINE, **changes: Any) -> Bad:
    body = {k: v for k, v in token_object(**changes).items() if v != "ABSENT"}
    return Bad(name, http, ocpi, hint, path, "PUT", json.dumps(body))


def raw(name: str, body: bytes | str, hint: str, *, method: str = "PUT", path: str = MINE) -> Bad:
    return Bad(name, 400, 2001, hint, path, method, body)


CREDENTIALS = {"token": "abcdefgh", "url": "http://127.0.0.1:9/", "roles": []}

BAD = [
    # Who calls
    Bad("no Authorization", 401, 2000, "Authorization: Token", "versions", auth=""),
    Bad("a bearer token", 401, 2000, "Authorization: Token", "versions", auth="Bearer abc"),
    Bad("no token after the scheme", 401, 2000, "Authorization: Token", "versions", auth="Token "),
    Bad("an unknown token", 401, 2000, "unknown token", "versions", auth=encoded("nobody")),
    Bad("an unknown raw token", 401, 2000, "unknown token", "versions", auth="Token nobody"),
    Bad("a very long token", 401, 2000, "Authorization", "versions", auth="Token " + "x" * 4000),
    Bad("an unknown token on a module", 401, 2000, "unknown token", "{v}/locations", auth=encoded("no")),
    Bad("an unknown token on no path", 401, 2000, "unknown token", "nowhere/at/all", auth=encoded("no")),
    # Where to
    Bad("an unknown version", 404, 2000, "version", "9.9"),
    Bad("a module of an unknown version", 404, 2000, "version", "2.0/locations"),
    Bad("an unknown module", 404, 2000, "no such endpoint", "{v}/nonsense"),
    Bad("a module that is not served", 404, 2000, "no such endpoint", "{v}/payments/1"),
    Bad("one session, which the sender does not serve", 404, 2000, "no such endpoint", "{v}/sessions/1"),
    Bad("too many segments", 404, 2000, "no such endpoint", "{v}/locations/a/b/c/d"),
    Bad("the bare prefix", 404, 2000, "no such endpoint", ""),
    Bad("a token without a uid", 404, 2000, "no such endpoint", "{v}/tokens/NL/EMS"),
    Bad("POST locations", 405, 2000, "method", "{v}/locations", "POST", "{}"),
    Bad("DELETE a token", 405, 2000, "method", MINE, "DELETE"),
    Bad("POST a token", 405, 2000, "method", MINE, "POST", "{}"),
    Bad("PUT versions", 405, 2000, "method", "versions", "PUT", "{}"),
    Bad("PATCH credentials", 405, 2000, "method", "{v}/credentials", "PATCH", "{}"),
    Bad(
        "POST credentials when registered",
        405,
        2000,
        "already",
        "{v}/credentials",
        "POST",
        json.dumps(
            CREDENTIALS
            | {
                "roles": [
                    {
                        "role": "EMSP",
                        "country_code": "NL",
                        "party_id": "EMS",
                        "business_details": {"name": "x"},
                    }
                ]
            }
        ),
    ),
    # Objects that are not there
    Bad("an unknown location", 404, 2003, "NOWHERE", "{v}/locations/NOWHERE"),
    Bad("an unknown EVSE", 404, 2003, "EVSE", "{v}/locations/LOC1/NO-EVSE"),
    Bad("an unknown connector", 404, 2003, "connector", "{v}/locations/LOC1/EVSE-1/99"),
    Bad("a location of odd characters", 404, 2003, "a/b", "{v}/locations/a%2Fb%00%C3%A9"),
    Bad("an unknown token", 404, 2004, "not known", "{v}/tokens/NL/EMS/NOBODY"),
    Bad("a token of another type", 404, 2004, "APP_USER", MINE + "?type=APP_USER"),
    Bad(
        "PATCH of an unknown token",
        404,
        2004,
        "not known",
        "{v}/tokens/NL/EMS/NOBODY",
        "PATCH",
        '{"valid":false,"last_updated":"2026-11-22T12:00:00Z"}',
    ),
    Bad("a foreign party's token", 404, 2001, "DE-OTH", "{v}/tokens/DE/OTH/04A1B2C3"),
    put(
        "PUT a foreign party's token",
        404,
        2001,
        "DE-OTH",
        "{v}/tokens/DE/OTH/04A1B2C3",
        country_code="DE",
        party_id="OTH",
    ),
    # Lists
    Bad("sessions without date_from", 200, 2001, "date_from", "{v}/sessions"),
    Bad("an empty date_from", 200, 2001, "date_from", "{v}/sessions?date_from="),
    Bad("a date in words", 200, 2001, "date_from", "{v}/sessions?date_from=yesterday"),
    Bad("a date that is none", 200, 2001, "date_to", SESSIONS + "&date_to=2026-02-30T00:00:00Z"),
    Bad("a date with SQL", 200, 2001, "date_from", "{v}/cdrs?date_from=1'%20OR%20'1'='1"),
    Bad("limit 0", 200, 2001, "limit", "{v}/locations?limit=0"),
    Bad("a negative limit", 200, 2001, "limit", "{v}/locations?limit=-1"),
    Bad("a limit in words", 200, 2001, "limit", "{v}/tariffs?limit=ten"),
    Bad("a negative offset", 200, 2001, "offset", "{v}/cdrs?offset=-5"),
    Bad("an endless offset", 200, 2001, "offset", "{v}/cdrs?offset=" + "9" * 400),
    Bad("an offset in other digits", 200, 2001, "offset", "{v}/cdrs?offset=%D9%A3"),
    # Routing
    Bad(
        "half a sender",
        200,
        2001,
        "OCPI-from-country-code",
        "{v}/locations",
        headers={"OCPI-from-party-id": "EMS"},
    ),
    Bad(
        "a foreign sender",
        200,
        2001,
        "DE-OTH",
        "{v}/locations",
        headers={"OCPI-from-party-id": "OTH", "OCPI-from-country-code": "DE"},
    ),
    Bad(
        "a receiver that is not here",
        200,
        2001,
        "FR-XYZ",
        "{v}/locations",
        headers={"OCPI-to-party-id": "XYZ", "OCPI-to-country-code": "FR"},
    ),
    Bad(
        "a receiver that is no party",
        200,
        2001,
        "two-letter",
        "{v}/locations",
        headers={"OCPI-to-party-id": "XYZ", "OCPI-to-country-code": "Holland"},
    ),
    # Bodies that are not JSON
    raw("no body", b"", "line 1"),
    raw("half an object", '{"uid":', "line 1"),
    raw("a form", "uid=1&type=RFID", "line 1"),
    raw("not UTF-8", b'{"uid":"\xff\xfe"}', "UTF-8"),
    raw("NaN", '{"a":NaN}', "NaN"),
    raw("Infinity", '{"a":-Infinity}', "Infinity"),
    raw("a name twice", '{"uid":"a","uid":"b"}', "twice"),
    raw("nesting", "[" * 2000 + "]" * 2000, "deeper"),
    raw("nesting beyond all stacks", "[" * 500_000, "deeper"),
    raw("an endless number", '{"a":1' + "0" * 5000 + "}", ""),
    raw("two documents", "{}{}", "line 1"),
    raw("a broken PATCH", "{valid:false}", "line 1", method="PATCH"),
    raw("a broken POST of credentials", "{", "line 1", method="POST", path="{v}/credentials"),
    raw("a broken PUT of credentials", "", "line 1", method="PUT", path="{v}/credentials"),
    Bad("a body over 1 MiB", 413, 2000, "1 MiB", MINE, "PUT", b"[" + b" " * 1_100_000 + b"]"),
    # JSON that is no token
    Bad("a list for a token", 200, 2001, "", MINE, "PUT", "[]"),
    Bad("a text for a token", 200, 2001, "", MINE, "PUT", '"token"'),
    Bad("null for a token", 200, 2001, "", MINE, "PUT", "null"),
    put("no uid", 200, 2001, "uid", uid="ABSENT"),
    put("no last_updated", 200, 2001, "last_updated", last_updated="ABSENT"),
    put("a last_updated in words", 200, 2001, "last_updated", last_updated="now"),
    put("valid as text", 200, 2001, "valid", valid="yes"),
    put("an unknown whitelist", 200, 2001, "whitelist", whitelist="SOMETIMES"),
    put("a uid that is too long", 200, 2001, "uid", uid="X" * 37),
    put("a uid that is a number", 200, 2001, "uid", uid=7),
    put("another uid than the URL's", 200, 2001, "uid", uid="OTHER"),
    put("another country than the URL's", 200, 2001, "country_code", country_code="DE"),
    put("another party than the URL's", 200, 2001, "party_id", party_id="OTH"),
    put("another type than the URL's", 200, 2001, "type", MINE + "?type=APP_USER"),
    put("a country of three letters in the URL", 200, 2001, "country_code", "{v}/tokens/NLD/EMS/04A1B2C3"),
    # PATCH
    Bad("PATCH without last_updated", 200, 2001, "last_updated", MINE, "PATCH", '{"valid":false}'),
    Bad(
        "PATCH of the uid",
        200,
        2001,
        "uid",
        MINE,
        "PATCH",
        '{"uid":"OTHER","last_updated":"2026-11-22T13:00:00Z"}',
    ),
    Bad(
        "PATCH of the party",
        200,
        2001,
        "party_id",
        MINE,
        "PATCH",
        '{"party_id":"OTH","last_updated":"2026-11-22T13:00:00Z"}',
    ),
    Bad("PATCH with a list", 200, 2001, "object", MINE, "PATCH", "[]"),
    Bad(
        "PATCH with a wrong type",
        200,
        2001,
        "valid",
        MINE,
        "PATCH",
        '{"valid":"no","last_updated":"2026-11-22T13:00:00Z"}',
    ),
    # Credentials of a registered partner
    Bad("credentials without roles", 200, 2001, "roles", "{v}/credentials", "PUT", json.dumps(CREDENTIALS)),
    Bad("credentials without a token", 200, 2001, "token", "{v}/credentials", "PUT", '{"url":"http://x/"}'),
    Bad("credentials as a list", 200, 2001, "", "{v}/credentials", "PUT", "[1,2]"),
]


async def ask(gateway: Gateway, partner: FakePartner, bad: Bad) -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {"X-Request-ID": "request-1", **bad.headers}
    auth = encoded(partner.gateway_token or "") if bad.auth is None else bad.auth
    if auth:
        headers["Authorization"] = auth
    if bad.body is not None:
        headers["Content-Type"] = "application/json"
    url = f"{gateway.public_url}/ocpi/" + bad.path.replace("{v}", "2.2.1")
    data = io.BytesIO(bad.body) if isinstance(bad.body, bytes) else bad.body
    async with (
        aiohttp.ClientSession() as session,
        session.request(bad.method, url, data=data, headers=headers, allow_redirects=False) as response,
    ):
        return response.status, await response.json(), dict(response.headers)


async def put_my_token(partner: FakePartner) -> int:
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04A1B2C3"
    http, answer = await partner.call("PUT", url, token_object())
    assert answer["status_code"] == 1000
    return http


@pytest.mark.parametrize("bad", BAD, ids=[b.name for b in BAD])
async def test_bad_request(gateway: Gateway, partner: FakePartner, bad: Bad) -> None:
    """TR-12: always the envelope; TR-14 to TR-17, TR-30: which status; the message names what is wrong."""
    assert await put_my_token(partner) == 201
    tokens = await gateway.store.read(lambda tx: tx.tokens.by_uid("04A1B2C3"))

    http, answer, headers = await ask(gateway, partner, bad)

    assert (http, answer["status_code"]) == (bad.http, bad.ocpi), answer
    assert bad.hint.casefold() in answer["status_message"].casefold()
    assert answer["timestamp"].endswith("Z")
    assert "data" not in answer
    assert headers["Content-Type"].startswith("application/json")
    assert headers["X-Request-ID"] == "request-1"
    assert "Traceback" not in json.dumps(answer)
    assert await gateway.store.read(lambda tx: tx.tokens.by_uid("04A1B2C3")) == tokens
    assert await put_my_token(partner) == 200


async def test_405_says_what_is_allowed(gateway: Gateway, partner: FakePartner) -> None:
    """TR-30: methods a module does not have."""
    _, _, headers = await ask(gateway, partner, Bad("", 405, 2000, "", MINE, "DELETE"))
    assert headers["Allow"] == "GET,PATCH,PUT"


async def test_an_unexpected_error_is_500_and_says_nothing(gateway: Gateway, partner: FakePartner) -> None:
    """TR-12: the envelope with 3000; the trace stays here."""

    async def broken(*_: object) -> object:
        raise ZeroDivisionError("secret detail")

    gateway.tokens.get = broken  # type: ignore[method-assign]
    http, answer, _ = await ask(gateway, partner, Bad("", 500, 3000, "", MINE))
    assert (http, answer["status_code"]) == (500, 3000)
    assert "secret detail" not in json.dumps(answer)


async def test_a_store_that_cannot_write_is_503(gateway: Gateway, partner: FakePartner) -> None:
    async def full(*_: object) -> bool:
        raise StoreUnavailable

    gateway.tokens.put = full  # type: ignore[method-assign]
    http, answer, _ = await ask(gateway, partner, put("", 503, 3000, ""))
    assert (http, answer["status_code"]) == (503, 3000)


async def test_a_body_of_unknown_length_is_bounded_too(gateway: Gateway, partner: FakePartner) -> None:
    """T23: chunked, so that nothing announces its size; and compressed."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    http, answer, _ = await ask(gateway, partner, Bad("", 413, 2000, "", MINE, "PUT", chunks()))
    assert (http, answer["status_code"]) == (413, 2000)
    bomb = gzip.compress(b" " * 20_000_000)
    bad = Bad("", 413, 2000, "", MINE, "PUT", bomb, headers={"Content-Encoding": "gzip"})
    http, answer, _ = await ask(gateway, partner, bad)
    assert (http, answer["status_code"]) == (413, 2000)
    assert await put_my_token(partner) == 201


async def test_a_slow_body_is_given_up() -> None:
    """T25: 408 after the body's deadline; the server goes on."""
    gateway = await Gateway(body_deadline_s=0.2).start()
    try:
        partner = await gateway.registered_platform()
        port = gateway.socket.getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            "PUT /ocpi/2.2.1/tokens/NL/EMS/X HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
            f"Authorization: {encoded(partner.gateway_token or '')}\r\n\r\n{{"
        )
        writer.write(head.encode())
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)
        assert b" 408 " in answer
        writer.close()
        assert await put_my_token(partner) == 201
    finally:
        await gateway.stop()


async def test_guessing_tokens_is_slowed_down_and_partners_are_not() -> None:
    """T2 for partners: unknown tokens cost attempts, known ones never do."""
    time = [0.0]
    gateway = await Gateway(failures_burst=5, failures_per_second=1, monotonic=lambda: time[0]).start()
    try:
        partner = await gateway.registered_platform()
        guess = Bad("", 401, 2000, "", "versions", auth=encoded("guess"))
        got = [(await ask(gateway, partner, guess))[0] for _ in range(7)]
        assert got == [401] * 5 + [429] * 2
        assert await put_my_token(partner) == 201
        time[0] = 1.0
        got = [(await ask(gateway, partner, guess))[0] for _ in range(2)]
        assert got == [401, 429]
    finally:
        await gateway.stop()
