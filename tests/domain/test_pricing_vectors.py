"""CDR-15: every shared vector of OCPI 2.2.1 and 2.3.0 is priced within its tolerance."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.domain.pricing_cases import Json, bill_of, load

VECTORS = Path(__file__).parents[2].parent / "shared" / "ocpi" / "pricing-vectors"
FILES = sorted(VECTORS.glob("vectors-*.json"))
CASES = [(f"{path.stem}/{case['id']}", case) for path in FILES for case in load(path)]


@pytest.mark.skipif(not FILES, reason="the shared pricing vectors are not beside this checkout")
@pytest.mark.parametrize("case", [c for _, c in CASES], ids=[n for n, _ in CASES])
def test_vector(case: Json) -> None:
    bill = bill_of(case)
    expected, within = case["expected"]["total_cost"], Decimal(case["tolerance"])
    taxes = sum((t.amount for t in bill.total.taxes), Decimal(0))
    found = {
        "excl_vat": bill.total.before_taxes,
        "before_taxes": bill.total.before_taxes,
        "incl_vat": bill.total.after_taxes,
        "after_taxes": bill.total.after_taxes,
        "taxes_amount": taxes,
    }
    for name, amount in expected.items():
        value = found[name]
        assert value is not None
        assert abs(value - amount) <= within, (name, value, amount)
