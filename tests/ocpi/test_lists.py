"""Lists and objects for partners: pages (PAG-01 to -08), who may see what (T20), headers (TR-36 to -38)."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from gateway.app.ports import Tx
from gateway.domain.authorization import AuthMethod
from gateway.domain.cdrs import Cdr
from gateway.domain.ids import CdrId, ConnectorId, EvseUid, LocationId, PartnerId, Party, SessionId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import Bill
from gateway.domain.sessions import Session
from gateway.domain.sites import PublishToken, plug_snapshot
from gateway.domain.tariffs import Price
from gateway.domain.tokens import Token, session_token
from tests.builders import NOON, OTHER_EMSP, at, evse, location, tariff, token
from tests.ocpi.fake_partner import FakePartner, token_object
from tests.ocpi.world import Gateway
from tests.store.stories import session


def session_of(partner_id: PartnerId, id_: str, whose: Token, **changes: object) -> Session:
    return session(id_, partner_id=partner_id, token=session_token(whose), **changes)


def cdr_of(partner_id: PartnerId, id_: str, whose: Token) -> Cdr:
    plug = plug_snapshot(location(), EvseUid("EVSE-1"), ConnectorId("1"))
    assert plug is not None
    return Cdr(
        id=CdrId(id_),
        party=location().party,
        partner_id=partner_id,
        started_at=NOON,
        ended_at=at(3600),
        token=session_token(whose),
        auth_method=AuthMethod.WHITELIST,
        plug=plug,
        currency="EUR",
        periods=(ChargingPeriod(NOON, (Volume(PeriodDimension.ENERGY, Decimal(1)),)),),
        bill=Bill("EUR", Price(Decimal("0.85")), energy_kwh=Decimal(1), time_h=Decimal(1)),
        last_updated=NOON,
        session_id=SessionId(id_),
        tariffs=(tariff(),),
    )


# Pages


async def test_pages_follow_each_other(gateway: Gateway, partner: FakePartner) -> None:
    """PAG-01 to PAG-05: absolute links with all filters, totals, oldest created first."""

    def work(tx: Tx) -> None:
        for n in range(2, 8):
            tx.locations.save(location(id_=f"LOC{n}", last_updated=at(n)))
        tx.locations.save(location(id_="LOC3", name="changed", last_updated=at(3)))

    await gateway.store.write(work)
    url: str | None = f"{partner.endpoint('locations')}?limit=2&offset=1&date_from=2026-11-22T12:00:02Z"
    seen: list[list[str]] = []
    while url:
        http, answer, headers = await partner.call_full("GET", url)
        assert (http, answer["status_code"]) == (200, 1000)
        assert (headers["X-Total-Count"], headers["X-Limit"]) == ("6", "100")
        seen.append([found["id"] for found in answer["data"]])
        link = headers.get("Link")
        url = link.removeprefix("<").removesuffix('>; rel="next"') if link else None
        if url:
            assert url.startswith(f"{gateway.public_url}/ocpi/2.2.1/locations?")
            assert "limit=2" in url
            assert "date_from=2026-11-22T12%3A00%3A02Z" in url
    assert seen == [["LOC3", "LOC4"], ["LOC5", "LOC6"], ["LOC7"]]


@pytest.mark.parametrize("module", ["locations", "tariffs", "cdrs"])
async def test_an_empty_page_has_its_headers(gateway: Gateway, partner: FakePartner, module: str) -> None:
    """PAG-07."""
    _, answer, headers = await partner.call_full("GET", f"{partner.endpoint(module)}?offset=50")
    assert answer["data"] == []
    assert answer["status_code"] == 1000
    assert headers["X-Total-Count"] == ("0" if module == "cdrs" else "1")
    assert "X-Limit" in headers
    assert "Link" not in headers


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("date_from=2026-11-22T12:00:00Z", True),
        ("date_from=2026-11-22T12:00:00", True),
        ("date_from=2026-11-22T14:00:00%2B02:00", True),
        ("date_from=2026-11-22T14:00:00+02:00", True),
        ("date_from=2026-11-22T12:00:00.001Z", False),
        ("date_to=2026-11-22T12:00:00Z", False),
        ("date_to=2026-11-22T12:00:01Z", True),
        ("limit=2000", True),
        ("unknown=filter", True),
    ],
)
async def test_dates_are_understood_leniently(
    gateway: Gateway, partner: FakePartner, query: str, found: bool
) -> None:
    """PAG-01: from inclusive, to exclusive; TR-31."""
    _, answer = await partner.call("GET", f"{partner.endpoint('tariffs')}?{query}")
    assert bool(answer["data"]) is found, answer


@pytest.mark.parametrize(
    "path", ["versions", "2.2.1", "2.2.1/credentials", "2.2.1/locations", "2.2.1/locations/LOC1"]
)
async def test_a_trailing_slash_changes_nothing(gateway: Gateway, partner: FakePartner, path: str) -> None:
    """TR-29: no redirect, which would lose the Authorization header."""
    bare = await partner.call("GET", f"{gateway.public_url}/ocpi/{path}")
    slashed = await partner.call("GET", f"{gateway.public_url}/ocpi/{path}/")
    assert bare == slashed
    assert bare[0] == 200


# Versions


async def test_versions_and_details(gateway: Gateway, partner: FakePartner) -> None:
    """VER-01 to VER-04, VER-06."""
    _, versions = await partner.call("GET", gateway.versions_url)
    assert versions["data"] == [
        {"version": version, "url": f"{gateway.public_url}/ocpi/{version}"}
        for version in ("2.1.1", "2.2", "2.2.1", "2.3.0")
    ]
    _, details = await partner.call("GET", versions["data"][2]["url"])
    assert details["data"]["version"] == "2.2.1"
    assert {
        (e["identifier"], e["role"], e["url"].rpartition("/")[2]) for e in details["data"]["endpoints"]
    } == {
        ("credentials", "SENDER", "credentials"),
        ("locations", "SENDER", "locations"),
        ("sessions", "SENDER", "sessions"),
        ("cdrs", "SENDER", "cdrs"),
        ("tariffs", "SENDER", "tariffs"),
        ("tokens", "RECEIVER", "tokens"),
        ("commands", "RECEIVER", "commands"),
        ("chargingprofiles", "RECEIVER", "chargingprofiles"),
        ("hubclientinfo", "RECEIVER", "hubclientinfo"),
    }


@pytest.mark.parametrize("raw", [True, False])
async def test_tokens_are_understood_raw_and_encoded(
    gateway: Gateway, partner: FakePartner, raw: bool
) -> None:
    """TR-04."""
    partner.base64 = not raw
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200


# One location


async def test_a_location_on_all_three_levels(gateway: Gateway, partner: FakePartner) -> None:
    """LOC-01; ids in any case (TR-32)."""
    url = partner.endpoint("locations")
    assert (await partner.call("GET", f"{url}/LOC1"))[1]["data"]["id"] == "LOC1"
    assert (await partner.call("GET", f"{url}/loc1/evse-1"))[1]["data"]["uid"] == "EVSE-1"
    assert (await partner.call("GET", f"{url}/LOC1/EVSE-1/1"))[1]["data"]["id"] == "1"


async def test_ids_with_odd_characters_are_found(gateway: Gateway, partner: FakePartner) -> None:
    """TR-29: percent-encoded slashes and hashes stay within one segment."""
    await gateway.store.write(lambda tx: tx.locations.save(location(evse("A/B #1"), id_="L/1*")))
    url = f"{partner.endpoint('locations')}/L%2F1%2A/A%2FB%20%231"
    assert (await partner.call("GET", url))[1]["data"]["uid"] == "A/B #1"
    tokens = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04%2FA%23"
    assert (await partner.call("PUT", tokens, token_object("04/A#")))[0] == 201
    assert (await partner.call("GET", tokens))[1]["data"]["uid"] == "04/A#"


HIDDEN = [
    ("for nobody", (), False),
    ("for one of its tokens", (PublishToken(uid="04a1b2c3", type="RFID"),), True),
    ("for a token of another type", (PublishToken(uid="04A1B2C3", type="APP_USER"),), False),
    ("for a card it does not have", (PublishToken(uid="FFFF", type="RFID"),), False),
    ("for a group it has", (PublishToken(group_id="FLEET"),), True),
    ("for a group of another issuer", (PublishToken(group_id="FLEET", issuer="Other"),), False),
    ("for nothing in particular", (PublishToken(),), False),
]


@pytest.mark.parametrize(("rules", "seen"), [h[1:] for h in HIDDEN], ids=[h[0] for h in HIDDEN])
async def test_hidden_locations(
    gateway: Gateway, partner: FakePartner, rules: tuple[PublishToken, ...], seen: bool
) -> None:
    """LOC-12: an unpublished location shows only to whom it is published."""
    stored = await gateway.partner()

    def work(tx: Tx) -> None:
        tx.tokens.save(stored.id, token(group_id="FLEET"))
        tx.tokens.save(PartnerId("somebody"), token("FFFF", party=OTHER_EMSP))
        tx.locations.save(location(id_="HIDDEN", publish=False, publish_allowed_to=rules))

    await gateway.store.write(work)
    _, answer, headers = await partner.call_full("GET", partner.endpoint("locations"))
    assert [x["id"] for x in answer["data"]] == (["LOC1", "HIDDEN"] if seen else ["LOC1"])
    assert headers["X-Total-Count"] == ("2" if seen else "1")
    http, one = await partner.call("GET", f"{partner.endpoint('locations')}/HIDDEN")
    assert (http, one["status_code"]) == ((200, 1000) if seen else (404, 2003))


# Isolation


@pytest.fixture
async def other(gateway: Gateway, partner: FakePartner) -> FakePartner:
    """A second partner, DE-OTH; both have a token, a session and a CDR."""
    second = await gateway.registered_platform("other", country="DE", party="OTH")
    first_id, second_id = (await gateway.partner()).id, (await gateway.partner("other")).id
    theirs = token("THEIRS", party=OTHER_EMSP)

    def work(tx: Tx) -> None:
        tx.tokens.save(first_id, token())
        tx.tokens.save(second_id, theirs)
        for n, (id_, whose) in enumerate(((first_id, token()), (second_id, theirs))):
            tx.sessions.save(session_of(id_, f"S{n}", whose))
            tx.cdrs.add(cdr_of(id_, f"C{n}", whose))
        tx.sessions.save(session("NOBODYS", partner_id=None, token=None))

    await gateway.store.write(work)
    return second


SINCE = "?date_from=2020-01-01T00:00:00Z"


@pytest.mark.parametrize("module", ["sessions", "cdrs"])
async def test_a_partner_lists_only_its_own(
    gateway: Gateway, partner: FakePartner, other: FakePartner, module: str
) -> None:
    """T20, SES-01, CDR-09: the totals tell nothing about others either."""
    for n, platform in enumerate((partner, other)):
        _, answer, headers = await platform.call_full("GET", platform.endpoint(module) + SINCE)
        assert [x["id"] for x in answer["data"]] == [("S" if module == "sessions" else "C") + str(n)]
        assert headers["X-Total-Count"] == "1"


FOREIGN: list[tuple[str, str, Any]] = [
    ("GET", "DE/OTH/THEIRS", None),
    ("PUT", "DE/OTH/THEIRS", token_object("THEIRS", country_code="DE", party_id="OTH", valid=False)),
    ("PATCH", "DE/OTH/THEIRS", {"valid": False, "last_updated": "2026-11-22T13:00:00Z"}),
    ("PUT", "DE/OTH/NEW", token_object("NEW", country_code="DE", party_id="OTH")),
    ("GET", "DE/OTH/NEVER-WAS", None),
]


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN)
async def test_a_partner_does_not_reach_anothers_tokens(
    gateway: Gateway, partner: FakePartner, other: FakePartner, method: str, path: str, body: Any
) -> None:
    """T20, T21: whether there is such a token or not, the answer is the same."""
    before = await gateway.store.read(lambda tx: (tx.tokens.by_uid("THEIRS"), tx.tokens.by_uid("NEW")))
    url = partner.endpoint("tokens", "RECEIVER")
    http, answer = await partner.call(method, f"{url}/{path}", body)
    assert (http, answer["status_code"]) == (404, 2001)
    assert answer["status_message"] == "DE-OTH is not one of your eMSP parties"
    after = await gateway.store.read(lambda tx: (tx.tokens.by_uid("THEIRS"), tx.tokens.by_uid("NEW")))
    assert before == after


async def test_a_token_before_registration_opens_no_module(gateway: Gateway, partner: FakePartner) -> None:
    """TR-07, T14: every functional endpoint answers 401 to token A."""
    invitation = await gateway.registration.invite("newcomer")
    for (module, role), url in partner.gateway_endpoints.items():
        tail = "/NL/EMS/X" if role == "RECEIVER" else SINCE
        tail = tail.removesuffix("/X") if module == "hubclientinfo" else tail
        tail = {"commands": "/START_SESSION", "chargingprofiles": "/S1"}.get(module, tail)
        method = "POST" if module == "commands" else "GET"
        http, answer = await partner.call(method, url + tail, token=invitation.token)
        if module == "credentials":
            assert (http, answer["data"]["token"]) == (200, invitation.token)
        else:
            assert http == 401, module


# Tokens


async def test_the_life_of_a_token(gateway: Gateway, partner: FakePartner) -> None:
    """TOK-01 to TOK-03, TR-16, T36."""
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/nl/ems/04a1b2c3"
    assert (await partner.call("PUT", url, token_object()))[0] == 201
    assert (await partner.call("PUT", url, token_object(issuer="Second")))[0] == 200
    assert (await partner.call("GET", url))[1]["data"]["issuer"] == "Second"
    older = token_object(issuer="Old news", last_updated="2026-11-22T11:59:59Z")
    assert (await partner.call("PUT", url, older))[1]["status_code"] == 1000
    assert (await partner.call("GET", url))[1]["data"]["issuer"] == "Second"
    patch = {"valid": False, "last_updated": "2026-11-22T12:00:01Z"}
    http, answer = await partner.call("PATCH", url, patch)
    assert (http, answer["status_code"]) == (200, 1000)
    assert "data" not in answer
    assert (await partner.call("GET", url))[1]["data"]["valid"] is False


async def test_the_same_uid_of_another_type_is_another_token(gateway: Gateway, partner: FakePartner) -> None:
    """TOK-01: identity includes the type; without the parameter the body says which."""
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04A1B2C3"
    assert (await partner.call("PUT", url, token_object()))[0] == 201
    assert (await partner.call("PUT", url, token_object(type="APP_USER")))[0] == 201
    assert (await partner.call("PUT", f"{url}?type=APP_USER", token_object(type="APP_USER")))[0] == 200
    assert (await partner.call("GET", f"{url}?type=APP_USER"))[1]["data"]["type"] == "APP_USER"
    assert (await partner.call("GET", url))[1]["data"]["type"] == "RFID"


# Routing and message ids


async def test_headers_are_echoed_and_swapped(gateway: Gateway, partner: FakePartner) -> None:
    """TR-36, TR-38."""
    sent = {
        "X-Request-ID": "r-1",
        "X-Correlation-ID": "c-1",
        "OCPI-from-country-code": "nl",
        "OCPI-from-party-id": "ems",
        "OCPI-to-country-code": "NL",
        "OCPI-to-party-id": "GWY",
    }
    _, _, headers = await partner.call_full("GET", partner.endpoint("locations"), **sent)
    assert (headers["X-Request-ID"], headers["X-Correlation-ID"]) == ("r-1", "c-1")
    assert (headers["OCPI-to-country-code"], headers["OCPI-to-party-id"]) == ("NL", "EMS")
    assert (headers["OCPI-from-country-code"], headers["OCPI-from-party-id"]) == ("NL", "GWY")
    _, _, headers = await partner.call_full("GET", gateway.versions_url, **sent)
    assert "OCPI-to-party-id" not in headers


async def test_a_platform_with_several_parties_says_which_one_asks(
    gateway: Gateway, partner: FakePartner
) -> None:
    """TR-39."""
    stored = await gateway.partner()
    second = PartnerRole(Role.EMSP, Party("NL", "TWO"), "Second brand")
    both = replace(stored, roles=(*stored.roles, second))
    await gateway.store.write(lambda tx: tx.partners.save(both))
    url = partner.endpoint("locations")
    http, answer = await partner.call("GET", url)
    assert (http, answer["status_code"]) == (200, 2001)
    named = {"OCPI-from-country-code": "NL", "OCPI-from-party-id": "TWO"}
    assert (await partner.call("GET", url, **named))[1]["status_code"] == 1000


async def test_a_named_receiver_narrows_a_list(gateway: Gateway, partner: FakePartner) -> None:
    """TR-37: with several parties of ours, lists are about the one that is asked."""
    second = Party("NL", "BIS")

    def work(tx: Tx) -> None:
        tx.parties.save(PartnerRole(Role.CPO, second, "Second brand"))
        tx.tariffs.save(tariff(id_="other", party=second))

    await gateway.store.write(work)
    url = partner.endpoint("tariffs")
    assert [t["id"] for t in (await partner.call("GET", url))[1]["data"]] == ["standard", "other"]
    named = {"OCPI-to-country-code": "NL", "OCPI-to-party-id": "BIS"}
    assert [t["id"] for t in (await partner.call("GET", url, **named))[1]["data"]] == ["other"]


async def test_a_session_shows_what_it_costs_so_far(gateway: Gateway, other: FakePartner) -> None:
    """SES-09; and a changed session is found from its last_updated."""
    changed = session_of(
        (await gateway.partner("other")).id,
        "S1",
        token("THEIRS", party=OTHER_EMSP),
        last_updated=NOON + timedelta(minutes=5),
    )
    await gateway.store.write(lambda tx: tx.sessions.save(changed))
    url = f"{other.endpoint('sessions')}?date_from=2026-11-22T12:05:00Z"
    found = (await other.call("GET", url))[1]["data"]
    assert [s["id"] for s in found] == ["S1"]
    assert found[0]["total_cost"]["excl_vat"] is not None
    assert LocationId(found[0]["location_id"]) == "LOC1"
