"""What is agreed with one partner is data: its profile shapes what is sent and offered (partners.md)."""

import asyncio
import time
from dataclasses import replace

import pytest
from aiohttp import web

from gateway.app.parcels import ConnectorParcel, EvseParcel, LocationParcel, Parcel, TariffParcel
from gateway.domain.delivery import Answer, Judgement, judge
from gateway.domain.errors import PartnerUnreachable
from gateway.domain.partner_profiles import Profile, with_setting
from gateway.domain.partners import Partner
from gateway.domain.sites import EnergyMix, EvseStatus, OpeningTimes
from gateway.profiles import presets
from tests.builders import evse, location, tariff
from tests.ocpi.fake_partner import FakePartner, encoded, envelope, token_object
from tests.ocpi.world import Gateway


def agreed(**settings: str) -> Profile:
    profile = Profile()
    for name, text in settings.items():
        profile = with_setting(profile, name, text)
    return profile


async def partner_with(gateway: Gateway, profile: Profile) -> Partner:
    known = replace(await gateway.partner(), profile=profile)
    await gateway.store.write(lambda tx: tx.partners.save(known))
    return known


@pytest.mark.parametrize("status", [200, 201])
async def test_a_put_may_be_answered_200_or_201(gateway: Gateway, partner: FakePartner, status: int) -> None:
    """TR-16: whether the object was new there is the partner's affair."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(envelope(), status=status)

    partner.tricks["PUT", "/LOC1"] = answer
    assert judge(await gateway.client.deliver(await gateway.partner(), LocationParcel(location()))) is (
        Judgement.DELIVERED
    )


async def test_headers_a_partner_leaves_out_are_not_missed(gateway: Gateway, partner: FakePartner) -> None:
    """TR-10, TR-36, TR-39: no message ids, no routing, no content type; the request works all the same."""
    url = f"{partner.endpoint('tokens', 'RECEIVER')}/NL/EMS/04A1B2C3"
    assert partner._session is not None
    headers = {"Authorization": encoded(partner.gateway_token or "")}
    text = web.json_response(token_object()).body
    skipped = ["Content-Type", "Accept", "User-Agent", "Accept-Encoding"]
    async with partner._session.put(url, data=text, headers=headers, skip_auto_headers=skipped) as answer:
        assert answer.status == 201
        assert "X-Request-ID" not in answer.headers


@pytest.mark.parametrize("most", [1, 3])
async def test_as_many_requests_at_once_as_agreed(gateway: Gateway, partner: FakePartner, most: int) -> None:
    """F13: nine requests at a time, `concurrency` of them on their way."""
    known = await partner_with(gateway, agreed(concurrency=str(most), requests_per_second="1000"))
    open_, seen, release = 0, [], asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        nonlocal open_
        open_ += 1
        seen.append(open_)
        if open_ == most:
            release.set()
        async with asyncio.timeout(15):
            await release.wait()
        open_ -= 1
        return web.json_response(envelope())

    partner.tricks["PUT", "/LOC1"] = slow
    parcels = [gateway.client.deliver(known, LocationParcel(location())) for _ in range(9)]
    answers = await asyncio.gather(*parcels)
    assert {judge(answer) for answer in answers} == {Judgement.DELIVERED}
    assert max(seen) == most


async def test_as_many_requests_a_second_as_agreed(gateway: Gateway, partner: FakePartner) -> None:
    """F6: a burst of one second's worth, then the pace: 6 requests at 4 a second take half a second."""
    known = await partner_with(gateway, agreed(requests_per_second="4"))
    began = time.monotonic()
    for _ in range(6):
        await gateway.client.deliver(known, LocationParcel(location()))
    assert time.monotonic() - began >= 0.45
    assert len(partner.requests("PUT", "/LOC1")) == 6


async def test_a_module_that_is_not_agreed_is_neither_offered_nor_served(
    gateway: Gateway, partner: FakePartner
) -> None:
    """VER-04: the list of endpoints is the partner's own; credentials are always there."""
    await partner_with(gateway, agreed(modules="locations, tariffs"))
    _, details = await partner.call("GET", f"{gateway.public_url}/ocpi/2.2.1")
    assert {e["identifier"] for e in details["data"]["endpoints"]} == {"credentials", "locations", "tariffs"}
    for module, status in (("locations", 200), ("tariffs", 200), ("cdrs", 404), ("credentials", 200)):
        http, answer = await partner.call("GET", partner.endpoint(module))
        assert http == status, module
        assert "not agreed" in answer["status_message"] or status == 200


