"""Applying a network file: once it changes what differs, twice it changes nothing (issue: declarative)."""

from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from gateway.app.network import Network
from gateway.app.network_plan import Fault, Plan, PlannedAssignment, PlannedCharger, PlanRefused
from gateway.app.ports import Tx
from gateway.domain.chargers import ChargerState, Knock, PlugMapping
from gateway.domain.delivery import Debt, Owed
from gateway.domain.ids import ChargerId, ConnectorId, ConnectorNumber, EvseUid, LocationId, Party, TariffId
from gateway.domain.partners import PartnerRole, Role
from gateway.domain.sites import EvseStatus, Location
from gateway.store.memory import MemoryStore
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.fakes import FakeClock

US = PartnerRole(Role.CPO, b.CPO, "Example Charging")
STRANGER = Party("DE", "XYZ")


def plugged(id_: str = "CP-1", uid: str = "EVSE-1", **changes: object) -> PlannedCharger:
    plug = PlugMapping(ConnectorNumber(1), EvseUid(uid), ConnectorId("1"))
    planned = PlannedCharger(ChargerId(id_), (plug,), password="a-password")
    return replace(planned, **changes)  # type: ignore[arg-type]


PLAN = Plan((US,), (b.tariff(),), (b.location(b.evse(), b.evse("EVSE-2")),), (plugged(),))


@dataclass
class Operator:
    """Someone who applies plans, and looks."""

    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)
    woken: int = 0

    def _wake(self) -> None:
        self.woken += 1

    async def apply(self, plan: Plan, *, prune: bool = False) -> list[str]:
        network = Network(self.store, KeyedSecrets("k" * 40), self.clock, self._wake)
        result = await network.apply(plan, prune=prune)
        return [f"{c.action} {c.kind} {c.id}" for c in result.changes]

    async def faults(self, plan: Plan, *, prune: bool = False) -> tuple[Fault, ...]:
        with pytest.raises(PlanRefused) as refusal:
            await self.apply(plan, prune=prune)
        return refusal.value.faults

    async def location(self) -> Location:
        found = await self.store.read(lambda tx: tx.locations.get(LocationId("LOC1")))
        assert found is not None
        return found

    async def report(self, uid: str, status: EvseStatus, at: datetime) -> None:
        """A charger reported: its EVSE's status is live from now on."""

        def work(tx: Tx) -> None:
            location = tx.locations.get(LocationId("LOC1"))
            assert location is not None
            tx.locations.save(location.with_evse_status(EvseUid(uid), status, at))
            tx.chargers.save_state(ChargerState(ChargerId("CP-1"), booted_at=at))

        await self.store.write(work)

    async def debts(self) -> list[Debt]:
        return list(await self.store.read(lambda tx: tx.debts.list()))


@pytest.fixture
def operator() -> Operator:
    return Operator()


async def test_what_is_new_is_added(operator: Operator) -> None:
    assert await operator.apply(PLAN) == [
        "added party NL-GWY",
        "added tariff NL-GWY/standard",
        "added charger CP-1",
        "added location LOC1",
    ]
    assert operator.woken == 1


async def test_applying_again_changes_nothing(operator: Operator) -> None:
    await operator.apply(PLAN)
    before = await operator.location()
    operator.clock.move(days=1)
    assert await operator.apply(PLAN) == []
    assert await operator.apply(PLAN, prune=True) == []
    assert await operator.location() == before
    assert operator.woken == 1


async def test_another_last_updated_alone_is_no_change(operator: Operator) -> None:
    """A file without last_updated is read with the current time: that must not push anything."""
    await operator.apply(PLAN)
    later = replace(PLAN.locations[0], last_updated=b.at(60))
    assert await operator.apply(replace(PLAN, locations=(later,))) == []


async def test_a_change_moves_last_updated_upwards_and_nowhere_else(operator: Operator) -> None:
    """LOC-02: connector, EVSE, location; the other EVSE keeps its time."""
    await operator.apply(PLAN)
    operator.clock.move(hours=1)
    socket = replace(b.evse().connectors[0], max_amperage=32)
    changed = b.location(b.evse(connectors=(socket,)), b.evse("EVSE-2"))
    assert await operator.apply(replace(PLAN, locations=(changed,))) == [
        "changed location LOC1",
        "changed evse LOC1/EVSE-1",
    ]
    stored, now = await operator.location(), operator.clock.now()
    assert stored.last_updated == stored.evses[0].last_updated == now
    assert stored.evses[0].connectors[0].last_updated == now
    assert stored.evses[1].last_updated == b.NOON


