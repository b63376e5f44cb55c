"""The terms a session runs under, frozen when it starts (CDR-05)."""

from dataclasses import dataclass

from gateway.domain.ids import TariffId
from gateway.domain.tariffs import Tariff


@dataclass(frozen=True, slots=True)
class Terms:
    """Tariffs as they were at the session's start; `tariff_id` is the one that applies (None: free of terms).

    `time_zone` is the location's IANA zone; `max_power_w` the most the plug can deliver, if known.
    """

    tariffs: tuple[Tariff, ...]
    tariff_id: TariffId | None
    currency: str
    time_zone: str
    max_power_w: int | None = None

    @property
    def tariff(self) -> Tariff | None:
        """The tariff that applies from the start."""
        return next((t for t in self.tariffs if t.id == self.tariff_id), None)
