"""A boot storm is served in order: a few chargers at a time, the next ones wait, the rest come later (F18).

Without a bound all of a thousand handshakes progress equally slowly until the chargers give up on every one.
"""

import asyncio
from types import TracebackType
from typing import Self


class Place:
    """The right to be let in now; `leave` may be called more than once."""

    def __init__(self, admission: "Admission") -> None:
        self._admission: Admission | None = admission

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Make room for the next charger."""
        admission, self._admission = self._admission, None
        if admission is not None:
            admission.left()


class Admission:
    """Hands out `at_once` places in the order of asking; `most_waiting` may wait, for `patience_s` each.

    The patience is shorter than chargers' own, so that no work is done for one that has gone. `boots` bounds
    the BootNotifications in work in the same way; those wait without an end, for their chargers are inside.
    """

    def __init__(self, at_once: int, most_waiting: int, patience_s: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._patience_s = patience_s
        self._closed = False
        self._shut = False
        self.boots = asyncio.Semaphore(at_once)
        self.empty = asyncio.Event()
        """Set while nobody is being let in."""
        self.empty.set()
        self.working = 0
        self.waiting = 0
        self.refused = 0

    async def place(self) -> Place | None:
        """A place as soon as it is this charger's turn; None: it has to come back later."""
        if self._closed or self._shut or self.waiting >= self._most_waiting or not await self._turn():
            self.refused += 1
            return None
        self.working += 1
        self.empty.clear()
        place = Place(self)
        if self._closed:
            place.leave()
            self.refused += 1
            return None
        return place

    def close(self) -> None:
        """Refuse everybody from now on, those who wait included."""
        self._closed = True

    def shut(self, shut: bool) -> None:
        """Refuse whoever comes while there is no memory for them; who waits already is let in."""
        self._shut = shut

    def left(self) -> None:
        """A place is free again."""
        self.working -= 1
        self._places.release()
        if not self.working:
            self.empty.set()

    async def _turn(self) -> bool:
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience_s):
                await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        return True
