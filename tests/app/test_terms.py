"""The tariff a session runs under: the connector's, or the one agreed with the driver's partner (TAR-06)."""

from collections.abc import Callable

import pytest

from gateway.app.agreeing import NO_CURRENCY
from gateway.app.ports import Tx
from gateway.domain.flags import FlagReason
from gateway.domain.ids import LocationId, PartnerId, TariffId
from gateway.domain.selection import TariffAssignment
from gateway.domain.sessions import Session
from tests import builders as b
from tests.app.world import World

GOLD, SILVER = TariffId("gold"), TariffId("silver")
HERE = LocationId("loc1")
PARTNER = b.partner().id


async def started(world: World, furnish: Callable[[Tx], object]) -> Session:
    await world.store.write(furnish)
    await world.start()
    return await world.session()


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        ((), "standard"),
        ((TariffAssignment(GOLD, partner_id=PARTNER),), "gold"),
        ((TariffAssignment(TariffId("GOLD"), partner_id=PARTNER),), "gold"),
        ((TariffAssignment(GOLD, party=b.EMSP),), "gold"),
        (
            (TariffAssignment(GOLD, partner_id=PARTNER), TariffAssignment(SILVER, PARTNER, None, HERE)),
            "silver",
        ),
        ((TariffAssignment(GOLD, partner_id=PartnerId("another")),), "standard"),
        ((TariffAssignment(GOLD, party=b.OTHER_EMSP),), "standard"),
        ((TariffAssignment(GOLD, PARTNER, None, LocationId("LOC2")),), "standard"),
        ((TariffAssignment(TariffId("gone"), partner_id=PARTNER),), "standard"),
    ],
)
async def test_the_partners_own_tariff_goes_first(
    world: World, assignments: tuple[TariffAssignment, ...], expected: str
) -> None:
    """TAR-06: by partner or party, everywhere or here; a snapshot of it is kept (CDR-05)."""

    def furnish(tx: Tx) -> None:
        tx.tariffs.save(b.tariff(id_="gold"))
        tx.tariffs.save(b.tariff(id_="silver"))
        tx.assignments.replace(assignments)

    session = await started(world, furnish)
    assert [t.id for t in session.terms.tariffs] == [session.terms.tariff_id] == [expected]


async def test_a_card_never_pays_the_ad_hoc_price(world: World) -> None:
    """TAR-06: a tariff for AD_HOC_PAYMENT is for drivers without a contract."""
    session = await started(world, lambda tx: tx.tariffs.save(b.tariff(type="AD_HOC_PAYMENT")))
    assert session.terms.tariff_id is None


async def test_a_driver_without_contract_pays_the_ad_hoc_price(world: World) -> None:
    """TAR-06."""

    def furnish(tx: Tx) -> None:
        tx.tariffs.save(b.tariff(type="REGULAR"))
        tx.tariffs.save(b.tariff(id_="cash", type="AD_HOC_PAYMENT"))
        tx.locations.save(b.location(b.evse(tariff_ids=("standard", "cash"))))
        tx.tokens.save(PARTNER, b.token("CASH", type="AD_HOC_USER"))

    await world.store.write(furnish)
    await world.start(card="CASH")
    assert (await world.session()).terms.tariff_id == "cash"


@pytest.mark.parametrize(
    ("currencies", "expected"), [((), NO_CURRENCY), (("SEK",), "SEK"), (("SEK", "NOK", "NOK"), "NOK")]
)
async def test_a_session_without_tariff_is_in_the_money_of_its_party(
    currencies: tuple[str, ...], expected: str
) -> None:
    """M51: no price is no reason to invent a currency."""
    world = await World().furnish()

    def furnish(tx: Tx) -> None:
        tx.tariffs.remove(b.CPO, TariffId("standard"))
        for number, code in enumerate(currencies):
            tx.tariffs.save(b.tariff(id_=f"t{number}", currency=code))

    session = await started(world, furnish)
    assert session.terms.currency == expected
    assert [flag.reason for flag in session.flags] == [FlagReason.NO_TARIFF]
