"""M41 to M44, CDR-06: where a session is cut, and what each of its periods holds."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from gateway.domain.edges import edges_of_day, next_edge, zone_of
from gateway.domain.errors import CannotPrice
from gateway.domain.flags import FlagReason
from gateway.domain.ids import TariffId
from gateway.domain.periods import PeriodDimension
from gateway.domain.pricing import price
from gateway.domain.readings import ChargingState, ReadingPlace
from gateway.domain.tariffs import DayOfWeek, Dimension, ReservationRule
from gateway.domain.usage import (
    begin,
    charging_periods,
    finish,
    observe,
    observe_state,
    rebuild,
    reserve,
    switch_tariff,
)
from tests.domain.consumption import (
    CURRENT,
    EXPORT,
    POWER,
    SOC,
    TEN,
    States,
    element,
    minute,
    reading,
    sample,
    table,
    tariff,
    terms,
    used,
)

ENERGY, TIME, PARKING = Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME
CHARGING, PAUSED, WITHHELD, IDLE = (
    ChargingState.CHARGING,
    ChargingState.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE,
    ChargingState.IDLE,
)
HOURLY = (element(price="1", start_time=time(10), end_time=time(10, 30)), element(price="2"))
STEADY = [sample(m, 1000 + 100 * m) for m in range(0, 61, 5)]


def cut(of, samples=STEADY, **more):  # type: ignore[no-untyped-def]
    """The table of periods of a session of one hour."""
    usage = used(of, samples, **more)
    return table(charging_periods(usage, of))


def test_one_price_is_one_period_however_many_samples() -> None:
    """M41: a period per billing-relevant change, not per sample."""
    assert cut(terms()) == [("10:00:00", {"ENERGY": "6", "TIME": "1"})]


def test_no_tariff_is_one_period() -> None:
    of = terms()
    free = type(of)((), None, "EUR", "UTC", None)
    assert cut(free) == [("10:00:00", {"ENERGY": "6", "TIME": "1"})]


def test_time_of_day_between_two_readings_is_interpolated_and_flagged() -> None:
    of = terms(*HOURLY)
    usage = used(of, [sample(20, 3000), sample(40, 5000)])
    assert table(charging_periods(usage, of)) == [
        ("10:00:00", {"ENERGY": "3", "TIME": "0.5"}),
        ("10:30:00", {"ENERGY": "1", "TIME": "0.5"}),
    ]
    assert [f.reason for f in usage.flags] == [FlagReason.ESTIMATED]


def test_time_of_day_on_a_reading_is_exact_and_not_flagged() -> None:
    of = terms(*HOURLY)
    usage = used(of, STEADY)
    assert [v["ENERGY"] for _, v in table(charging_periods(usage, of))] == ["3", "3"]
    assert usage.flags == ()


def test_an_edge_where_no_price_changes_cuts_nothing() -> None:
    """An element for Saturdays with a time of day is no reason to cut on a Monday."""
    saturday = element(start_time=time(10), end_time=time(10, 30), day_of_week=(DayOfWeek.SATURDAY,))
    assert len(cut(terms(saturday, element(price="2")))) == 1


def test_weekday_edge_is_local_midnight() -> None:
    """Tuesday begins at 23:00 UTC in Amsterdam's winter."""
    of = terms(element(day_of_week=(DayOfWeek.TUESDAY,)), element(price="2"), zone="Europe/Amsterdam")
    usage = used(of, [sample(0, 1000), sample(14 * 60, 15_000)], end=14 * 60)
    assert [s for s, _ in table(charging_periods(usage, of))] == ["10:00:00", "23:00:00"]


def test_date_edge() -> None:
    of = terms(element(start_date=date(2026, 3, 3)), element(price="2"))
    usage = used(of, [sample(0, 1000), sample(20 * 60, 21_000)], end=20 * 60)
    assert [s for s, _ in table(charging_periods(usage, of))] == ["10:00:00", "00:00:00"]


def test_kwh_threshold_is_cut_at_exactly_that_energy() -> None:
    of = terms(element(max_kwh=Decimal(3)), element(price="2"))
    assert cut(of, [sample(50, 6000)]) == [
        ("10:00:00", {"ENERGY": "3", "TIME": "0.5"}),
        ("10:30:00", {"ENERGY": "2", "TIME": "0.5"}),
    ]


def test_several_kwh_thresholds_between_two_readings() -> None:
    of = terms(element(max_kwh=Decimal(1)), element(price="2", max_kwh=Decimal(2)), element(price="3"))
    assert [(s, v["ENERGY"]) for s, v in cut(of, [sample(60, 7000)])] == [
        ("10:00:00", "1"),
        ("10:10:00", "1"),
        ("10:20:00", "4"),
    ]


