"""What a reader of charging periods should know before trusting their price.

Nothing here changes a price. Spec: OCPI 2.2.1 mod_cdrs "ChargingPeriod class": a new period whenever another
price component becomes active, so that the state at a period's start holds to its end (CDR-06).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.domain.bills import PeriodState
from gateway.domain.ids import TariffId
from gateway.domain.matching import Rules, moment_at, regime, rules_of
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.tariffs import Dimension, Tariff, TaxIncluded
from gateway.domain.units import ZERO

_SHORT = timedelta(seconds=1)
_LEAST_KWH = Decimal("0.0001")
_RESERVATION = PeriodDimension.RESERVATION_TIME
_KINDS = (_RESERVATION, PeriodDimension.PARKING_TIME, PeriodDimension.TIME)


def doubts_about(
    periods: Sequence[ChargingPeriod],
    tariffs: Sequence[Tariff | None],
    states: Sequence[PeriodState],
    zone: ZoneInfo,
    started_at: datetime,
    ended_at: datetime,
) -> tuple[str, ...]:
    """Warnings for a person, in the order of the periods, each at most once."""
    found: dict[str, None] = {}
    seen: set[TariffId] = set()
    previous = started_at
    for number, period in enumerate(periods):
        end = periods[number + 1].starts_at if number + 1 < len(periods) else ended_at
        if period.starts_at < previous:
            found[
                f"period {number} starts before {'the session' if number == 0 else 'the one before it'}"
            ] = None
        previous = max(previous, period.starts_at)
        tariff = tariffs[number]
        if tariff is None:
            found["a period has no tariff and costs nothing"] = None
            continue
        if tariff.id not in seen:
            seen.add(tariff.id)
            found.update(dict.fromkeys(_about_tariff(tariff, started_at)))
        found.update(dict.fromkeys(_about_period(number, period, tariff, states[number], zone, end)))
    return tuple(found)


def _about_tariff(tariff: Tariff, started_at: datetime) -> list[str]:
    found = []
    if not tariff.valid_at(started_at):
        found.append(f"tariff {tariff.id} is not valid at the start of the session")
    components = [c for e in tariff.elements for c in e.components]
    if tariff.tax_included is TaxIncluded.YES and any(c.vat_percent is None for c in components):
        found.append(
            f"tariff {tariff.id} contains taxes at a rate it does not name; they are not shown apart"
        )
    fees = [
        e
        for e in tariff.elements
        if e.restrictions.reservation is None and any(c.type is Dimension.FLAT for c in e.components)
    ]
    if len(fees) > 1:
        found.append(f"tariff {tariff.id} has more than one FLAT; only the first to apply is charged")
    return found


def _about_period(
    number: int, period: ChargingPeriod, tariff: Tariff, state: PeriodState, zone: ZoneInfo, end: datetime
) -> list[str]:
    found, rules = [], rules_of(tariff)
    reserved = any(v.type is _RESERVATION for v in period.volumes)
    if rules.power_kw and state.power_kw is None and not reserved:
        found.append(f"tariff {tariff.id} depends on power, which was not measured in every period")
    if rules.current_a and state.current_a is None and not reserved:
        found.append(f"tariff {tariff.id} depends on current, which was not measured in every period")
    if rules.restricted and end > period.starts_at + _SHORT:
        found.extend(_uncut(number, period, rules, state, zone, end))
    return found


def _uncut(
    number: int, period: ChargingPeriod, rules: Rules, state: PeriodState, zone: ZoneInfo, end: datetime
) -> list[str]:
    """Compare the elements that apply at the period's start with those just before its end."""
    amounts = {v.type: v.amount for v in period.volumes}
    kind = next((k for k in _KINDS if k in amounts), PeriodDimension.TIME)
    used = amounts.get(PeriodDimension.ENERGY, ZERO)
    start = moment_at(
        period.starts_at, zone, period.starts_at, state.energy_kwh, state.power_kw, state.current_a
    )
    start.elapsed = timedelta(seconds=int(state.elapsed_s))
    last = moment_at(end - _SHORT, zone, period.starts_at, state.energy_kwh, state.power_kw, state.current_a)
    last.elapsed += start.elapsed
    last.kwh += max(used - _LEAST_KWH, ZERO)
    if regime(rules, kind, start)[1:] == regime(rules, kind, last)[1:]:
        return []
    return [f"another price applies before period {number} ends; it is priced as it starts"]
