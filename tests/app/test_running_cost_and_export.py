"""What a running session costs is told to its driver, and energy may flow back into the grid."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.domain import usage
from gateway.domain.periods import PeriodDimension
from gateway.domain.readings import Measurand, Reading, ReadingContext, Sample
from tests import builders as b
from tests.app.test_reporting import CARD, ENDED, STARTED, UPDATED, close, register, report, tell
from tests.app.world import World

BEGIN, END = ReadingContext.BEGIN, ReadingContext.END
ONLY_SO_FAR = {PeriodDimension.ENERGY_IMPORT, PeriodDimension.ENERGY_EXPORT}


def both_ways(
    seconds: float, imported: int, exported: int, context: ReadingContext = ReadingContext.PERIODIC
) -> Sample:
    """Registers of both directions, Wh."""
    found = ((Measurand.IMPORT_REGISTER_WH, imported), (Measurand.EXPORT_REGISTER_WH, exported))
    return Sample(b.at(seconds), tuple(Reading(m, Decimal(wh), context) for m, wh in found))


async def test_the_cost_is_told_now_and_then(world: World) -> None:
    """D21: by the engine and tariff of the CDR, not with every message, never to one that was offline."""
    begun = report(STARTED, 0, 0, id_token=CARD, samples=(register(0, 1000, BEGIN),), trigger="Authorized")
    first = await tell(world, begun)
    world.clock.move(minutes=10)
    told = await tell(world, report(UPDATED, 1, 600, samples=(register(600, 3000),)))
    session = await world.session()
    assert first.cost is not None
    assert told.cost is not None
    assert told.cost.before_taxes > first.cost.before_taxes
    world.clock.time += world.policy.session_update - timedelta(seconds=1)
    soon = await tell(world, report(UPDATED, 2, 620, samples=(register(620, 4000),)))
    world.clock.time += timedelta(seconds=1)
    late = replace(report(UPDATED, 3, 630, samples=(register(630, 5000),)), offline=True)
    assert (soon.cost, (await tell(world, late)).cost) == (None, None)
    again = await tell(world, report(UPDATED, 4, 640, samples=(register(640, 6000),)))
    assert again.cost is not None
    assert again.cost.before_taxes > told.cost.before_taxes
    ended = await tell(world, report(ENDED, 5, 700, samples=(register(700, 6000, END),)))
    await close(world)
    (cdr,) = await world.cdrs()
    assert ended.cost == cdr.bill.total
    assert cdr.session_id == session.id


async def test_without_a_driver_there_is_no_cost(world: World) -> None:
    """D09, D21: the price is the driver's, who is not known before a card is shown."""
    begun = report(STARTED, 0, 0, samples=(register(0, 1000, BEGIN),), trigger="CablePluggedIn")
    assert (await tell(world, begun)).cost is None


@pytest.mark.parametrize(
    ("imported", "exported", "kwh"), [(3000, 1000, "1.5"), (1000, 3500, "-3")], ids=["some", "only"]
)
async def test_energy_that_comes_back(world: World, imported: int, exported: int, kwh: str) -> None:
    """E09, M42, SES-13: the balance is billed, also below zero; a running session tells both directions."""
    begin, later = both_ways(0, 1000, 500, BEGIN), both_ways(1200, imported, exported)
    await tell(world, report(STARTED, 0, 0, id_token=CARD, samples=(begin,)))
    await tell(world, report(UPDATED, 1, 1200, samples=(later,)))
    session = await world.session()
    running = usage.charging_periods(session.usage, session.terms)[-1]
    shown = {v.type: v.amount for v in running.volumes if v.type in ONLY_SO_FAR}
    assert shown == {
        PeriodDimension.ENERGY_IMPORT: Decimal(imported - 1000) / 1000,
        PeriodDimension.ENERGY_EXPORT: Decimal(exported - 500) / 1000,
    }
    end = both_ways(1800, imported, exported, END)
    await tell(world, report(ENDED, 2, 1800, samples=(end,)))
    await close(world)
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == Decimal(kwh)
    assert not {v.type for period in cdr.periods for v in period.volumes} & ONLY_SO_FAR
