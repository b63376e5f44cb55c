"""What the operator API says about prices: corrections, explanations, signed meter data."""

from typing import Literal

from pydantic import Field

from gateway.api.cdr_models import Cdr, Money
from gateway.api.models import Model


class CreditRequest(Model):
    """Take a CDR back. `replacement`: make a new one from all samples of the session."""

    reason: str = Field(min_length=1, max_length=200)
    replacement: bool = True


class Correction(Model):
    """The CDRs a correction added."""

    credit: Cdr
    replacement: Cdr | None = None


class ReleaseRequest(Model):
    """Let a session go on that waits for a person; `accept` names the flags the person accepts."""

    accept: list[Literal["METER_JUMP"]] = Field(default_factory=list)
    note: str = Field(min_length=1, max_length=2000)


class ExplanationRow(Model):
    """One step of a price, in words; `when` is the location's time."""

    when: str
    what: str
    volume: str
    billed: str
    unit_price: str
    tax: str
    amount: str
    why: str


class Explanation(Model):
    """How a CDR's price came about. `total_cost` is the CDR's own."""

    cdr_id: str
    currency: str
    total_cost: Money
    rows: list[ExplanationRow]


class SignedDataset(Model):
    """One signed dataset of a meter and what its signature is worth; for people, nothing bills by it."""

    context: str
    encoding: str | None = None
    public_key: str | None = None
    data: str
    signature: str
    reason: str


class SignedMeterData(Model):
    """The signed meter data behind a CDR."""

    cdr_id: str
    datasets: list[SignedDataset]