async def test_a_module_that_is_not_agreed_is_not_called(gateway: Gateway, partner: FakePartner) -> None:
    """The reason is kept with the delivery; cards are not asked about, tokens are not pulled."""
    known = await partner_with(gateway, agreed(modules="cdrs"))
    seen = len(partner.seen)
    answer = await gateway.client.deliver(known, TariffParcel(tariff()))
    assert (answer.sent, answer.message) == (False, "tariffs is not agreed with this partner")
    with pytest.raises(PartnerUnreachable):
        await gateway.tokens.pull(known)
    assert len(partner.seen) == seen


NDW = presets()["ndw"].settings["required"]
HOURS = OpeningTimes(twentyfourseven=True)
GREEN = EnergyMix(is_green_energy=True)
(PLAIN,) = evse().connectors
POWERED = replace(PLAIN, max_electric_power=11_000)
COMPLETE = location(
    evse(connectors=(POWERED,), parking_restrictions=("EV_ONLY",)), opening_times=HOURS, energy_mix=GREEN
)


async def send(gateway: Gateway, parcel: Parcel, required: str = NDW) -> Answer:
    return await gateway.client.deliver(await partner_with(gateway, agreed(required=required)), parcel)


LACKING = [
    (replace(COMPLETE, opening_times=None), "opening_times"),
    (replace(COMPLETE, opening_times=None, energy_mix=None), "opening_times, energy_mix"),
    (
        replace(COMPLETE, evses=(*COMPLETE.evses, evse("EVSE-2", connectors=(POWERED,)))),
        "evses[1].parking_restrictions",
    ),
    (
        replace(COMPLETE, evses=(evse(parking_restrictions=("EV_ONLY",), connectors=(POWERED, PLAIN)),)),
        "evses[0].connectors[1].max_electric_power",
    ),
    (
        replace(
            COMPLETE,
            evses=(evse(parking_restrictions=("EV_ONLY",), connectors=(replace(POWERED, tariff_ids=()),)),),
        ),
        "evses[0].connectors[0].tariff_ids",
    ),
]


@pytest.mark.parametrize(("place", "fields"), LACKING, ids=[case[1] for case in LACKING])
async def test_what_a_partner_demands_and_a_location_lacks_is_named(
    gateway: Gateway, partner: FakePartner, place: object, fields: str
) -> None:
    """The mandatory fields of NDW: refused here with the field, and nothing is sent."""
    answer = await send(gateway, LocationParcel(place))  # type: ignore[arg-type]
    assert judge(answer) is Judgement.REFUSED
    assert answer.message == f"lacks what this partner demands: {fields}"
    assert not answer.sent
    assert partner.requests("PUT", "/LOC1") == []


async def test_a_long_list_of_what_is_lacking_is_cut(gateway: Gateway, partner: FakePartner) -> None:
    """As many as a person reads; the rest is counted."""
    many = replace(COMPLETE, evses=tuple(evse(f"EVSE-{n}", connectors=(POWERED,)) for n in range(11)))
    message = (await send(gateway, LocationParcel(many))).message
    assert "evses[7].parking_restrictions and 3 more" in message


async def test_what_has_all_that_is_demanded_is_sent(gateway: Gateway, partner: FakePartner) -> None:
    """So are the status of an EVSE and a tariff; an EVSE that was removed needs nothing any more."""
    gone = replace(COMPLETE, evses=(*COMPLETE.evses, evse("EVSE-2", status=EvseStatus.REMOVED)))
    for parcel in (LocationParcel(gone), EvseParcel(COMPLETE, COMPLETE.evses[0]), TariffParcel(tariff())):
        assert judge(await send(gateway, parcel)) is Judgement.DELIVERED


async def test_a_connector_sent_alone_has_to_have_it_too(gateway: Gateway, partner: FakePartner) -> None:
    lacking = ConnectorParcel(COMPLETE, COMPLETE.evses[0], PLAIN)
    assert (await send(gateway, lacking)).message.endswith("demands: max_electric_power")
    assert judge(await send(gateway, replace(lacking, connector=POWERED))) is Judgement.DELIVERED


async def test_the_part_of_what_is_not_there_is_missing(gateway: Gateway, partner: FakePartner) -> None:
    answer = await send(gateway, LocationParcel(location()), "locations.energy_mix.supplier_name")
    assert answer.message.endswith("demands: energy_mix")
    answer = await send(gateway, LocationParcel(COMPLETE), "locations.energy_mix.supplier_name")
    assert answer.message.endswith("demands: energy_mix.supplier_name")
    bare = location()
    empty = replace(bare, evses=())
    assert judge(await send(gateway, LocationParcel(empty), "locations.evses.evse_id")) is Judgement.DELIVERED


async def test_lists_are_not_judged(gateway: Gateway, partner: FakePartner) -> None:
    """A partner that reads our list gets what there is; only what is pushed is refused here."""
    await partner_with(gateway, agreed(required=NDW))
    _, answer = await partner.call("GET", partner.endpoint("locations"))
    assert len(answer["data"]) == 1
