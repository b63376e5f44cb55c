"""Transactions that chargers name themselves: any order, gap or repeat makes the same session (D08-D12)."""

import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.app.reporting import Reported
from gateway.domain.authorization import AuthMethod
from gateway.domain.chargers import PlugMapping
from gateway.domain.commands import CommandAnswer, Outcome
from gateway.domain.device_commands import GetTransactionStatus
from gateway.domain.events import IdToken, TransactionPhase, TransactionReported
from gateway.domain.ids import ConnectorId, ConnectorNumber, EvseUid, TransactionRef
from gateway.domain.readings import ChargingState, Measurand, Reading, ReadingContext, Sample
from gateway.domain.sequence import gaps, hearing, was_heard
from gateway.domain.sessions import FlagReason, Session, SessionStatus
from tests import builders as b
from tests.app.world import GRACE, World

STARTED, UPDATED, ENDED = TransactionPhase.STARTED, TransactionPhase.UPDATED, TransactionPhase.ENDED
TX = TransactionRef("tx-1")
CARD = IdToken("04A1B2C3", "ISO14443")


def register(seconds: float, wh: float, context: ReadingContext = ReadingContext.PERIODIC) -> Sample:
    return Sample(b.at(seconds), (Reading(Measurand.IMPORT_REGISTER_WH, Decimal(str(wh)), context),))


def report(phase: TransactionPhase, sequence: int, seconds: float, **more: object) -> TransactionReported:
    fields: dict[str, object] = {"number": b.PLUG, **more}
    return TransactionReported(b.CHARGER, TX, phase, b.at(seconds), sequence, **fields)  # type: ignore[arg-type]


def usual() -> list[TransactionReported]:
    """Plugged in with a card, three values, a pause of the car, the end."""
    begin, end = ReadingContext.BEGIN, ReadingContext.END
    return [
        report(STARTED, 0, 0, id_token=CARD, samples=(register(0, 1000, begin),), trigger="Authorized"),
        report(UPDATED, 1, 10, state=ChargingState.CHARGING, trigger="ChargingStateChanged"),
        report(UPDATED, 2, 600, samples=(register(600, 2000),), trigger="MeterValuePeriodic"),
        report(UPDATED, 3, 1200, samples=(register(1200, 3000),), trigger="MeterValuePeriodic"),
        report(UPDATED, 4, 1200, state=ChargingState.SUSPENDED_EV, trigger="ChargingStateChanged"),
        report(ENDED, 5, 1800, samples=(register(1800, 3000, end),), reason="EVDisconnected"),
    ]


async def tell(world: World, *events: TransactionReported) -> Reported:
    told = Reported()
    for event in events:
        told = await world.charging.reported(event)
    return told


async def close(world: World) -> None:
    world.clock.time += world.policy.orphan_grace + GRACE
    await world.closing.close_due()


async def test_the_usual_way(world: World) -> None:
    """D08, D09: one session, ACTIVE from the card on; the driver hears yes, and the cost at the end."""
    events = usual()
    first = await tell(world, events[0])
    assert first.authorization is not None
    assert first.authorization.accepted
    session = await world.session()
    assert (session.status, session.transaction, session.meter_start_wh) == (SessionStatus.ACTIVE, TX, 1000)
    told = await tell(world, *events[1:])
    assert told.cost is not None
    assert told.cost.before_taxes > 0
    await close(world)
    (cdr,) = await world.cdrs()
    assert (cdr.bill.energy_kwh, cdr.started_at, cdr.ended_at) == (2, b.at(0), b.at(1800))
    assert (await world.session()).heard == ((0, 5),)


async def undisturbed() -> object:
    world = await World().furnish()
    await tell(world, *usual())
    await close(world)
    (cdr,) = await world.cdrs()
    return cdr.bill, cdr.started_at, cdr.ended_at, cdr.token, cdr.periods


@pytest.mark.parametrize("order", list(itertools.permutations(range(6)))[::29], ids=str)
async def test_any_order_ends_in_the_same_cdr(order: tuple[int, ...]) -> None:
    """D10, D11, F05: also with Ended first, or Started last."""
    world, events = await World().furnish(), usual()
    await tell(world, *(events[i] for i in order))
    await close(world)
    (cdr,) = await world.cdrs()
    assert (cdr.bill, cdr.started_at, cdr.ended_at, cdr.token, cdr.periods) == await undisturbed()


