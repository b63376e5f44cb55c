"""Hubs over real HTTP: HubClientInfo both ways, routing of what is pushed and asked (HCI, HUB)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from gateway.app.parcels import (
    CdrParcel,
    CommandResultParcel,
    LocationParcel,
    TariffParcel,
    TariffRemovalParcel,
)
from gateway.domain.authorization import Place
from gateway.domain.hubs import ConnectionStatus
from gateway.domain.ids import (
    CdrId,
    ChargerId,
    ConnectorNumber,
    EvseUid,
    LocationId,
    Party,
    RunId,
    TariffId,
)
from gateway.domain.partner_profiles import Profile
from gateway.domain.partners import Partner, Role
from gateway.domain.remote_runs import Result, Run, RunKind
from tests.builders import CPO, EMSP, NOON, OTHER_EMSP, location, tariff
from tests.ocpi.fake_partner import FakePartner, envelope
from tests.ocpi.test_v221_sessions import cdr
from tests.ocpi.world import Gateway

HUB = Party("DE", "HUB")
MODULES = ("credentials", "tokens", "hubclientinfo", "locations", "tariffs", "sessions", "cdrs")
CLIENT = {"country_code": "NL", "party_id": "EMS", "role": "EMSP", "status": "CONNECTED"}


@pytest.fixture
async def hub(gateway: Gateway) -> FakePartner:
    """A hub that registered here as DE-HUB."""
    platform = await gateway.platform(country="DE", party="HUB", modules=MODULES)
    roles = [{**role, "role": "HUB"} for role in platform.roles()]
    platform.roles = lambda: roles  # type: ignore[method-assign]
    invitation = await gateway.registration.invite("fake")
    status, answer = await platform.register_at(invitation.versions_url, invitation.token)
    assert (status, answer["status_code"]) == (200, 1000), answer
    return platform


def route(headers: dict[str, str]) -> tuple[str | None, str | None]:
    found = {name.lower(): value for name, value in headers.items()}
    pairs = [(found.get(f"ocpi-{d}-country-code"), found.get(f"ocpi-{d}-party-id")) for d in ("from", "to")]
    sender, receiver = (f"{c}-{p}" if c else None for c, p in pairs)
    return sender, receiver


async def test_cred_12_a_hub_has_only_its_own_role(gateway: Gateway, hub: FakePartner) -> None:
    assert [role.role for role in (await gateway.partner()).roles] == [Role.HUB]
    assert (await gateway.partner()).hub == HUB


async def test_hci_01_a_party_is_put_and_got(gateway: Gateway, hub: FakePartner) -> None:
    """HCI-02: without last_updated, as in the specification's example; TR-27; TR-16: 201, then 200."""
    url = hub.endpoint("hubclientinfo", "RECEIVER") + "/NL/EMS"
    assert (await hub.call("GET", url))[0] == 404
    assert (await hub.call("PUT", url, CLIENT))[0] == 201
    assert (await hub.call("PUT", url + "/", {**CLIENT, "status": "OFFLINE"}))[0] == 200
    _, shown = await hub.call("GET", url)
    assert shown["data"]["status"] == "OFFLINE"
    assert (await hub.call("PUT", url, {**CLIENT, "party_id": "XXX"}))[1]["status_code"] == 2001
    assert (await hub.call("PUT", url, {**CLIENT, "status": "AWAKE"}))[1]["status_code"] == 2001
    assert (await hub.call("DELETE", url))[0] == 405


async def test_hci_01_a_platform_that_is_no_hub_is_refused(gateway: Gateway, partner: FakePartner) -> None:
    url = partner.endpoint("hubclientinfo", "RECEIVER") + "/DE/OTH"
    http, answer = await partner.call("PUT", url, {**CLIENT, "country_code": "DE", "party_id": "OTH"})
    assert (http, answer["status_code"]) == (404, 2001)


