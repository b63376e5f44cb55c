"""Notices when the process has nearly all the memory it may have: then no new charger gets in (F25).

Going on would end in the kernel's killing the process, with everybody who is connected, again and again.
"""

import asyncio
import ctypes
import gc
import logging
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
_NEARLY_ALL = 0.95
_ROOM_AGAIN = 0.9
_MIB = 2**20
_CONTROL_GROUPS = (("memory.max", "sys/fs/cgroup"), ("memory.limit_in_bytes", "sys/fs/cgroup/memory"))
"""The file with the limit, and where the groups are: version 2 and version 1 of cgroups."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much memory is used, and how much may be, bytes."""

    used: int
    most: int

    @property
    def share(self) -> float:
        """Used of allowed, 0 to 1."""
        return self.used / self.most


class MemoryWatch:
    """Says once when memory runs out, gives back what it can, and once when there is room again.

    `shut` is told True and False. Machines without /proc are not watched.
    """

    def __init__(self, shut: Callable[[bool], None], root: Path = Path("/")) -> None:
        self._shut = shut
        self._root = root
        self._full = False

    async def run(self) -> None:
        """Watch for ever."""
        while (self._root / "proc/self/statm").is_file():
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Compare what is used with the limits now."""
        worst = max(allowances(self._root), key=lambda one: one.share, default=None)
        if worst is None:
            return
        said = (worst.used // _MIB, worst.most // _MIB)
        if not self._full and worst.share >= _NEARLY_ALL:
            log.error("%d of %d MiB of memory are used: no new charger gets in; raise the limit", *said)
            self._full = True
            _give_back()
        elif self._full and worst.share < _ROOM_AGAIN:
            log.warning("there is memory again: %d of %d MiB are used", *said)
            self._full = False
        self._shut(self._full)


def allowances(root: Path) -> Iterator[Allowance]:
    """The limits in force: of the address space, and of the control group as a container has it."""
    pages = (root / "proc/self/statm").read_text().split()
    size, resident = (int(count) * os.sysconf("SC_PAGE_SIZE") for count in pages[:2])
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        yield Allowance(size, most)
    most_resident = min(_limits_of_groups(root), default=None)
    if most_resident is not None:
        yield Allowance(resident, most_resident)


def _limits_of_groups(root: Path) -> Iterator[int]:
    """Limits of the process's control group; inside a container it is the one at the top."""
    with suppress(OSError):
        rows = [row.split(":", 2) for row in (root / "proc/self/cgroup").read_text().splitlines()]
        names = ["", *(name.strip("/") for _, kinds, name in rows if kinds in ("", "memory"))]
        for file, place in _CONTROL_GROUPS:
            for name in names:
                with suppress(OSError, ValueError):  # not there, or "max"
                    yield max(int((root / place / name / file).read_text()), 1)


def _give_back() -> None:
    """Return to the machine what is free here; only the GNU library can be asked to."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
