"""Parts of objects that every version of OCPI writes alike."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from gateway.domain.sites import (
    BusinessDetails,
    Coordinates,
    DisplayText,
    EnergyMix,
    Evse,
    ExceptionalPeriod,
    Image,
    OpeningTimes,
    RelatedPlace,
    StatusSchedule,
)
from gateway.domain.tariffs import PriceComponent, Restrictions
from ocpi.dialect import Json, JsonObject
from ocpi.wire import present, write_datetime, write_number

_SIX_PLACES = Decimal("0.000001")


def six_decimals(coordinates: Coordinates) -> JsonObject:
    """A GeoLocation with six decimals, which every version allows (LOC-10)."""
    return {"latitude": _six(coordinates.latitude), "longitude": _six(coordinates.longitude)}


def _six(text: str) -> str:
    return format(Decimal(text).quantize(_SIX_PLACES), "f")


def write_texts(texts: Iterable[DisplayText]) -> list[Json]:
    """Texts for people."""
    return [{"language": item.language, "text": item.text} for item in texts]


def write_related(place: RelatedPlace, coordinates: JsonObject) -> Json:
    """An AdditionalGeoLocation."""
    return present(**coordinates, name=write_texts([place.name])[0] if place.name else None)


def write_image(image: Image, categories: frozenset[str]) -> Json:
    """An Image; a category the version does not know is OTHER."""
    return present(
        url=image.url,
        thumbnail=image.thumbnail,
        category=image.category if image.category in categories else "OTHER",
        type=image.type,
        width=image.width,
        height=image.height,
    )


def write_images(images: Iterable[Image], categories: frozenset[str]) -> list[Json]:
    """Images."""
    return [write_image(image, categories) for image in images]


def write_business(details: BusinessDetails | None, categories: frozenset[str]) -> Json:
    """BusinessDetails."""
    if details is None:
        return None
    logo = write_image(details.logo, categories) if details.logo else None
    return present(name=details.name, website=details.website, logo=logo)


def write_schedule(items: Iterable[StatusSchedule]) -> list[Json]:
    """Planned statuses of an EVSE."""
    return [
        present(
            period_begin=write_datetime(item.period_begin),
            period_end=write_datetime(item.period_end) if item.period_end else None,
            status=item.status.value,
        )
        for item in items
    ]


def write_opening_times(times: OpeningTimes | None) -> Json:
    """Hours (LOC-16)."""
    if times is None:
        return None
    return present(
        twentyfourseven=times.twentyfourseven,
        regular_hours=[
            {"weekday": item.weekday, "period_begin": item.period_begin, "period_end": item.period_end}
            for item in times.regular_hours
        ],
        exceptional_openings=_exceptions(times.exceptional_openings),
        exceptional_closings=_exceptions(times.exceptional_closings),
    )


def _exceptions(periods: Iterable[ExceptionalPeriod]) -> list[Json]:
    return [
        {"period_begin": write_datetime(item.period_begin), "period_end": write_datetime(item.period_end)}
        for item in periods
    ]


def write_energy_mix(mix: EnergyMix | None, categories: frozenset[str], category: str) -> JsonObject | None:
    """An EnergyMix; `category` is what the version calls the kind of an environmental impact."""
    if mix is None:
        return None
    return present(
        is_green_energy=mix.is_green_energy,
        energy_sources=[
            {"source": item.source, "percentage": write_number(item.percentage)}
            for item in mix.energy_sources
        ],
        environ_impact=[
            {category: item.category, "amount": write_number(item.amount)}
            for item in mix.environ_impact
            if item.category in categories
        ],
        supplier_name=mix.supplier_name,
        energy_product_name=mix.energy_product_name,
    )


def write_status(evse: Evse) -> Json:
    """Body of the status PATCH (LOC-03, LOC-04)."""
    return {"status": evse.status.value, "last_updated": write_datetime(evse.last_updated)}


def known(values: Sequence[str], words: frozenset[str]) -> list[str]:
    """The values that the version knows."""
    return [value for value in values if value in words]


def write_component(component: PriceComponent) -> Json:
    """A PriceComponent."""
    return present(
        type=component.type.value,
        price=write_number(component.price),
        vat=None if component.vat_percent is None else write_number(component.vat_percent),
        step_size=component.step_size,
    )


def write_restrictions(rules: Restrictions) -> Json:
    """TariffRestrictions (TAR-05)."""
    amounts = {
        "min_kwh": rules.min_kwh,
        "max_kwh": rules.max_kwh,
        "min_current": rules.min_current_a,
        "max_current": rules.max_current_a,
        "min_power": rules.min_power_kw,
        "max_power": rules.max_power_kw,
    }
    return present(
        start_time=rules.start_time and rules.start_time.isoformat(timespec="minutes"),
        end_time=rules.end_time and rules.end_time.isoformat(timespec="minutes"),
        start_date=rules.start_date and rules.start_date.isoformat(),
        end_date=rules.end_date and rules.end_date.isoformat(),
        **{name: write_number(amount) for name, amount in amounts.items() if amount is not None},
        min_duration=rules.min_duration_s,
        max_duration=rules.max_duration_s,
        day_of_week=[day.value for day in rules.day_of_week],
        reservation=rules.reservation and rules.reservation.value,
    )
