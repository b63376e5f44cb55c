"""Background work that is watched: every task has a name, an owner and an end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Supervisor:
    """Runs named loops, restarts the ones that fail, and ends them all on `stop`."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def running(self, name: str) -> bool:
        """Whether a task of this name is alive."""
        task = self._tasks.get(name)
        return task is not None and not task.done()

    def start(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop until it returns; after an error it runs again, at growing intervals."""
        if not self.running(name):
            self._tasks[name] = asyncio.create_task(self._keep_running(name, loop), name=name)

    async def end(self, name: str) -> None:
        """Cancel one task and wait for it."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        """Cancel everything and wait until it is gone."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_running(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await loop()
            except Exception:
                log.exception("%s failed; it runs again in %.0f s", name, pause_s, extra={"task_name": name})
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                return


class Alarm:
    """A wake-up that is not lost between two waits."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """Wake whoever waits now, or next."""
        self._event.set()

    def ring_in(self, seconds: float) -> None:
        """Ring later; a ring that is under way already is not joined by another."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(seconds, self._ring_now)

    def _ring_now(self) -> None:
        self._later = None
        self.ring()

    async def wait(self, longest_s: float) -> None:
        """Wait for a ring, but no longer than this."""
        try:
            async with asyncio.timeout(longest_s):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
