"""One process per database file: an operating-system lock that dies with the process."""

import os
from pathlib import Path
from typing import Final

from gateway.domain.errors import AlreadyRunning

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
    import msvcrt

_LOCKED_BYTE: Final = 4096
"""Far behind the process id, which others must be able to read (Windows locks are mandatory)."""


class FileLock:
    """Held from construction to `release`. Raises AlreadyRunning with the holder's process id."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._file)
        except OSError as error:
            os.lseek(self._file, 0, os.SEEK_SET)
            holder = os.read(self._file, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise AlreadyRunning(
                f"Another gateway uses this database: process {holder} holds {path.name}. Stop it first."
            ) from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let another process in. The file stays, so that nobody locks one that is being deleted."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(file: int) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    os.lseek(file, 0, os.SEEK_SET)
