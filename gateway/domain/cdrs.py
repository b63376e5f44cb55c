"""Charge detail records: what partners are asked to pay. Immutable once made (CDR-02).

Spec: OCPI 2.2.1 mod_cdrs; OCPP notes M50 to M54.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from gateway.domain.authorization import AuthMethod
from gateway.domain.ids import CdrId, PartnerId, Party, SessionId
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.pricing import Bill
from gateway.domain.readings import Measurand, ReadingContext, Sample
from gateway.domain.sessions import Session
from gateway.domain.signed import SignedData, SignedValue, signed_data_of, too_long
from gateway.domain.sites import PlugSnapshot
from gateway.domain.tariffs import Tariff
from gateway.domain.tokens import SessionToken

__all__ = ["LONGEST_REMARK", "Cdr", "SignedData", "SignedValue", "credit", "make_cdr", "settles_at_once"]

LONGEST_REMARK = 255
"""Characters of a remark. Spec: OCPI 2.2.1 mod_cdrs "CDR Object"."""
_AGREES_WH = Decimal(1)
_SESSION_ONLY = frozenset(
    {
        PeriodDimension.CURRENT,
        PeriodDimension.ENERGY_EXPORT,
        PeriodDimension.ENERGY_IMPORT,
        PeriodDimension.POWER,
        PeriodDimension.STATE_OF_CHARGE,
    }
)
"""Dimensions a session may show and a CDR may not (SES-13, M42)."""


@dataclass(frozen=True, slots=True)
class Cdr:
    """One record. `credit_of`: a credit CDR, same data and bill; dialects negate its total (CDR-03).

    `replaces`: the record this one stands for after a correction; partners are not told.
    """

    id: CdrId
    party: Party
    partner_id: PartnerId
    started_at: datetime
    ended_at: datetime
    token: SessionToken
    auth_method: AuthMethod
    plug: PlugSnapshot
    currency: str
    periods: tuple[ChargingPeriod, ...]
    bill: Bill
    last_updated: datetime
    session_id: SessionId | None = None
    authorization_reference: str | None = None
    meter_id: str | None = None
    tariffs: tuple[Tariff, ...] = ()
    signed_data: SignedData | None = None
    remark: str | None = None
    invoice_reference_id: str | None = None
    credit_of: CdrId | None = None
    replaces: CdrId | None = None


def make_cdr(
    session: Session, bill: Bill, periods: Sequence[ChargingPeriod], cdr_id: CdrId, now: datetime
) -> Cdr:
    """Make the record of a closed session, with everything as it was when the session started (CDR-05).

    Raises ValueError for a session without end, token or partner: those have no CDR (M54).
    """
    if session.token is None or session.partner_id is None or session.ended_at is None:
        raise ValueError(f"session {session.id} has no end or nobody to bill")
    return Cdr(
        id=cdr_id,
        party=session.party,
        partner_id=session.partner_id,
        started_at=session.reserved_at or session.started_at,
        ended_at=session.ended_at,
        token=session.token,
        auth_method=session.auth_method,
        plug=session.plug,
        currency=bill.currency,
        periods=tuple(_for_cdr(period) for period in periods),
        bill=bill,
        last_updated=now,
        session_id=session.id,
        authorization_reference=session.authorization_reference,
        meter_id=session.meter_id,
        tariffs=session.terms.tariffs,
        signed_data=signed_data_of(session.signed),
        remark=_remark(session),
    )


def credit(cdr: Cdr, credit_id: CdrId, now: datetime) -> Cdr:
    """The credit CDR for a record: all its data under another id; dialects negate its total (CDR-03)."""
    return replace(cdr, id=credit_id, credit_of=cdr.id, last_updated=now)


def _for_cdr(period: ChargingPeriod) -> ChargingPeriod:
    return replace(period, volumes=tuple(v for v in period.volumes if v.type not in _SESSION_ONLY))


def _remark(session: Session) -> str | None:
    """Why it ended and what was doubtful, in at most 255 characters."""
    remarks = [f"stopped: {session.stop_reason}"] if session.stop_reason else []
    remarks += dict.fromkeys(f.detail for f in (*session.flags, *session.usage.flags))
    if any(too_long(reading) for reading in session.signed):
        remarks.append("signed meter data too long for a CDR is kept with the session")
    text = "; ".join(remarks)
    if len(text) > LONGEST_REMARK:
        text = f"{text[: LONGEST_REMARK - 1]}…"
    return text or None


def settles_at_once(session: Session, samples: Sequence[Sample]) -> bool:
    """Whether the end is certain: a Transaction.End register value agrees with the stop value, to one Wh."""
    stop = session.meter_stop_wh
    if stop is None:
        return False
    ends = [
        reading.value
        for sample in samples
        for reading in sample.readings
        if reading.measurand is Measurand.IMPORT_REGISTER_WH
        and reading.context is ReadingContext.END
        and reading.phase is None
    ]
    if session.usage.end_wh is not None:
        ends.append(session.usage.end_wh)
    return any(abs(value - stop) <= _AGREES_WH for value in ends)
