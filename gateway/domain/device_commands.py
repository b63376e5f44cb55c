"""What only chargers with a device model can be asked (OCPP 2.x)."""

from dataclasses import dataclass

from gateway.domain.ids import TransactionRef
from gateway.domain.network_profiles import SetNetworkProfile
from gateway.domain.tariffs import Price, Tariff


@dataclass(frozen=True, slots=True)
class GetTransactionStatus:
    """Ask whether a transaction still runs and whether messages about it wait to be sent (D13)."""

    transaction: TransactionRef


@dataclass(frozen=True, slots=True)
class ReportVariables:
    """Make a charger send all it knows about itself, in parts; `request_id` names the report (D02)."""

    request_id: int


@dataclass(frozen=True, slots=True)
class CustomerInformation:
    """Make a charger report, and perhaps forget, what it holds about the holder of a card (D22)."""

    request_id: int
    card: str
    report: bool = True
    clear: bool = False


@dataclass(frozen=True, slots=True)
class ShowCost:
    """Tell the driver what the transaction costs so far, in the charger's currency (D21)."""

    transaction: TransactionRef
    total: Price


@dataclass(frozen=True, slots=True)
class SetDefaultTariff:
    """Make this the tariff of an EVSE, or of all (`evse` 0); times of day are the charger's (E04)."""

    evse: int
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class ClearTariffs:
    """Show no tariff at an EVSE any more (E04)."""

    evse: int


DeviceCommand = (
    GetTransactionStatus
    | ReportVariables
    | CustomerInformation
    | ShowCost
    | SetDefaultTariff
    | ClearTariffs
    | SetNetworkProfile
)
