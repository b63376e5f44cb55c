"""Laws of folding and pricing, tried on tariffs and sessions nobody would think of."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from gateway.domain.edges import zone_of
from gateway.domain.ids import Party, TariffId
from gateway.domain.matching import moment_at, regime, rules_of
from gateway.domain.periods import ChargingPeriod, PeriodDimension, Volume
from gateway.domain.pricing import Bill, price
from gateway.domain.readings import ChargingState, Sample
from gateway.domain.tariffs import (
    DayOfWeek,
    Dimension,
    Price,
    PriceComponent,
    Restrictions,
    Tariff,
    TariffElement,
)
from gateway.domain.terms import Terms
from gateway.domain.units import round4, settled
from gateway.domain.usage import Usage, begin, charging_periods, finish, observe, observe_state, rebuild
from tests.domain.consumption import POWER, minute, reading, sample
from tests.domain.naive_pricing import naive_total

ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe"])
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
        datetime(2026, 3, 28, 22, 15, tzinfo=UTC),
        datetime(2026, 10, 24, 21, 40, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 59, 30, tzinfo=UTC),
    ]
)
PRICES = st.decimals(0, 5, places=3)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30]))
KWH = st.decimals(0, 40, places=1)


@st.composite
def components(draw: st.DrawFn) -> PriceComponent:
    return PriceComponent(
        draw(st.sampled_from(Dimension)),
        draw(PRICES),
        draw(st.sampled_from([0, 1, 60, 100, 300, 900, 1000])),
        draw(st.sampled_from([None, Decimal(0), Decimal(9), Decimal("5.5"), Decimal(21)])),
    )


@st.composite
def restrictions(draw: st.DrawFn) -> Restrictions:
    maybe = draw(st.sampled_from(["none", "clock", "days", "dates", "kwh", "duration", "power", "several"]))
    clock = maybe in ("clock", "several")
    return Restrictions(
        start_time=draw(CLOCKS) if clock else None,
        end_time=draw(CLOCKS) if clock else None,
        start_date=draw(st.dates(date(2026, 3, 1), date(2026, 3, 4))) if maybe == "dates" else None,
        end_date=draw(st.dates(date(2026, 3, 3), date(2027, 1, 2))) if maybe == "dates" else None,
        min_kwh=draw(KWH) if maybe == "kwh" else None,
        max_kwh=draw(KWH) if maybe in ("kwh", "several") else None,
        min_duration_s=draw(st.integers(0, 20_000)) if maybe == "duration" else None,
        max_duration_s=draw(st.integers(1, 40_000)) if maybe == "duration" else None,
        min_power_kw=draw(st.decimals(0, 20, places=1)) if maybe == "power" else None,
        max_power_kw=draw(st.decimals(0, 20, places=1)) if maybe == "power" else None,
        day_of_week=tuple(draw(st.sets(st.sampled_from(DayOfWeek)))) if maybe in ("days", "several") else (),
    )


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    elements = tuple(
        TariffElement(tuple(draw(st.lists(components(), min_size=1, max_size=3))), draw(restrictions()))
        for _ in range(draw(st.integers(1, 5)))
    )
    limit = st.none() | st.builds(lambda n: Price(n, n * Decimal("1.1")), PRICES)
    return Tariff(
        Party("NL", "GWY"),
        TariffId("t"),
        "EUR",
        elements,
        datetime(2026, 1, 1, tzinfo=UTC),
        min_price=draw(limit),
        max_price=draw(limit.map(lambda p: p and replace(p, before_taxes=p.before_taxes + 5))),
    )


@st.composite
def sessions(
    draw: st.DrawFn,
) -> tuple[Terms, datetime, list[Sample], list[tuple[datetime, ChargingState]], datetime]:
    """A session of up to ten hours with readings and states at whole seconds."""
    tariff = draw(tariffs())
    started_at = draw(STARTS)
    offsets = sorted(draw(st.sets(st.integers(1, 36_000), max_size=12)))
    wh, samples = Decimal(5000), []
    for offset in offsets:
        wh += draw(st.decimals(0, 4000, places=1))
        power = draw(st.integers(0, 22_000))
        at = started_at + timedelta(seconds=offset)
        samples.append(replace(sample(0, wh, reading(power, POWER)), at=at))
    states = [
        (started_at + timedelta(seconds=s), draw(st.sampled_from(ChargingState)))
        for s in sorted(draw(st.sets(st.integers(0, 36_000), max_size=4)))
    ]
    last = max([0, *offsets, *((at - started_at).seconds for at, _ in states)])
    ended_at = started_at + timedelta(seconds=last + draw(st.integers(0, 600)))
    return Terms((tariff,), tariff.id, "EUR", draw(ZONES)), started_at, samples, states, ended_at


def priced(
    periods: tuple[ChargingPeriod, ...], terms: Terms, started_at: datetime, ended_at: datetime
) -> Bill:
    return price(
        periods,
        terms.tariffs,
        currency=terms.currency,
        time_zone=terms.time_zone,
        started_at=started_at,
        ended_at=ended_at,
    )


Session = tuple[Terms, datetime, list[Sample], list[tuple[datetime, ChargingState]], datetime]


@settings(max_examples=100, deadline=None)
@given(sessions())
def test_the_engine_agrees_with_the_naive_one(session: Session) -> None:
    """CDR-15: two ways to the same amount, to the last decimal."""
    terms, started_at, samples, states, ended_at = session
    periods = charging_periods(
        rebuild(terms, started_at, Decimal(5000), samples, states, ended_at, None), terms
    )
    bill = priced(periods, terms, started_at, ended_at)
    before, after = naive_total(periods, terms.tariffs[0], terms.time_zone, started_at)
    assert (Fraction(bill.total.before_taxes), Fraction(bill.total.after_taxes or 0)) == (before, after)


@settings(max_examples=100, deadline=None)
@given(sessions())
def test_totals_are_the_sums_of_their_lines_and_periods(session: Session) -> None:
    """M41, CDR-08: ENERGY adds up to total_energy, times to total_time, lines to totals."""
    terms, started_at, samples, states, ended_at = session
    usage = rebuild(terms, started_at, Decimal(5000), samples, states, ended_at, None)
    periods = charging_periods(usage, terms)
    bill = priced(periods, terms, started_at, ended_at)
    assert bill.energy_kwh == round4(usage.energy_wh / 1000)
    times = (PeriodDimension.TIME, PeriodDimension.PARKING_TIME)
    assert sum(v.amount for p in periods for v in p.volumes if v.type in times) == bill.time_h
    assert all(v.amount >= 0 for p in periods for v in p.volumes)
    if not bill.limits:
        assert bill.total.before_taxes == settled(sum((li.before_taxes for li in bill.lines), Decimal(0)))
        assert bill.total.after_taxes == settled(sum((li.after_taxes for li in bill.lines), Decimal(0)))
    assert "another price applies" not in " ".join(bill.warnings)


@settings(max_examples=100, deadline=None)
@given(sessions(), st.randoms(use_true_random=False))
def test_order_lateness_and_repetition_change_nothing(session: Session, random: object) -> None:
    """C11, M44: the CDR does not depend on how its samples arrived."""
    terms, started_at, samples, states, ended_at = session
    straight = rebuild(terms, started_at, Decimal(5000), samples, states, ended_at, None)
    mixed = [*samples, *samples[::2]]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert rebuild(terms, started_at, Decimal(5000), mixed, states[::-1], ended_at, None) == straight


@settings(max_examples=100, deadline=None)
@given(sessions())
def test_the_running_session_and_the_cdr_agree(session: Session) -> None:
    """One price everywhere: the fold as things arrive is the fold of all of them."""
    terms, started_at, samples, states, ended_at = session
    arriving = sorted([*((s.at, s) for s in samples), *states], key=lambda one: one[0])
    usage = begin(terms, started_at, Decimal(5000))
    stored = TypeAdapter(Usage)
    for at, what in arriving:
        if isinstance(what, Sample):
            usage = observe(usage, terms, what)
        elif at < ended_at:
            usage = observe_state(usage, terms, at, what)
        assert stored.validate_json(stored.dump_json(usage)) == usage
    ended = finish(usage, terms, ended_at, None)
    again = rebuild(terms, started_at, Decimal(5000), samples, states, ended_at, None)
    assert (ended.energy_wh, ended.flags) == (again.energy_wh, again.flags)
    assert charging_periods(ended, terms) == charging_periods(again, terms)
    bill = priced(charging_periods(ended, terms), terms, started_at, ended_at)
    kept = TypeAdapter(Bill)
    assert kept.validate_json(kept.dump_json(bill)) == bill


@settings(max_examples=100, deadline=None)
@given(sessions(), st.data())
def test_readings_of_one_instant_in_any_order(session: Session, data: st.DataObject) -> None:
    """The order of samples within the same instant changes nothing."""
    terms, started_at, samples, _, _ = session
    parts = [Sample(s.at, (r,)) for s in samples for r in s.readings]
    pairs = [parts[n : n + 2] for n in range(0, len(parts), 2)]
    one = other = begin(terms, started_at, Decimal(5000))
    for pair in pairs:
        for part in pair:
            one = observe(one, terms, part)
        for part in pair[::-1] if data.draw(st.booleans()) else pair:
            other = observe(other, terms, part)
    assert (one.energy_wh, one.flags, one.line) == (other.energy_wh, other.flags, other.line)
    assert charging_periods(one, terms) == charging_periods(other, terms)


@settings(max_examples=100, deadline=None)
@given(sessions(), st.data())
def test_splitting_a_period_where_no_price_changes_changes_nothing(
    session: Session, data: st.DataObject
) -> None:
    """CDR-06: periods are a way of writing a session down, not a reason to pay."""
    terms, started_at, samples, states, ended_at = session
    periods = charging_periods(
        rebuild(terms, started_at, Decimal(5000), samples, states, ended_at, None), terms
    )
    number = data.draw(st.integers(0, len(periods) - 1))
    period = periods[number]
    end = periods[number + 1].starts_at if number + 1 < len(periods) else ended_at
    length = int((end - period.starts_at).total_seconds())
    if length < 2:
        return
    middle = period.starts_at + timedelta(seconds=data.draw(st.integers(1, length - 1)))
    first, second = halves(period, middle, end)
    before = sum((v.amount for p in periods[:number] for v in p.volumes if v.type == "ENERGY"), Decimal(0))
    used = sum((v.amount for v in first.volumes if v.type == "ENERGY"), Decimal(0))
    if not same_prices(terms, started_at, (period.starts_at, before), (middle, before + used), period):
        return
    split = (*periods[:number], first, second, *periods[number + 1 :])
    assert (
        priced(split, terms, started_at, ended_at).total == priced(periods, terms, started_at, ended_at).total
    )


def halves(period: ChargingPeriod, middle: datetime, end: datetime) -> tuple[ChargingPeriod, ChargingPeriod]:
    """The period in two, energy and time exactly shared."""
    first, second = [], []
    for volume in period.volumes:
        if volume.type is PeriodDimension.ENERGY:
            part = round4(volume.amount / 3)
            first.append(replace(volume, amount=part))
            second.append(replace(volume, amount=volume.amount - part))
        elif volume.type in (PeriodDimension.TIME, PeriodDimension.PARKING_TIME):
            for spans, span in ((first, middle - period.starts_at), (second, end - middle)):
                spans.append(Volume(volume.type, round4(Decimal(span.total_seconds()) / 3600)))
        else:
            first.append(volume)
            second.append(volume)
    return replace(period, volumes=tuple(first)), ChargingPeriod(middle, tuple(second), period.tariff_id)


def same_prices(
    terms: Terms,
    started_at: datetime,
    one: tuple[datetime, Decimal],
    other: tuple[datetime, Decimal],
    period: ChargingPeriod,
) -> bool:
    rules, zone = rules_of(terms.tariffs[0]), zone_of(terms.time_zone)
    amounts = {v.type: v.amount for v in period.volumes}
    kind = next(k for k in (PeriodDimension.TIME, PeriodDimension.PARKING_TIME) if k in amounts)
    power = amounts.get(PeriodDimension.MAX_POWER)
    regimes = [regime(rules, kind, moment_at(at, zone, started_at, kwh, power)) for at, kwh in (one, other)]
    return regimes[0] == regimes[1]


def test_the_state_of_a_running_session_does_not_grow_with_its_samples() -> None:
    """One more sample costs the same after 100 and after 1000: what is remembered has the same size."""
    tariff = Tariff(
        Party("NL", "GWY"),
        TariffId("t"),
        "EUR",
        (TariffElement((PriceComponent(Dimension.ENERGY, Decimal(1), 1),)),),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    terms = Terms((tariff,), tariff.id, "EUR", "UTC", 22_000)
    usage, sizes, stored = begin(terms, minute(0), Decimal(1000)), {}, TypeAdapter(Usage)
    for number in range(1, 1001):
        usage = observe(usage, terms, sample(number, 1000 + number))
        sizes[number] = len(stored.dump_json(usage))
    assert sizes[1000] - sizes[100] < 20


def test_late_and_repeated_samples_of_a_running_session_are_counted() -> None:
    tariff = Tariff(
        Party("NL", "GWY"),
        TariffId("t"),
        "EUR",
        (TariffElement((PriceComponent(Dimension.ENERGY, Decimal(1), 1),)),),
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    terms = Terms((tariff,), tariff.id, "EUR", "UTC", 22_000)
    usage = begin(terms, minute(0), Decimal(1000))
    for one in (sample(10, 2000), sample(20, 3000), sample(10, 2000), sample(15, 9_000_000)):
        usage = observe(usage, terms, one)
    assert (usage.late, usage.energy_wh) == (2, 2000)
    ended = finish(usage, terms, minute(30), None)
    assert observe(ended, terms, sample(40, 4000)).late == 3
