"""What chargers say becomes sessions: C06 to C18, Q25, Q34, Q36."""

from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.domain.authorization import AuthMethod, PartnerVerdict, Verdict
from gateway.domain.delivery import Owed
from gateway.domain.events import PlugStatus
from gateway.domain.ids import ChargerId, ConnectorNumber, TransactionRef
from gateway.domain.readings import ReadingContext, Sample
from gateway.domain.sessions import FlagReason, SessionStatus
from gateway.domain.sites import EvseStatus
from gateway.domain.tokens import Whitelist
from tests import builders as b
from tests.app.world import World


async def test_a_session_from_start_to_cdr(world: World) -> None:
    started = await world.start(meter=1000)
    assert started.authorization.accepted
    await world.values(started.transaction, b.register_sample(600, 3500))
    running = await world.session()
    assert (running.status, running.energy_wh) == (SessionStatus.ACTIVE, Decimal(2500))
    await world.stop(started.transaction, 1200, 6000)
    world.clock.move(minutes=21)
    await world.closing.close_due()
    session, (cdr,) = await world.session(), await world.cdrs()
    assert session.status is SessionStatus.COMPLETED
    assert cdr.session_id == session.id
    assert cdr.bill.energy_kwh == Decimal(5)
    assert cdr.bill.total.before_taxes == Decimal("0.50") + 5 * Decimal("0.35")
    assert cdr.token is not None
    assert cdr.token.uid == "04A1B2C3"


async def test_the_transaction_number_is_positive_and_never_repeats(world: World) -> None:
    """C06: unique over the whole deployment and for ever."""
    refs = [(await world.start(seconds=60 * i, meter=1000 + i)).transaction for i in range(5)]
    assert len(set(refs)) == 5
    assert all(0 < int(ref) < 2**31 for ref in refs)


async def test_a_repeated_start_gets_the_same_answer_and_no_second_session(world: World) -> None:
    """C07, Q02: same station, connector, time, meter and card are the same start."""
    first = await world.start(key="k")
    again = await world.start(key="k")
    assert again.transaction == first.transaction
    assert again.authorization.accepted
    assert len(await world.sessions()) == 1


async def test_a_refused_card_still_gets_a_transaction_but_no_cdr(world: World) -> None:
    """C08: a real transaction id; nothing is billed, nothing is pushed."""
    started = await world.start(card="STRANGER")
    assert not started.authorization.accepted
    assert int(started.transaction) > 0
    await world.stop(started.transaction, 5, 1000)
    world.clock.move(minutes=2)
    await world.closing.close_due()
    assert (await world.session()).status is SessionStatus.INVALID
    assert await world.cdrs() == ()
    debts = await world.store.read(lambda tx: tx.debts.list())
    assert [d for d in debts if d.kind in (Owed.SESSION, Owed.CDR)] == []


async def test_a_refused_driver_who_charged_all_the_same_is_flagged(world: World) -> None:
    started = await world.start(card="STRANGER", meter=0)
    await world.stop(started.transaction, 600, 4000)
    world.clock.move(minutes=20)
    await world.closing.close_due()
    session = await world.session()
    assert FlagReason.NO_TOKEN in {flag.reason for flag in session.flags}
    assert await world.cdrs() == ()


@pytest.mark.parametrize("named", ["-1", "0", "999999"])
async def test_a_stop_with_a_wrong_id_finds_the_only_open_session(world: World, named: str) -> None:
    """C09, Q25: never an error; matched by charger, time and card."""
    await world.start(meter=1000)
    await world.stop(named, 300, 2000, card="04A1B2C3")
    assert (await world.session()).meter_stop_wh == Decimal(2000)
    assert await world.kept() == ()


