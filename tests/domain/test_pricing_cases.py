"""Every folder of tests/cases/pricing is one decided case; its `why` says where the number comes from."""

from decimal import Decimal
from pathlib import Path

import pytest

from gateway.domain.errors import CannotPrice
from gateway.domain.explain import explain
from gateway.domain.pricing import Bill
from gateway.domain.tariffs import Price
from tests.domain.pricing_cases import bill_of, load

ROOT = Path(__file__).parents[1] / "cases" / "pricing"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/case.json"))


def test_there_are_at_least_sixty() -> None:
    assert len(FOLDERS) >= 60


def parts(bill: Bill) -> dict[str, Price | None]:
    return {
        "total_fixed_cost": bill.fixed,
        "total_energy_cost": bill.energy,
        "total_time_cost": bill.time,
        "total_parking_cost": bill.parking,
        "total_reservation_cost": bill.reservation,
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=[f.name for f in FOLDERS])
def test_case(folder: Path) -> None:
    case = load(folder / "case.json")
    expected = case["expected"]
    if "error" in expected:
        with pytest.raises(CannotPrice, match=expected["error"]):
            bill_of(case)
        return
    bill = bill_of(case)
    assert bill.total.before_taxes == Decimal(expected["total_cost"]["before_taxes"]), case["why"]
    assert bill.total.after_taxes == Decimal(expected["total_cost"]["after_taxes"]), case["why"]
    for name, price in parts(bill).items():
        if name in expected:
            assert price is not None
            assert price.before_taxes == Decimal(expected[name]), name
    if "taxes" in expected:
        assert [[t.percentage, t.amount] for t in bill.total.taxes] == [
            [Decimal(percentage), Decimal(amount)] for percentage, amount in expected["taxes"]
        ]
    for name, value in (
        ("total_time", bill.time_h),
        ("total_parking_time", bill.parking_h),
        ("total_energy", bill.energy_kwh),
    ):
        assert name not in expected or value == Decimal(expected[name]), name
    for warning in expected.get("warnings", ()):
        assert warning in bill.warnings
    assert explain(bill)[-1].what in ("total", "warning")