async def test_every_message_twice(world: World) -> None:
    """D10, Q02: duplicates are answered and change nothing."""
    for event in usual():
        assert await tell(world, event) == await tell(world, replace(event))
    await close(world)
    (cdr,) = await world.cdrs()
    assert (cdr.bill, cdr.started_at, cdr.ended_at, cdr.token, cdr.periods) == await undisturbed()


async def test_a_charger_that_always_counts_zero(world: World) -> None:
    """D10: time and kind of the event tell messages apart when the number does not."""
    await tell(world, *(replace(event, sequence=0) for event in usual()))
    await close(world)
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == 2


async def test_the_card_comes_after_the_cable(world: World) -> None:
    """D08, SES-06: no driver until the card is shown, then the session is the driver's from that moment."""
    cable = report(
        STARTED, 0, 0, samples=(register(0, 1000, ReadingContext.BEGIN),), trigger="CablePluggedIn"
    )
    assert (await tell(world, cable)).authorization is None
    waiting = await world.session()
    assert (waiting.status, waiting.token, waiting.partner_id) == (SessionStatus.PENDING, None, None)
    told = await tell(world, report(UPDATED, 1, 300, id_token=CARD, number=None, trigger="Authorized"))
    assert told.authorization is not None
    assert told.authorization.accepted
    session = await world.session()
    assert (session.status, session.started_at) == (SessionStatus.ACTIVE, b.at(300))
    assert (session.partner_id, session.auth_method) == (b.partner().id, AuthMethod.WHITELIST)
    await tell(world, *usual()[2:])
    await close(world)
    (cdr,) = await world.cdrs()
    assert (cdr.started_at, cdr.bill.energy_kwh) == (b.at(300), 2)


async def test_a_refused_card_then_a_good_one(world: World) -> None:
    """D09: the first answer refuses, the second driver gets the session."""
    unknown = IdToken("FFFFFFFF", "ISO14443")
    told = await tell(world, report(STARTED, 0, 0, id_token=unknown))
    assert told.authorization is not None
    assert not told.authorization.accepted
    assert (await world.session()).refused
    told = await tell(world, report(UPDATED, 1, 20, id_token=CARD))
    assert told.authorization is not None
    assert told.authorization.accepted
    session = await world.session()
    assert (session.refused, session.presented) == (False, CARD.value)


async def test_another_card_at_the_end_does_not_take_the_session_over(world: World) -> None:
    """M11: the CDR keeps the card that started; the other card hears its own answer."""
    events = usual()
    await tell(world, *events[:4])
    told = await tell(world, replace(events[4], id_token=IdToken("FFFFFFFF"), trigger="StopAuthorized"))
    assert told.authorization is not None
    assert not told.authorization.accepted
    await tell(world, events[5])
    assert (await world.session()).presented == CARD.value


async def test_a_start_without_evse_at_a_charger_with_two(world: World) -> None:
    """D08: messages wait until one of them names the EVSE; nothing is lost and the answer is not delayed."""
    second = PlugMapping(ConnectorNumber(2), EvseUid("EVSE-1"), ConnectorId("1"))
    charger = replace(b.charger(), plugs=(*b.charger().plugs, second))
    await world.store.write(lambda tx: tx.chargers.save(charger))
    events = usual()
    told = await tell(world, replace(events[0], number=None))
    assert told.authorization is not None
    assert told.authorization.accepted
    assert await world.sessions() == ()
    await tell(world, *events[1:])
    await close(world)
    (cdr,) = await world.cdrs()
    assert (cdr.bill, cdr.started_at, cdr.ended_at, cdr.token, cdr.periods) == await undisturbed()


async def test_no_message_names_an_evse(world: World) -> None:
    """D08: at the end they are kept for a person."""
    second = PlugMapping(ConnectorNumber(2), EvseUid("EVSE-1"), ConnectorId("1"))
    charger = replace(b.charger(), plugs=(*b.charger().plugs, second))
    await world.store.write(lambda tx: tx.chargers.save(charger))
    await tell(world, *(replace(event, number=None) for event in usual()))
    assert len(await world.kept()) == 6
    state = await world.store.read(lambda tx: tx.chargers.state(b.CHARGER))
    assert state is not None
    assert state.held == ()


@pytest.mark.parametrize("number", [None, ConnectorNumber(1, 0), ConnectorNumber(1, 7)])
async def test_the_only_plug_is_meant(world: World, number: ConnectorNumber | None) -> None:
    """Q45: without connector, or with one that does not exist, at a charger with one plug."""
    await tell(world, *(replace(event, number=number) for event in usual()))
    assert (await world.session()).number == b.PLUG


