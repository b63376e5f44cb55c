"""Bells between use cases."""

import asyncio
from datetime import timedelta

from gateway.app.supervise import Alarm
from gateway.app.wake import Wake


async def test_ses_01_what_is_due_later_rings_later_and_once_for_many() -> None:
    """Meter values come by the thousand; a bell now goes before one that is under way."""
    wake = Wake()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(1000):
        wake.deliveries_in(timedelta(seconds=0.05))
    await wake.delivery_alarm.wait(5)
    assert 0.04 < loop.time() - began < 4
    wake.deliveries_in(timedelta(seconds=30))
    wake.deliveries()
    await wake.delivery_alarm.wait(5)
    assert loop.time() - began < 4


async def test_f38_after_a_late_ring_the_next_can_be_asked_for() -> None:
    alarm = Alarm()
    for _ in range(2):
        alarm.ring_in(0.01)
        began = asyncio.get_running_loop().time()
        await alarm.wait(5)
        assert asyncio.get_running_loop().time() - began < 4