async def test_last_updated_never_goes_back(operator: Operator) -> None:
    await operator.apply(PLAN)
    operator.clock.move(hours=-1)
    await operator.apply(replace(PLAN, locations=(replace(PLAN.locations[0], city="Delft"),)))
    assert (await operator.location()).last_updated == b.NOON


async def test_a_live_status_is_kept(operator: Operator) -> None:
    """The charger knows; the file only says how things were planned."""
    await operator.apply(PLAN)
    await operator.report("EVSE-1", EvseStatus.CHARGING, b.at(5))
    assert await operator.apply(PLAN) == []
    assert (await operator.location()).evses[0].status is EvseStatus.CHARGING
    operator.clock.move(minutes=1)
    renamed = replace(PLAN.locations[0], name="New name")
    assert await operator.apply(replace(PLAN, locations=(renamed,))) == ["changed location LOC1"]
    assert (await operator.location()).evses[0].status is EvseStatus.CHARGING


async def test_the_status_of_an_evse_without_a_charger_is_the_files(operator: Operator) -> None:
    await operator.apply(PLAN)
    planned = b.location(b.evse(), b.evse("EVSE-2", status=EvseStatus.PLANNED))
    assert await operator.apply(replace(PLAN, locations=(planned,))) == [
        "changed location LOC1",
        "changed evse LOC1/EVSE-2",
    ]


async def test_what_is_not_mentioned_stays(operator: Operator) -> None:
    await operator.apply(PLAN)
    assert await operator.apply(Plan()) == []
    one_evse = replace(PLAN, locations=(b.location(b.evse()),))
    assert await operator.apply(one_evse) == []
    assert [evse.uid for evse in (await operator.location()).evses] == ["EVSE-1", "EVSE-2"]


async def test_prune_removes_but_never_deletes_an_evse(operator: Operator) -> None:
    """LOC-05, M03: an EVSE ends as REMOVED."""
    await operator.apply(PLAN)
    assert await operator.apply(Plan(), prune=True) == [
        "removed party NL-GWY",
        "removed tariff NL-GWY/standard",
        "removed charger CP-1",
        "changed location LOC1",
        "removed evse LOC1/EVSE-1",
        "removed evse LOC1/EVSE-2",
    ]
    assert {evse.status for evse in (await operator.location()).evses} == {EvseStatus.REMOVED}
    assert await operator.apply(Plan(), prune=True) == []


async def test_prune_takes_one_evse_out_of_a_location(operator: Operator) -> None:
    await operator.apply(PLAN)
    one_evse = replace(PLAN, locations=(b.location(b.evse()),))
    assert await operator.apply(one_evse, prune=True) == [
        "changed location LOC1",
        "removed evse LOC1/EVSE-2",
    ]
    first, second = (await operator.location()).evses
    assert (first.status, second.status) == (EvseStatus.UNKNOWN, EvseStatus.REMOVED)


async def test_partners_are_owed_what_changed_and_only_that(operator: Operator) -> None:
    await operator.store.write(lambda tx: tx.partners.save(b.partner()))
    await operator.apply(PLAN)
    assert {(d.kind, d.key, d.revision) for d in await operator.debts()} == {
        (Owed.LOCATION, "LOC1", 1),
        (Owed.TARIFF, "NL-GWY/standard", 1),
    }
    await operator.apply(PLAN)
    await operator.apply(replace(PLAN, tariffs=(b.tariff(currency="SEK"),)))
    assert {(d.kind, d.revision) for d in await operator.debts()} == {(Owed.LOCATION, 1), (Owed.TARIFF, 2)}


