"""The machine's time and chance, for what takes them as an argument."""

import uuid
from datetime import UTC, datetime


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)


class RandomIds:
    """Random UUIDs: 36 characters, not guessable, never repeated."""

    def new(self) -> str:
        """A fresh id."""
        return str(uuid.uuid4())
