"""Notices when the process runs out of file descriptors: then nobody new gets in (F25)."""

import asyncio
import logging
import resource
from pathlib import Path

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
_NEARLY_ALL = 0.95
_OPEN = Path("/proc/self/fd")


class DescriptorWatch:
    """Says once when nearly all descriptors are in use, and once when there is room again.

    The event loop itself turns callers away silently. Machines without /proc are not watched.
    """

    def __init__(self, open_files: Path = _OPEN) -> None:
        self._open_files = open_files
        self._full = False

    async def run(self) -> None:
        """Watch for ever."""
        while self._open_files.is_dir():
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Compare what is open with the limit now."""
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            count = sum(1 for _ in self._open_files.iterdir())
        except OSError:  # looking takes a descriptor itself
            count = most
        full = most != resource.RLIM_INFINITY and count >= most * _NEARLY_ALL
        if full and not self._full:
            log.error("%d of %d file descriptors are open: nobody new gets in; raise the limit", count, most)
        if self._full and not full:
            log.warning("there are file descriptors again: %d of %d are open", count, most)
        self._full = full