def test_threshold_reached_by_a_reading_begins_there() -> None:
    of = terms(element(max_kwh=Decimal(3)), element(price="2"))
    usage = used(of, STEADY)
    assert [s for s, _ in table(charging_periods(usage, of))] == ["10:00:00", "10:30:00"]
    assert usage.flags == ()


def test_threshold_finer_than_the_wire() -> None:
    """A threshold of 0.10005 kWh is reached by the first published energy that is not below it."""
    of = terms(element(max_kwh=Decimal("0.10005")), element(price="2"))
    assert [v["ENERGY"] for _, v in cut(of, [sample(30, "1100.07"), sample(59, 1200)])] == [
        "0.1001",
        "0.0999",
    ]


def test_threshold_in_one_instant() -> None:
    """All energy at once: the part up to the threshold still has the price below it."""
    of = terms(element(max_kwh=Decimal("0.5")), element(price="2"))
    assert [v["ENERGY"] for _, v in cut(of, [sample(0, 1700)])] == ["0.5", "0.2"]


def test_export_crosses_a_threshold_downwards() -> None:
    of = terms(element(max_kwh=Decimal(1)), element(price="2"))
    readings = [
        sample(0, 1000, reading(0, EXPORT)),
        sample(20, 3000, reading(0, EXPORT)),
        sample(40, 3000, reading(2000, EXPORT)),
    ]
    assert [v["ENERGY"] for _, v in cut(of, readings)] == ["1", "-0.0001", "-0.9999"]


def test_duration_threshold_counts_from_the_start() -> None:
    of = terms(element(TIME, max_duration_s=1200), element(TIME, "5"))
    assert [s for s, _ in cut(of)] == ["10:00:00", "10:20:00"]


def test_durations_and_clocks_together() -> None:
    of = terms(
        element(TIME, max_duration_s=1200), element(TIME, "5", end_time=time(10, 40)), element(TIME, "9")
    )
    assert [s for s, _ in cut(of)] == ["10:00:00", "10:20:00", "10:40:00"]


def test_vehicle_that_asks_for_nothing_is_parking_and_draws_nothing() -> None:
    """M43: SUSPENDED_EV is PARKING_TIME; the energy between two readings flowed before the pause."""
    states: States = [(minute(0), CHARGING), (minute(20), PAUSED)]
    assert cut(terms(element(PARKING)), [sample(40, 3000)], states=states) == [
        ("10:00:00", {"ENERGY": "2", "TIME": "0.3333"}),
        ("10:20:00", {"PARKING_TIME": "0.6667"}),
    ]


def test_charger_that_withholds_power_is_never_parking() -> None:
    """M43: SUSPENDED_EVSE stays TIME."""
    states: States = [(minute(0), CHARGING), (minute(20), WITHHELD), (minute(40), CHARGING)]
    assert cut(terms(element(PARKING)), states=states) == [("10:00:00", {"ENERGY": "6", "TIME": "1"})]


def test_idle_is_parking_only_after_charging() -> None:
    before: States = [(minute(0), IDLE), (minute(10), CHARGING), (minute(50), IDLE)]
    kinds = [list(v) for _, v in cut(terms(), [sample(10, 1000), sample(50, 4000)], states=before)]
    assert kinds == [["ENERGY", "TIME"], ["PARKING_TIME"]]


def test_charging_resumes_after_parking() -> None:
    states: States = [(minute(10), PAUSED), (minute(20), CHARGING)]
    assert cut(terms(), [sample(10, 2000), sample(30, 3000)], states=states) == [
        ("10:00:00", {"ENERGY": "1", "TIME": "0.1667"}),
        ("10:10:00", {"PARKING_TIME": "0.1666"}),
        ("10:20:00", {"ENERGY": "1", "TIME": "0.6667"}),
    ]


def test_energy_against_all_reports_is_shared_evenly() -> None:
    """The state says nothing flowed, the register says otherwise: the register is right."""
    states: States = [(minute(0), PAUSED)]
    assert cut(terms(*HOURLY), [sample(60, 7000)], states=states) == [
        ("10:00:00", {"ENERGY": "3", "PARKING_TIME": "0.5"}),
        ("10:30:00", {"ENERGY": "3", "PARKING_TIME": "0.5"}),
    ]


def test_power_thresholds_cut_when_the_power_crosses_them() -> None:
    of = terms(element(max_power_kw=Decimal(8)), element(price="2"))
    readings = [
        sample(0, 1000, reading(5000, POWER)),
        sample(20, 3000, reading(7999, POWER)),
        sample(40, 5000, reading(8000, POWER)),
    ]
    assert cut(of, readings) == [
        ("10:00:00", {"ENERGY": "4", "TIME": "0.6667", "MIN_POWER": "5", "MAX_POWER": "7.999"}),
        ("10:40:00", {"ENERGY": "0", "TIME": "0.3333", "MIN_POWER": "8", "MAX_POWER": "8"}),
    ]


