"""The simulated charger's clock: real time, or past time that hurries towards the present."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_SLACK = timedelta(milliseconds=50)
"""Wall time for what happens between two steps of a hurried charge."""


def wall_clock() -> datetime:
    """The machine's time, aware UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and `Z`, as chargers write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ChargerClock:
    """Time as the charger sees it.

    A long session is made short by going back (`rewind`) and then running `speed` times faster (`hurry`)
    until the present is reached. So no timestamp lies in the future, and energy, power and time agree.
    `drift` is how much it loses, in seconds for each second since it was made.
    """

    def __init__(self, wall: Callable[[], datetime] = wall_clock) -> None:
        self._wall = wall
        self._origin = wall()
        self._base = self._origin
        self._speed = 1.0
        self._made = self._origin
        self.drift = 0.0

    def now(self) -> datetime:
        """The charger's time; never later than the wall clock."""
        wall = self._wall()
        drifted = (wall - self._made) * self.drift
        return min(wall, self._base + (wall - self._origin) * self._speed) - drifted

    @property
    def behind(self) -> bool:
        """Whether the charger's time has not caught up with the wall clock."""
        return self._wall() - self.now() > timedelta(seconds=1)

    def rewind(self, span: timedelta, speed: float) -> None:
        """Go back so far that `span` of charger time, at `speed`, will end just before the present."""
        speed = max(speed, 1.0)
        slack = _SLACK * speed if speed > 1 else timedelta()
        self._origin = self._wall()
        self._speed = 1.0
        self._base = self._origin - span - slack + span / speed

    def hurry(self, speed: float) -> None:
        """From now on charger time passes `speed` times faster, until the present is reached."""
        now = self.now()
        self._origin, self._base, self._speed = self._wall(), now, max(speed, 1.0)

    def skip(self, span: timedelta) -> None:
        """Let this much time pass at once, but not beyond the present; from now on it passes as usual."""
        later = self.now() + span
        self._origin, self._base, self._speed = self._wall(), later, 1.0

    async def sleep(self, span: timedelta, unless: asyncio.Event | None = None) -> None:
        """Let `span` of charger time pass, or less if `unless` happens."""
        seconds = max(span.total_seconds(), 0.0) / self._speed
        if unless is None:
            await asyncio.sleep(seconds)
            return
        try:
            async with asyncio.timeout(seconds):
                await unless.wait()
        except TimeoutError:
            return
