"""OCPI 2.3.0 locations, tariffs, sessions and CDRs, ours to wire, where they differ from 2.2.1."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from gateway.app.parcels import Parcel
from gateway.domain.cdrs import Cdr
from gateway.domain.partners import Partner
from gateway.domain.sessions import Session
from gateway.domain.sites import Connector, Evse, EvseParking, Image, Location, Parking
from gateway.domain.tariffs import Price, Tariff, Tax, TaxIncluded
from gateway.domain.taxes import VAT
from ocpi import v221
from ocpi.dialect import Json, Request
from ocpi.shared.cdrs import sayable, write_remark
from ocpi.shared.requests import Writers, request_by
from ocpi.shared.write import write_images
from ocpi.v221.commands import COMMANDS
from ocpi.v221.write_locations import known_connectors
from ocpi.v221.write_sessions import negated
from ocpi.v230.words import WORDS
from ocpi.v230.write_partners import write_session_token
from ocpi.wire import present, write_number


def write_location(location: Location) -> Json:
    """A Location with parking places and the phone number for drivers (LOC-20)."""
    served = [evse for evse in location.evses if known_connectors(evse, WORDS)]
    return {
        **v221.write_location(replace(location, evses=()), WORDS),
        **present(
            evses=[write_evse(evse) for evse in served],
            parking_places=[_parking(place) for place in location.parking_places],
            help_phone=location.help_phone,
        ),
    }


def write_evse(evse: Evse) -> Json:
    """An EVSE. Raises NotRepresentable if this version knows none of its connectors."""
    return {
        **v221.write_evse(evse, WORDS),
        **present(
            connectors=[write_connector(connector) for connector in known_connectors(evse, WORDS)],
            parking=[_evse_parking(item) for item in evse.parking],
            accepted_service_providers=list(evse.accepted_service_providers),
        ),
    }


def write_evse_status(evse: Evse) -> Json:
    """Body of the status PATCH. Raises NotRepresentable if the EVSE itself is not sent."""
    return v221.write_evse_status(evse, WORDS)


def write_connector(connector: Connector) -> Json:
    """A Connector. Raises NotRepresentable for a type of power this version does not know."""
    capabilities = present(capabilities=list(connector.capabilities))
    return {**v221.write_connector(connector, WORDS), **capabilities}


def _evse_parking(item: EvseParking) -> Json:
    return present(parking_id=item.parking_id, evse_position=item.evse_position)


def _parking(place: Parking) -> Json:
    sizes = {
        "max_vehicle_weight": place.max_vehicle_weight,
        "max_vehicle_height": place.max_vehicle_height,
        "max_vehicle_length": place.max_vehicle_length,
        "max_vehicle_width": place.max_vehicle_width,
        "parking_space_length": place.parking_space_length,
        "parking_space_width": place.parking_space_width,
        "time_limit": place.time_limit,
    }
    return present(
        id=place.id,
        physical_reference=place.physical_reference,
        vehicle_types=list(place.vehicle_types),
        **{name: write_number(size) for name, size in sizes.items() if size is not None},
        dangerous_goods_allowed=place.dangerous_goods_allowed,
        direction=place.direction,
        drive_through=place.drive_through,
        restricted_to_type=place.restricted_to_type,
        reservation_required=place.reservation_required,
        roofed=place.roofed,
        images=_images(place.images),
        lighting=place.lighting,
        refrigeration_outlet=place.refrigeration_outlet,
        standards=list(place.standards),
        apds_reference=place.apds_reference,
    )


def _images(images: Iterable[Image]) -> list[Json]:
    return write_images(images, WORDS.image_categories)


def write_tariff(tariff: Tariff) -> Json:
    """A Tariff. Raises NotRepresentable for a type of tariff this version does not know."""
    plain = replace(tariff, tax_included=TaxIncluded.NO, min_price=None, max_price=None)
    return {
        **v221.write_tariff(plain, WORDS),
        **present(min_price=_limit(tariff.min_price), max_price=_limit(tariff.max_price)),
        "tax_included": tariff.tax_included.value,
    }


def _limit(price: Price | None) -> Json:
    if price is None:
        return None
    after = None if price.after_taxes is None else write_number(price.after_taxes)
    return present(before_taxes=write_number(price.before_taxes), after_taxes=after)


def write_price(price: Price | None) -> Json:
    """A Price with its taxes; taxes nobody itemised are one amount, taxes nobody knows are not listed."""
    if price is None:
        return None
    taxes = price.taxes
    if not taxes and price.after_taxes is not None and price.after_taxes != price.before_taxes:
        taxes = (Tax(VAT, price.after_taxes - price.before_taxes),)
    return present(before_taxes=write_number(price.before_taxes), taxes=[_tax(tax) for tax in taxes])


def _tax(tax: Tax) -> Json:
    return present(
        name=tax.name,
        account_number=tax.account_number,
        percentage=None if tax.percentage is None else write_number(tax.percentage),
        amount=write_number(tax.amount),
    )


def write_session(session: Session, total_cost: Price | None) -> Json:
    """A Session. Raises NotRepresentable for a session without a token (SES-06)."""
    written = v221.write_session(session, None) | present(total_cost=write_price(total_cost))
    if session.token is not None:
        written["cdr_token"] = write_session_token(session.token)
    return written


def write_cdr(cdr: Cdr) -> Json:
    """A CDR. Raises NotRepresentable where the version cannot say what is billed."""
    tariffs, unsaid = sayable(cdr.tariffs, write_tariff)
    plain = replace(cdr, tariffs=(), remark=write_remark(cdr.remark, *unsaid))
    bill = cdr.bill
    return {
        **v221.write_cdr(plain, WORDS),
        "cdr_token": write_session_token(cdr.token),
        **present(
            tariffs=tariffs,
            total_cost=write_price(_credited(bill.total) if cdr.credit_of else bill.total),
            total_fixed_cost=write_price(bill.fixed),
            total_energy_cost=write_price(bill.energy),
            total_time_cost=write_price(bill.time),
            total_parking_cost=write_price(bill.parking),
            total_reservation_cost=write_price(bill.reservation),
        ),
    }


def _credited(price: Price) -> Price:
    """The amount of a credit, with negative taxes."""
    taxes = tuple(replace(tax, amount=-tax.amount) for tax in price.taxes)
    return replace(negated(price), taxes=taxes)


def request_for(parcel: Parcel, partner: Partner) -> Request:
    """The request that delivers a parcel. Raises NotRepresentable."""
    return request_by(_WRITERS, parcel, partner)


_WRITERS: Final = Writers(
    write_location, write_evse_status, write_tariff, write_session, write_cdr, write_connector, COMMANDS
)
