"""What the operator API says about charge detail records."""

from datetime import datetime

from pydantic import Field

from gateway.api.models import Listing, Model, Number


class Money(Model):
    """An amount; without `incl_vat` the tax is not known."""

    excl_vat: Number
    incl_vat: Number | None = None


class Volume(Model):
    """How much of one dimension."""

    type: str
    volume: Number


class Period(Model):
    """A charging period."""

    start_date_time: datetime
    dimensions: list[Volume]
    tariff_id: str | None = None


class Cdr(Model):
    """A charge detail record. `delivery`: WAITING, PARKED, SETTLED, DROPPED, or None if nobody takes it."""

    id: str
    party: str
    partner: str | None = None
    session_id: str | None = None
    start_date_time: datetime
    end_date_time: datetime
    location_id: str
    evse_uid: str
    connector_id: str
    token_uid: str
    contract_id: str
    auth_method: str
    authorization_reference: str | None = None
    currency: str
    total_cost: Money
    total_fixed_cost: Money | None = None
    total_energy_cost: Money | None = None
    total_time_cost: Money | None = None
    total_parking_cost: Money | None = None
    total_reservation_cost: Money | None = None
    total_energy: Number
    total_time: Number
    total_parking_time: Number
    tariff_ids: list[str] = Field([])
    charging_periods: list[Period] = Field([])
    remark: str | None = None
    credit_of: str | None = None
    credited_by: str | None = None
    replaces: str | None = None
    warnings: list[str] = Field([])
    delivery: str | None = None
    delivery_reason: str | None = None
    last_updated: datetime


class CdrList(Listing[Cdr]):
    """CDRs, newest first."""
