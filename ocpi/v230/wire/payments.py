"""Spec: OCPI 2.3.0 mod_payments, a module beside the core. Models only; why is in docs/adr/0006."""

from typing import Annotated, Literal

from ocpi.shared.wire import GeoLocation
from ocpi.v230.wire.money import Price
from ocpi.wire import (
    AtLeastOne,
    CiString36,
    CountryAlpha3,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    Many,
    PartyId,
    Url,
    Wire,
    ci_string,
)

InvoiceCreator = Literal["CPO", "PTP"]
CaptureStatusCode = Literal["SUCCESS", "PARTIAL_SUCCESS", "FAILED"]
_Line = Annotated[str, ci_string(255, at_least=1)]
_Street = Annotated[str, ci_string(45)]


class Terminal(Wire):
    """Spec: "Terminal Object": a payment terminal and the places it serves."""

    terminal_id: Id36
    customer_reference: CiString36 | None = None
    party_id: PartyId | None = None
    country_code: CountryCode | None = None
    address: _Street | None = None
    city: _Street | None = None
    postal_code: Annotated[str, ci_string(10)] | None = None
    state: Annotated[str, ci_string(20)] | None = None
    country: CountryAlpha3 | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: Url | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: CiString36 | None = None
    location_ids: Many[CiString36] = ()
    evse_uids: Many[CiString36] = ()
    last_updated: DateTime


class FinancialAdviceConfirmation(Wire):
    """Spec: "Financial Advice Confirmation Object": what was really taken from a driver's card."""

    id: Id36
    authorization_reference: CiString36
    total_costs: Price
    currency: Currency
    eft_data: AtLeastOne[_Line]
    capture_status_code: CaptureStatusCode
    capture_status_message: _Line | None = None
    last_updated: DateTime
