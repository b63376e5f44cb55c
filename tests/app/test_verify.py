"""`verify`: a sound store has no findings; each invariant is found broken where it is."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.app.ports import Tx
from gateway.app.verify import Report, Verifier
from gateway.domain.cdrs import Cdr
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.flags import FlagReason
from gateway.domain.ids import CdrId, SessionId, TransactionRef
from gateway.domain.partners import Partner
from gateway.domain.sessions import Session
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeFingerprints

SECRETS = KeyedSecrets("a-key-for-tests-of-at-least-32-characters")


async def charged(world: World) -> tuple[Session, Cdr]:
    """A finished session with its delivered CDR."""
    started = await world.start()
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    await world.deliveries.send_due(b.partner())
    (cdr,) = await world.cdrs()
    return await world.session(), cdr


async def verified(world: World) -> Report:
    return await Verifier(world.store, SECRETS, world.clock, FakeFingerprints()).verify()


async def test_i1_to_i8_hold_after_a_charge(world: World) -> None:
    await charged(world)
    report = await verified(world)
    assert report.findings == ()
    assert (report.sessions, report.cdrs) == (1, 1)


async def test_i1_a_session_that_was_never_closed(world: World) -> None:
    started = await world.start()
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(hours=2)
    assert {f.invariant for f in (await verified(world)).findings} == {"I1"}


async def test_i2_a_second_cdr(world: World) -> None:
    _, cdr = await charged(world)
    await world.store.write(lambda tx: tx.cdrs.add(replace(cdr, id=CdrId("again"))))
    assert "I2" in {f.invariant for f in (await verified(world)).findings}


@pytest.mark.parametrize(
    ("flag", "broken"), [(None, {"I2"}), (FlagReason.REPORTED_LATE, {"I2"}), (FlagReason.NO_TARIFF, set())]
)
async def test_i2_a_missing_cdr_needs_a_reason(
    world: World, flag: FlagReason | None, broken: set[str]
) -> None:
    """Coming late is no reason to have no CDR."""
    session, _ = await charged(world)
    other = replace(session, id=SessionId("other"), transaction=TransactionRef("999"))
    other = other.flagged(flag, "x") if flag else other
    await world.store.write(lambda tx: tx.sessions.save(other))
    assert {f.invariant for f in (await verified(world)).findings} == broken


async def test_i3_a_cdr_nobody_was_told_of(world: World) -> None:
    _, cdr = await charged(world)
    other = replace(cdr, id=CdrId("unowed"), session_id=None)
    await world.store.write(lambda tx: tx.cdrs.add(other))
    assert {f.invariant for f in (await verified(world)).findings} == {"I3"}


@pytest.mark.parametrize(
    ("terms_now", "changed", "broken"),
    [
        ("terms", False, set()),
        ("terms", True, {"I4"}),
        ("other terms", True, set()),  # another version or profile: bytes prove nothing
    ],
)
async def test_i4_the_bytes_that_were_delivered(
    world: World, terms_now: str, changed: bool, broken: set[str]
) -> None:
    """What a partner took is the record as it is stored, byte for byte, under the same terms."""
    _, cdr = await charged(world)
    remark = "written by somebody else" if changed else cdr.remark

    class AnotherRecord(FakeFingerprints):
        def of(self, partner: Partner, cdr: Cdr) -> str | None:
            return super().of(partner, replace(cdr, remark=remark))

    report = await Verifier(world.store, SECRETS, world.clock, AnotherRecord(terms_now)).verify()
    assert {f.invariant for f in report.findings} == broken


async def test_i4_what_is_not_delivered_or_was_sent_before_is_not_compared(world: World) -> None:
    """A delivery from before fingerprints were kept has none, and one that waits has delivered nothing."""
    _, cdr = await charged(world)

    def change(tx: Tx, **changes: object) -> None:
        debt = tx.debts.get(cdr.partner_id, Owed.CDR, cdr.id)
        assert debt is not None
        tx.debts.save(replace(debt, **changes))

    await world.store.write(lambda tx: change(tx, fingerprint=None))
    assert (await verified(world)).findings == ()
    await world.store.write(
        lambda tx: change(tx, fingerprint="terms:else", state=DebtState.WAITING, settled=0)
    )
    assert (await verified(world)).findings == ()
    await world.store.write(lambda tx: change(tx, state=DebtState.SETTLED, settled=1))
    assert {f.invariant for f in (await verified(world)).findings} == {"I4"}


async def test_i5_parts_that_do_not_make_the_total(world: World) -> None:
    _, cdr = await charged(world)
    total = replace(cdr.bill.total, before_taxes=cdr.bill.total.before_taxes + Decimal(1))
    wrong = replace(cdr, id=CdrId("wrong"), session_id=None, bill=replace(cdr.bill, total=total))

    def work(tx: Tx) -> None:
        tx.cdrs.add(wrong)
        tx.debts.owe(cdr.partner_id, Owed.CDR, wrong.id, world.clock.now(), world.clock.now())

    await world.store.write(work)
    assert {f.invariant for f in (await verified(world)).findings} == {"I5"}


async def test_i6_two_open_sessions_at_one_plug(world: World) -> None:
    await world.start()
    first = await world.session()
    second = replace(first, id=SessionId("second"))
    await world.store.write(lambda tx: tx.sessions.save(second))
    assert "I6" in {f.invariant for f in (await verified(world)).findings}


@pytest.mark.parametrize(("invariant", "changes"), [("I8", {"settled": 9}), ("I7", {"answer": "a token-1"})])
async def test_i7_i8_what_is_kept_of_a_delivery(
    world: World, invariant: str, changes: dict[str, object]
) -> None:
    _, cdr = await charged(world)

    def work(tx: Tx) -> None:
        debt = tx.debts.get(cdr.partner_id, Owed.CDR, cdr.id)
        assert debt is not None
        tx.debts.save(replace(debt, state=DebtState.WAITING, **changes))
        tx.partners.save(replace(b.partner(), outbound_token=SECRETS.seal("token-1")))

    await world.store.write(work)
    report = await Verifier(world.store, SECRETS, world.clock, FakeFingerprints()).verify()
    assert {f.invariant for f in report.findings} == {invariant}
    assert report.at - world.clock.now() == timedelta()


async def test_everything_is_looked_at_however_much_it_is(world: World) -> None:
    """In stages: what is wrong with the last one is found as with the first, and everything is counted."""
    session, cdr = await charged(world)
    many = 65

    def more(tx: Tx) -> None:
        for number in range(many):
            tx.sessions.save(replace(session, id=SessionId(f"S{number}"), transaction=None, token=None))
            tx.cdrs.add(replace(cdr, id=CdrId(f"C{number}"), session_id=None))
            tx.debts.owe(cdr.partner_id, Owed.CDR, f"C{number}", world.clock.now(), world.clock.now())
        tx.cdrs.add(replace(cdr, id=CdrId("last"), session_id=None))

    await world.store.write(more)
    report = await verified(world)
    assert [(f.invariant, f.subject) for f in report.findings] == [("I3", "CDR last")]
    assert (report.sessions, report.cdrs) == (many + 1, many + 2)
    assert report.debts >= many + 1
