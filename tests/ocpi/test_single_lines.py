"""Lines of the checklist that no story is about, one test each."""

import json
from dataclasses import replace
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web

from gateway.app.parcels import LocationParcel
from gateway.domain.delivery import Judgement, judge
from gateway.domain.errors import InvalidInput
from gateway.domain.tokens import Token
from ocpi import v22, v211, v221, v230
from tests.builders import EMSP, at, evse, location, tariff
from tests.ocpi.fake_partner import FakePartner, encoded, envelope, token_object
from tests.ocpi.world import Gateway


async def test_pag_09_a_pulled_list_adds_and_removes_nothing(gateway: Gateway, partner: FakePartner) -> None:
    """PAG-09, TOK-04: what a filtered list leaves out is still there."""
    partner.tokens = [token_object("A"), token_object("B")]
    await gateway.tokens.pull(await gateway.partner())
    partner.tokens = [token_object("C")]
    await gateway.tokens.pull(await gateway.partner())

    def uids(tx: object) -> list[Token]:
        return [owned for uid in "ABC" for owned in tx.tokens.by_uid(uid)]  # type: ignore[attr-defined]

    assert len(await gateway.store.read(uids)) == 3


async def test_pag_09_a_whole_list_is_the_whole_truth(gateway: Gateway, partner: FakePartner) -> None:
    """Every location the partner may see is on some page."""
    await gateway.store.write(lambda tx: [tx.locations.save(location(id_=f"L{n}")) for n in range(3)])
    seen, url = set(), f"{partner.endpoint('locations')}?limit=1"
    while url:
        _, answer, headers = await partner.call_full("GET", url)
        seen |= {found["id"] for found in answer["data"]}
        url = headers["Link"].partition("<")[2].partition(">")[0] if "Link" in headers else ""
    assert seen == {"LOC1", "L0", "L1", "L2"}


async def test_ver_07_versions_and_details_need_a_token(gateway: Gateway, partner: FakePartner) -> None:
    for url in (gateway.versions_url, f"{gateway.public_url}/ocpi/2.2.1"):
        assert (await partner.call("GET", url))[0] == 200
        assert (await partner.call("GET", url, token="nobody"))[0] == 401


async def test_cred_16_relative_urls_and_slashes_of_a_partner_are_understood(gateway: Gateway) -> None:
    """CRED-16: the versions URL is kept as given; relative endpoint URLs are made absolute."""
    platform = await gateway.platform()

    async def versions(_: web.Request) -> web.StreamResponse:
        return web.json_response(envelope([{"version": "2.2.1", "url": "/ocpi/2.2.1"}]))

    async def details(_: web.Request) -> web.StreamResponse:
        listed = [("credentials", "SENDER"), ("tokens", "SENDER"), ("cdrs", "RECEIVER")]
        endpoints = [{"identifier": m, "role": r, "url": f"/ocpi/2.2.1/{m}"} for m, r in listed]
        return web.json_response(envelope({"version": "2.2.1", "endpoints": endpoints}))

    platform.tricks = {("GET", "/versions"): versions, ("GET", "/2.2.1"): details}
    stored = await gateway.registration.connect("fake", platform.versions_url, "fake-token-a", [EMSP])
    assert stored.versions_url == platform.versions_url
    assert {endpoint.url for endpoint in stored.endpoints} == {
        f"{platform.url}/ocpi/2.2.1/{module}" for module in ("credentials", "tokens", "cdrs")
    }


def test_tar_11_a_tariff_always_has_its_last_updated() -> None:
    """TAR-11: written always; one without, as in the specification's example, is refused by name."""
    written = v221.write_tariff(tariff())
    assert v221.read_tariff(written) == tariff()
    without = {name: value for name, value in written.items() if name != "last_updated"}
    with pytest.raises(InvalidInput) as refused:
        v221.read_tariff(without)
    assert refused.value.field == "last_updated"


@pytest.mark.parametrize("token", ["x" * 65, "", "two words", "na\u00efve", "tab\tbed"])
async def test_tr_08_a_token_is_short_printable_ascii(gateway: Gateway, token: str) -> None:
    """TR-08: what a partner wants to be called with; ours are, each is another one, and none is encoded."""
    platform = await gateway.platform()
    invitations = [await gateway.registration.invite("fake") for _ in range(20)]
    ours = {invitation.token for invitation in invitations}
    assert len(ours) == 20
    assert all(0 < len(t) <= 64 and all("!" <= letter <= "~" for letter in t) for t in ours)
    last = invitations[-1]
    _, answer = await platform.register_at(last.versions_url, last.token, token=token)
    assert (answer["status_code"], "token" in answer["status_message"]) == (2001, True)


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", None])
async def test_tr_10_what_is_sent_is_json(
    gateway: Gateway, partner: FakePartner, content_type: str | None
) -> None:
    """TR-10: with or without a charset, and even unsaid; our own requests say it where there is a body."""
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04A1B2C3"
    headers = {"Authorization": encoded(partner.gateway_token or "")}
    headers |= {"Content-Type": content_type} if content_type else {}
    data = json.dumps(token_object()).encode()
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.put(url, data=data, headers=headers) as answer,
    ):
        assert answer.status == 201
        assert answer.headers["Content-Type"].startswith("application/json")
    await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
    (put,) = partner.requests("PUT", "/LOC1")
    assert put.headers["Content-Type"].startswith("application/json")
    assert all("Content-Type" not in seen.headers for seen in partner.seen if seen.method == "GET")


