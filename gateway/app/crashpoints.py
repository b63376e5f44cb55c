"""Named places at which a test can end the process as a power failure would: no cleanup, no farewell (F2).

Nothing is armed unless GATEWAY_CRASH_AT says so. `name` dies where the name is first reached, `name:3` at the
third time; `record:FILE` only writes down which names were reached.
"""

import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

EXIT_CODE = 70
_RECORD = "record:"


class _Trap:
    """One armed point, or a record of those that were passed."""

    def __init__(self, text: str) -> None:
        name, _, times = text.partition(":")
        self.record = Path(text.removeprefix(_RECORD)) if text.startswith(_RECORD) else None
        self.name = name
        self.left = int(times) if times and self.record is None else 1
        self.seen: set[str] = set()

    def reach(self, name: str) -> None:
        if self.record is not None:
            if name not in self.seen:
                self.seen.add(name)
                with self.record.open("a", encoding="utf-8") as file:
                    file.write(f"{name}\n")
            return
        if name == self.name:
            self.left -= 1
            if self.left <= 0:
                os._exit(EXIT_CODE)


_armed: list[_Trap] = []


def arm(text: str) -> None:
    """Arm what GATEWAY_CRASH_AT says. Raises ValueError if the number after the name is none."""
    _armed[:] = [_Trap(text)] if text else []
    if text:
        log.warning("this process is told to crash at %s", text)


def crash_point(*name: str) -> None:
    """A place a test may choose to die at; costs next to nothing otherwise."""
    if _armed:
        _armed[0].reach(".".join(name))