async def test_a_transaction_whose_start_never_comes(world: World) -> None:
    """D11: a provisional session waits for the start and then ends without a CDR, as it has no driver."""
    await tell(world, *usual()[2:])
    session = await world.session()
    assert session.start_missing
    world.clock.time += GRACE + timedelta(seconds=1)
    await world.closing.close_due()
    assert (await world.session()).status is SessionStatus.PENDING
    await close(world)
    assert (await world.session()).status is SessionStatus.COMPLETED
    assert await world.cdrs() == ()


async def test_values_after_the_cdr_are_kept(world: World) -> None:
    """C17c: late values of a finished session are for a person."""
    events = usual()
    await tell(world, *events)
    await close(world)
    await tell(world, report(UPDATED, 9, 1700, samples=(register(1700, 2900),)))
    assert [item.reason for item in await world.kept()] == ["values after the CDR"]


async def test_a_transaction_resumed_after_a_reset(world: World) -> None:
    """E06: the same transaction goes on and may count anew; the boot did not close its session."""
    events = usual()
    await tell(world, *events[:4])
    resumed = report(UPDATED, 0, 1300, trigger="TxResumed", state=ChargingState.CHARGING)
    await tell(world, resumed, report(UPDATED, 1, 1500, samples=(register(1500, 3500),)))
    end = report(ENDED, 2, 1800, samples=(register(1800, 4000, ReadingContext.END),))
    await tell(world, end)
    await close(world)
    (cdr,) = await world.cdrs()
    assert cdr.bill.energy_kwh == 3


async def test_an_unknown_plug_is_kept_for_a_person(world: World) -> None:
    """C06: an EVSE that is not in the network file."""
    await tell(world, report(STARTED, 0, 0, id_token=CARD, number=ConnectorNumber(9)))
    assert [item.action for item in await world.kept()] == ["StartTransaction"]
    assert await world.sessions() == ()


async def test_a_late_true_end_corrects_a_guess(world: World) -> None:
    """C17c, D11: an end after the session was given up replaces the guess."""
    events = usual()
    await tell(world, *events[:4])
    session = await world.session()
    due = replace(session, closes_at=world.clock.now())
    await world.store.write(lambda tx: tx.sessions.save(due))
    await world.closing.close_due()
    assert any(f.reason is FlagReason.ORPHAN_CLOSED for f in (await world.session()).flags)
    end = replace(events[5], samples=(register(1800, 5000, ReadingContext.END),))
    await tell(world, end)
    await close(world)
    newest = (await world.cdrs())[-1]
    assert newest.bill.energy_kwh == 4


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (CommandAnswer(Outcome.ACCEPTED, ongoing=True), True),
        (CommandAnswer(Outcome.ACCEPTED, ongoing=False, messages_wait=True), True),
        (CommandAnswer(Outcome.ACCEPTED, ongoing=False), False),
        (CommandAnswer(Outcome.ACCEPTED), False),
        (None, False),
    ],
)
async def test_the_charger_is_asked_before_a_session_is_lost(
    world: World, answer: CommandAnswer | None, *, goes_on: bool
) -> None:
    """D13: only a charger that says so keeps its session open; one that is away cannot."""
    await tell(world, *usual()[:4])
    due = replace(await world.session(), closes_at=world.clock.now())
    await world.store.write(lambda tx: tx.sessions.save(due))
    if answer is not None:
        world.chargers.present.add(b.CHARGER)
        world.chargers.answers[b.CHARGER] = answer
    await world.closing.close_due()
    session = await world.session()
    assert session.open is goes_on
    asked = [command for _, command in world.chargers.asked]
    assert asked == ([] if answer is None else [GetTransactionStatus(TX)])


def missing(session: Session) -> list[str]:
    return [flag.detail for flag in session.flags if flag.reason is FlagReason.MESSAGES_MISSING]


