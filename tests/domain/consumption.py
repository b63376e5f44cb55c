"""Short words for sessions in tests of metering and periods: minutes after a Monday's 10:00 UTC."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from gateway.domain.ids import Party, TariffId
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.readings import (
    ChargingState,
    Measurand,
    Reading,
    ReadingContext,
    ReadingPlace,
    Sample,
    SignedReading,
)
from gateway.domain.tariffs import Dimension, PriceComponent, Restrictions, Tariff, TariffElement
from gateway.domain.terms import Terms
from gateway.domain.usage import Usage, rebuild

TEN = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
IMPORT, EXPORT = Measurand.IMPORT_REGISTER_WH, Measurand.EXPORT_REGISTER_WH
INTERVAL, POWER, CURRENT = Measurand.IMPORT_INTERVAL_WH, Measurand.IMPORT_POWER_W, Measurand.IMPORT_CURRENT_A
SOC = Measurand.STATE_OF_CHARGE_PERCENT
States = list[tuple[datetime, ChargingState]]


def minute(minutes: float) -> datetime:
    return TEN + timedelta(minutes=minutes)


def reading(
    value: float | str,
    measurand: Measurand = IMPORT,
    *,
    phase: str | None = None,
    context: ReadingContext = ReadingContext.PERIODIC,
    place: ReadingPlace = ReadingPlace.OUTLET,
) -> Reading:
    return Reading(measurand, Decimal(str(value)), context, phase, place)


def sample(
    minutes: float, *readings: Reading | float | str, signed: tuple[SignedReading, ...] = ()
) -> Sample:
    """Plain numbers are values of the total import register, Wh."""
    return Sample(
        minute(minutes), tuple(r if isinstance(r, Reading) else reading(r) for r in readings), signed
    )


def element(kind: Dimension = Dimension.ENERGY, price: str = "1", **rules: object) -> TariffElement:
    return TariffElement((PriceComponent(kind, Decimal(price), 1),), Restrictions(**rules))  # type: ignore[arg-type]


def tariff(*elements: TariffElement, id_: str = "t") -> Tariff:
    return Tariff(Party("NL", "GWY"), TariffId(id_), "EUR", elements or (element(),), TEN)


def terms(
    *elements: TariffElement,
    zone: str = "UTC",
    max_power_w: int | None = 22_000,
    others: tuple[Tariff, ...] = (),
) -> Terms:
    return Terms((tariff(*elements), *others), TariffId("t"), "EUR", zone, max_power_w)


def used(
    of: Terms,
    samples: list[Sample],
    *,
    start: float | str | None = 1000,
    stop: float | str | None = None,
    states: States | None = None,
    end: float = 60,
) -> Usage:
    """The session again from all its samples."""
    return rebuild(
        of,
        TEN,
        None if start is None else Decimal(str(start)),
        samples,
        states or [],
        minute(end),
        None if stop is None else Decimal(str(stop)),
    )


def table(periods: tuple[ChargingPeriod, ...]) -> list[tuple[str, dict[str, str]]]:
    """Periods as clock times and volumes, for comparing at a glance."""
    return [
        (f"{p.starts_at:%H:%M:%S}", {v.type.value: f"{v.amount.normalize():f}" for v in p.volumes})
        for p in periods
    ]


def volume_of(periods: tuple[ChargingPeriod, ...], *kinds: PeriodDimension) -> Decimal:
    return sum((v.amount for p in periods for v in p.volumes if v.type in kinds), Decimal(0))
