"""Samples that an end tells again with the times of a clock that cannot be used (Q19, F06)."""

from dataclasses import replace

from gateway.app.ports import Tx
from gateway.domain.events import TransactionEnded
from gateway.domain.sessions import Session


def keep_samples(tx: Tx, session: Session, event: TransactionEnded) -> None:
    """Keep the samples of an end; of re-dated ones only those of the end, if the session has samples.

    Those told before got other times than the same ones told again with the end: in the order of their times
    a register would fall and rise again, and what it counted be counted twice.
    """
    samples = event.samples
    if event.clock_suspect and tx.sessions.samples(session.id):
        samples = tuple(s if s.of_the_end else replace(s, readings=()) for s in samples)
    tx.sessions.add_samples(session.id, tuple(s for s in samples if s.readings or s.signed))