@pytest.mark.parametrize("data", ["", ',"data":null', ',"data":{}', ',"data":[{"odd":1}]', ',"data":"fine"'])
async def test_tr_13_tr_18_data_nobody_defined_means_nothing(
    gateway: Gateway, partner: FakePartner, data: str
) -> None:
    """TR-13: absent or anything in answers to a push; TR-18: and in those that refuse it. Ours have none."""
    for status, judgement in ((1000, Judgement.DELIVERED), (2001, Judgement.REFUSED)):

        async def answer(_: web.Request, status: int = status) -> web.Response:
            return web.Response(text=f'{{"status_code":{status}{data}}}', content_type="application/json")

        partner.tricks["PUT", "/LOC1"] = answer
        result = await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))
        assert judge(result) is judgement
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04A1B2C3"
    assert "data" not in (await partner.call("PUT", url, token_object()))[1]


async def test_tr_23_what_a_lost_push_was_about_is_in_the_list(
    gateway: Gateway, partner: FakePartner
) -> None:
    """TR-23: a partner that lost a push finds the object, whole, by asking for what changed since."""

    async def down(_: web.Request) -> web.Response:
        return web.Response(status=503)

    partner.tricks["PUT", "/LOC1"] = down
    changed = replace(location(), name="Renamed", last_updated=at(60))
    await gateway.store.write(lambda tx: tx.locations.save(changed))
    result = await gateway.client.deliver(await gateway.partner(), LocationParcel(changed))
    assert judge(result) is Judgement.RETRY
    since = partner.endpoint("locations") + "?date_from="
    _, answer = await partner.call("GET", since + "2026-11-22T12:00:30Z")
    (found,) = answer["data"]
    assert (found["name"], len(found["evses"])) == ("Renamed", 1)
    _, answer = await partner.call("GET", since + "2026-11-22T12:01:01Z")
    assert answer["data"] == []


@pytest.mark.parametrize("module", ["locations", "tariffs", "cdrs", "sessions"])
async def test_pag_08_only_sessions_need_a_date(gateway: Gateway, partner: FakePartner, module: str) -> None:
    """PAG-08."""
    _, answer = await partner.call("GET", partner.endpoint(module))
    assert answer["status_code"] == (2001 if module == "sessions" else 1000)
    _, answer = await partner.call("GET", partner.endpoint(module) + "?date_from=2026-01-01T00:00:00Z")
    assert answer["status_code"] == 1000


@pytest.mark.parametrize("evse_id", ["NL*GWY*E1", "NLGWYE1", "DE*OTH*E1*2", None])
def test_loc_07_loc_08_evse_ids_stay_as_they_were_given(evse_id: str | None) -> None:
    """LOC-07: there may be none; LOC-08: with separators and without, of any operator."""
    written = v221.write_location(location(evse(evse_id=evse_id)))
    assert written["evses"][0].get("evse_id") == evse_id
    assert v221.read_location(written).evses[0].evse_id == evse_id


def test_loc_15_less_power_than_voltage_times_current_is_said() -> None:
    """LOC-15: volts between line and neutral; power only where it is given, and in watts."""
    (one,) = evse().connectors
    limited = evse(connectors=(replace(one, max_electric_power=7400),))
    assert v221.write_connector(one).get("max_electric_power") is None
    assert v221.write_evse(limited)["connectors"][0]["max_electric_power"] == 7400
    assert v221.write_connector(one)["max_voltage"] == 230


@pytest.mark.parametrize("dialect", [v211, v22, v221, v230])
def test_tar_09_words_about_a_tariff_are_its_owners(dialect: object) -> None:
    """TAR-09: nothing of the structured prices is repeated as text; what people wrote passes as it is."""
    assert "tariff_alt_text" not in dialect.write_tariff(tariff())  # type: ignore[attr-defined]


@pytest.mark.parametrize("dialect", [v211, v22, v221, v230])
def test_tar_03_every_element_has_its_components(dialect: object) -> None:
    """TAR-03: in the order of the tariff, which decides which component counts."""
    first, second = tariff().elements[0], replace(tariff().elements[0])
    cheap = replace(second.components[0], price=Decimal("0.10"))
    written = dialect.write_tariff(  # type: ignore[attr-defined]
        replace(tariff(), elements=(first, replace(second, components=(cheap,))))
    )
    prices = [[c["price"] for c in element["price_components"]] for element in written["elements"]]
    assert prices == [[Decimal("0.5"), Decimal("0.35")], [Decimal("0.1")]]
