"""OCPI 2.1.1 tariffs, ours to wire: what it cannot say is refused, because a price is a promise (TAR-10)."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.domain.errors import NotRepresentable
from gateway.domain.sites import DisplayText
from gateway.domain.tariffs import Restrictions, Tariff, TariffElement, TaxIncluded
from ocpi.dialect import Json
from ocpi.shared import write as shared
from ocpi.v211.text import plain
from ocpi.v211.write_locations import write_energy_mix
from ocpi.wire import present, write_datetime

_FOR_EVERY_DRIVER = (None, "REGULAR")
"""Types of tariff that apply to any driver of a partner; 2.1.1 has no types."""


def write_tariff(tariff: Tariff) -> Json:
    """A Tariff object. Spec: OCPI 2.1.1 mod_tariffs "Tariff Object".

    VAT rates are not said, because prices of 2.1.1 are without VAT. Raises NotRepresentable naming all that
    would have been lost.
    """
    lost = list(_lost(tariff))
    if lost:
        raise NotRepresentable(f"tariff {tariff.id}: OCPI 2.1.1 has no {', no '.join(lost)}")
    return present(
        id=tariff.id,
        currency=tariff.currency,
        tariff_alt_text=shared.write_texts(
            DisplayText(item.language, plain(item.text, 512)) for item in tariff.alt_text
        ),
        tariff_alt_url=tariff.alt_url,
        elements=[_element(element) for element in tariff.elements],
        energy_mix=write_energy_mix(tariff.energy_mix),
        last_updated=write_datetime(tariff.last_updated),
    )


def _lost(tariff: Tariff) -> Iterator[str]:
    if tariff.tax_included is TaxIncluded.YES:
        yield "prices with taxes"
    if tariff.type not in _FOR_EVERY_DRIVER:
        yield f"tariff type {tariff.type}"
    if tariff.starts_at or tariff.ends_at:
        yield "validity dates"
    if tariff.min_price or tariff.max_price:
        yield "minimum or maximum price"
    rules = [element.restrictions for element in tariff.elements]
    if any(rule.min_current_a is not None or rule.max_current_a is not None for rule in rules):
        yield "restriction by current"
    if any(rule.reservation for rule in rules):
        yield "prices of reservations"


def _element(element: TariffElement) -> Json:
    components = [replace(component, vat_percent=None) for component in element.components]
    rules = element.restrictions
    return present(
        price_components=[shared.write_component(component) for component in components],
        restrictions=None if rules == Restrictions() else shared.write_restrictions(rules),
    )
