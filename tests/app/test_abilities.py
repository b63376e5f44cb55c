"""What an EVSE can do comes from its charger, unless people listed it (4.J)."""

import pytest

from gateway.app.abilities import learn, refused
from gateway.app.network_merge import merge_location
from gateway.app.ports import Tx
from gateway.domain.capabilities import derived
from gateway.domain.delivery import Owed
from gateway.domain.ids import EvseUid
from gateway.store.memory import MemoryStore
from tests import builders as b

ALWAYS = ("REMOTE_START_STOP_CAPABLE", "TOKEN_GROUP_CAPABLE", "UNLOCK_CAPABLE")


@pytest.mark.parametrize(
    ("features", "unsupported", "expected"),
    [
        ((), (), ()),
        (("Core",), (), ALWAYS),
        (("Core", "Reservation"), (), (ALWAYS[0], "RESERVABLE", *ALWAYS[1:])),
        (("core", "SMARTCHARGING"), ("UNLOCK_CONNECTOR",), ("CHARGING_PROFILE_CAPABLE", *ALWAYS[:2])),
        (("Core", "TokenReader"), (), (ALWAYS[0], "RFID_READER", *ALWAYS[1:])),
        (("Core", "LocalAuthListManagement", "Vendor"), (), ALWAYS),
    ],
)
def test_4_j_capabilities_follow_the_feature_profiles(
    features: tuple[str, ...], unsupported: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    """A charger that named no profile tells nothing, so nothing is claimed for it."""
    assert derived(features, unsupported) == expected


async def shown(*heard: tuple[str, ...], listed: tuple[str, ...] = ()) -> tuple[tuple[str, ...], int]:
    """The capabilities partners see, and how often the location was owed."""
    store = MemoryStore()

    def work(tx: Tx) -> tuple[tuple[str, ...], int]:
        tx.partners.save(b.partner())
        tx.chargers.save(b.charger())
        tx.locations.save(b.location(b.evse(capabilities=listed)))
        for number, features in enumerate(heard):
            learn(tx, b.CHARGER, features, b.at(60 * number + 60))
        debt = tx.debts.get(b.partner().id, Owed.LOCATION, "LOC1")
        location = tx.locations.by_evse(EvseUid("EVSE-1"))
        assert location is not None
        assert location.last_updated >= location.evses[0].last_updated
        return location.evses[0].capabilities, debt.revision if debt else 0

    return await store.write(work)


async def test_4_j_partners_hear_once_what_a_charger_can_do() -> None:
    """LOC-02: the location is owed when something changed, and only then."""
    assert await shown(("Core",), ("Core",)) == (ALWAYS, 1)


async def test_4_j_what_it_no_longer_can_do_goes() -> None:
    """After a firmware without reservations."""
    assert await shown(("Core", "Reservation"), ("Core",)) == (ALWAYS, 2)


async def test_4_j_a_charger_that_refuses_to_unlock_cannot_unlock() -> None:
    """Found out by a command; what it says of itself later still counts."""
    store = MemoryStore()

    def capabilities(tx: Tx) -> tuple[str, ...]:
        location = tx.locations.by_evse(EvseUid("EVSE-1"))
        return location.evses[0].capabilities if location else ()

    def work(tx: Tx) -> list[tuple[str, ...]]:
        tx.chargers.save(b.charger())
        tx.locations.save(b.location())
        learn(tx, b.CHARGER, ("Core",), b.at(1))
        refused(tx, b.CHARGER, "UNLOCK_CONNECTOR", b.at(2))
        seen = [capabilities(tx)]
        learn(tx, b.CHARGER, ("Core", "Reservation"), b.at(3))
        return [*seen, capabilities(tx)]

    assert await store.write(work) == [ALWAYS[:2], (ALWAYS[0], "RESERVABLE", ALWAYS[1])]


async def test_4_j_what_people_listed_stands() -> None:
    assert await shown(("Core", "Reservation"), listed=("RFID_READER",)) == (("RFID_READER",), 0)


def test_applying_the_file_again_keeps_what_was_derived() -> None:
    """A file that lists no capabilities says nothing about them; one that lists some decides."""
    before = b.location(b.evse(capabilities=ALWAYS))
    assert merge_location(before, b.location(), (), b.at(60), prune=False) == before
    listed = b.location(b.evse(capabilities=("RFID_READER",)))
    assert merge_location(before, listed, (), b.at(60), prune=False).evses[0].capabilities == ("RFID_READER",)
