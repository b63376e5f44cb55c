"""Notices when the event loop stood still: then no charger and no partner was served (F26)."""

import asyncio
import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1
_STALL_S = 1.0


class Watchdog:
    """Measures how late the event loop is; a stall of a second or more is an error in the log.

    `observe` is told every delay in seconds.
    """

    def __init__(
        self, observe: Callable[[float], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._observe = observe
        self._monotonic = monotonic

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            due = self._monotonic() + _LOOK_EVERY_S
            await asyncio.sleep(_LOOK_EVERY_S)
            late_s = max(self._monotonic() - due, 0.0)
            self._observe(late_s)
            if late_s >= _STALL_S:
                log.error("the event loop stood still for %.1f s: nobody was served", late_s)