@pytest.mark.parametrize(
    ("heard", "detail"),
    [
        ((0, 1, 2, 3, 4, 5), []),
        ((0, 1, 3, 4, 5), ["message 2 of the charger never came"]),
        ((0, 2, 5), ["messages 1, 3 to 4 of the charger never came"]),
        ((1, 2, 3, 4, 5), ["the charger's message of the start never came"]),
    ],
)
async def test_messages_that_never_came_are_flagged(
    world: World, heard: tuple[int, ...], detail: list[str]
) -> None:
    """D10: what was billed without them says so, to people and in the remark of the CDR."""
    events = usual()
    await tell(world, *(replace(events[n], id_token=CARD) if n < 3 else events[n] for n in heard))
    await close(world)
    assert missing(await world.session()) == detail
    (cdr,) = await world.cdrs()
    assert [text for text in detail if text in (cdr.remark or "")] == detail


async def test_a_counter_of_the_whole_station_has_gaps_that_mean_nothing(world: World) -> None:
    """D10: its numbers begin anywhere, and other plugs use the ones between."""
    await tell(world, *(replace(event, sequence=40 + 3 * n) for n, event in enumerate(usual())))
    await close(world)
    assert missing(await world.session()) == []


@pytest.mark.parametrize("more", [True, False])
async def test_the_charger_is_asked_for_messages_that_lack(world: World, *, more: bool) -> None:
    """D10, D13: a charger that still has messages gets the time to send them, but not for ever."""
    events = usual()
    await tell(world, *events[:3], *events[4:])
    world.chargers.present.add(b.CHARGER)
    world.chargers.answers[b.CHARGER] = CommandAnswer(Outcome.ACCEPTED, ongoing=True, messages_wait=more)
    world.clock.time += GRACE
    await world.closing.close_due()
    session = await world.session()
    assert session.final is not more
    assert [command for _, command in world.chargers.asked] == [GetTransactionStatus(TX)]
    if more:
        world.clock.time += timedelta(hours=2)
        await world.closing.close_due()
    assert missing(await world.session()) == ["message 3 of the charger never came"]


@pytest.mark.parametrize("more", [True, False])
async def test_a_new_start_does_not_cut_the_old_one_short(world: World, *, more: bool) -> None:
    """D13, C18: the end that still waits in the charger's queue counts, and no CDR is credited."""
    events = usual()
    await tell(world, *events[:3])
    next_one = replace(report(STARTED, 0, 2000, id_token=CARD), transaction=TransactionRef("tx-2"))
    world.clock.time = b.at(2000)
    world.chargers.present.add(b.CHARGER)
    world.chargers.answers[b.CHARGER] = CommandAnswer(Outcome.ACCEPTED, messages_wait=more)
    await tell(world, next_one)
    await world.closing.close_due()
    assert [command for _, command in world.chargers.asked] == [GetTransactionStatus(TX)]
    await tell(world, *events[3:])
    world.chargers.answers.clear()
    world.clock.time += timedelta(minutes=11)
    await world.closing.close_due()
    assert len(await world.cdrs()) == (1 if more else 3)
    assert (await world.cdrs())[-1].bill.energy_kwh == 2


@pytest.mark.parametrize("closed", [True, False])
async def test_a_name_that_is_used_again(world: World, *, closed: bool) -> None:
    """Q48: a charger that counts from the beginning after a restart has a second session under that name."""
    events, later = usual(), timedelta(hours=3)
    await tell(world, *events)
    if closed:
        await close(world)
    world.clock.time = b.at(0) + 2 * later
    again = [
        replace(e, at=e.at + later, samples=tuple(replace(s, at=s.at + later) for s in e.samples))
        for e in events
    ]
    await tell(world, *again, *again[:2])
    await close(world)
    assert [(c.started_at, c.bill.energy_kwh) for c in await world.cdrs()] == [
        (b.at(0), 2), (b.at(0) + later, 2),
    ]  # fmt: skip
    assert await world.kept() == ()


async def test_a_message_that_comes_late_fills_the_gap(world: World) -> None:
    """D10: no flag remains."""
    events = usual()
    await tell(world, *events[:3], *events[4:], events[3])
    await close(world)
    assert missing(await world.session()) == []


def test_numbers_heard() -> None:
    """D10: a few ranges, however many messages and in whatever order."""
    ranges = ()
    for number in (5, 3, 4, 0, 9, 9):
        ranges = hearing(ranges, number)
    assert ranges == ((0, 0), (3, 5), (9, 9))
    assert gaps(ranges) == ((1, 2), (6, 8))
    assert was_heard(ranges, 4)
    assert not was_heard(ranges, 6)
    for number in range(100, 300, 2):
        ranges = hearing(ranges, number)
    assert len(ranges) == 32
    assert was_heard(ranges, 1)
