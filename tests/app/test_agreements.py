"""Changing what is agreed with a partner: what it may see from now on it is owed (partners.md)."""

from datetime import timedelta

import pytest

from gateway.app.partner_profiles import PartnerProfiles
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import InvalidInput
from gateway.domain.events import IdToken
from gateway.domain.partner_profiles import Profile, with_setting
from gateway.domain.partners import PartnerState
from gateway.domain.tokens import Whitelist
from gateway.profiles import presets
from tests import builders as b
from tests.app.world import World

NAME = b.partner().name


def profiles(world: World) -> PartnerProfiles:
    return PartnerProfiles(world.store, presets(), world.clock, world.wake)


async def waiting(world: World) -> set[Owed]:
    debts = await world.store.read(lambda tx: tx.debts.list())
    return {debt.kind for debt in debts if debt.state is DebtState.WAITING}


@pytest.mark.parametrize(
    ("settings", "owed"),
    [
        ({"modules": "locations"}, {Owed.LOCATION}),
        ({"modules": "tariffs, tokens"}, {Owed.TARIFF, Owed.PULL_TOKENS}),
        ({"hidden_locations": "LOC1"}, {Owed.TARIFF, Owed.PULL_TOKENS}),
        ({"our_parties": "DE-XXX"}, {Owed.PULL_TOKENS}),
        ({"requests_per_second": "5"}, set()),
        ({"modules": ""}, set()),
    ],
)
async def test_who_may_see_something_else_is_owed_it(settings: dict[str, str], owed: set[Owed]) -> None:
    world = await World().furnish()
    await profiles(world).change(NAME, None, settings)
    assert await waiting(world) == owed


async def test_a_partner_that_is_not_registered_is_owed_nothing() -> None:
    world = await World().furnish()
    await world.store.write(lambda tx: tx.partners.save(b.partner(state=PartnerState.INVITED)))
    await profiles(world).change(NAME, "ndw", {})
    assert await waiting(world) == set()


async def test_a_preset_and_settings_are_taken_together_or_not_at_all() -> None:
    world = await World().furnish()
    changed = await profiles(world).change(NAME, "ndw", {"concurrency": "2"})
    assert (changed.preset, changed.modules, changed.concurrency) == ("ndw", ("locations", "tariffs"), 2)
    with pytest.raises(InvalidInput):
        await profiles(world).change(NAME, "plugsurfing", {"concurrency": "none"})
    assert await profiles(world).of(NAME) == changed


@pytest.mark.parametrize(("agreed", "given"), [("0.5", 0.5), ("30", 1.0)])
async def test_an_issuer_has_the_time_that_was_agreed(world: World, agreed: str, given: float) -> None:
    """TOK-06: and never more than the charger waits for all of them together, here 1 s."""
    profile = with_setting(Profile(), "authorize_timeout_s", agreed)
    await world.store.write(lambda tx: tx.partners.save(b.partner(profile=profile)))
    await world.store.write(lambda tx: tx.tokens.save(b.partner().id, b.token(whitelist=Whitelist.NEVER)))
    await world.authorizing.by_card(b.CHARGER, IdToken("04A1B2C3"), b.PLUG)
    assert world.partners.patience == [timedelta(seconds=given)]