async def test_hci_04_the_list_is_read_without_routing_headers(gateway: Gateway, hub: FakePartner) -> None:
    """TR-37: hubclientinfo carries none; TR-24: an entry that cannot be read costs only itself."""

    async def clients(_: web.Request) -> web.StreamResponse:
        return web.json_response(envelope([CLIENT, {"party_id": "?"}, {**CLIENT, "country_code": "DE"}]))

    hub.tricks[("GET", "/hubclientinfo")] = clients
    await gateway.hubs.pull(await gateway.partner())
    stored = await gateway.partner()
    found = await gateway.store.read(lambda tx: tx.hub_clients.of(stored.id))
    assert {(c.party, c.status) for c in found} == {
        (EMSP, ConnectionStatus.CONNECTED),
        (Party("DE", "EMS"), ConnectionStatus.CONNECTED),
    }
    (asked,) = hub.requests("GET", "/hubclientinfo")
    assert route(asked.headers) == (None, None)


async def test_hub_02_what_everybody_may_know_is_sent_to_the_hub(gateway: Gateway, hub: FakePartner) -> None:
    """The URL keeps our party as the owner; a CDR goes to the driver's party, never to all (HUB-01)."""
    known = await gateway.partner()
    for parcel in (LocationParcel(location()), TariffParcel(tariff()), CdrParcel(cdr())):
        answer = await gateway.client.deliver(known, parcel)
        assert answer.ocpi_status == 1000
    routes = [route(seen.headers) for seen in hub.seen if seen.method in ("PUT", "POST")]
    assert routes == [("NL-GWY", "DE-HUB"), ("NL-GWY", "DE-HUB"), ("NL-GWY", "NL-EMS")]
    assert hub.requests("PUT", "/locations/NL/GWY/LOC1")


async def test_hub_02_a_delete_is_addressed_to_each_party(gateway: Gateway, hub: FakePartner) -> None:
    """TAR-01: HUB-02 allows no DELETE to be broadcast."""
    gone = TariffRemovalParcel(CPO, TariffId("standard"), (EMSP, OTHER_EMSP))
    await gateway.client.deliver(await gateway.partner(), gone)
    deleted = [route(s.headers)[1] for s in hub.requests("DELETE", "/tariffs/NL/GWY/standard")]
    assert deleted == ["NL-EMS", "DE-OTH"]


@pytest.mark.parametrize(("owner", "receiver"), [(EMSP, "NL-EMS"), (None, None)])
async def test_hub_03_an_unknown_card_is_routed_openly(
    gateway: Gateway, hub: FakePartner, owner: Party | None, receiver: str | None
) -> None:
    """A known token names its party; an unknown one nobody. Ours is the party of the place (TR-37)."""
    place = Place(LocationId("LOC1"), (EvseUid("EVSE-1"),), Party("BE", "GWY"))
    known = await gateway.partner()
    await gateway.client.authorize(known, "04", "RFID", place, timedelta(seconds=2), owner)
    (asked,) = hub.requests("POST", "/authorize")
    assert route(asked.headers) == ("BE-GWY", receiver)


async def test_hub_04_the_token_list_is_asked_from_the_hub_itself(gateway: Gateway, hub: FakePartner) -> None:
    known = await gateway.partner()
    assert [page async for page in gateway.client.tokens(known, None)] == [[]]
    (asked,) = hub.requests("GET", "/tokens")
    assert route(asked.headers) == ("NL-GWY", "DE-HUB")


async def test_hub_08_a_result_goes_exactly_where_the_command_said(
    gateway: Gateway, hub: FakePartner
) -> None:
    """HUB-08, CMD-03: the address verbatim, over the hub's connection, from us to the party that asked."""
    run = Run(
        id=RunId("run-1"),
        kind=RunKind.START_SESSION,
        partner_id=(await gateway.partner()).id,
        party=CPO,
        response_url=f"{hub.url}/ocpi/2.2.1/commands/START_SESSION/one%2Ftwo",
        charger_id=ChargerId("CP-1"),
        plug=ConnectorNumber(1),
        number=1,
        accepted_at=NOON,
        deadline=NOON,
        sender=EMSP,
    )
    answer = await gateway.client.deliver(await gateway.partner(), CommandResultParcel(run, Result.ACCEPTED))
    assert answer.sent
    (posted,) = [seen for seen in hub.seen if seen.method == "POST"]
    assert posted.path == "/ocpi/2.2.1/commands/START_SESSION/one/two"
    assert posted.body["result"] == "ACCEPTED"
    assert route(posted.headers) == ("NL-GWY", "NL-EMS")


