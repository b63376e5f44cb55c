"""Registration in both directions, over real HTTP (CRED-01 to CRED-13, T14 to T16)."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from gateway.domain.delivery import Owed
from gateway.domain.errors import (
    AlreadyRegistered,
    InvalidInput,
    MissingEndpoints,
    NoCommonVersion,
    PartnerRefused,
    PartnerUnreachable,
)
from gateway.domain.partners import Partner, PartnerState
from tests.builders import EMSP
from tests.ocpi.fake_partner import FakePartner, Trick
from tests.ocpi.world import Gateway


async def test_a_partner_registers_and_is_owed_everything(gateway: Gateway) -> None:
    """CRED-03, -05, -06: the callbacks happen while the POST is open; token A dies, C works."""
    platform = await gateway.platform()
    invitation = await gateway.registration.invite("fake", [EMSP])
    assert invitation.versions_url == gateway.versions_url

    status, answer = await platform.register_at(invitation.versions_url, invitation.token)

    assert (status, answer["status_code"]) == (200, 1000)
    assert [s.path for s in platform.seen] == ["/ocpi/versions", "/ocpi/2.2.1"]
    assert answer["data"]["url"] == gateway.versions_url
    assert answer["data"]["roles"][0]["party_id"] == "GWY"
    stored = await gateway.partner()
    assert (stored.state, stored.version) == (PartnerState.REGISTERED, "2.2.1")
    assert stored.allowed_parties == (EMSP,)
    assert gateway.registered == [stored.id]
    debts = await gateway.store.read(lambda tx: tx.debts.list(partner_id=stored.id))
    assert {(d.kind, d.key) for d in debts} == {
        (Owed.LOCATION, "LOC1"),
        (Owed.TARIFF, "NL-GWY/standard"),
        (Owed.PULL_TOKENS, "tokens"),
    }
    assert (await platform.call("GET", gateway.versions_url, token=invitation.token))[0] == 401
    assert (await platform.call("GET", platform.endpoint("locations")))[0] == 200


async def test_the_gateway_registers_at_a_partner_that_calls_back(gateway: Gateway) -> None:
    """CRED-04: our token B works before we POST with it."""
    platform = await gateway.platform()

    stored = await gateway.registration.connect("fake", platform.versions_url, "fake-token-a", [EMSP])

    assert (stored.state, stored.version) == (PartnerState.REGISTERED, "2.2.1")
    assert stored.profile.token_base64 is True
    assert gateway.secrets.open(stored.outbound_token or "") == platform.our_token
    assert (await platform.call("GET", platform.endpoint("tariffs")))[0] == 200
    assert gateway.registered == [stored.id]


def says(status: int, body: str) -> Trick:
    async def trick(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body)

    return trick


FAILURES = [
    ("versions fail", {("GET", "/versions"): says(500, "")}, {}, 3001),
    ("versions refuse our token", {("GET", "/versions"): says(401, "{}")}, {}, 3001),
    ("versions are a web page", {("GET", "/versions"): says(200, "<html>")}, {}, 3001),
    ("versions are no list", {("GET", "/versions"): says(200, '{"status_code":1000,"data":{}}')}, {}, 3001),
    ("details fail", {("GET", "/2.2.1"): says(503, "")}, {}, 3001),
    ("details are unreadable", {("GET", "/2.2.1"): says(200, '{"status_code":1000,"data":[]}')}, {}, 3001),
    ("the version is not offered", {}, {"versions": ("2.1.1", "2.3.0")}, 3002),
    ("only credentials are offered", {}, {"modules": ("credentials",)}, 3003),
    ("credentials are not offered", {}, {"modules": ("tokens", "cdrs")}, 3003),
]


@pytest.mark.parametrize(
    ("tricks", "fields", "status"), [f[1:] for f in FAILURES], ids=[f[0] for f in FAILURES]
)
async def test_a_failed_callback_leaves_the_invitation_usable(
    gateway: Gateway, tricks: dict[tuple[str, str], Trick], fields: dict[str, tuple[str, ...]], status: int
) -> None:
    """CRED-03: HTTP 200 with 3001, 3002 or 3003, nobody registered, and token A may try again."""
    platform = await gateway.platform()
    invitation = await gateway.registration.invite("fake")
    good = {name: getattr(platform, name) for name in fields}
    platform.tricks = dict(tricks)
    for name, value in fields.items():
        setattr(platform, name, value)

    http, answer = await platform.register_at(invitation.versions_url, invitation.token)

    assert (http, answer["status_code"]) == (200, status), answer
    assert "data" not in answer
    assert (await gateway.partner()).state is PartnerState.INVITED
    platform.tricks = {}
    for name, value in good.items():
        setattr(platform, name, value)
    assert (await platform.register_at(invitation.versions_url, invitation.token))[1]["status_code"] == 1000


def role(country: str = "NL", party: str = "EMS", kind: str = "EMSP") -> dict[str, object]:
    return {
        "role": kind,
        "country_code": country,
        "party_id": party,
        "business_details": {"name": "Someone"},
    }


CLAIMS = [
    ("a party that was not agreed", [role("DE", "OTH")], "DE-OTH"),
    ("an agreed and another one", [role(), role("DE", "OTH")], "roles[1]"),
    ("our own party", [role("NL", "GWY")], "party of this gateway"),
    ("the same twice", [role(), role()], "more than once"),
    ("nobody", [], "roles"),
]


@pytest.mark.parametrize(("roles", "hint"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
async def test_a_platform_claims_only_what_was_agreed(
    gateway: Gateway, roles: list[dict[str, object]], hint: str
) -> None:
    """CRED-11, CRED-13: 2001 names the party, nothing is called, A stays."""
    platform = await gateway.platform()
    agreed = [EMSP] if hint != "party of this gateway" else []
    invitation = await gateway.registration.invite("fake", agreed)
    http, answer = await platform.register_at(invitation.versions_url, invitation.token, roles=roles)
    assert (http, answer["status_code"]) == (200, 2001)
    assert hint in answer["status_message"]
    assert platform.seen == []
    assert (await platform.register_at(invitation.versions_url, invitation.token))[1]["status_code"] == 1000


async def test_a_party_belongs_to_one_platform(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-13: also without an agreed list; and after the owner left, another may have it."""
    second = await gateway.platform()
    invitation = await gateway.registration.invite("second")
    http, answer = await second.register_at(invitation.versions_url, invitation.token)
    assert (http, answer["status_code"]) == (200, 2001)
    assert "another platform" in answer["status_message"]
    await gateway.registration.remove("fake")
    assert (await second.register_at(invitation.versions_url, invitation.token))[1]["status_code"] == 1000


