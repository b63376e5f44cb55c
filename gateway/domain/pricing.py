"""What periods cost under tariffs, with the working. Spec: OCPI 2.2.1 and 2.3.0 mod_tariffs, mod_cdrs.

One way for a running session, its CDR and the explanation: every period is matched at its start (TAR-03),
`step_size` is applied to the session, then taxes, then each tariff's limits; each published amount is rounded
once. Decisions where the specification is silent are in the functions they concern.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from gateway.domain.bills import Bill, CostLine, CostType, LimitApplied, PeriodState
from gateway.domain.edges import zone_of
from gateway.domain.errors import CannotPrice
from gateway.domain.ids import TariffId
from gateway.domain.matching import Match, Moment, Use, moment_at, rules_of
from gateway.domain.periods import ChargingPeriod, PeriodDimension
from gateway.domain.plausible import doubts_about
from gateway.domain.steps import Draft, StepRule, round_up
from gateway.domain.tariffs import Dimension, Price, Tariff
from gateway.domain.taxes import Sum, limited, total_of, with_and_without
from gateway.domain.units import ZERO, hours, round4, seconds, whole_seconds

__all__ = ["Bill", "StepRule", "price"]

_WH_PER_KWH = Decimal(1000)
_SECONDS_PER_HOUR = Decimal(3600)
_PRICED_AS: Mapping[PeriodDimension, tuple[Dimension, CostType]] = {
    PeriodDimension.ENERGY: (Dimension.ENERGY, CostType.ENERGY),
    PeriodDimension.TIME: (Dimension.TIME, CostType.TIME),
    PeriodDimension.PARKING_TIME: (Dimension.PARKING_TIME, CostType.PARKING),
    PeriodDimension.RESERVATION_TIME: (Dimension.TIME, CostType.RESERVATION),
}


@dataclass(slots=True)
class _Reader:
    """Walks the periods once and notes what each of them asks to be priced."""

    zone: ZoneInfo
    started_at: datetime
    expired: bool
    kwh: Decimal = ZERO
    drafts: list[Draft] = field(default_factory=list)
    states: list[PeriodState] = field(default_factory=list)
    flat_charged: set[tuple[str, bool]] = field(default_factory=set)

    @property
    def parking_h(self) -> Decimal:
        """Hours of parking, as they were read."""
        return sum((d.volume for d in self.drafts if d.cost_type is CostType.PARKING), ZERO)

    def read_all(self, periods: Sequence[ChargingPeriod], tariffs: Sequence[Tariff | None]) -> None:
        """Match the periods in their order, each with its tariff."""
        for number, (period, tariff) in enumerate(zip(periods, tariffs, strict=True)):
            self.read(number, period, tariff)

    def read(self, number: int, period: ChargingPeriod, tariff: Tariff | None) -> None:
        """Match one period at its start."""
        amounts = {v.type: v.amount for v in period.volumes}
        power = _representative(amounts, PeriodDimension.MAX_POWER, PeriodDimension.MIN_POWER)
        current = _representative(amounts, PeriodDimension.MAX_CURRENT, PeriodDimension.MIN_CURRENT)
        moment = moment_at(period.starts_at, self.zone, self.started_at, self.kwh, power, current)
        self.states.append(_state(moment))
        reserved = PeriodDimension.RESERVATION_TIME in amounts
        use = (Use.EXPIRED if self.expired else Use.RESERVED) if reserved else Use.SESSION
        if tariff is not None:
            self._flat(number, tariff, use, moment)
        for type_, amount in amounts.items():
            if (priced := _PRICED_AS.get(type_)) is not None:
                self._volume(number, tariff, use, moment, priced, amount)
        self.kwh += amounts.get(PeriodDimension.ENERGY, ZERO)

    def _flat(self, number: int, tariff: Tariff, use: Use, moment: Moment) -> None:
        """Charge FLAT the first time one applies: once per tariff for the session, once for a reservation."""
        fee = (tariff.id, use is Use.SESSION)
        if fee in self.flat_charged:
            return
        match = rules_of(tariff).match(use, Dimension.FLAT, moment)
        if match.component is None:
            return
        self.flat_charged.add(fee)
        cost_type = CostType.FIXED if use is Use.SESSION else CostType.RESERVATION
        one = Decimal(1)
        self.drafts.append(Draft(number, cost_type, Dimension.FLAT, one, one, tariff, match))

    def _volume(
        self,
        number: int,
        tariff: Tariff | None,
        use: Use,
        moment: Moment,
        priced: tuple[Dimension, CostType],
        amount: Decimal,
    ) -> None:
        dimension, cost_type = priced
        match = _NOTHING if tariff is None else rules_of(tariff).match(use, dimension, moment)
        quantity = amount * _WH_PER_KWH if dimension is Dimension.ENERGY else whole_seconds(amount)
        self.drafts.append(Draft(number, cost_type, dimension, amount, quantity, tariff, match))


_NOTHING = Match(None, None, ())


def price(
    periods: Sequence[ChargingPeriod],
    tariffs: Sequence[Tariff],
    *,
    currency: str,
    time_zone: str,
    started_at: datetime,
    ended_at: datetime,
    step_rule: StepRule = StepRule.LAST,
    reservation_expired: bool | None = None,
) -> Bill:
    """Price a session's periods. Raises CannotPrice with the reason.

    `reservation_expired` None: expired if all periods are reservation time, as a CDR does not say it.
    """
    by_period = _tariffs_by_period(periods, tariffs, currency)
    expired = _expired(periods) if reservation_expired is None else reservation_expired
    reader = _Reader(zone_of(time_zone), started_at, expired)
    reader.read_all(periods, by_period)
    steps = round_up(reader.drafts, step_rule)
    lines = tuple(_line(draft, periods) for draft in reader.drafts)
    total, limits = _total(lines, by_period)
    return Bill(
        currency=currency,
        total=total,
        fixed=_of_type(lines, CostType.FIXED),
        energy=_of_type(lines, CostType.ENERGY),
        time=_of_type(lines, CostType.TIME),
        parking=_of_type(lines, CostType.PARKING),
        reservation=_of_type(lines, CostType.RESERVATION),
        energy_kwh=round4(reader.kwh),
        time_h=round4(hours(max(ended_at - started_at, timedelta(0)))),
        parking_h=round4(reader.parking_h),
        warnings=doubts_about(periods, by_period, reader.states, reader.zone, started_at, ended_at),
        lines=lines,
        steps=steps,
        limits=limits,
        states=tuple(reader.states),
    )


def _tariffs_by_period(
    periods: Sequence[ChargingPeriod], tariffs: Sequence[Tariff], currency: str
) -> tuple[Tariff | None, ...]:
    """The tariff of each period.

    A period without `tariff_id` has none, unless no period names one and there is exactly one tariff.
    """
    known: dict[TariffId, Tariff] = {t.id: t for t in tariffs}
    for tariff in tariffs:
        if tariff.currency != currency:
            raise CannotPrice(f"tariff {tariff.id} is in {tariff.currency}, the session in {currency}")
    if len(tariffs) == 1 and all(p.tariff_id is None for p in periods):
        return (tariffs[0],) * len(periods)
    for number, period in enumerate(periods):
        if period.tariff_id is not None and period.tariff_id not in known:
            raise CannotPrice(
                f"period {number} names tariff {period.tariff_id}, which is not among the tariffs"
            )
    return tuple(None if p.tariff_id is None else known[p.tariff_id] for p in periods)


def _expired(periods: Sequence[ChargingPeriod]) -> bool:
    return bool(periods) and all(
        any(v.type is PeriodDimension.RESERVATION_TIME for v in p.volumes) for p in periods
    )


def _representative(
    amounts: Mapping[PeriodDimension, Decimal], most: PeriodDimension, least: PeriodDimension
) -> Decimal | None:
    """One value for a period whose values all lie on the same side of every threshold."""
    return amounts.get(most, amounts.get(least))


def _state(moment: Moment) -> PeriodState:
    local = f"{moment.day} {moment.clock.isoformat(timespec='seconds')}"
    return PeriodState(local, moment.kwh, seconds(moment.elapsed), moment.power_kw, moment.current_a)


def _line(draft: Draft, periods: Sequence[ChargingPeriod]) -> CostLine:
    """Price one draft; the division comes last, so that amounts stay exact as long as they can."""
    starts_at = periods[draft.period].starts_at
    component, tariff = draft.component, draft.tariff
    if component is None or tariff is None:
        return CostLine(
            draft.period,
            starts_at,
            draft.cost_type,
            draft.dimension,
            draft.volume,
            draft.volume,
            tariff_id=tariff.id if tariff else None,
            passed_over=draft.match.passed_over,
        )
    quantity = draft.quantity + draft.extra
    unit = _UNIT[draft.dimension]
    before, after = with_and_without(component.price * quantity, component.vat_percent, tariff.tax_included)
    return CostLine(
        draft.period,
        starts_at,
        draft.cost_type,
        draft.dimension,
        draft.volume,
        quantity / unit,
        before / unit,
        after / unit,
        tariff.id,
        draft.match.element,
        component.price,
        component.vat_percent,
        component.step_size,
        draft.match.passed_over,
    )


_UNIT: Mapping[Dimension, Decimal] = {
    Dimension.ENERGY: _WH_PER_KWH,
    Dimension.TIME: _SECONDS_PER_HOUR,
    Dimension.PARKING_TIME: _SECONDS_PER_HOUR,
    Dimension.FLAT: Decimal(1),
}


def _of_type(lines: Sequence[CostLine], cost_type: CostType) -> Price | None:
    chosen = [line for line in lines if line.cost_type is cost_type and line.element is not None]
    return total_of(chosen).price() if chosen else None


def _total(
    lines: Sequence[CostLine], by_period: Sequence[Tariff | None]
) -> tuple[Price, tuple[LimitApplied, ...]]:
    """The sum of each tariff's own sum within that tariff's limits, reservation included."""
    tariffs = {tariff.id: tariff for tariff in by_period if tariff is not None}
    whole, applied = Sum(), []
    for tariff in tariffs.values():
        own = total_of(line for line in lines if line.tariff_id == tariff.id)
        within, name = limited(own, tariff)
        if name is not None:
            applied.append(
                LimitApplied(tariff.id, name, (own.before, within.before), (own.after, within.after))
            )
        whole.merge(within)
    return whole.price(), tuple(applied)
