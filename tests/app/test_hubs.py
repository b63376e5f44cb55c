"""Hubs and profiles in the use cases: who is behind a hub, what waits, what is agreed (HCI, HUB, F14)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.app.entitlement import owe_tariff
from gateway.app.hubs import WAITS_FOR_PARTY, Hubs
from gateway.app.parcels import CdrParcel, TariffRemovalParcel
from gateway.app.ports import Tx
from gateway.app.tokens import Tokens
from gateway.domain.authorization import PartnerVerdict, Verdict
from gateway.domain.delivery import Answer, Debt, DebtState, Owed
from gateway.domain.errors import NotYours, PartnerUnreachable
from gateway.domain.events import IdToken
from gateway.domain.hubs import ConnectionStatus, HubClient
from gateway.domain.ids import Party
from gateway.domain.partner_profiles import OnSilence, Profile
from gateway.domain.partners import Endpoint, InterfaceRole, Partner, PartnerRole, Role
from gateway.domain.tokens import Whitelist
from tests import builders as b
from tests.app.world import World

HUB = Party("DE", "HUB")
OFFLINE, SUSPENDED = ConnectionStatus.OFFLINE, ConnectionStatus.SUSPENDED


def hub(**changes: object) -> Partner:
    return b.partner(roles=(PartnerRole(Role.HUB, HUB, "Hub"),), **changes)


def client(party: Party = b.EMSP, **changes: object) -> HubClient:
    made = HubClient(hub().id, party, Role.EMSP, ConnectionStatus.CONNECTED, b.NOON)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def world() -> World:
    """The usual world; the eMSP of the card is behind a hub."""
    made = await World().furnish()
    await made.store.write(lambda tx: (tx.partners.save(hub()), tx.hub_clients.save(client())))
    made.hubs = Hubs(made.store, made.partners, made.clock, made.wake.deliveries)  # type: ignore[attr-defined]
    return made


def hubs(world: World) -> Hubs:
    return world.hubs  # type: ignore[attr-defined,no-any-return]


async def debt(world: World, kind: Owed) -> Debt:
    found = await world.store.read(lambda tx: [d for d in tx.debts.list() if d.kind is kind])
    assert len(found) == 1
    return found[0]


async def charged(world: World) -> None:
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 1200, 6000)
    world.clock.move(minutes=21)
    await world.closing.close_due()


async def test_hci_03_documents_wait_while_their_party_is_offline(world: World) -> None:
    """OFFLINE: nothing is sent; when the hub reports CONNECTED, what waited goes at once (F14)."""
    await hubs(world).put(hub(), client(status=OFFLINE, last_updated=b.at(1)))
    await charged(world)
    await world.deliveries.send_due(hub())
    waiting = await debt(world, Owed.CDR)
    assert (waiting.state, waiting.attempts) == (DebtState.WAITING, 0)
    assert world.partners.sent == []
    assert (await debt(world, Owed.SESSION)).reason == WAITS_FOR_PARTY

    await hubs(world).put(hub(), client(last_updated=b.at(2)))
    world.clock.move(seconds=2)
    await world.deliveries.send_due(hub())
    world.clock.move(seconds=2)
    await world.deliveries.send_due(hub())
    assert any(isinstance(parcel, CdrParcel) for _, parcel in world.partners.sent)


async def test_hci_03_a_suspended_party_gets_nothing_any_more(world: World) -> None:
    await hubs(world).put(hub(), client(status=SUSPENDED, last_updated=b.at(1)))
    await charged(world)
    await world.deliveries.send_due(hub())
    parked = await debt(world, Owed.SESSION)
    assert parked.state is DebtState.PARKED
    assert "suspended" in (parked.reason or "")
    assert world.partners.sent == []


@pytest.mark.parametrize("status", [s for s in ConnectionStatus if s is not ConnectionStatus.CONNECTED])
async def test_hci_03_an_unreachable_issuer_is_not_asked(world: World, status: ConnectionStatus) -> None:
    """TOK-05: without asking, the whitelist decides."""
    offline_ok = b.token(whitelist=Whitelist.ALLOWED_OFFLINE)
    await world.store.write(lambda tx: tx.tokens.save(hub().id, offline_ok))
    await hubs(world).put(hub(), client(status=status, last_updated=b.at(1)))
    decided = await world.authorizing.by_card(b.CHARGER, IdToken("04A1B2C3"), b.PLUG)
    assert (decided.verdict, world.partners.asked) == (Verdict.ALLOWED, [])
    assert str(status) in decided.reason


async def test_hub_03_an_unknown_card_may_be_of_anybody_behind_the_hub(world: World) -> None:
    """The answer's token names the party that pays; the hub is where its documents go."""
    stranger = b.token("99", party=b.OTHER_EMSP)
    world.partners.verdicts[hub().id] = PartnerVerdict(Verdict.ALLOWED, token=stranger)
    decided = await world.authorizing.by_card(b.CHARGER, IdToken("99"), b.PLUG)
    assert decided.accepted
    assert decided.token is not None
    assert (decided.token.party, decided.partner_id) == (b.OTHER_EMSP, hub().id)