async def test_405_rules(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-02: POST when registered, PUT and DELETE when not."""
    url = partner.endpoint("credentials")
    assert (await partner.call("POST", url, partner.credentials("x" * 20)))[0] == 405
    newcomer = await gateway.platform(party="NEW")
    invitation = await gateway.registration.invite("newcomer")
    body = newcomer.credentials("y" * 20)
    assert (await newcomer.call("PUT", url, body, token=invitation.token))[0] == 405
    assert (await newcomer.call("DELETE", url, token=invitation.token))[0] == 405


async def test_credentials_show_the_token_that_was_presented(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-10."""
    http, answer = await partner.call("GET", partner.endpoint("credentials"))
    assert http == 200
    assert answer["data"]["token"] == partner.gateway_token
    assert answer["data"]["url"] == gateway.versions_url


async def test_an_invitation_ends_after_a_week_or_with_the_next_one(gateway: Gateway) -> None:
    """T14."""
    platform = await gateway.platform()
    first = await gateway.registration.invite("fake")
    second = await gateway.registration.invite("fake")
    assert (await platform.call("GET", gateway.versions_url, token=first.token))[0] == 401
    assert (await platform.call("GET", gateway.versions_url, token=second.token))[0] == 200
    gateway.clock.move(days=7)
    assert (await platform.call("GET", gateway.versions_url, token=second.token))[0] == 401


async def test_a_lost_answer_can_be_asked_for_again(gateway: Gateway) -> None:
    """T15: the platform went away while we called it back; its token A still registers it."""
    platform = await gateway.platform()
    invitation = await gateway.registration.invite("fake")
    called_back, gone = asyncio.Event(), asyncio.Event()

    async def wait(_: web.Request) -> web.StreamResponse | None:
        called_back.set()
        await gone.wait()
        return None

    platform.tricks["GET", "/2.2.1"] = wait
    registering = asyncio.create_task(platform.register_at(invitation.versions_url, invitation.token))
    await asyncio.wait_for(called_back.wait(), 30)
    registering.cancel()
    await asyncio.gather(registering, return_exceptions=True)
    gone.set()
    await asyncio.wait_for(gateway.registration_done.wait(), 30)

    platform.tricks.clear()
    http, answer = await platform.register_at(invitation.versions_url, invitation.token)
    assert (http, answer["status_code"]) == (200, 1000)
    assert (await platform.call("GET", platform.endpoint("locations")))[0] == 200
    assert (await platform.call("GET", gateway.versions_url, token=invitation.token))[0] == 401


async def test_put_renews_both_tokens(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-07, CRED-08: the old token works until the new one is used."""
    old, url = partner.gateway_token, partner.endpoint("credentials")
    seen = len(partner.seen)
    partner.our_token = "a-new-token-of-the-partner"
    http, answer = await partner.call("PUT", url, partner.credentials(partner.our_token))
    assert (http, answer["status_code"]) == (200, 1000)
    assert [s.path for s in partner.seen[seen:]] == ["/ocpi/versions", "/ocpi/2.2.1"]
    new = answer["data"]["token"]
    assert new != old
    assert gateway.secrets.open((await gateway.partner()).outbound_token or "") == partner.our_token
    assert (await partner.call("GET", partner.endpoint("locations"), token=old))[0] == 200
    assert (await partner.call("GET", partner.endpoint("locations"), token=new))[0] == 200
    assert (await partner.call("GET", partner.endpoint("locations"), token=old))[0] == 401


async def test_the_old_token_ends_after_a_day_in_any_case(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-08."""
    old = partner.gateway_token
    await partner.call("PUT", partner.endpoint("credentials"), partner.credentials(partner.our_token or ""))
    gateway.clock.move(hours=24)
    assert (await partner.call("GET", partner.endpoint("locations"), token=old))[0] == 401


def assert_only_told(before: Partner, after: Partner) -> None:
    """Nothing changed, but our people can see what was tried."""
    assert after.problem is not None
    assert replace(after, problem=before.problem, last_updated=before.last_updated) == before


@pytest.mark.parametrize("roles", [[role("DE", "OTH")], [role(), role("DE", "OTH")], [role(kind="CPO")]])
async def test_put_cannot_change_parties_or_roles(
    gateway: Gateway, partner: FakePartner, roles: list[dict[str, object]]
) -> None:
    """T16: 2001, and nothing has changed."""
    before = await gateway.partner()
    body = partner.credentials("z" * 20) | {"roles": roles}
    http, answer = await partner.call("PUT", partner.endpoint("credentials"), body)
    assert (http, answer["status_code"]) == (200, 2001)
    assert_only_told(before, await gateway.partner())
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200


async def test_a_put_whose_callback_fails_changes_nothing(gateway: Gateway, partner: FakePartner) -> None:
    """T15: a new token of the partner that does not work is not taken."""
    before = await gateway.partner()
    http, answer = await partner.call(
        "PUT", partner.endpoint("credentials"), partner.credentials("wrong" * 4)
    )
    assert (http, answer["status_code"]) == (200, 3001)
    assert_only_told(before, await gateway.partner())
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200


async def test_delete_ends_both_tokens_and_keeps_the_history(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-09; afterwards the same platform can be invited again."""
    http, answer = await partner.call("DELETE", partner.endpoint("credentials"))
    assert (http, answer["status_code"]) == (200, 1000)
    assert (await partner.call("GET", gateway.versions_url))[0] == 401
    gone = await gateway.partner()
    assert (gone.state, gone.outbound_token) == (PartnerState.REMOVED, None)
    invitation = await gateway.registration.invite("fake")
    assert (await partner.register_at(invitation.versions_url, invitation.token))[1]["status_code"] == 1000
    assert (await gateway.partner()).id == gone.id


# The other direction


async def test_a_partner_that_reads_tokens_raw_is_recognised(gateway: Gateway) -> None:
    """TR-04: found out while connecting, remembered in the profile, used from then on."""
    platform = await gateway.platform(base64=False)
    stored = await gateway.registration.connect("fake", platform.versions_url, "fake-token-a")
    assert stored.profile.token_base64 is False
    await gateway.tokens.pull(stored)
    assert platform.requests("GET", "/tokens")[0].headers["Authorization"] == f"Token {platform.our_token}"


CONNECT_FAILURES = [
    ("a wrong token", {}, {"invitation": "another"}, PartnerUnreachable),
    ("no common version", {}, {"versions": ("2.0", "9.9")}, NoCommonVersion),
    ("nothing useful", {}, {"modules": ("credentials", "commands")}, MissingEndpoints),
    ("POST refused", {("POST", "/credentials"): says(200, '{"status_code":2001}')}, {}, PartnerRefused),
    ("POST not allowed", {("POST", "/credentials"): says(405, "")}, {}, PartnerRefused),
    ("POST fails", {("POST", "/credentials"): says(500, "")}, {}, PartnerUnreachable),
    ("3001", {("POST", "/credentials"): says(200, '{"status_code":3001}')}, {}, PartnerRefused),
]


@pytest.mark.parametrize(
    ("tricks", "fields", "error"), [c[1:] for c in CONNECT_FAILURES], ids=[c[0] for c in CONNECT_FAILURES]
)
async def test_connecting_can_be_repeated_after_a_failure(
    gateway: Gateway,
    tricks: dict[tuple[str, str], Trick],
    fields: dict[str, object],
    error: type[Exception],
) -> None:
    """CRED-03, F33: the reason is kept, and the same command succeeds later."""
    platform = await gateway.platform()
    good = {name: getattr(platform, name) for name in fields}
    platform.tricks = dict(tricks)
    for name, value in fields.items():
        setattr(platform, name, value)
    with pytest.raises(error):
        await gateway.registration.connect("fake", platform.versions_url, "fake-token-a")
    assert (await gateway.partner()).problem
    platform.tricks = {}
    for name, value in good.items():
        setattr(platform, name, value)
    stored = await gateway.registration.connect("fake", platform.versions_url, "fake-token-a")
    assert (stored.state, stored.problem) == (PartnerState.REGISTERED, None)


async def test_an_unanswered_post_is_not_repeated_blindly(gateway: Gateway) -> None:
    """T15: the partner registered us but its answer was lost. Its token A is spent, ours B still works."""
    platform = await gateway.platform()

    async def register_and_fail(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        platform.gateway_token, platform.our_token, platform.invitation = body["token"], "lost", ""
        return web.Response(status=502)

    platform.tricks["POST", "/credentials"] = register_and_fail
    with pytest.raises(PartnerUnreachable, match="Ask the partner for a new token"):
        await gateway.registration.connect("fake", platform.versions_url, "fake-token-a")
    assert len(platform.requests("POST", "/credentials")) == 1
    assert "new token" in ((await gateway.partner()).problem or "")
    assert (await platform.call("GET", gateway.versions_url))[0] == 200
    assert (await platform.call("GET", f"{gateway.public_url}/ocpi/2.2.1/locations"))[0] == 401
    # The partner may use the token it got to register with us instead.
    assert platform.gateway_token
    http, answer = await platform.register_at(gateway.versions_url, platform.gateway_token)
    assert (http, answer["status_code"]) == (200, 1000)
    assert (await platform.call("GET", platform.endpoint("locations")))[0] == 200


async def test_a_partner_that_answers_with_foreign_parties_is_left_again(gateway: Gateway) -> None:
    """CRED-13: we refuse what it claims, and tell it so by DELETE."""
    platform = await gateway.platform(country="DE", party="OTH")
    with pytest.raises(InvalidInput, match="DE-OTH"):
        await gateway.registration.connect("fake", platform.versions_url, "fake-token-a", [EMSP])
    assert len(platform.requests("DELETE", "/credentials")) == 1
    assert (await gateway.partner()).state is PartnerState.INVITED


async def test_rotation_replaces_both_tokens(gateway: Gateway, partner: FakePartner) -> None:
    """CRED-14: the partner's old token works until it uses the new one."""
    old_in, old_out = partner.gateway_token, partner.our_token
    await gateway.registration.rotate("fake")
    assert partner.our_token != old_out
    assert partner.gateway_token != old_in
    # The partner looked at our versions with the new token, so the old one is over.
    assert (await partner.call("GET", partner.endpoint("locations"), token=old_in))[0] == 401
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200
    await gateway.tokens.pull(await gateway.partner())


@pytest.mark.parametrize("status", [500, 405])
async def test_a_failed_rotation_leaves_the_old_tokens_alive(
    gateway: Gateway, partner: FakePartner, status: int
) -> None:
    """T15: in both directions."""
    partner.tricks["PUT", "/credentials"] = says(status, "")
    with pytest.raises((PartnerRefused, PartnerUnreachable)):
        await gateway.registration.rotate("fake")
    gateway.clock.move(hours=30)
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200
    await gateway.tokens.pull(await gateway.partner())
    assert "rotation failed" in ((await gateway.partner()).problem or "")


async def test_a_rotation_whose_answer_was_lost_leaves_the_partners_new_token_alive(
    gateway: Gateway, partner: FakePartner
) -> None:
    """T15: the partner took our new token and its answer was lost: it can still call us, for good."""

    async def take_and_fail(request: web.Request) -> web.StreamResponse:
        partner.gateway_token = (await request.json())["token"]
        return web.Response(status=502)

    partner.tricks["PUT", "/credentials"] = take_and_fail
    with pytest.raises(PartnerUnreachable):
        await gateway.registration.rotate("fake")
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200
    gateway.clock.move(days=3)
    assert (await partner.call("GET", partner.endpoint("locations")))[0] == 200


async def test_the_operator_removes_a_partner(gateway: Gateway, partner: FakePartner) -> None:
    await gateway.registration.remove("fake")
    assert len(partner.requests("DELETE", "/credentials")) == 1
    assert (await gateway.partner()).state is PartnerState.REMOVED


async def test_a_registered_partner_is_not_invited_again(gateway: Gateway, partner: FakePartner) -> None:
    with pytest.raises(AlreadyRegistered):
        await gateway.registration.invite("fake")
    with pytest.raises(AlreadyRegistered):
        await gateway.registration.connect("fake", partner.versions_url, "fake-token-a")


async def test_a_dead_partner_can_be_removed(gateway: Gateway, partner: FakePartner) -> None:
    await partner.stop()
    await gateway.registration.remove("fake")
    gone = await gateway.partner()
    assert gone.state is PartnerState.REMOVED
    assert "could not be told" in (gone.problem or "")
