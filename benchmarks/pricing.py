"""How fast sessions are folded and priced, and whether one more sample costs more in a long session.

Run: python benchmarks/pricing.py. Exits with 1 if a promise is missed. Times are processor time of this
process, so that other load on the machine matters less.
"""

import sys
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from time import process_time_ns

from gateway.domain.ids import Party, TariffId
from gateway.domain.pricing import price
from gateway.domain.readings import Measurand, Reading, Sample
from gateway.domain.tariffs import Dimension, PriceComponent, Restrictions, Tariff, TariffElement
from gateway.domain.terms import Terms
from gateway.domain.usage import Usage, begin, charging_periods, observe, rebuild

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ZONE = "Europe/Amsterdam"
SESSIONS_PER_SECOND = 300
GROWTH = 1.5
ROUNDS = 5


def hourly_tariff() -> Tariff:
    """24 elements, one per hour of the day, each pricing energy and time."""
    elements = tuple(
        TariffElement(
            (
                PriceComponent(Dimension.ENERGY, Decimal(20 + hour) / 100, 1, Decimal(21)),
                PriceComponent(Dimension.TIME, Decimal(1), 60, Decimal(21)),
            ),
            Restrictions(start_time=time(hour), end_time=time((hour + 1) % 24)),
        )
        for hour in range(24)
    )
    return Tariff(Party("NL", "GWY"), TariffId("hourly"), "EUR", elements, START)


def sample(minute: int) -> Sample:
    """A minute's register, power and current of an 11 kW charge that began at 1 000 kWh."""
    return Sample(
        START + timedelta(minutes=minute),
        (
            Reading(Measurand.IMPORT_REGISTER_WH, Decimal(1_000_000 + 183 * minute)),
            Reading(Measurand.IMPORT_POWER_W, Decimal(10_980)),
            Reading(Measurand.IMPORT_CURRENT_A, Decimal(16)),
        ),
    )


TARIFF = hourly_tariff()
TERMS = Terms((TARIFF,), TARIFF.id, "EUR", ZONE, 22_000)
METER_START = Decimal(1_000_000)


def priced_per_second() -> float:
    """Whole sessions per second: 600 samples folded, cut into periods and priced. Best of some rounds."""
    samples = [sample(minute) for minute in range(1, 601)]
    end, stop = START + timedelta(hours=10), METER_START + 183 * 600
    best, count = 0.0, 100
    for _ in range(ROUNDS):
        began = process_time_ns()
        for _ in range(count):
            usage = rebuild(TERMS, START, METER_START, samples, (), end, stop)
            bill = price(
                charging_periods(usage, TERMS),
                TERMS.tariffs,
                currency="EUR",
                time_zone=ZONE,
                started_at=START,
                ended_at=end,
            )
        best = max(best, count / ((process_time_ns() - began) / 1e9))
    assert bill.energy_kwh == Decimal("109.8"), bill.energy_kwh
    return best


def running(samples: int) -> Usage:
    """A running session that has seen so many samples."""
    usage = begin(TERMS, START, METER_START)
    for minute in range(1, samples + 1):
        usage = observe(usage, TERMS, sample(minute))
    return usage


def cost_of_one_more(*before: int) -> list[float]:
    """Microseconds for one more sample after so many, each the best of rounds taken in turn."""
    sessions = [(running(count), sample(count + 1)) for count in before]
    best, count = [float("inf")] * len(sessions), 200
    for _ in range(3 * ROUNDS):
        for number, (usage, following) in enumerate(sessions):
            began = process_time_ns()
            for _ in range(count):
                observe(usage, TERMS, following)
            best[number] = min(best[number], (process_time_ns() - began) / 1000 / count)
    return best


def main() -> int:
    rate = priced_per_second()
    few, many = cost_of_one_more(100, 10_000)
    print(f"sessions folded and priced per second: {rate:8.0f}   (at least {SESSIONS_PER_SECOND})")
    print(f"one more sample after    100: {few:8.1f} us")
    print(f"one more sample after 10 000: {many:8.1f} us, ratio {many / few:.2f}   (below {GROWTH})")
    return 0 if rate >= SESSIONS_PER_SECOND and many / few < GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