async def test_tr_26_a_hub_brings_tokens_of_the_parties_behind_it(world: World) -> None:
    """HUB-07: the connection authorizes, the body says whose token it is; strangers' are refused (TOK-14)."""
    tokens = Tokens(world.store, world.partners, world.clock)
    assert await tokens.put(hub(), b.token("NEW"))
    with pytest.raises(NotYours):
        await tokens.put(hub(), b.token("NEW", party=b.OTHER_EMSP))
    await hubs(world).put(hub(), client(b.OTHER_EMSP, role=Role.CPO))
    with pytest.raises(NotYours):
        await tokens.put(hub(), b.token("NEW", party=b.OTHER_EMSP))


async def test_hci_04_the_whole_list_is_pulled_and_a_bad_entry_costs_itself(world: World) -> None:
    await world.store.write(lambda tx: tx.parties.save(PartnerRole(Role.CPO, b.CPO, "ours")))
    world.partners.behind[hub().id] = [[client(b.OTHER_EMSP), client(b.CPO)], [client(status=OFFLINE)]]
    await hubs(world).pull(hub())
    found = await world.store.read(lambda tx: {c.party: c.status for c in tx.hub_clients.of(hub().id)})
    assert found == {b.OTHER_EMSP: ConnectionStatus.CONNECTED, b.EMSP: OFFLINE}


async def test_hci_01_only_hubs_speak_of_parties(world: World) -> None:
    """CRED-13: and a hub cannot speak of ours."""
    await world.store.write(lambda tx: tx.parties.save(PartnerRole(Role.CPO, b.CPO, "ours")))
    for partner, party in ((b.partner(), b.EMSP), (hub(), b.CPO)):
        with pytest.raises(NotYours):
            await hubs(world).put(partner, client(party))


async def test_an_older_report_of_a_hub_changes_nothing(world: World) -> None:
    """T36; where last_updated says nothing (e-clearing), the last word counts."""
    older = client(status=OFFLINE, last_updated=b.at(-60))
    assert not await hubs(world).put(hub(), older)
    assert (await hubs(world).get(hub(), b.EMSP)).status is ConnectionStatus.CONNECTED
    await hubs(world).put(hub(profile=Profile(ordered_by_time=False)), older)
    assert (await hubs(world).get(hub(), b.EMSP)).status is OFFLINE


async def test_hub_02_a_removed_tariff_is_told_to_each_party(world: World) -> None:
    """A DELETE is no broadcast: everyone behind the hub who is connected gets one (TAR-01)."""

    def remove(tx: Tx) -> None:
        tx.hub_clients.save(client(b.OTHER_EMSP))
        tx.hub_clients.save(client(Party("FR", "GON"), status=OFFLINE))
        owe_tariff(tx, b.tariff(), b.NOON)
        tx.tariffs.remove(b.CPO, b.tariff().id)

    await world.store.write(remove)
    await world.deliveries.send_due(hub())
    ((_, parcel),) = world.partners.sent
    assert isinstance(parcel, TariffRemovalParcel)
    assert set(parcel.receivers) == {b.EMSP, b.OTHER_EMSP}


def removed(tx: Tx, partner: Partner) -> None:
    """The tariff was given to the partner and is removed."""
    tx.partners.save(partner)
    tx.debts.owe(partner.id, Owed.TARIFF, f"{b.CPO}/standard", b.NOON, b.NOON)
    owe_tariff(tx, b.tariff(), b.NOON, removed=True)
    tx.tariffs.remove(b.CPO, b.tariff().id)