@pytest.mark.parametrize(
    ("seconds", "meter", "card", "why"),
    [
        (300, 2000, "OTHER", "another card"),
        (-60, 2000, "04A1B2C3", "before the start"),
        (300, 10, "04A1B2C3", "a register below the start"),
    ],
)
async def test_a_stop_that_fits_no_session_is_kept_for_a_person(
    world: World, seconds: float, meter: float, card: str, why: str
) -> None:
    """C10: answered, never dropped."""
    await world.start(meter=1000)
    await world.stop("77", seconds, meter, card=card)
    assert (await world.session()).open, why
    (kept,) = await world.kept()
    assert kept.action == "StopTransaction"
    assert "77" in kept.payload


async def test_another_chargers_transaction_is_not_touched(world: World) -> None:
    """T4: looked up by charger and id."""
    started = await world.start()
    await world.store.write(lambda tx: tx.chargers.save(b.charger("CP-2")))
    stranger = replace(_ended(started.transaction), charger_id=ChargerId("CP-2"))
    await world.charging.ended(stranger)
    assert (await world.session()).open
    assert len(await world.kept()) == 1


async def test_a_repeated_stop_changes_nothing(world: World) -> None:
    """F15: five times, also after the CDR."""
    started = await world.start(meter=1000)
    for _ in range(3):
        await world.stop(started.transaction, 600, 2000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    for _ in range(2):
        await world.stop(started.transaction, 600, 2000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    assert len(await world.cdrs()) == 1
    assert await world.kept() == ()


async def test_a_contradicting_stop_is_kept_for_a_person(world: World) -> None:
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 600, 2000)
    await world.stop(started.transaction, 900, 9000)
    (kept,) = await world.kept()
    assert "contradicts" in kept.reason
    assert (await world.session()).meter_stop_wh == Decimal(2000)


async def test_a_new_start_closes_what_was_open_on_the_plug(world: World) -> None:
    """C18: the old one ends as an orphan with what was known, and is marked as estimated."""
    first = await world.start(meter=1000)
    await world.values(first.transaction, b.register_sample(300, 2500))
    await world.start(seconds=900, meter=2500)
    old, new = await world.sessions()
    assert (old.open, new.open) == (False, True)
    assert old.energy_wh == Decimal(1500)
    assert FlagReason.ORPHAN_CLOSED in {flag.reason for flag in old.flags}


async def test_a_free_plug_ends_a_lost_transaction_after_the_grace(world: World) -> None:
    """C17, Q16: Available and then silence."""
    started = await world.start(meter=1000)
    await world.values(started.transaction, b.register_sample(300, 2500))
    await world.status(400, PlugStatus.AVAILABLE)
    world.clock.move(minutes=9)
    await world.closing.close_due()
    assert (await world.session()).open
    world.clock.move(minutes=2)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == Decimal("1.5")
    assert cdr.remark is not None
    assert "no end received" in cdr.remark


async def test_values_after_a_free_plug_keep_the_session_alive(world: World) -> None:
    started = await world.start(meter=1000)
    await world.status(400, PlugStatus.AVAILABLE)
    await world.values(started.transaction, b.register_sample(500, 2500))
    world.clock.move(minutes=20)
    await world.closing.close_due()
    assert (await world.session()).open


@pytest.mark.parametrize("named", [None, "0", "-1", "31337"])
async def test_values_without_a_usable_id_go_to_the_plugs_session(world: World, named: str | None) -> None:
    """Q25, Q34: by plug and time."""
    await world.start(meter=1000)
    await world.values(named, b.register_sample(60, 1500))
    assert (await world.session()).energy_wh == Decimal(500)


async def test_values_outside_any_transaction_are_nobodys(world: World) -> None:
    """Clock-aligned values are answered and not kept for a person; a named unknown transaction is."""
    await world.values(None, b.register_sample(0, 1500))
    assert await world.kept() == ()
    await world.values("31337", b.register_sample(0, 1500))
    assert len(await world.kept()) == 1


async def test_values_of_the_charger_itself_never_enter_a_session(world: World) -> None:
    """M45: connector 0 is the main meter."""
    await world.start(meter=1000)
    await world.values(None, b.register_sample(60, 99999), number=ConnectorNumber(0))
    assert (await world.session()).energy_wh == 0


async def test_late_values_within_the_grace_count(world: World) -> None:
    """Q36: the closing value after StopTransaction."""
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 600, None)
    await world.values(started.transaction, b.register_sample(599, 4000))
    world.clock.move(minutes=11)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == Decimal(3)


