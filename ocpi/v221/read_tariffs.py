"""OCPI 2.2.1 tariffs, wire to ours."""

from collections.abc import Iterable
from datetime import date, time

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party, TariffId
from gateway.domain.tariffs import (
    DayOfWeek,
    Dimension,
    Price,
    PriceComponent,
    ReservationRule,
    Restrictions,
    Tariff,
    TariffElement,
    TaxIncluded,
)
from ocpi import wire as types
from ocpi.dialect import Json
from ocpi.v221 import wire
from ocpi.v221.read_locations import energy_mix, texts


def read_tariff(value: Json) -> Tariff:
    """A Tariff object. Raises InvalidInput. Spec: OCPI 2.2.1 mod_tariffs "Tariff Object"."""
    return tariff(types.read(wire.Tariff, value))


def tariff(found: wire.Tariff) -> Tariff:
    """The tariff in our words; prices of 2.2.1 never contain VAT."""
    return Tariff(
        party=Party(found.country_code, found.party_id),
        id=TariffId(found.id),
        currency=found.currency,
        elements=read_elements(found.elements),
        last_updated=found.last_updated,
        type=found.type,
        alt_text=texts(found.tariff_alt_text),
        alt_url=found.tariff_alt_url,
        min_price=price(found.min_price),
        max_price=price(found.max_price),
        tax_included=TaxIncluded.NO,
        starts_at=found.start_date_time,
        ends_at=found.end_date_time,
        energy_mix=energy_mix(found.energy_mix),
    )


def read_elements(found: Iterable[wire.TariffElement]) -> tuple[TariffElement, ...]:
    """Elements with their restrictions. Raises InvalidInput for a date that does not exist."""
    return tuple(_element(item, place) for place, item in enumerate(found))


def price(found: wire.Price | None) -> Price | None:
    """An amount without and with VAT."""
    return None if found is None else Price(found.excl_vat, found.incl_vat)


def restrictions(found: wire.TariffRestrictions) -> Restrictions:
    """When an element applies. Raises ValueError for a date that does not exist."""
    return Restrictions(
        start_time=time.fromisoformat(found.start_time) if found.start_time else None,
        end_time=time.fromisoformat(found.end_time) if found.end_time else None,
        start_date=date.fromisoformat(found.start_date) if found.start_date else None,
        end_date=date.fromisoformat(found.end_date) if found.end_date else None,
        min_kwh=found.min_kwh,
        max_kwh=found.max_kwh,
        min_current_a=found.min_current,
        max_current_a=found.max_current,
        min_power_kw=found.min_power,
        max_power_kw=found.max_power,
        min_duration_s=found.min_duration,
        max_duration_s=found.max_duration,
        day_of_week=tuple(DayOfWeek(day) for day in found.day_of_week),
        reservation=ReservationRule(found.reservation) if found.reservation else None,
    )


def _element(found: wire.TariffElement, place: int) -> TariffElement:
    components = tuple(
        PriceComponent(Dimension(item.type), item.price, item.step_size, item.vat)
        for item in found.price_components
    )
    if found.restrictions is None:
        return TariffElement(components)
    try:
        return TariffElement(components, restrictions(found.restrictions))
    except ValueError as error:
        raise InvalidInput(str(error), field=f"elements[{place}].restrictions") from None
