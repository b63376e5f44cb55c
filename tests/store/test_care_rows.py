"""What every store keeps of looking after chargers (C23, C25, C27, T7); the same for memory and SQLite."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.care import Progress, ProgressKind, StationCare
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Operation, OperationKind, Step, StepState, Task
from tests import builders as b
from tests.store.stories import AnyStore

CP = ChargerId("CP-1")


async def test_care_survives_as_it_was(store: AnyStore) -> None:
    """C27, T7: progress, repairs and the least profile of a charger; one never cared for has none."""
    assert await store.read(lambda tx: tx.care.get(CP)) == StationCare(CP)
    care = replace(
        StationCare(CP, least_profile=2, configured_at=b.at(5), list_version=3, listed=("A", "B"))
        .progressed(Progress(ProgressKind.FIRMWARE, "Downloading", b.at(1), 7))
        .repaired("Q31", 2, b.at(2), "MeterValues: meterValue"),
        certificate_ends_at=b.at(9),
    )
    await store.write(lambda tx: tx.care.save(care))
    assert await store.read(lambda tx: tx.care.get(CP)) == care
    await store.write(lambda tx: tx.care.remove(CP))
    assert await store.read(lambda tx: tx.care.get(CP)) == StationCare(CP)


async def test_tasks_are_open_until_every_charger_is_done(store: AnyStore) -> None:
    """C27: open ones oldest first, the latest newest first."""
    ends = b.at(0) + timedelta(days=1)
    operation = Operation(OperationKind.RESET, hard=True)
    first = Task("t1", operation, b.at(0), ends, (Step(CP),))
    second = Task("t2", operation, b.at(1), ends, (Step(CP),))
    await store.write(lambda tx: (tx.tasks.save(second), tx.tasks.save(first)))
    assert list(await store.read(lambda tx: tx.tasks.open())) == [first, second]
    done = first.with_step(Step(CP, StepState.DONE, "Accepted", b.at(2)))
    await store.write(lambda tx: tx.tasks.save(done))
    assert list(await store.read(lambda tx: tx.tasks.open())) == [second]
    assert list(await store.read(lambda tx: tx.tasks.latest(1))) == [second]
    assert await store.read(lambda tx: tx.tasks.get("t1")) == done
    assert await store.read(lambda tx: tx.tasks.get("t9")) is None
