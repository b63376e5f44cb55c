"""Charging profiles in the unit a charger takes, and whether two accounts of what it follows agree."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ids import ConnectorId, EvseUid
from gateway.domain.profiles import (
    ActiveProfile,
    ChargingProfile,
    ProfilePeriod,
    RateUnit,
    in_unit,
    most,
    same_course,
    units_named,
)
from gateway.domain.sites import PlugSnapshot, plug_snapshot
from tests import builders as b

A, W = RateUnit.AMPERE, RateUnit.WATT


def plug(
    power_type: str = "AC_3_PHASE", volts: int = 230, amps: int = 16, watts: int | None = None
) -> PlugSnapshot:
    (connector,) = b.evse().connectors
    made = replace(
        connector, power_type=power_type, max_voltage=volts, max_amperage=amps, max_electric_power=watts
    )
    frozen = plug_snapshot(b.location(b.evse(connectors=(made,))), EvseUid("EVSE-1"), ConnectorId("1"))
    assert frozen is not None
    return frozen


def profile(unit: RateUnit, *limits: str, min_rate: str | None = None) -> ChargingProfile:
    periods = tuple(ProfilePeriod(60 * n, Decimal(limit)) for n, limit in enumerate(limits))
    return ChargingProfile(unit, periods, min_rate=Decimal(min_rate) if min_rate else None)


@pytest.mark.parametrize(
    ("at", "given", "unit", "made"),
    [
        (plug(), profile(A, "6", "16", min_rate="6.2"), W, profile(W, "4140", "11040", min_rate="4278")),
        (plug("AC_1_PHASE", amps=32), profile(A, "6.5"), W, profile(W, "1495")),
        (plug("AC_2_PHASE"), profile(A, "10"), W, profile(W, "4600")),
        (plug("AC_2_PHASE_SPLIT", 240), profile(A, "10"), W, profile(W, "2400")),
        (plug("DC", 500, 300), profile(W, "100000"), A, profile(A, "200")),
        (plug(), profile(W, "4000", "0", min_rate="4200"), A, profile(A, "5.7", "0", min_rate="6.0")),
        (plug(), profile(A, "-1"), A, profile(A, "-1")),
        (plug(volts=0), profile(A, "6"), W, profile(A, "6")),
    ],
)  # fmt: skip
def test_conversion(at: PlugSnapshot, given: ChargingProfile, unit: RateUnit, made: ChargingProfile) -> None:
    """M60, CP-04: ampere are per phase, watt of all phases; rounded down to one decimal, the minimum too."""
    assert in_unit(given, unit, at) == made


@given(st.decimals("0", "500", places=1), st.sampled_from(["AC_1_PHASE", "AC_3_PHASE", "DC"]))
def test_conversion_never_allows_more(limit: Decimal, power_type: str) -> None:
    """M60: there and back again loses at most a tenth of an ampere."""
    at = plug(power_type)
    (back,) = in_unit(in_unit(profile(A, str(limit)), W, at), A, at).periods
    assert limit - Decimal("0.1") <= back.limit <= limit


@pytest.mark.parametrize(
    ("at", "unit", "maximum"),
    [(plug(), A, 16), (plug(), W, 11040), (plug(watts=7400), W, 7400), (plug("DC", 500, 300), W, 150_000)],
)
def test_the_most_a_plug_can_deliver(at: PlugSnapshot, unit: RateUnit, maximum: int) -> None:
    """M62, Q39: a power that is not stated follows from voltage and current."""
    assert most(unit, at) == maximum


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Current,Power", {A, W}),
        ("Current", {A}),
        ("power", {W}),
        ("A,W", {A, W}),
        (" W ", {W}),
        ("", set()),
        ("ampere?", set()),
    ],
)
def test_units_as_chargers_name_them(text: str, units: set[RateUnit]) -> None:
    """Q40: 1.6 and 2.x have different words, and some chargers mix them up."""
    assert units_named(text) == units


def active(seconds: float, *periods: tuple[int, str], duration: int | None = 3600) -> ActiveProfile:
    made = tuple(ProfilePeriod(start, Decimal(limit)) for start, limit in periods)
    return ActiveProfile(b.at(seconds), ChargingProfile(A, made, duration_s=duration))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (active(0, (0, "16")), active(300, (0, "16")), True),
        (active(0, (0, "16")), active(300, (0, "6")), False),
        # The same step, counted from each account's own start.
        (active(0, (0, "16"), (600, "6")), active(300, (0, "16"), (300, "6")), True),
        (active(0, (0, "16"), (600, "6")), active(300, (0, "16"), (302, "6")), True),
        (active(0, (0, "16"), (600, "6")), active(300, (0, "16"), (360, "6")), False),
        # The step has passed.
        (active(0, (0, "16"), (600, "6")), active(900, (0, "6")), True),
        (active(0, (0, "16"), (600, "6")), active(900, (0, "16")), False),
        # Beyond what was told: the last limit goes on, and a step there is news.
        (active(0, (0, "16")), active(7200, (0, "16")), True),
        (active(0, (0, "16")), active(300, (0, "16"), (3500, "10")), False),
        (active(0, (0, "16"), duration=None), active(300, (0, "16"), duration=None), True),
        (active(0, (0, "16"), duration=None), active(300, (0, "16"), (60, "6"), duration=None), False),
        # The same limit written as two periods.
        (active(0, (0, "16"), (60, "16")), active(30, (0, "16")), True),
        (active(0, (0, "16.0")), active(30, (0, "16")), True),
    ],
)
def test_same_course(before: ActiveProfile, after: ActiveProfile, same: bool) -> None:
    """CP-03: what is told is a change of limits, not that time passes."""
    assert same_course(before, after) is same


def test_another_unit_or_minimum_is_a_change() -> None:
    """CP-03."""
    before = active(0, (0, "16"))
    for changed in (replace(before.profile, unit=W), replace(before.profile, min_rate=Decimal(6))):
        assert not same_course(before, replace(before, profile=changed))
