"""OCPI 2.1.1 sessions and CDRs, ours to wire: they embed the location, and prices are without VAT."""

from collections.abc import Iterable

from gateway.domain.authorization import AuthMethod
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import NotRepresentable
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.sessions import Session, SessionStatus
from gateway.domain.sites import PlugSnapshot
from gateway.domain.tariffs import Price
from gateway.domain.units import hours, kwh
from gateway.domain.usage import charging_periods
from ocpi.dialect import Json
from ocpi.shared.cdrs import sayable, write_remark, write_text
from ocpi.v211.text import plain_or_none
from ocpi.v211.words import CONNECTOR_TYPES, DIMENSIONS, POWER_TYPES
from ocpi.v211.write_locations import write_any_location
from ocpi.v211.write_tariffs import write_tariff
from ocpi.wire import present, write_datetime, write_number

_ID_LENGTH = 36


def write_session(session: Session, total_cost: Price | None) -> Json:
    """A Session object (SES-12); `total_cost` None is left out, because unknown is not free (SES-09).

    Raises NotRepresentable for a session without a token, and at a plug this version does not know.
    """
    if session.token is None:
        raise NotRepresentable(f"session {session.id} has no token, which OCPI requires")
    periods = charging_periods(session.usage, session.terms)
    return present(
        id=session.id,
        start_datetime=write_datetime(session.started_at),
        end_datetime=write_datetime(session.ended_at) if session.ended_at else None,
        kwh=write_number(kwh(session.energy_wh)),
        auth_id=session.token.contract_id,
        auth_method=_auth_method(session.auth_method),
        location=_place(session.plug),
        meter_id=write_text(session.meter_id),
        currency=session.terms.currency,
        charging_periods=_periods(periods),
        total_cost=_amount(total_cost),
        status=_status(session.status),
        last_updated=write_datetime(session.last_updated),
    )


def write_cdr(cdr: Cdr) -> Json:
    """A CDR object. Spec: OCPI 2.1.1 mod_cdrs "CDR Object".

    Signed data, and tariffs the version has no words for, are left out, and the remark says so: what is
    billed is in the totals. Raises NotRepresentable for a credit CDR, which would look like a second bill,
    and for a plug this version does not know.
    """
    if cdr.credit_of is not None:
        raise NotRepresentable(
            f"CDR {cdr.id} is a credit, which OCPI 2.1.1 does not have; settle it otherwise"
        )
    if len(cdr.id) > _ID_LENGTH:
        raise NotRepresentable(f"CDR {cdr.id}: OCPI 2.1.1 allows ids of {_ID_LENGTH} characters")
    tariffs, unsaid = sayable(cdr.tariffs, write_tariff)
    remark = write_remark(cdr.remark, *unsaid, *_left_out(cdr))
    return present(
        id=cdr.id,
        start_date_time=write_datetime(cdr.started_at),
        stop_date_time=write_datetime(cdr.ended_at),
        auth_id=cdr.token.contract_id,
        auth_method=_auth_method(cdr.auth_method),
        location=_place(cdr.plug),
        meter_id=write_text(cdr.meter_id),
        currency=cdr.currency,
        tariffs=tariffs,
        charging_periods=_billed_periods(cdr),
        total_cost=_amount(cdr.bill.total),
        total_energy=write_number(cdr.bill.energy_kwh),
        total_time=write_number(hours(cdr.ended_at - cdr.started_at)),
        total_parking_time=write_number(cdr.bill.parking_h) or None,
        remark=plain_or_none(remark, 255),
        last_updated=write_datetime(cdr.last_updated),
    )


def _left_out(cdr: Cdr) -> Iterable[str]:
    """What this version has no place for, said in the remark."""
    if cdr.signed_data is not None:
        yield "left out: signed meter data"
    if any(v.type is PeriodDimension.RESERVATION_TIME for period in cdr.periods for v in period.volumes):
        yield "left out: time of the reservation, which total_cost contains"


def _billed_periods(cdr: Cdr) -> list[Json]:
    """The periods; a fixed price is a FLAT dimension of the first one."""
    periods = _periods(cdr.periods)
    if not periods:
        raise NotRepresentable(f"CDR {cdr.id} has no charging period with a dimension")
    if cdr.bill.fixed is not None and cdr.bill.fixed.before_taxes:
        periods[0]["dimensions"].append({"type": "FLAT", "volume": 1})
    return periods


def _periods(periods: Iterable[ChargingPeriod]) -> list[Json]:
    written = (
        {
            "start_date_time": write_datetime(period.starts_at),
            "dimensions": [
                {"type": volume.type.value, "volume": write_number(volume.amount)}
                for volume in period.volumes
                if volume.type.value in DIMENSIONS
            ],
        }
        for period in periods
    )
    return [period for period in written if period["dimensions"]]


def _place(plug: PlugSnapshot) -> Json:
    """The location with the one EVSE and connector that is used (SES-12)."""
    if plug.standard not in CONNECTOR_TYPES or plug.power_type not in POWER_TYPES:
        raise NotRepresentable(f"OCPI 2.1.1 does not know {plug.standard} with {plug.power_type}")
    return write_any_location(plug.location)


def _amount(price: Price | None) -> Json:
    return None if price is None else write_number(price.before_taxes)


def _auth_method(method: AuthMethod) -> str:
    """A partner that sent a command has authorized by asking: 2.1.1 knows no COMMAND."""
    return AuthMethod.AUTH_REQUEST.value if method is AuthMethod.COMMAND else method.value


def _status(status: SessionStatus) -> str:
    """A reservation is a session that has not begun (SES-04)."""
    return SessionStatus.PENDING.value if status is SessionStatus.RESERVATION else status.value