def test_the_first_power_holds_since_the_start() -> None:
    of = terms(element(max_power_kw=Decimal(8)), element(price="2"))
    assert [list(v) for _, v in cut(of, [sample(20, 3000, reading(11_000, POWER))])] == [
        ["ENERGY", "TIME", "MIN_POWER", "MAX_POWER"]
    ]


def test_current_is_the_sum_of_the_phases() -> None:
    of = terms(element(TIME, max_current_a=Decimal(32)), element(TIME, "2"))
    phases = [reading(16, CURRENT, phase=p) for p in ("L1", "L2", "L3", "N")]
    single = [reading(16, CURRENT, phase="L1")]
    assert cut(of, [sample(0, 1000, *phases), sample(30, 4000, *single)]) == [
        ("10:00:00", {"ENERGY": "3", "TIME": "0.5", "MIN_CURRENT": "48", "MAX_CURRENT": "48"}),
        ("10:30:00", {"ENERGY": "0", "TIME": "0.5", "MIN_CURRENT": "16", "MAX_CURRENT": "16"}),
    ]


def test_a_pause_has_no_power_and_the_power_after_it_counts_from_its_end() -> None:
    of = terms(element(max_power_kw=Decimal(8)), element(price="2"))
    readings = [sample(0, 1000, reading(11_000, POWER)), sample(45, 3000, reading(11_000, POWER))]
    states: States = [(minute(10), WITHHELD), (minute(40), CHARGING)]
    assert [(s, v["MAX_POWER"]) for s, v in cut(of, readings, states=states)] == [
        ("10:00:00", "11"),
        ("10:10:00", "0"),
        ("10:40:00", "11"),
    ]


def test_power_and_current_that_come_one_by_one() -> None:
    of = terms(element(max_power_kw=Decimal(8)), element(max_current_a=Decimal(20)), element(price="2"))
    readings = [
        sample(0, 1000, reading(5000, POWER)),
        sample(20, 2000, reading(16, CURRENT)),
        sample(40, 3000),
    ]
    assert len(cut(of, readings)) == 1


def test_a_state_and_a_reading_of_one_instant() -> None:
    """The running session and the CDR agree whichever of the two came first."""
    of = terms(element(max_power_kw=Decimal(8)), element(price="2"))
    one = sample(20, 3000, reading(11_000, POWER))
    whole = used(of, [one], states=[(minute(20), PAUSED)])
    live = observe_state(observe(begin(of, TEN, Decimal(1000)), of, one), of, minute(20), PAUSED)
    other = observe(observe_state(begin(of, TEN, Decimal(1000)), of, minute(20), PAUSED), of, one)
    for running in (live, other):
        assert charging_periods(finish(running, of, minute(60), None), of) == charging_periods(whole, of)


def test_reservation_then_session() -> None:
    """Section 4: the reservation is before the session, and the session starts with it."""
    reserving = element(TIME, "3", reservation=ReservationRule.RESERVATION)
    of = terms(reserving, element())
    usage = rebuild(of, minute(30), Decimal(1000), [sample(60, 4000)], [], minute(60), None, reserved_at=TEN)
    assert usage.started_at == TEN
    assert table(charging_periods(usage, of)) == [
        ("10:00:00", {"RESERVATION_TIME": "0.5"}),
        ("10:30:00", {"ENERGY": "3", "TIME": "0.5"}),
    ]


def test_an_edge_at_the_very_end_begins_no_empty_period() -> None:
    assert cut(terms(*HOURLY), STEADY[:7], end=30) == [("10:00:00", {"ENERGY": "3", "TIME": "0.5"})]


def test_a_reservation_that_nobody_used() -> None:
    """Section 4: only RESERVATION_TIME, so that pricing takes it as expired."""
    of = terms(element(TIME, "3", reservation=ReservationRule.RESERVATION))
    usage = finish(reserve(of, TEN), of, minute(30), None)
    assert table(charging_periods(usage, of)) == [("10:00:00", {"RESERVATION_TIME": "0.5"})]


def test_tariff_switch() -> None:
    """SES-10: a change of charging preferences begins a period under another tariff."""
    other = tariff(element(price="9"), id_="cheap")
    of = terms(element(), others=(other,))
    at = (minute(30), TariffId("cheap"))
    usage = rebuild(of, TEN, Decimal(1000), STEADY, [(minute(0), CHARGING)], minute(60), None, switches=[at])
    assert [p.tariff_id for p in charging_periods(usage, of)] == ["t", "cheap"]
    live = begin(of, TEN, Decimal(1000))
    for one in STEADY:
        if one.at == minute(30):
            live = switch_tariff(live, of, *at)
        live = observe(live, of, one)
    assert charging_periods(finish(live, of, minute(60), None), of) == charging_periods(usage, of)


