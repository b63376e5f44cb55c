"""Bounds of one partner's lane: bulk waits for the pace and for a slot, a waiting driver does not."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.domain.partner_profiles import Profile
from ocpi.lanes import Lane, Slots


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def hold(slots: Slots, name: str, served: list[str], go: asyncio.Event, *, urgent: bool) -> None:
    async with slots.held(urgent=urgent):
        served.append(name)
        await go.wait()


async def begun(*tasks: "asyncio.Task[None]") -> None:
    """Let the tasks run as far as they can."""
    del tasks
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_is_urgent_gets_the_next_free_slot() -> None:
    slots, served, go = Slots(1), list[str](), asyncio.Event()
    kinds = [("first", False), ("bulk 1", False), ("bulk 2", False), ("card", True)]
    tasks = [asyncio.create_task(hold(slots, name, served, go, urgent=u)) for name, u in kinds]
    await begun(*tasks)
    assert served == ["first"]
    go.set()
    await asyncio.gather(*tasks)
    assert served == ["first", "card", "bulk 1", "bulk 2"]


async def test_who_gives_up_waiting_takes_no_slot_with_them() -> None:
    """Cancelled while waiting, or in the very moment the slot was handed over: the next one has it."""
    slots, served, go = Slots(1), list[str](), asyncio.Event()
    first = asyncio.create_task(hold(slots, "first", served, go, urgent=False))
    await begun(first)
    waiting = [asyncio.create_task(hold(slots, f"w{n}", served, go, urgent=False)) for n in range(3)]
    await begun(*waiting)
    waiting[0].cancel()
    await begun()
    first.cancel()
    await asyncio.sleep(0)  # hands its slot to w1, which has not run since
    waiting[1].cancel()
    await begun()
    assert served == ["first", "w2"]
    go.set()
    await waiting[2]
    async with asyncio.timeout(30), slots.held(urgent=False):
        pass


async def test_a_real_time_request_does_not_wait_for_the_pace(http: aiohttp.ClientSession) -> None:
    """One request a second is agreed and a queue of bulk waits for its turn: a driver does not."""
    lane, bulk = Lane(http, Profile(requests_per_second=1, concurrency=4)), list[asyncio.Task[None]]()

    async def one() -> None:
        async with lane.turn():
            pass

    bulk += [asyncio.create_task(one()) for _ in range(40)]
    await begun(*bulk)
    async with asyncio.timeout(10):  # behind the queue it would be forty seconds
        async with lane.turn(urgent=True):
            waiting = [task for task in bulk if not task.done()]
    assert len(waiting) >= 25
    for task in bulk:
        task.cancel()
    await asyncio.gather(*bulk, return_exceptions=True)


async def test_bulk_makes_up_for_urgent_requests(http: aiohttp.ClientSession) -> None:
    """The agreed pace holds for both together, but urgent ones cannot put off the others for ever."""
    lane = Lane(http, Profile(requests_per_second=10, concurrency=4))
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(30):
        async with lane.turn(urgent=True):
            pass
    assert lane._booked_until >= began + 1.9  # three seconds' worth, of which one may come in a burst
    for _ in range(1000):
        async with lane.turn(urgent=True):
            pass
    assert lane._booked_until <= loop.time() + 10
