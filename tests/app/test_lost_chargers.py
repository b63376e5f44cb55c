"""Chargers that go away in the middle of a charge and never come back (C17)."""

import pytest

from gateway.domain.sessions import FlagReason
from tests import builders as b
from tests.app.world import World


async def charging(world: World) -> str:
    started = await world.start(meter=1000)
    await world.values(started.transaction, b.register_sample(300, 2500))
    await world.charging.disconnected(b.CHARGER)
    return str(started.transaction)


async def looked(world: World, days: float) -> None:
    world.clock.move(days=days)
    await world.presence.close_lost()
    await world.closing.close_due()


async def test_what_was_charged_is_billed(world: World) -> None:
    """C17, M50: with the last value that was heard, and the reason in the remark; once."""
    await charging(world)
    await looked(world, 6.9)
    assert (await world.session()).open
    await looked(world, 0.2)
    await looked(world, 10)
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == 1.5
    assert cdr.remark is not None
    assert "did not come back" in cdr.remark
    assert FlagReason.ORPHAN_CLOSED in {flag.reason for flag in (await world.session()).flags}


async def test_its_end_corrects_the_bill(world: World) -> None:
    """C17: a charger that comes back after all still has the last word."""
    transaction = await charging(world)
    await looked(world, 8)
    await world.stop(transaction, 600, 4000)
    assert [cdr.bill.energy_kwh for cdr in await world.cdrs()][-1] == 3


@pytest.mark.parametrize("sign", ["online", "seen"])
async def test_whoever_shows_a_sign_of_life_keeps_its_session(world: World, sign: str) -> None:
    """C17, Q35: a car parked for weeks at a charger that sends no values, or dials now and then."""
    await charging(world)
    world.clock.move(days=6)
    if sign == "online":
        world.chargers.present.add(b.CHARGER)
    else:
        await world.charging.connected(b.CHARGER, "ocpp1.6")
    await looked(world, 6)
    assert (await world.session()).open
