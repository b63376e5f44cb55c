"""Who is on the line. Implements the `Chargers` port of the use cases for this process."""

from collections.abc import Sequence
from datetime import timedelta

from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.errors import ChargerOffline
from gateway.domain.ids import ChargerId
from ocpp_side.transport import Line


class ConnectedChargers:
    """The current line of every connected charger. The newest authenticated connection wins (A05)."""

    def __init__(self) -> None:
        self._lines: dict[ChargerId, Line] = {}

    def enter(self, line: Line) -> Line | None:
        """Make this the charger's line; the one it replaces is returned."""
        replaced = self._lines.get(line.station.id)
        self._lines[line.station.id] = line
        return replaced

    def leave(self, line: Line) -> bool:
        """Forget a line that ended. False if a newer one has taken over: then nothing is to be done (Q03)."""
        if self._lines.get(line.station.id) is not line:
            return False
        del self._lines[line.station.id]
        return True

    def lines(self) -> Sequence[Line]:
        """All lines, as of now."""
        return tuple(self._lines.values())

    def online(self, charger_id: ChargerId) -> bool:
        """Whether the charger is connected here."""
        return charger_id in self._lines

    def connected(self) -> Sequence[ChargerId]:
        """Ids of all connected chargers."""
        return tuple(self._lines)

    async def ask(self, charger_id: ChargerId, command: Command, within: timedelta) -> CommandAnswer:
        """Send a command. Raises ChargerOffline, ChargerSilent, ChargerRefused, or InvalidInput."""
        line = self._lines.get(charger_id)
        if line is None:
            raise ChargerOffline
        return await line.ask(command, within)
