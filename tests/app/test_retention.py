"""What was counted stands when the samples behind it are deleted for their age."""

from dataclasses import replace
from datetime import timedelta

from gateway.app.corrections import Corrections
from gateway.app.ports import PageQuery, Tx
from gateway.app.reconcile import Reconciling
from gateway.app.retention import Retention
from gateway.app.verify import Verifier
from gateway.domain.delivery import Owed
from gateway.store.secrets import KeyedSecrets
from tests import builders as b
from tests.app.world import World
from tests.fakes import FakeFingerprints

SECRETS = KeyedSecrets("a-key-for-tests-of-at-least-32-characters")


async def aged(world: World) -> World:
    """A session with samples and its delivered CDR, 500 days ago; what is old is deleted."""
    started = await world.start()
    await world.values(str(started.transaction), b.register_sample(300, 2000))
    await world.stop(str(started.transaction), 600, 3000)
    world.clock.move(minutes=11)
    await world.closing.close_due()
    await world.deliveries.send_due(b.partner())
    world.clock.move(days=500)
    await Retention(world.store, world.clock, world.policy).sweep()
    return world


async def test_f39_a_correction_prices_a_thinned_session_as_it_was_counted(world: World) -> None:
    await aged(world)
    (before,) = await world.cdrs()
    assert await world.store.read(lambda tx: len(tx.sessions.samples(before.session_id))) == 0
    corrections = Corrections(world.store, world.clock, world.ids, world.wake)
    await corrections.credit(before.id, "a test")
    after = next(c for c in await world.cdrs() if c.replaces == before.id)
    assert (after.bill, after.periods) == (before.bill, before.periods)
    assert after.bill.energy_kwh == 2


async def test_f39_books_agree_and_invariants_hold_after_a_sweep(world: World) -> None:
    """The acknowledgement of an old session is gone; that is no discrepancy, and nothing is sent again."""
    await aged(world)
    assert not await world.store.read(lambda tx: [d for d in tx.debts.list() if d.kind is Owed.SESSION])
    reconciling = Reconciling(world.store, world.partners, world.clock, world.wake, world.policy)
    done = await reconciling.reconcile(b.partner().name, ask=False)
    places = {Owed.LOCATION, Owed.TARIFF}
    assert [d for d in done.discrepancies if d.kind not in places] == []
    report = await Verifier(world.store, SECRETS, world.clock, FakeFingerprints()).verify()
    assert report.findings == ()

    def touch(tx: Tx) -> None:
        (session,) = tx.sessions.page(PageQuery()).items
        tx.sessions.save(replace(session, last_updated=world.clock.now() - timedelta(days=1)))

    await world.store.write(touch)
    done = await reconciling.reconcile(b.partner().name, ask=False)
    assert [(d.kind, d.detail) for d in done.discrepancies if d.kind is Owed.SESSION] == [
        (Owed.SESSION, "it was never owed")
    ]
