"""OCPI 2.2.1 tariffs and prices, ours to wire."""

from gateway.domain.errors import NotRepresentable
from gateway.domain.tariffs import (
    Price,
    Tariff,
    TariffElement,
    TaxIncluded,
)
from ocpi.dialect import Json
from ocpi.shared import write as shared
from ocpi.v221.words import WORDS, Vocabulary
from ocpi.v221.write_locations import write_energy_mix
from ocpi.wire import present, write_datetime, write_number


def write_tariff(tariff: Tariff, words: Vocabulary = WORDS) -> Json:
    """A Tariff object. Spec: OCPI 2.2.1 mod_tariffs "Tariff Object".

    Raises NotRepresentable where leaving something out would change a price: prices that contain taxes, and
    types of tariff this version does not know.
    """
    if tariff.tax_included is TaxIncluded.YES:
        raise NotRepresentable(f"tariff {tariff.id} has prices with taxes; OCPI 2.2.1 has prices without VAT")
    if tariff.type is not None and tariff.type not in words.tariff_types:
        raise NotRepresentable(f"tariff {tariff.id}: this OCPI version does not know type {tariff.type}")
    return present(
        country_code=tariff.party.country_code,
        party_id=tariff.party.party_id,
        id=tariff.id,
        currency=tariff.currency,
        type=tariff.type,
        tariff_alt_text=shared.write_texts(tariff.alt_text),
        tariff_alt_url=tariff.alt_url,
        min_price=write_price(tariff.min_price),
        max_price=write_price(tariff.max_price),
        elements=[_element(element) for element in tariff.elements],
        start_date_time=write_datetime(tariff.starts_at) if tariff.starts_at else None,
        end_date_time=write_datetime(tariff.ends_at) if tariff.ends_at else None,
        energy_mix=write_energy_mix(tariff.energy_mix, words),
        last_updated=write_datetime(tariff.last_updated),
    )


def write_price(price: Price | None) -> Json:
    """A Price; without `incl_vat` when the VAT is not known."""
    if price is None:
        return None
    incl_vat = None if price.after_taxes is None else write_number(price.after_taxes)
    return present(excl_vat=write_number(price.before_taxes), incl_vat=incl_vat)


def _element(element: TariffElement) -> Json:
    return present(
        price_components=[shared.write_component(component) for component in element.components],
        restrictions=shared.write_restrictions(element.restrictions),
    )