@pytest.mark.parametrize(
    ("sample", "kwh"),
    [
        (b.register_sample(599, 4000), 3),
        (b.register_sample(605, 4000, ReadingContext.END), 3),
        (b.register_sample(605, 4000), 0),
    ],
    ids=["from before the end", "of the end", "from after the end"],
)
async def test_a_closing_value_that_names_no_transaction(world: World, sample: Sample, kwh: int) -> None:
    """Q36, Q34: what is read after the end is of no transaction, unless it says that it is the end's."""
    started = await world.start(meter=1000)
    await world.stop(started.transaction, 600, None)
    await world.values(None, sample)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == Decimal(kwh)


@pytest.mark.parametrize("told_before", [True, False])
async def test_samples_told_again_with_other_times(world: World, told_before: bool) -> None:
    """Q19, F06: a clock that cannot be used; what the end tells again is not counted twice."""
    started = await world.start(meter=1000)
    if told_before:
        for second, wh in ((590, 2000), (591, 3000), (592, 3900)):
            await world.values(started.transaction, b.register_sample(second, wh))
    again = [b.register_sample(second, wh) for second, wh in ((100, 2000), (200, 3000), (300, 3900))]
    end = b.register_sample(600, 4000, ReadingContext.END)
    await world.stop(started.transaction, 600, 4000, samples=(*again, end), clock_suspect=True)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == Decimal(3)


async def test_a_start_at_an_unknown_plug_is_answered_and_kept(world: World) -> None:
    started = await world.start(number=ConnectorNumber(7), key="k")
    again = await world.start(number=ConnectorNumber(7), key="k")
    assert started.transaction == again.transaction
    assert await world.sessions() == ()
    (kept,) = await world.kept()
    assert "plug 7" in kept.reason


