"""Chargers that report a second start where the end belongs (Q26). Within units of work."""

from gateway.app.ports import Tx
from gateway.domain.events import Habit, TransactionEnded, TransactionStarted
from gateway.domain.sessions import Session

REASON = "a start in place of the end"


def ended_by(tx: Tx, event: TransactionStarted) -> Session | None:
    """The session that this "start" ends, or has ended before; None if it is a start like any other.

    Only for makes known for it: the same card at a plug that has not been free since its session began.
    """
    state = tx.chargers.state(event.charger_id)
    if state is None or Habit.START_AT_END not in state.habits or event.id_token is None:
        return None
    session = tx.sessions.last_at(event.charger_id, event.number)
    if session is None or session.transaction is None or session.presented != event.id_token.value:
        return None
    running = session.open and session.closes_at is None and session.started_at < event.at
    repeated = session.stop_reason == REASON and session.ended_at == event.at
    return session if running or repeated else None


def end_in(event: TransactionStarted, session: Session) -> TransactionEnded | None:
    """What the start means; None if the session heard it before.

    Its meter value counts only where it goes on from the values before it: some always say 0.
    """
    if not session.open or session.transaction is None:
        return None
    known_wh = (session.meter_start_wh or 0) + session.energy_wh
    register = event.meter_start_wh
    return TransactionEnded(
        event.charger_id,
        event.at,
        session.transaction,
        meter_stop_wh=register if register is not None and register >= known_wh else None,
        reason=REASON,
        id_token=event.id_token,
        number=event.number,
        clock_suspect=event.clock_suspect,
    )
