"""What proves and repairs promises, in one place for those who offer it to people."""

from dataclasses import dataclass

from gateway.app.reconcile import Reconciling
from gateway.app.verify import Verifier


@dataclass(frozen=True, slots=True)
class Keeping:
    """The invariants, and partners' books."""

    verifier: Verifier
    reconciling: Reconciling
