"""OCPI 2.3.0 objects as they travel; what is not here is as in 2.2.1."""

from collections.abc import Mapping
from typing import Final

from ocpi.v221 import wire as earlier
from ocpi.v230.wire.locations import EVSE, Connector, EVSEParking, Location, Parking
from ocpi.v230.wire.money import CDR, Price, PriceLimit, Session, Tariff, TaxAmount
from ocpi.v230.wire.parties import ClientInfo, Credentials, CredentialsRole, InvoiceReconciliationRecord
from ocpi.wire import Wire

__all__ = [
    "CDR",
    "EVSE",
    "ClientInfo",
    "Connector",
    "Credentials",
    "CredentialsRole",
    "EVSEParking",
    "InvoiceReconciliationRecord",
    "Location",
    "Parking",
    "Price",
    "PriceLimit",
    "Session",
    "Tariff",
    "TaxAmount",
]

MODELS: Final[Mapping[str, type[Wire]]] = {
    **{name: getattr(earlier, name) for name in earlier.__all__},
    "CDR": CDR,
    "EVSE": EVSE,
    "ClientInfo": ClientInfo,
    "Connector": Connector,
    "Credentials": Credentials,
    "CredentialsRole": CredentialsRole,
    "EVSEParking": EVSEParking,
    "InvoiceReconciliationRecord": InvoiceReconciliationRecord,
    "Location": Location,
    "Parking": Parking,
    "Price": Price,
    "PriceLimit": PriceLimit,
    "Session": Session,
    "Tariff": Tariff,
    "TaxAmount": TaxAmount,
}
"""Every object by its name in the specification."""
