"""What the operations that prove and repair answer with."""

from datetime import datetime

from gateway.api.models import Model


class BrokenInvariant(Model):
    """One of I1 to I8 that does not hold for one thing."""

    invariant: str
    subject: str
    detail: str


class Verified(Model):
    """What was looked at, and what does not hold; no findings: all holds."""

    at: datetime
    sessions: int
    cdrs: int
    debts: int
    findings: list[BrokenInvariant]


class Disagreement(Model):
    """One object about which the partner's books and ours disagree."""

    kind: str
    key: str
    difference: str
    detail: str
    repaired: bool


class Reconciled(Model):
    """How many objects were compared and asked for, and what disagrees.

    `unanswered`: questions the partner had no usable answer to; `further`: discrepancies that are not listed.
    """

    at: datetime
    compared: int
    asked: int
    unanswered: int
    further: int
    discrepancies: list[Disagreement]


class BooksOfPartner(Model):
    """The last comparison with a partner in numbers; `differ`: discrepancies that were not repaired."""

    partner: str
    at: datetime
    compared: int
    asked: int
    unanswered: int
    differ: int


class BooksOfPartners(Model):
    """The last comparison with each partner."""

    items: list[BooksOfPartner]


class ReconcileRequest(Model):
    """`ask`: ask the partner for each object; `repair`: owe again what is missing or differs."""

    ask: bool = True
    repair: bool = False


class DropRequest(Model):
    """Why a delivery is given up."""

    note: str


class Retried(Model):
    """How many deliveries are tried again."""

    retried: int
