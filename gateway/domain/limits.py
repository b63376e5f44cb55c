"""How much one session may take, where a partner bears the risk only so far (E05)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """The most of one session; 0 means no limit. `cost` is in the tariff's currency, with taxes."""

    energy_kwh: int = 0
    minutes: int = 0
    cost: int = 0
