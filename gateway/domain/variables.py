"""The device model of a charger: its variables as it reported them (D02). Empty for OCPP 1.6."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.domain.ids import ChargerId


@dataclass(frozen=True, slots=True)
class Variable:
    """One attribute of a variable. `path`: `Component[instance]@evse.connector/Variable[instance]`.

    `attribute`: "Actual", "Target", "MinSet" or "MaxSet". `max_limit`: the most the variable can be.
    """

    path: str
    attribute: str = "Actual"
    value: str | None = None
    readonly: bool = False
    unit: str | None = None
    data_type: str | None = None
    max_limit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VariablesReported:
    """One part of a report; parts come in any order, `last` says which has the highest number.

    `features`: OCPP 1.6 names of feature profiles of which this part says that the charger has them, or not.
    """

    charger_id: ChargerId
    at: datetime
    request_id: int
    part: int
    last: bool
    variables: tuple[Variable, ...]
    features: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerTold:
    """One part of what a charger holds about the holder of a card; `part` counts from 0 (D22)."""

    charger_id: ChargerId
    at: datetime
    request_id: int
    part: int
    last: bool
    text: str
