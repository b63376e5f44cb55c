"""How a session is pushed: whole, or as what came since the partner acknowledged the last push (SES-03).

A PATCH appends periods for good and cannot be repeated after an unknown outcome, so it is used only when it
is certain what the partner holds; after any doubt, and for every change but growth, the whole session is PUT.
While a session charges its running period is not pushed: what was appended could no longer be corrected.
"""

import hashlib
from dataclasses import replace

from gateway.app.costs import running_cost
from gateway.app.parcels import LocationParcel, Parcel, SessionParcel
from gateway.domain.delivery import WITHDRAWN, Debt
from gateway.domain.partners import Partner
from gateway.domain.periods import ChargingPeriod
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.usage import charging_periods


def whole(session: Session) -> SessionParcel:
    """The session as partners hold it: with the periods that no longer change."""
    periods = charging_periods(session.usage, session.terms)
    running = session.ended_at is None and session.status is not SessionStatus.INVALID
    return SessionParcel(session, running_cost(session), len(periods) - 1 if running else len(periods))


def as_pushed(parcel: Parcel, debt: Debt, partner: Partner) -> Parcel:
    """The parcel as it is sent now: a PATCH if the partner is known to hold all but what came since."""
    if not isinstance(parcel, SessionParcel) or not partner.profile.session_patch or debt.holding is None:
        return parcel
    count, _, mark = debt.holding.partition(":")
    held = int(count) if count.isdigit() else -1
    session = parcel.session
    if session.ended_at is not None or parcel.settled is None or not 0 <= held <= parcel.settled:
        return parcel
    return replace(parcel, held=held) if _mark(parcel, held) == mark else parcel


def holding_of(parcel: Parcel) -> str | None:
    """What the partner holds once it took this parcel, to be compared with what there is later."""
    if isinstance(parcel, LocationParcel):
        return WITHDRAWN if parcel.location.withdrawn else None
    if not isinstance(parcel, SessionParcel) or parcel.settled is None:
        return None
    return f"{parcel.settled}:{_mark(parcel, parcel.settled)}"


def _mark(parcel: SessionParcel, count: int) -> str:
    """A fingerprint of everything a PATCH does not carry, and of the first `count` periods."""
    session = parcel.session
    periods: tuple[ChargingPeriod, ...] = charging_periods(session.usage, session.terms)[:count]
    fixed = (
        session.status,
        session.started_at,
        session.token,
        session.auth_method,
        session.authorization_reference,
        session.plug.evse_uid,
        session.plug.connector_id,
        session.meter_id,
        session.terms.currency,
        periods,
    )
    return hashlib.sha256(repr(fixed).encode()).hexdigest()[:24]
