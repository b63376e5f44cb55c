"""OCPI 2.2.1 sessions and CDRs, ours to wire."""

from collections.abc import Iterable

from gateway.domain.cdrs import Cdr, SignedData, SignedValue
from gateway.domain.errors import NotRepresentable
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.sessions import Session
from gateway.domain.sites import PlugSnapshot
from gateway.domain.tariffs import Price
from gateway.domain.units import hours, kwh
from gateway.domain.usage import charging_periods
from ocpi.dialect import Json, JsonObject
from ocpi.shared.cdrs import sayable, write_remark, write_text
from ocpi.v221.words import WORDS, Vocabulary
from ocpi.v221.write_locations import write_coordinates
from ocpi.v221.write_partners import write_session_token
from ocpi.v221.write_tariffs import write_price, write_tariff
from ocpi.wire import present, write_datetime, write_number

NOT_AVAILABLE = "#NA"
"""Stands in a required string that cannot be filled (TR-35)."""

_ADDRESS_LENGTH = 45
_STATE_LENGTH = 20
_SIGNED_LENGTH = 5000
_KEY_LENGTH = 512
_NATURE_LENGTH = 32
_ENCODING_LENGTH = 36


def write_session(session: Session, total_cost: Price | None) -> Json:
    """A Session object; `total_cost` None is left out, because unknown is not free (SES-09).

    Raises NotRepresentable for a session without a token: partners only see their own drivers (SES-06).
    """
    if session.token is None:
        raise NotRepresentable(f"session {session.id} has no token, which OCPI requires")
    periods = charging_periods(session.usage, session.terms)
    return present(
        country_code=session.party.country_code,
        party_id=session.party.party_id,
        id=session.id,
        start_date_time=write_datetime(session.started_at),
        end_date_time=write_datetime(session.ended_at) if session.ended_at else None,
        kwh=write_number(kwh(session.energy_wh)),
        cdr_token=write_session_token(session.token),
        auth_method=session.auth_method.value,
        authorization_reference=session.authorization_reference,
        location_id=session.plug.location.id,
        evse_uid=session.plug.evse_uid or NOT_AVAILABLE,
        connector_id=session.plug.connector_id or NOT_AVAILABLE,
        meter_id=write_text(session.meter_id),
        currency=session.terms.currency,
        charging_periods=_periods(periods, frozenset(PeriodDimension)),
        total_cost=write_price(total_cost),
        status=session.status.value,
        last_updated=write_datetime(session.last_updated),
    )


def write_cdr(cdr: Cdr, words: Vocabulary = WORDS) -> Json:
    """A CDR object. Spec: OCPI 2.2.1 mod_cdrs "CDR Object" (CDR-01 to CDR-14).

    A credit CDR repeats its record with only the values of total_cost negated (CDR-03). A tariff the version
    has no words for is left out and the remark says so: what is billed is in the totals. Raises
    NotRepresentable where the version cannot say what is billed.
    """
    tariffs, unsaid = sayable(cdr.tariffs, lambda tariff: write_tariff(tariff, words))
    periods = _periods(cdr.periods, words.dimensions)
    if not periods:
        raise NotRepresentable(f"CDR {cdr.id} has no charging period with a dimension")
    return present(
        country_code=cdr.party.country_code,
        party_id=cdr.party.party_id,
        id=cdr.id,
        start_date_time=write_datetime(cdr.started_at),
        end_date_time=write_datetime(cdr.ended_at),
        session_id=cdr.session_id,
        cdr_token=write_session_token(cdr.token),
        auth_method=cdr.auth_method.value,
        authorization_reference=cdr.authorization_reference,
        cdr_location=write_cdr_location(cdr.plug, words),
        meter_id=write_text(cdr.meter_id),
        currency=cdr.currency,
        tariffs=tariffs,
        charging_periods=periods,
        signed_data=_signed_data(cdr.signed_data) if cdr.signed_data else None,
        **_totals(cdr),
        remark=write_remark(cdr.remark, *unsaid),
        invoice_reference_id=cdr.invoice_reference_id,
        credit=True if cdr.credit_of else None,
        credit_reference_id=cdr.credit_of,
        last_updated=write_datetime(cdr.last_updated),
    )


