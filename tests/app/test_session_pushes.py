"""What a push of a running session is: whole or growth, by what the partner is known to hold (SES-03)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.app.parcels import Parcel, SessionParcel
from gateway.domain.delivery import Answer, Owed
from gateway.domain.partner_profiles import Profile
from gateway.domain.partners import Partner
from gateway.domain.tariffs import Dimension, Restrictions, TariffElement
from ocpi.v221 import request_for
from tests import builders as b
from tests.app.world import World
from tests.fakes import ACCEPTED


@pytest.fixture
async def sold(world: World) -> World:
    """Prices change after ten minutes, so that a session of twenty has two periods."""
    parts = (b.component(Dimension.ENERGY, "0.35"),)
    tariff = replace(
        b.tariff(),
        elements=(
            TariffElement(parts, Restrictions(max_duration_s=600)),
            TariffElement((b.component(Dimension.ENERGY, "0.50"),), Restrictions()),
        ),
    )
    await world.store.write(lambda tx: tx.tariffs.save(tariff))
    return world


async def pushed(world: World, seconds: float) -> list[SessionParcel]:
    """What is sent of sessions when time has come this far."""
    world.clock.time = b.at(seconds)
    before = len(world.partners.sent)
    partner = await world.store.read(lambda tx: tx.partners.get(b.partner().id))
    assert partner is not None
    for _ in range(3):
        await world.deliveries.send_due(partner)
    return [p for _, p in world.partners.sent[before:] if isinstance(p, SessionParcel)]


def body(parcel: SessionParcel) -> tuple[str, dict[str, object]]:
    request = request_for(parcel, b.partner())
    return request.method, request.body


async def started(world: World) -> str:
    answer = await world.start(0, meter=0)
    (parcel,) = await pushed(world, 1)
    assert body(parcel)[0] == "PUT"
    return answer.transaction


async def test_growth_is_a_patch_and_the_end_is_whole(sold: World) -> None:
    """SES-03: kwh and cost by PATCH, a period once it no longer changes, everything by PUT at the end."""
    transaction = await started(sold)
    sold.clock.time = b.at(300)
    await sold.values(transaction, b.register_sample(300, 1000))
    (parcel,) = await pushed(sold, 400)
    method, value = body(parcel)
    assert (method, value["kwh"]) == ("PATCH", Decimal(1))
    assert set(value) <= {"kwh", "total_cost", "last_updated"}

    sold.clock.time = b.at(1200)
    await sold.values(transaction, b.register_sample(1200, 4000))
    (parcel,) = await pushed(sold, 1300)
    method, value = body(parcel)
    assert method == "PATCH"
    assert len(value["charging_periods"]) == 1  # type: ignore[arg-type]

    await sold.stop(transaction, 1500, 5000)
    (parcel, *_) = await pushed(sold, 1600)
    method, value = body(parcel)
    assert method == "PUT"
    assert len(value["charging_periods"]) == 2  # type: ignore[arg-type]


async def test_periods_are_of_prices_and_not_of_samples(sold: World) -> None:
    """SES-11: forty samples and two prices make two periods."""
    transaction = await started(sold)
    for n in range(1, 41):
        await sold.values(transaction, b.register_sample(n * 30, n * 100))
    await sold.stop(transaction, 1230, 4100)
    (parcel, *_) = await pushed(sold, 1300)
    assert len(body(parcel)[1]["charging_periods"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "doubt",
    [
        Answer(error="no answer within 30 s", sent=True),
        Answer(http_status=500, message="oops"),
        Answer(http_status=404, message="no such session"),
        Answer(http_status=405, message="no PATCH here"),
        Answer(http_status=200, ocpi_status=2001, message="no"),
    ],
)
async def test_after_any_doubt_the_whole_session_is_sent(sold: World, doubt: Answer) -> None:
    """SES-03: a PATCH that may have arrived would append its periods twice."""
    transaction = await started(sold)
    await sold.values(transaction, b.register_sample(300, 1000))
    methods: list[str] = []

    def answering(partner: Partner, parcel: Parcel) -> Answer:
        if not isinstance(parcel, SessionParcel):
            return ACCEPTED
        methods.append(body(parcel)[0])
        return doubt if methods[-1] == "PATCH" else ACCEPTED

    sold.partners.answering = answering
    for seconds in (400, 500, 600):
        await pushed(sold, seconds)
    assert methods == ["PATCH", "PUT"]
    debt = (await sold.store.read(lambda tx: tx.debts.list()))[-1]
    assert debt.kind is Owed.SESSION
    assert debt.settled == debt.revision


async def test_a_partner_that_wants_no_patch_gets_none(sold: World) -> None:
    """SES-03: a matter of the partner's profile."""
    profile = Profile(session_patch=False)
    await sold.store.write(lambda tx: tx.partners.save(b.partner(profile=profile)))
    transaction = await started(sold)
    await sold.values(transaction, b.register_sample(300, 1000))
    (parcel,) = await pushed(sold, 400)
    assert body(parcel)[0] == "PUT"