async def test_a_start_without_a_card_is_nobodys_session(world: World) -> None:
    """Q27, M54: free charging is recorded, not billed."""
    started = await world.start(card=None)
    await world.stop(started.transaction, 600, 5000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    assert (await world.session()).status is SessionStatus.COMPLETED
    assert await world.cdrs() == ()


async def test_the_decision_of_authorize_serves_the_start(world: World) -> None:
    """4.D.5: the issuer is asked once; its reference reaches session and CDR (SES-07)."""
    emsp = b.partner()
    await world.store.write(lambda tx: tx.tokens.save(emsp.id, b.token(whitelist=Whitelist.NEVER)))
    world.partners.verdicts[emsp.id] = PartnerVerdict(Verdict.ALLOWED, reference="REF-1")
    card = "04A1B2C3"
    from gateway.domain.events import IdToken

    await world.authorizing.by_card(b.CHARGER, IdToken(card), None)
    started = await world.start(seconds=5, card=card)
    assert len(world.partners.asked) == 1
    await world.stop(started.transaction, 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    session, (cdr,) = await world.session(), await world.cdrs()
    assert session.authorization_reference == cdr.authorization_reference == "REF-1"
    assert session.auth_method is AuthMethod.AUTH_REQUEST


async def test_a_session_that_cannot_be_priced_waits_for_a_person(world: World) -> None:
    await world.store.write(lambda tx: tx.locations.save(b.location(b.evse(tariff_ids=()))))
    started = await world.start()
    await world.stop(started.transaction, 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    session = await world.session()
    assert FlagReason.CANNOT_PRICE in {flag.reason for flag in session.flags}
    assert await world.cdrs() == ()
    assert await world.closing.close_due() is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (PlugStatus.AVAILABLE, EvseStatus.AVAILABLE),
        (PlugStatus.PREPARING, EvseStatus.CHARGING),
        (PlugStatus.CHARGING, EvseStatus.CHARGING),
        (PlugStatus.SUSPENDED_EV, EvseStatus.CHARGING),
        (PlugStatus.SUSPENDED_EVSE, EvseStatus.CHARGING),
        (PlugStatus.FINISHING, EvseStatus.CHARGING),
        (PlugStatus.RESERVED, EvseStatus.RESERVED),
        (PlugStatus.UNAVAILABLE, EvseStatus.INOPERATIVE),
        (PlugStatus.FAULTED, EvseStatus.OUTOFORDER),
    ],
)
async def test_plug_states_become_evse_status(world: World, status: PlugStatus, expected: EvseStatus) -> None:
    """Table 4.B, LOC-17; last_updated cascades (LOC-02)."""
    world.clock.move(seconds=10)
    await world.status(10, status)
    location = await world.store.read(lambda tx: tx.locations.get(b.location().id))
    assert location is not None
    (evse,) = location.evses
    assert evse.status is expected
    assert location.last_updated == evse.last_updated == b.at(10)


async def test_an_older_status_is_not_applied(world: World) -> None:
    """C04, Q16."""
    await world.status(10, PlugStatus.FAULTED)
    await world.status(5, PlugStatus.AVAILABLE)
    location = await world.store.read(lambda tx: tx.locations.get(b.location().id))
    assert location is not None
    assert location.evses[0].status is EvseStatus.OUTOFORDER


async def test_a_charger_wide_fault_overrides_its_plugs(world: World) -> None:
    await world.status(1, PlugStatus.AVAILABLE)
    await world.status(2, PlugStatus.FAULTED, ConnectorNumber(0))
    location = await world.store.read(lambda tx: tx.locations.get(b.location().id))
    assert location is not None
    assert location.evses[0].status is EvseStatus.OUTOFORDER


async def test_an_absent_chargers_evses_become_unknown_after_the_grace(world: World) -> None:
    """LOC-17, Q08."""
    world.chargers.present.add(b.CHARGER)
    await world.charging.connected(b.CHARGER, "ocpp1.6")
    await world.status(1, PlugStatus.AVAILABLE)
    world.chargers.present.clear()
    await world.charging.disconnected(b.CHARGER)
    statuses = []
    for _ in range(2):
        await world.presence.look()
        location = await world.store.read(lambda tx: tx.locations.get(b.location().id))
        assert location is not None
        statuses.append(location.evses[0].status)
        world.clock.move(seconds=61)
    await world.presence.look()
    location = await world.store.read(lambda tx: tx.locations.get(b.location().id))
    assert location is not None
    statuses.append(location.evses[0].status)
    assert statuses[0] is EvseStatus.AVAILABLE
    assert statuses[-1] is EvseStatus.UNKNOWN


async def test_rising_energy_is_pushed_at_most_every_interval(world: World) -> None:
    """GATEWAY_SESSION_UPDATE_SECONDS: a change of status at once, energy throttled."""
    started = await world.start()
    emsp = b.partner()
    await world.deliveries.send_due(emsp)
    await world.values(started.transaction, b.register_sample(1, 1100))
    debt = await world.store.read(lambda tx: tx.debts.get(emsp.id, Owed.SESSION, "id-1"))
    assert debt is not None
    assert debt.next_attempt_at == b.at(0) + world.policy.session_update
    await world.stop(started.transaction, 5, 1200)
    debt = await world.store.read(lambda tx: tx.debts.get(emsp.id, Owed.SESSION, "id-1"))
    assert debt is not None
    assert debt.next_attempt_at == world.clock.now()


def _ended(transaction: TransactionRef) -> "object":
    from gateway.domain.events import TransactionEnded

    return TransactionEnded(b.CHARGER, b.at(60), transaction, Decimal(2000))