async def told(world: World, partner: Partner) -> list[set[Party]]:
    """Whom the deliveries that are due tell of a removal."""
    world.partners.sent.clear()
    world.clock.move(seconds=1)
    await world.deliveries.send_due(partner)
    return [set(p.receivers) for _, p in world.partners.sent if isinstance(p, TariffRemovalParcel)]


async def test_hub_02_a_removal_waits_for_who_is_not_there(world: World) -> None:
    """TAR-01, HCI-03: who was away, or not announced yet, is told when it can be reached; nobody twice."""
    clients_endpoint = Endpoint("hubclientinfo", InterfaceRole.SENDER, "https://ems.example/clients")
    partner = replace(hub(), endpoints=(*hub().endpoints, clients_endpoint))

    def work(tx: Tx) -> None:
        tx.hub_clients.save(client(status=OFFLINE))
        removed(tx, partner)

    await world.store.write(work)
    assert await told(world, partner) == []
    await hubs(world).put(hub(), client(b.OTHER_EMSP))
    assert await told(world, partner) == [{b.OTHER_EMSP}]
    await hubs(world).put(hub(), client(last_updated=b.at(9)))
    assert await told(world, partner) == [{b.EMSP, b.OTHER_EMSP}]
    await hubs(world).put(hub(), client(last_updated=b.at(10)))
    assert await told(world, partner) == []


async def test_hub_02_a_hub_that_names_nobody_is_told_itself(world: World) -> None:
    """TAR-01: what it does with it is shown where deliveries are."""

    def work(tx: Tx) -> None:
        tx.hub_clients.save(client(status=OFFLINE))
        removed(tx, hub())

    await world.store.write(work)
    assert await told(world, hub()) == [{HUB}]


@pytest.mark.parametrize("status", [4000, 4001, 4002, 4003])
@pytest.mark.parametrize("http", [200, 404])
async def test_hub_06_what_a_hub_could_not_hand_on_is_sent_again(
    world: World, status: int, http: int
) -> None:
    """F14: 4xxx says nothing about the document, whatever the HTTP status."""
    await charged(world)
    world.partners.answering = lambda partner, parcel: Answer(http_status=http, ocpi_status=status)
    await world.deliveries.send_due(hub())
    failed = await debt(world, Owed.SESSION)
    assert (failed.state, failed.attempts) == (DebtState.WAITING, 1)


@pytest.mark.parametrize(
    ("agreed", "verdict"),
    [
        (OnSilence.WHITELIST, Verdict.NOT_ALLOWED),
        (OnSilence.ALLOW, Verdict.ALLOWED),
        (OnSilence.REFUSE, Verdict.NOT_ALLOWED),
    ],
)
async def test_what_silence_means_is_agreed_with_the_partner(
    world: World, agreed: OnSilence, verdict: Verdict
) -> None:
    """TOK-05 unless another meaning was agreed."""
    partner = b.partner(profile=Profile(on_silence=agreed))

    def work(tx: Tx) -> None:
        tx.partners.save(partner)
        tx.tokens.save(partner.id, b.token(whitelist=Whitelist.NEVER))

    await world.store.write(work)
    world.partners.verdicts[partner.id] = PartnerUnreachable("no answer")
    assert (await world.authorizing.by_card(b.CHARGER, IdToken("04A1B2C3"), b.PLUG)).verdict is verdict


async def test_a_cdr_without_energy_goes_only_to_who_takes_it(world: World) -> None:
    """The zero-energy rule of a partner's profile."""
    await world.store.write(lambda tx: tx.partners.save(b.partner(profile=Profile(zero_energy_cdrs=False))))
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 1200, 1000)
    world.clock.move(minutes=21)
    await world.closing.close_due()
    kinds = await world.store.read(lambda tx: {d.kind for d in tx.debts.list()})
    assert Owed.CDR not in kinds


async def test_how_long_a_cdr_is_retried_is_agreed_with_the_partner(world: World) -> None:
    """The CDR retry horizon of a partner's profile."""
    await world.store.write(lambda tx: tx.partners.save(b.partner(profile=Profile(cdr_days=1))))
    await charged(world)
    world.partners.answering = lambda partner, parcel: Answer(error="no answer")
    for _ in range(40):
        world.clock.move(hours=1)
        await world.deliveries.send_due(b.partner())
    assert (await debt(world, Owed.CDR)).state is DebtState.PARKED
    assert timedelta(days=1) < world.clock.now() - b.NOON < timedelta(days=2)