async def test_a_password_is_stored_as_keyed_hashes_only(operator: Operator) -> None:
    """B03, T33: every accepted form of the key, none of it readable."""
    await operator.apply(PLAN)
    charger = await operator.store.read(lambda tx: tx.chargers.get(ChargerId("CP-1")))
    assert charger is not None
    assert charger.password_hashes
    assert all(len(hash_) == 64 and "a-password" not in hash_ for hash_ in charger.password_hashes)
    assert await operator.apply(replace(PLAN, chargers=(plugged(password="another"),))) == [
        "changed charger CP-1"
    ]


async def test_credentials_left_out_of_the_file_stay(operator: Operator) -> None:
    await operator.apply(PLAN)
    assert await operator.apply(replace(PLAN, chargers=(plugged(password=None),))) == []
    certificate = plugged(password=None, certificate_subject="CN=CP-1")
    assert await operator.apply(replace(PLAN, chargers=(certificate,))) == ["changed charger CP-1"]
    charger = await operator.store.read(lambda tx: tx.chargers.get(ChargerId("CP-1")))
    assert charger is not None
    assert charger.password_hashes == ()


async def test_ids_are_found_whatever_their_case(operator: Operator) -> None:
    """TR-32: ids are CiStrings; the first spelling stays."""
    await operator.apply(PLAN)
    lower = b.location(b.evse("evse-1"), b.evse("evse-2"), id_="loc1")
    plan = replace(PLAN, locations=(lower,), tariffs=(b.tariff(id_="STANDARD"),), chargers=())
    assert [change for change in await operator.apply(plan) if change.startswith("added")] == []
    assert (await operator.location()).id == "LOC1"


OTHER_HOME = b.location(b.evse(), id_="LOC2")

FAULTS: list[tuple[str, Plan, tuple[str | int, ...], str]] = [
    (
        "party",
        replace(PLAN, tariffs=(b.tariff(party=STRANGER),)),
        ("tariffs", 0, "party_id"),
        "DE-XYZ is not",
    ),
    (
        "location's party",
        replace(PLAN, locations=(b.location(party=STRANGER),)),
        ("locations", 0, "party_id"),
        "DE",
    ),
    (
        "tariff",
        replace(PLAN, locations=(b.location(b.evse(tariff_ids=("standard", "gold"))),)),
        ("locations", 0, "evses", 0, "connectors", 0, "tariff_ids", 1),
        "NL-GWY has no tariff gold",
    ),
    (
        "EVSE",
        replace(PLAN, chargers=(plugged(uid="EVSE-9"),)),
        ("chargers", 0, "connectors", 0, "evse_uid"),
        "there is no EVSE EVSE-9",
    ),
    (
        "connector",
        replace(
            PLAN,
            chargers=(
                plugged(plugs=(PlugMapping(ConnectorNumber(1), EvseUid("EVSE-1"), ConnectorId("7")),)),
            ),
        ),
        ("chargers", 0, "connectors", 0, "connector_id"),
        "no connector 7 (known: 1)",
    ),
    (
        "plug twice",
        replace(PLAN, chargers=(plugged(), plugged("CP-2"))),
        ("chargers", 1, "connectors", 0, "evse_uid"),
        "belongs to charger CP-1",
    ),
    ("credentials", replace(PLAN, chargers=(plugged(password=None),)), ("chargers", 0), "needs a password"),
    (
        "assigned to nobody",
        replace(PLAN, assignments=(PlannedAssignment(TariffId("standard"), partner="Great eMSP"),)),
        ("tariff_assignments", 0, "partner"),
        "there is no partner named Great eMSP",
    ),
    (
        "assigned nowhere",
        replace(PLAN, assignments=(PlannedAssignment(TariffId("x"), None, b.EMSP, LocationId("LOC9")),)),
        ("tariff_assignments", 0, "location_id"),
        "there is no location LOC9",
    ),
    (
        "assigned nothing",
        replace(PLAN, assignments=(PlannedAssignment(TariffId("gold"), None, b.EMSP, LocationId("loc1")),)),
        ("tariff_assignments", 0, "tariff_id"),
        "NL-GWY has no tariff gold",
    ),
    (
        "assigned nothing anywhere",
        replace(PLAN, assignments=(PlannedAssignment(TariffId("gold"), None, b.EMSP),)),
        ("tariff_assignments", 0, "tariff_id"),
        "there is no tariff gold",
    ),
    (
        "removed EVSE",
        replace(PLAN, locations=(b.location(b.evse(status=EvseStatus.REMOVED)),)),
        ("chargers", 0, "connectors", 0, "evse_uid"),
        "EVSE-1 is REMOVED",
    ),
]


