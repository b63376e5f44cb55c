"""What looking after chargers needs from the outside, as Protocols; part of `ports.Tx`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.domain.care import StationCare
from gateway.domain.ids import ChargerId
from gateway.domain.tasks import Task


class CareRows(Protocol):
    """What is remembered to look after chargers."""

    def get(self, charger_id: ChargerId) -> StationCare:
        """Never None: a charger nobody looked after yet has an empty record."""

    def save(self, care: StationCare) -> None:
        """Insert or update."""

    def remove(self, charger_id: ChargerId) -> None:
        """Forget a charger."""


class TaskRows(Protocol):
    """Operations on chargers."""

    def get(self, task_id: str) -> Task | None:
        """The task, or None."""

    def save(self, task: Task) -> None:
        """Insert or update."""

    def open(self) -> Sequence[Task]:
        """Tasks that wait for a charger, oldest first."""

    def latest(self, limit: int) -> Sequence[Task]:
        """Tasks, newest first."""


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate for a charger: PEM, its own first, then those up to the root."""

    chain: str
    ends_at: datetime


class CertificateAuthority(Protocol):
    """Signs the certificates chargers present."""

    async def check(self, request: str, charger_id: ChargerId) -> None:
        """Whether a request (PEM or Base64 of DER) is fit for this charger. Raises InvalidInput."""

    async def sign(self, request: str, charger_id: ChargerId, now: datetime) -> SignedCertificate:
        """Sign a request. Raises InvalidInput if it is not fit for this charger; NotSigned."""
