"""Before a session is given up as lost, its charger is asked whether the transaction still runs (D13)."""

import logging
from datetime import timedelta

from gateway.app.ports import Chargers
from gateway.domain.device_commands import GetTransactionStatus
from gateway.domain.errors import GatewayError
from gateway.domain.sessions import Session

log = logging.getLogger(__name__)

_PATIENCE = timedelta(seconds=10)


class StillRunning:
    """Asks chargers that can be asked: OCPP 1.6 has no such question, and who is away cannot answer it."""

    def __init__(self, chargers: Chargers) -> None:
        self._chargers = chargers

    async def __call__(self, session: Session) -> bool:
        """Whether the charger says that it has more to say about the transaction, or that it runs still."""
        if session.transaction is None or not self._chargers.online(session.charger_id):
            return False
        question = GetTransactionStatus(session.transaction)
        try:
            answer = await self._chargers.ask(session.charger_id, question, _PATIENCE)
        except GatewayError as error:
            log.info("%s could not say whether %s runs: %s", session.charger_id, session.transaction, error)
            return False
        return answer.messages_wait or (session.open and answer.ongoing is True)