@pytest.mark.parametrize(("plan", "path", "reason"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_a_plan_that_does_not_fit_is_refused_whole(
    operator: Operator, plan: Plan, path: tuple[str | int, ...], reason: str
) -> None:
    """LOC-13, LOC-14: tariffs and plugs exist, and an EVSE belongs to one connector of one charger."""
    fault = (await operator.faults(plan))[0]
    assert fault.path == path
    assert reason in fault.reason
    assert await operator.store.read(lambda tx: tx.parties.all()) == []


async def test_a_uid_is_never_used_again(operator: Operator) -> None:
    """LOC-05: not at another location, and not after it was removed."""
    await operator.apply(PLAN)
    (fault,) = await operator.faults(Plan(locations=(OTHER_HOME,)))
    assert fault.path == ("locations", 0, "evses", 0, "uid")
    assert "belongs to location LOC1" in fault.reason
    await operator.apply(Plan(), prune=True)
    faults = await operator.faults(PLAN)
    assert {"removed for good" in f.reason for f in faults if f.path[-1] == "uid"} == {True}


async def test_with_prune_only_the_file_counts(operator: Operator) -> None:
    """A charger may not point to an EVSE that the same command removes."""
    await operator.apply(PLAN)
    only_charger = Plan(chargers=(plugged(),))
    assert await operator.apply(only_charger) == []
    (fault,) = await operator.faults(only_charger, prune=True)
    assert fault.path == ("chargers", 0, "connectors", 0, "evse_uid")


async def test_tar_02_a_tariff_in_use_is_not_removed(operator: Operator) -> None:
    """TAR-02: no connector names a tariff that the same command removes."""
    await operator.apply(PLAN)
    without = replace(PLAN, tariffs=())
    assert await operator.apply(without) == []
    named = {fault.path for fault in await operator.faults(without, prune=True)}
    assert ("locations", 0, "evses", 0, "connectors", 0, "tariff_ids", 0) in named


async def test_a_plug_of_a_stored_charger_is_taken(operator: Operator) -> None:
    await operator.apply(PLAN)
    (fault,) = await operator.faults(Plan(chargers=(plugged("CP-2"),)))
    assert "belongs to charger CP-1" in fault.reason


async def test_a_new_plan_forgets_that_a_charger_knocked(operator: Operator) -> None:
    knock = Knock(ChargerId("CP-1"), "unknown charger", "192.0.2.1", b.NOON, b.NOON)
    await operator.store.write(lambda tx: tx.chargers.note_knock(knock))
    await operator.apply(PLAN)
    assert list(await operator.store.read(lambda tx: tx.chargers.knocks())) == []


async def test_assignments_replace_what_was_agreed_about_the_same(operator: Operator) -> None:
    """TAR-06: whose and where names an agreement; others stay until `prune`."""
    gold = b.tariff(id_="gold")
    everywhere = PlannedAssignment(TariffId("gold"), partner="Great eMSP")
    here = PlannedAssignment(TariffId("gold"), None, b.OTHER_EMSP, LocationId("LOC1"))
    await operator.store.write(lambda tx: tx.partners.save(b.partner()))
    plan = replace(PLAN, tariffs=(b.tariff(), gold), assignments=(everywhere, here))
    assert "added assignment DE-OTH at LOC1" in await operator.apply(plan)
    assert await operator.apply(plan) == []
    cheaper = replace(here, tariff_id=TariffId("standard"), location_id=LocationId("loc1"))
    assert await operator.apply(Plan(assignments=(cheaper,))) == ["changed assignment DE-OTH at loc1"]
    stored = await operator.store.read(lambda tx: tx.assignments.all())
    assert [a.tariff_id for a in stored] == ["gold", "standard"]
    pruned = await operator.apply(replace(plan, assignments=(everywhere,)), prune=True)
    assert pruned == ["removed assignment DE-OTH at loc1"]
    assert [a.partner_id for a in await operator.store.read(lambda tx: tx.assignments.all())] == [
        b.partner().id
    ]
