"""A running session goes on from the fold it has; one read from the database makes it again (M40 to M44)."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.readings import ChargingState, Measurand, Reading, ReadingContext, ReadingPlace, Sample
from gateway.domain.terms import Terms
from gateway.domain.usage import _RUNNING, Usage, begin, finish, observe, observe_state
from tests.domain.consumption import TEN, element, minute, terms

READINGS = st.builds(
    Reading,
    st.sampled_from(Measurand),
    st.sampled_from([0, 900, 1000, 1010, 1700, 2500, 9_000, 2_000_000]).map(Decimal),
    st.sampled_from(
        [ReadingContext.PERIODIC] * 4 + [ReadingContext.END, ReadingContext.CLOCK, ReadingContext.BEGIN]
    ),
    st.sampled_from([None, None, None, "L1", "L2"]),
    st.sampled_from([ReadingPlace.OUTLET] * 4 + [ReadingPlace.BODY, ReadingPlace.EV]),
)
SAMPLES = st.builds(
    Sample, st.integers(-1, 40).map(minute), st.lists(READINGS, min_size=1, max_size=4).map(tuple)
)
TERMS = (
    terms(),
    terms(element(min_kwh=Decimal(1)), element(start_time=time(10, 20), end_time=time(11)), element()),
    terms(element(min_power_kw=Decimal(1)), element(max_duration_s=900), element()),
)


def step(usage: Usage, of: Terms, told: Sample | tuple[int, ChargingState]) -> Usage:
    if isinstance(told, Sample):
        return observe(usage, of, told)
    return observe_state(usage, of, max(minute(told[0]), usage.as_of), told[1])


@settings(max_examples=150, deadline=None)
@given(
    of=st.sampled_from(TERMS),
    told=st.lists(
        SAMPLES | st.tuples(st.integers(0, 40), st.sampled_from(ChargingState)), min_size=2, max_size=12
    ),
)
def test_m40_the_fold_that_is_kept_says_the_same_as_one_made_again(
    of: Terms, told: list[Sample | tuple[int, ChargingState]]
) -> None:
    kept = again = begin(of, TEN, Decimal(1000))
    for one in told:
        kept, again = step(kept, of, one), step(replace(again), of, one)
        assert kept == again


def test_m40_two_ways_on_from_one_state_do_not_disturb_each_other() -> None:
    """A unit of work that is undone leaves the state as it was, whatever was folded in it."""
    of = terms(element(min_kwh=Decimal(1)), element())
    first = observe(begin(of, TEN, Decimal(1000)), of, Sample(minute(1), (Reading(_WH, Decimal(1100)),)))
    undone = observe(first, of, Sample(minute(2), (Reading(_WH, Decimal(2300)),)))
    true = observe(first, of, Sample(minute(2), (Reading(_WH, Decimal(1150)),)))
    assert (first.energy_wh, undone.energy_wh, true.energy_wh) == (100, 1300, 150)
    assert true == observe(replace(first), of, Sample(minute(2), (Reading(_WH, Decimal(1150)),)))


_WH = Measurand.IMPORT_REGISTER_WH


def test_f39_a_fold_lives_no_longer_than_the_state_it_belongs_to() -> None:
    """Ended sessions and superseded states leave nothing behind."""
    of, before = terms(element()), len(_RUNNING)
    state = begin(of, TEN, Decimal(1000))
    for number in range(1, 20):
        state = observe(state, of, Sample(minute(number), (Reading(_WH, Decimal(1000 + number)),)))
        state = observe_state(state, of, minute(number), ChargingState.CHARGING)
    assert len(_RUNNING) == before + 1
    ended = finish(state, of, minute(30), Decimal(1100))
    del state
    assert len(_RUNNING) == before
    assert ended.energy_wh == 100
