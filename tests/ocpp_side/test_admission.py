"""A boot storm at the door: who is let in, in which order, and who is asked to come back (F18)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import aiohttp
import pytest

from gateway.app.access import Admitted, Attempt, TurnedAway
from gateway.domain.events import Booted
from ocpp_side.admission import Admission, Place
from ocpp_side.endpoint import ChargerSettings
from tests.fakes_ocpp import ChargerSide, OpenDoor, RecordingCharging, basic, charger_side


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.005)


async def test_in_the_order_they_came_and_never_too_many() -> None:
    admission = Admission(at_once=3, most_waiting=100, patience_s=60)
    order: list[int] = []
    most = 0

    async def charger(number: int) -> None:
        nonlocal most
        place = await admission.place()
        assert place is not None
        with place:
            order.append(number)
            most = max(most, admission.working)
            await asyncio.sleep(0)

    await asyncio.gather(*(charger(n) for n in range(50)))
    assert order == list(range(50))
    assert (most, admission.working, admission.waiting, admission.refused) == (3, 0, 0, 0)


async def test_beyond_those_who_may_wait_nobody_waits() -> None:
    """The bound on memory: the next one is refused at once."""
    admission = Admission(at_once=1, most_waiting=2, patience_s=60)
    inside = await admission.place()
    waiting = [asyncio.create_task(admission.place()) for _ in range(2)]
    await until(lambda: admission.waiting == 2)
    assert await admission.place() is None
    assert inside is not None
    inside.leave()
    first = await waiting[0]
    assert first is not None
    first.leave()
    assert await waiting[1] is not None
    assert admission.refused == 1


async def test_patience_ends() -> None:
    """Who waited too long is refused and takes nobody's place."""
    admission = Admission(at_once=1, most_waiting=5, patience_s=0.02)
    inside = await admission.place()
    assert await admission.place() is None
    assert inside is not None
    inside.leave()
    inside.leave()  # leaving twice frees one place only
    again = await admission.place()
    assert again is not None
    assert await admission.place() is None
    assert (admission.working, admission.waiting, admission.refused) == (1, 0, 2)


@pytest.mark.parametrize("granted", [False, True], ids=["while it waits", "as its turn comes"])
async def test_a_caller_that_is_cancelled_blocks_nobody(granted: bool) -> None:
    admission = Admission(at_once=1, most_waiting=5, patience_s=60)
    inside = await admission.place()
    assert inside is not None
    waiting = asyncio.create_task(admission.place())
    await until(lambda: admission.waiting == 1)
    if granted:
        inside.leave()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    inside.leave()
    next_one = await admission.place()
    assert isinstance(next_one, Place)
    assert admission.waiting == 0


async def test_closing_sends_everybody_away() -> None:
    """F27: a stop in the middle of a storm does not wait for those outside."""
    admission = Admission(at_once=1, most_waiting=50, patience_s=60)
    inside = await admission.place()
    waiting = [asyncio.create_task(admission.place()) for _ in range(50)]
    await until(lambda: admission.waiting == 50)
    admission.close()
    assert await admission.place() is None
    assert inside is not None
    inside.leave()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 15) == [None] * 50


class SlowDoor(OpenDoor):
    """Thinks about the first charger until it is told to go on."""

    def __init__(self, *ids: str) -> None:
        super().__init__(*ids)
        self.go_on = asyncio.Event()

    async def admit(self, attempt: Attempt) -> Admitted | TurnedAway:
        verdict = await super().admit(attempt)
        await self.go_on.wait()
        return verdict

    @property
    def seen(self) -> list[str]:
        return [attempt.charger_id for attempt in self.attempts]


async def dial(http: aiohttp.ClientSession, side: ChargerSide, id_: str) -> aiohttp.ClientWebSocketResponse:
    return await http.ws_connect(side.url(id_), protocols=("ocpp1.6",), headers=basic(id_))


async def test_at_the_socket_the_next_one_waits_and_the_rest_gets_503() -> None:
    """Order, Retry-After, and a place that is free as soon as the charger's coming is stored."""
    settings = ChargerSettings(
        boot_patience_s=60, connects_at_once=1, connects_waiting=1, connect_patience_s=60
    )
    door = SlowDoor("CP-1", "CP-2", "CP-3")
    async with charger_side(settings, door=door) as side, aiohttp.ClientSession() as http:
        admission = side.endpoint.admission
        first = asyncio.create_task(dial(http, side, "CP-1"))
        await until(lambda: door.seen == ["CP-1"])
        second = asyncio.create_task(dial(http, side, "CP-2"))
        await until(lambda: admission.waiting == 1)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await dial(http, side, "CP-3")
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert 5 <= int(refused.value.headers["Retry-After"]) <= 30
        door.go_on.set()
        sockets = [await first, await second]
        assert door.seen == ["CP-1", "CP-2"]
        await until(lambda: admission.working == 0)  # both are served now and hold no place any more
        assert admission.refused == 1
        for socket in sockets:
            await socket.close()


async def test_who_hung_up_while_waiting_costs_nothing() -> None:
    """Its turn comes, and nobody is asked about it."""
    settings = ChargerSettings(boot_patience_s=60, connects_at_once=1, connect_patience_s=60)
    door = SlowDoor("CP-1", "CP-2")
    async with charger_side(settings, door=door) as side, aiohttp.ClientSession() as http:
        admission = side.endpoint.admission
        first = asyncio.create_task(dial(http, side, "CP-1"))
        await until(lambda: door.seen == ["CP-1"])
        _, leaving = await asyncio.open_connection("127.0.0.1", side.port)
        leaving.write(b"GET /ocpp/CP-2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
        await until(lambda: admission.waiting == 1)
        leaving.transport.abort()
        async with http.get(side.url("no/such/path")):
            pass  # by now the server has heard of the end as well
        door.go_on.set()
        await (await first).close()
        await until(lambda: (admission.waiting, admission.working) == (0, 0))
        assert door.seen == ["CP-1"]


async def test_boots_take_turns() -> None:
    """No more BootNotifications in work than places; all of them are answered."""

    class SlowBoots(RecordingCharging):
        def __init__(self) -> None:
            super().__init__()
            self.now_booting = self.most = 0

        async def booted(self, event: Booted) -> timedelta:
            self.now_booting += 1
            self.most = max(self.most, self.now_booting)
            await asyncio.sleep(0.01)
            self.now_booting -= 1
            return await super().booted(event)

    ids = [f"CP-{n}" for n in range(8)]
    charging = SlowBoots()
    settings = ChargerSettings(boot_patience_s=60, connects_at_once=2)
    async with (
        charger_side(settings, charging, door=OpenDoor(*ids)) as side,
        aiohttp.ClientSession() as http,
    ):
        sockets = [await dial(http, side, id_) for id_ in ids]
        boot = {"chargePointVendor": "v", "chargePointModel": "m"}
        for socket in sockets:
            await socket.send_json([2, "1", "BootNotification", boot])
        answers = [await socket.receive_json(timeout=15) for socket in sockets]
        assert [answer[2]["status"] for answer in answers] == ["Accepted"] * 8
        assert charging.most == 2
        for socket in sockets:
            await socket.close()