async def test_hub_05_an_answer_keeps_the_ids_of_both_hops(gateway: Gateway, hub: FakePartner) -> None:
    """TR-36, TR-38: the request's ids come back; sender and receiver are swapped."""
    url = hub.endpoint("tariffs")
    headers = {
        "X-Correlation-ID": "one", "OCPI-from-country-code": "NL", "OCPI-from-party-id": "EMS",
        "OCPI-to-country-code": "NL", "OCPI-to-party-id": "GWY",
    }  # fmt: skip
    _, _, answered = await hub.call_full("GET", url, **{k.replace("-", "_"): v for k, v in headers.items()})
    assert answered["X-Correlation-ID"] == "one"
    assert route(answered) == ("NL-GWY", "NL-EMS")


async def test_hub_04_a_party_behind_the_hub_gets_its_own_lists(gateway: Gateway, hub: FakePartner) -> None:
    """T20, SES-02, CDR-09: sessions and CDRs of its drivers; the hub itself gets those of everybody."""
    stored = (await gateway.partner()).id
    made = cdr(partner_id=stored)
    assert made.token is not None
    other = replace(made, id=CdrId("cdr-2"), token=replace(made.token, party=OTHER_EMSP))
    await gateway.store.write(lambda tx: [tx.cdrs.add(one) for one in (made, other)])

    async def listed(country: str, party: str) -> tuple[list[str], str]:
        named = {"OCPI_from_country_code": country, "OCPI_from_party_id": party}
        _, answer, headers = await hub.call_full("GET", hub.endpoint("cdrs", "SENDER"), **named)
        return [one["id"] for one in answer["data"]], headers["X-Total-Count"]

    assert await listed("NL", "EMS") == ([made.id], "1")
    assert await listed("DE", "OTH") == (["cdr-2"], "1")
    assert await listed("DE", "HUB") == ([made.id, "cdr-2"], "2")
    assert await listed("FR", "XXX") == ([], "0")


async def test_tr_40_a_party_that_is_not_ours_is_2001(gateway: Gateway, hub: FakePartner) -> None:
    named = {"OCPI_to_country_code": "NL", "OCPI_to_party_id": "XXX"}
    http, answer = await hub.call("GET", hub.endpoint("tariffs"), **named)
    assert (http, answer["status_code"]) == (200, 2001)


async def test_a_profile_shapes_what_is_sent(gateway: Gateway, hub: FakePartner) -> None:
    """Trailing slash, static headers, field lengths, CDR id prefix: data of the profile, nothing else."""
    profile = Profile(
        trailing_slash=True,
        static_headers=(("X-Key", "k"),),
        limits=(("locations.address", 4), ("cdrs.cdr_location.city", 3)),
        cdr_id_prefix="GW-",
    )
    known: Partner = replace(await gateway.partner(), profile=profile)
    for parcel in (LocationParcel(location()), CdrParcel(cdr())):
        await gateway.client.deliver(known, parcel)
    put, post = (s for s in hub.seen if s.method in ("PUT", "POST"))
    assert put.path.endswith("/locations/NL/GWY/LOC1/")
    assert (put.body["address"], put.headers["X-Key"]) == ("Stat", "k")
    assert post.body["id"].startswith("GW-")
    assert len(post.body["cdr_location"]["city"]) == 3


async def test_a_credit_cdr_is_not_sent_to_who_takes_none(gateway: Gateway, hub: FakePartner) -> None:
    """CDR-03: parked with the reason, and nothing has left."""
    known = replace(await gateway.partner(), profile=Profile(credit_cdrs=False))
    answer = await gateway.client.deliver(known, CdrParcel(cdr(credit_of="cdr-1")))
    assert (answer.sent, answer.http_status) == (False, 501)
    assert hub.requests("POST", "/cdrs") == []
