"""Asking a charger to do something."""

from gateway.app.policy import Policy
from gateway.app.ports import Chargers
from gateway.domain.commands import Command, CommandAnswer
from gateway.domain.ids import ChargerId


class Remote:
    """Commands to chargers, with a deadline."""

    def __init__(self, chargers: Chargers, policy: Policy) -> None:
        self._chargers = chargers
        self._policy = policy

    async def ask(self, charger_id: ChargerId, command: Command) -> CommandAnswer:
        """Send a command and wait for the answer.

        Raises ChargerOffline, ChargerSilent or ChargerRefused.
        """
        return await self._chargers.ask(charger_id, command, self._policy.command_timeout)