def _totals(cdr: Cdr) -> JsonObject:
    """Totals of the bill; time runs from start to end and contains the parking (CDR-08)."""
    bill = cdr.bill
    return present(
        total_cost=write_price(negated(bill.total) if cdr.credit_of else bill.total),
        total_fixed_cost=write_price(bill.fixed),
        total_energy=write_number(bill.energy_kwh),
        total_energy_cost=write_price(bill.energy),
        total_time=write_number(hours(cdr.ended_at - cdr.started_at)),
        total_time_cost=write_price(bill.time),
        total_parking_time=write_number(bill.parking_h) or None,
        total_parking_cost=write_price(bill.parking),
        total_reservation_cost=write_price(bill.reservation),
    )


def negated(price: Price) -> Price:
    """The amount of a credit."""
    after_taxes = None if price.after_taxes is None else -price.after_taxes
    return Price(-price.before_taxes, after_taxes)


def _periods(periods: Iterable[ChargingPeriod], dimensions: frozenset[str]) -> list[Json]:
    """Periods with the dimensions that may be shown; a period needs at least one (CDR-06, SES-13)."""
    written = (_period(period, dimensions) for period in periods)
    return [period for period in written if period["dimensions"]]


def _period(period: ChargingPeriod, dimensions: frozenset[str]) -> dict[str, Json]:
    volumes = [
        {"type": volume.type.value, "volume": write_number(volume.amount)}
        for volume in period.volumes
        if volume.type.value in dimensions
    ]
    tariff = {"tariff_id": period.tariff_id} if period.tariff_id else {}
    return {"start_date_time": write_datetime(period.starts_at), "dimensions": volumes, **tariff}


def write_cdr_location(plug: PlugSnapshot, words: Vocabulary) -> Json:
    """A CdrLocation, whose address and state are shorter than a Location's (LOC-19, CDR-13)."""
    if plug.standard not in words.connector_types or plug.power_type not in words.power_types:
        raise NotRepresentable(f"this OCPI version does not know {plug.standard} with {plug.power_type}")
    place = plug.location
    return present(
        id=place.id,
        name=place.name,
        address=place.address[:_ADDRESS_LENGTH],
        city=place.city,
        postal_code=place.postal_code,
        state=place.state[:_STATE_LENGTH] if place.state else None,
        country=place.country,
        coordinates=write_coordinates(place.coordinates),
        evse_uid=plug.evse_uid or NOT_AVAILABLE,
        evse_id=plug.evse_id or NOT_AVAILABLE,
        connector_id=plug.connector_id or NOT_AVAILABLE,
        connector_standard=plug.standard,
        connector_format=plug.format,
        connector_power_type=plug.power_type,
    )


def _signed_data(signed: SignedData) -> Json:
    """SignedData, byte for byte; what does not fit cannot be cut without breaking the signature (CDR-12)."""
    return present(
        encoding_method=_fitting(signed.encoding_method, _ENCODING_LENGTH),
        encoding_method_version=signed.encoding_method_version,
        public_key=_fitting(signed.public_key, _KEY_LENGTH),
        signed_values=[_signed_value(value) for value in signed.signed_values],
        url=_fitting(signed.url, _KEY_LENGTH),
    )


def _signed_value(value: SignedValue) -> Json:
    return {
        "nature": _fitting(value.nature, _NATURE_LENGTH),
        "plain_data": _fitting(value.plain_data, _SIGNED_LENGTH),
        "signed_data": _fitting(value.signed_data, _SIGNED_LENGTH),
    }


def _fitting(text: str | None, length: int) -> str | None:
    if text is not None and len(text) > length:
        raise NotRepresentable(f"signed meter data of {len(text)} characters; OCPI allows {length}")
    return text