def test_a_total_below_what_was_seen_moves_no_period_above_it() -> None:
    """The pair of start and stop counts (M40): the periods add up to it."""
    of = terms(*HOURLY)
    usage = used(of, [sample(40, 7000)], stop=4000)
    assert usage.energy_wh == 3000
    assert [v["ENERGY"] for _, v in table(charging_periods(usage, of))] == ["3", "0"]


def test_end_before_what_was_seen_live() -> None:
    """A StopTransaction dated before the last values: nothing of the session lies after its end."""
    of = terms(*HOURLY)
    usage = begin(of, TEN, Decimal(1000))
    for one in (sample(20, 3000), sample(40, 5000), sample(50, 6000)):
        usage = observe(usage, of, one)
    usage = observe_state(usage, of, minute(45), PAUSED)
    ended = finish(usage, of, minute(25), Decimal(6000))
    assert ended.energy_wh == 5000
    assert [s for s, _ in table(charging_periods(ended, of))] == ["10:00:00"]


def test_a_session_of_no_length_has_a_period() -> None:
    """CDR-06: at least one period with at least one dimension."""
    assert cut(terms(), [], end=0) == [("10:00:00", {"ENERGY": "0", "TIME": "0"})]


def test_an_end_before_the_start_is_the_start() -> None:
    assert cut(terms(), [], end=-5) == [("10:00:00", {"ENERGY": "0", "TIME": "0"})]


@pytest.mark.parametrize("place", [ReadingPlace.OUTLET, ReadingPlace.EV])
def test_state_of_charge_is_shown_while_charging_only(place: ReadingPlace) -> None:
    """SES-13, M42, M45: of all that a car measures, what only it knows."""
    of = terms()
    usage = observe(begin(of, TEN, None), of, sample(1, 1000, reading(42, SOC, place=place)))
    assert table(charging_periods(usage, of))[0][1]["STATE_OF_CHARGE"] == "42"
    ended = finish(usage, of, minute(2), None)
    assert "STATE_OF_CHARGE" not in table(charging_periods(ended, of))[0][1]


def test_unknown_zone_still_counts_but_is_not_priced() -> None:
    of = terms(*HOURLY, zone="Mars/Olympus")
    usage = used(of, STEADY)
    with pytest.raises(CannotPrice, match="Mars"):
        price(
            charging_periods(usage, of),
            of.tariffs,
            currency="EUR",
            time_zone=of.time_zone,
            started_at=TEN,
            ended_at=minute(60),
        )


AMSTERDAM = zone_of("Europe/Amsterdam")


def test_an_hour_that_comes_twice_has_its_edges_twice() -> None:
    """Section 6.8: 25 October 2026, 02:00 to 03:00 local occurs twice, and the change is an edge itself."""
    edges = edges_of_day(AMSTERDAM, (time(2, 30),), date(2026, 10, 25))
    assert edges == tuple(datetime(2026, 10, 25, h, m, tzinfo=UTC) for h, m in ((0, 30), (1, 0), (1, 30)))


def test_an_hour_that_never_comes_has_the_change_as_its_edge() -> None:
    edges = edges_of_day(AMSTERDAM, (time(2, 30),), date(2026, 3, 29))
    assert edges == (datetime(2026, 3, 29, 1, 0, tzinfo=UTC),)


def test_the_next_edge_may_be_tomorrow_or_never() -> None:
    assert next_edge(AMSTERDAM, (time(9),), TEN) == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert next_edge(AMSTERDAM, (), TEN) is None


def test_a_window_in_the_repeated_hour_is_cut_twice() -> None:
    """02:00 to 03:00 at another price on the night the clocks go back: both hours are priced so."""
    of = terms(element(price="9", start_time=time(2), end_time=time(3)), element(), zone="Europe/Amsterdam")
    start = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    usage = rebuild(of, start, Decimal(0), [], [], start + timedelta(hours=6), Decimal(6000))
    assert [(s, v["TIME"]) for s, v in table(charging_periods(usage, of))] == [
        ("22:00:00", "2"),
        ("00:00:00", "2"),
        ("02:00:00", "2"),
    ]


def test_period_kinds_are_the_ones_cdrs_may_have() -> None:
    """M42, SES-13."""
    kinds = {v for _, volumes in cut(terms()) for v in volumes}
    assert kinds <= {PeriodDimension.ENERGY.value, PeriodDimension.TIME.value}
