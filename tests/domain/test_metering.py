"""M40, C11 to C15, Q29, Q33, Q36, Q37: what registers of chargers say, and how much energy that is."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from gateway.domain.flags import FlagReason
from gateway.domain.readings import Measurand, Reading, ReadingContext, ReadingPlace, Sample
from tests.domain.consumption import EXPORT, INTERVAL, POWER, reading, sample, terms, used

REBASED, DECREASED = FlagReason.METER_REBASED, FlagReason.METER_DECREASED
JUMP, UNIT = FlagReason.METER_JUMP, FlagReason.UNIT_SUSPECT


@dataclass
class Story:
    """Samples of one hour at a 22 kW plug, and the energy they mean."""

    name: str
    samples: list[Sample]
    wh: float | str
    flags: set[FlagReason] = field(default_factory=set)
    start: float | str | None = 1000
    stop: float | str | None = None
    max_power_w: int | None = 22_000


def phases(value: float, *names: str) -> list[Reading]:
    return [reading(value, phase=name) for name in names or ("L1", "L2", "L3")]


def interval(value: float, context: ReadingContext = ReadingContext.PERIODIC, **more: str) -> Reading:
    return reading(value, INTERVAL, context=context, **more)  # type: ignore[arg-type]


CLOCK, END, BEGIN = ReadingContext.CLOCK, ReadingContext.END, ReadingContext.BEGIN
STORIES = [
    Story("plain", [sample(10, 2000), sample(20, 3000)], 2000),
    Story("stop value closes the gap", [sample(10, 2000)], 4000, stop=5000),
    Story("C09 no samples at all", [], 4000, stop=5000),
    Story("no samples, no stop", [], 0),
    Story("no start value: the first reading is it", [sample(1, 500), sample(10, 1500)], 1000, start=None),
    Story("no start value, stop given", [sample(1, 500), sample(10, 1500)], 1500, start=None, stop=2000),
    Story("only a stop value says nothing", [], 0, start=None, stop=2000),
    Story("repeated samples", [sample(10, 2000), sample(10, 2000), sample(20, 3000)], 2000),
    Story("C11 same instant, two contexts", [sample(10, 2000, reading(2000, context=END))], 1000),
    Story("same instant, larger one counts", [sample(10, 2000), sample(10, 2001)], 1001),
    Story("Q36 a closing value after the end", [sample(10, 2000), sample(75, 3000)], 2000),
    Story("a value before the start", [sample(-5, 1000), sample(10, 2000)], 1000),
    Story("stop below the last sample by rounding", [sample(10, "2000.6")], 1000, stop=2000),
    Story("stop below the last sample: the pair counts", [sample(10, 2000)], 900, {DECREASED}, stop=1900),
    Story(
        "a slip downwards of less than 1 Wh", [sample(10, 2000), sample(20, "1999.5"), sample(30, 2100)], 1100
    ),
    Story(
        "a few Wh down and up again",
        [sample(10, 2000), sample(20, 1997), sample(30, 2100)],
        1100,
        {DECREASED},
    ),
    Story("a few Wh down at the end", [sample(10, 2000), sample(20, 1997)], 1000, {DECREASED}),
    Story(
        "a swap for a meter that shows less",
        [sample(10, 2000), sample(20, 1500), sample(30, 1600)],
        1100,
        {REBASED},
    ),
    # one odd value
    Story("a zero in between", [sample(10, 2000), sample(20, 0), sample(30, 3000)], 2000, {DECREASED}),
    Story(
        "a spike in between", [sample(10, 2000), sample(20, 9_000_000), sample(30, 3000)], 2000, {DECREASED}
    ),
    Story(
        "a lower value in between",
        [sample(10, 90_000), sample(20, 50), sample(30, 91_000)],
        11_000,
        {DECREASED},
        start=80_000,
    ),
    Story(
        "an odd value at the end, low",
        [sample(10, 100_000), sample(20, 70_000)],
        2000,
        {DECREASED},
        start=98_000,
    ),
    Story("an odd value at the end, high", [sample(10, 2000), sample(20, 9_000_000)], 1000, {JUMP}),
    Story(
        "two odd values, then back",
        [sample(10, 2000), sample(20, 9_000_000), sample(21, 500_000), sample(30, 3000)],
        2000,
        {DECREASED},
    ),
    # restarts
    Story("C17 reset at boot", [sample(10, 5000), sample(20, 300), sample(30, 900)], 4900, {REBASED}),
    Story("reset, and the last value", [sample(10, 5000), sample(20, 300)], 4300, {REBASED}),
    Story(
        "meter swapped",
        [sample(10, 500_000), sample(20, 200_000), sample(30, 201_000)],
        6000,
        {REBASED},
        start=495_000,
    ),
    Story("rolled over at 1000 kWh", [sample(10, 999_900), sample(20, 100)], 1100, {REBASED}, start=999_000),
    Story(
        "rolled over at 100 MWh", [sample(10, 99_999_900), sample(20, 100)], 1100, {REBASED}, start=99_999_000
    ),
    Story(
        "nearly full, but no roll-over",
        [sample(10, 950_000), sample(20, 0), sample(30, 100)],
        4100,
        {REBASED},
        start=946_000,
    ),
    Story(
        "nearly full, and too much for one",
        [sample(10, 900_000), sample(20, 800_000)],
        5000,
        {DECREASED},
        start=895_000,
    ),
    Story("Q29 samples count from zero", [sample(10, 800), sample(20, 1600)], 1600, {REBASED}, start=900_000),
    Story(
        "Q29 so does the stop value",
        [sample(10, 800), sample(20, 1600)],
        1700,
        {REBASED},
        start=900_000,
        stop=1700,
    ),
    Story(
        "Q29 the stop value does not",
        [sample(10, 800), sample(20, 1600)],
        1700,
        {REBASED},
        start=900_000,
        stop=901_700,
    ),
    Story("Q29 one sample from zero, no stop", [sample(10, 800)], 800, {REBASED}, start=900_000),
    Story("Q29 meterStart always 0", [sample(1, 900_000), sample(20, 902_000)], 2000, {REBASED}, start=0),
    Story("Q29 both always 0", [sample(1, 900_000), sample(20, 902_000)], 2000, {REBASED}, start=0, stop=0),
    Story("Q29 both always equal", [sample(1, 1000), sample(20, 3000)], 2000, {REBASED}, stop=1000),
    Story("Q29 stop 0 after samples", [sample(20, 3000)], 2000, {REBASED}, stop=0),
    Story("nothing charged, and both agree", [sample(20, 1000)], 0, stop=1000),
    Story("stop below start, nothing else known", [], 500, {REBASED}, start=9000, stop=500),
    Story("stop below start, and no restart either", [], 0, {DECREASED}, start=900_000, stop=800_000),
    Story(
        "reset in between: the pair means nothing",
        [sample(25, 9000), sample(30, 300), sample(40, 2000)],
        10_000,
        {REBASED},
        stop=2000,
    ),
    # jumps
    Story("a jump that stays", [sample(10, 2000), sample(20, 900_000), sample(30, 901_000)], 2000, {JUMP}),
    Story("a jump in the only pair", [], 0, {JUMP}, stop=5_000_000),
    Story("a jump from the start value", [sample(10, 900_000), sample(20, 901_000)], 1000, {JUMP}),
    Story("a fast plug may", [sample(10, 60_000)], 59_000, max_power_w=360_000),
    Story("a plug of unknown power may, too", [sample(10, 60_000)], 59_000, max_power_w=None),
    Story("a long silence is no jump", [sample(58, 22_000)], 21_000),
    # units
    Story("Q37 kWh labelled Wh", [sample(10, "901.5"), sample(20, "903")], 3000, {UNIT}, start=900_000),
    Story("Q37 kWh labelled Wh, with stop", [sample(10, "901.5")], 3000, {UNIT}, start=900_000, stop=903_000),
    Story("Q37 kWh without decimals", [sample(10, 900), sample(20, 903)], 2500, {UNIT}, start=900_500),
    Story("Q37 mWh labelled Wh", [sample(10, 901_500_000)], 1500, {UNIT}, start=900_000),
    Story(
        "Q37 all values too large",
        [sample(0, 900_000_000), sample(20, 902_000_000), sample(40, 904_000_000)],
        4000,
        {UNIT},
        start=None,
    ),
    Story(
        "Q37 kWh from zero: the pair tells",
        [sample(30, "1.5"), sample(59, 3)],
        3000,
        {UNIT},
        start=0,
        stop=3000,
    ),
    # places and phases
    Story("Q33 phases only", [sample(0, *phases(100)), sample(10, *phases(600))], 1500, start=None),
    Story(
        "Q33 phases as L1-N",
        [sample(0, *phases(100, "L1-N")), sample(10, *phases(600, "L1-N"))],
        500,
        start=None,
    ),
    Story(
        "Q33 neutral and line-to-line do not count",
        [sample(10, 2000, reading(9, phase="N"), reading(8, phase="L1-L2"))],
        1000,
    ),
    Story("C13 a total beside phases: only the total", [sample(10, 2500, *phases(500))], 1500),
    Story("phases with a start value", [sample(10, *phases(500))], 500),
    Story(
        "phases rebased to zero, start value kept",
        [sample(1, *phases(100)), sample(10, *phases(400))],
        900,
        start=900_000,
    ),
    Story("phases, and the pair decides", [sample(10, *phases(500))], 700, stop=1700),
    Story(
        "a phase that comes later counts from its first value",
        [sample(0, *phases(0, "L1")), sample(5, *phases(400)), sample(10, *phases(600))],
        1000,
        start=None,
    ),
    Story(
        "totals after phases go on from there",
        [sample(0, *phases(0)), sample(5, *phases(300)), sample(10, 77_000), sample(20, 78_000)],
        1900,
        start=None,
    ),
    Story("totals after phases that fit the start value", [sample(5, *phases(400)), sample(10, 2600)], 1600),
    Story(
        "a sample with phases only, once totals are known",
        [sample(5, 2000), sample(7, *phases(1)), sample(10, 3000)],
        2000,
    ),
    Story("DC: cable register", [sample(10, reading(2000, place=ReadingPlace.CABLE))], 1000),
    Story("outlet before cable", [sample(10, 2000, reading(2100, place=ReadingPlace.CABLE))], 1000),
    Story(
        "body register where there is no other", [sample(10, reading(2000, place=ReadingPlace.BODY))], 1000
    ),
    Story(
        "M45 inlet, upstream and car never count",
        [
            sample(
                10,
                *(
                    reading(9000, place=p)
                    for p in (ReadingPlace.INLET, ReadingPlace.UPSTREAM, ReadingPlace.EV)
                ),
            )
        ],
        0,
    ),
    # intervals
    Story("C15 intervals", [sample(15, interval(500)), sample(30, interval(700))], 1200, start=None),
    Story(
        "intervals by phase",
        [sample(15, *(interval(100, phase=p) for p in ("L1", "L2", "L3")))],
        300,
        start=None,
    ),
    Story(
        "repeated intervals count once",
        [sample(15, interval(500)), sample(15, interval(500))],
        500,
        start=None,
    ),
    Story(
        "intervals of another context cover the same time",
        [sample(15, interval(500), interval(900, CLOCK)), sample(20, interval(900, CLOCK))],
        500,
        start=None,
    ),
    Story("intervals of an odd context", [sample(15, interval(500, BEGIN))], 500, start=None),
    Story(
        "intervals at the cable, and an instant of export alone",
        [
            sample(15, reading(500, INTERVAL, place=ReadingPlace.CABLE)),
            sample(30, reading(9, Measurand.EXPORT_INTERVAL_WH)),
            sample(45, reading(500, INTERVAL, place=ReadingPlace.CABLE)),
        ],
        991,
        start=None,
    ),
    Story(
        "a register beside intervals wins",
        [sample(15, 2000, interval(500)), sample(30, 3000, interval(500))],
        2000,
    ),
    Story(
        "a register after intervals goes on",
        [sample(15, interval(500)), sample(30, 77_000), sample(45, 78_000)],
        1500,
        start=None,
    ),
    Story(
        "register alone once it is known",
        [sample(15, 1500), sample(30, interval(500)), sample(45, 2500)],
        1500,
    ),
    Story("intervals and a stop that denies them", [sample(15, interval(500))], 500, {REBASED}, stop=1000),
    # export
    Story(
        "V2G: import minus export",
        [sample(0, 1000, reading(0, EXPORT)), sample(30, 1200, reading(700, EXPORT))],
        -500,
    ),
    Story(
        "export by phase",
        [
            sample(0, 1000, *(reading(0, EXPORT, phase=p) for p in ("L1", "L2"))),
            sample(30, 1200, *(reading(200, EXPORT, phase=p) for p in ("L1", "L2"))),
        ],
        -200,
    ),
    Story(
        "an instant of exported intervals alone",
        [
            sample(15, interval(500)),
            sample(30, reading(100, Measurand.EXPORT_INTERVAL_WH)),
            sample(45, 7, interval(5)),
        ],
        400,
        start=None,
    ),
    Story(
        "import and export in different contexts",
        [
            sample(15, interval(500)),
            sample(30, interval(900, CLOCK), reading(100, Measurand.EXPORT_INTERVAL_WH)),
        ],
        400,
        start=None,
    ),
    Story("power values are not energy", [sample(10, reading(11_000, POWER))], 0),
]


@pytest.mark.parametrize("story", STORIES, ids=[s.name for s in STORIES])
def test_energy(story: Story) -> None:
    """M40, C11 to C15, Q29, Q33, Q36, Q37: how much energy it is, and what is doubtful."""
    usage = used(terms(max_power_w=story.max_power_w), story.samples, start=story.start, stop=story.stop)
    assert usage.energy_wh == Decimal(str(story.wh))
    assert {flag.reason for flag in usage.flags} == story.flags
