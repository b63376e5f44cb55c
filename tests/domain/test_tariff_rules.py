"""TAR-03 to TAR-08: choosing a tariff, warning about one, and explaining what it did."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from gateway.domain.explain import explain
from gateway.domain.ids import LocationId, PartnerId, Party, TariffId
from gateway.domain.matching import rules_of
from gateway.domain.selection import TariffAssignment, applicable_tariff, assigned_tariff_ids
from gateway.domain.tariff_lint import LintRule, lint
from gateway.domain.tariffs import DayOfWeek, Dimension, Price, ReservationRule, Restrictions, TariffElement
from tests.builders import at, component, tariff
from tests.domain.pricing_cases import Json, bill_of

FLAT, ENERGY, TIME, PARKING = Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME
DE, NL = Party("DE", "AAA"), Party("NL", "BBB")
HERE = LocationId("LOC1")


def assigned(
    id_: str, partner: str | None = None, party: Party | None = None, where: str | None = None
) -> TariffAssignment:
    return TariffAssignment(
        TariffId(id_), PartnerId(partner) if partner else None, party, LocationId(where) if where else None
    )


ASSIGNMENTS = [
    assigned("partner", "p1"),
    assigned("party", party=DE),
    assigned("partner-here", "p1", where="loc1"),
    assigned("party-here", "p1", DE, "LOC1"),
    assigned("elsewhere", "p1", where="LOC2"),
    assigned("other", "p2"),
    assigned("nobody"),
    assigned("partner", "p1"),
]


@pytest.mark.parametrize(
    ("partner", "parties", "ids"),
    [
        ("p1", [DE], ("party-here", "partner-here", "party", "partner")),
        ("p1", [NL], ("partner-here", "partner")),
        ("p2", [NL], ("other",)),
        (None, [], ()),
    ],
)
def test_agreed_tariffs_best_first(partner: str | None, parties: list[Party], ids: tuple[str, ...]) -> None:
    partner_id = PartnerId(partner) if partner else None
    assert assigned_tariff_ids(ASSIGNMENTS, partner_id=partner_id, parties=parties, location_id=HERE) == ids


def typed(id_: str, type_: str | None = None, **more: object):  # type: ignore[no-untyped-def]
    return tariff(id_=id_, type=type_, **more)


PLAIN, REGULAR, AD_HOC = typed("plain"), typed("regular", "REGULAR"), typed("adhoc", "AD_HOC_PAYMENT")
GREEN = typed("green", "PROFILE_GREEN")
OVER, SOON = typed("over", ends_at=at(-1)), typed("soon", starts_at=at(1))


@pytest.mark.parametrize(
    ("tariffs", "wanted", "preferred", "found"),
    [
        ([PLAIN, REGULAR], "REGULAR", (), PLAIN),
        ([AD_HOC, GREEN, REGULAR], "REGULAR", (), REGULAR),
        ([AD_HOC, GREEN], "REGULAR", (), None),
        ([REGULAR, AD_HOC], "AD_HOC_PAYMENT", (), AD_HOC),
        ([REGULAR], "AD_HOC_PAYMENT", (), None),
        ([PLAIN, GREEN], "PROFILE_GREEN", (), GREEN),
        ([AD_HOC, REGULAR], "PROFILE_GREEN", (), REGULAR),
        ([OVER, SOON, PLAIN], "REGULAR", (), PLAIN),
        ([OVER, SOON], "REGULAR", (), None),
        ([], "REGULAR", (), None),
        ([PLAIN, REGULAR], "REGULAR", ("regular",), REGULAR),
        ([PLAIN, AD_HOC], "REGULAR", ("adhoc",), PLAIN),
        ([PLAIN, OVER], "REGULAR", ("over",), PLAIN),
    ],
)  # fmt: skip
def test_which_tariff_applies(tariffs, wanted, preferred, found) -> None:  # type: ignore[no-untyped-def]
    """TAR-06, TAR-07: by type and validity at the start; an agreed one first."""
    assert applicable_tariff(tariffs, at(0), preferred=preferred, type_=wanted) is found


def elements(*pairs: tuple[Dimension, dict[str, object]], step: int = 1, **more: object):  # type: ignore[no-untyped-def]
    made = tuple(TariffElement((component(d, "1", step=step),), Restrictions(**r)) for d, r in pairs)  # type: ignore[arg-type]
    return tariff(elements=made, **more)


MORNING = {"start_time": time(6), "end_time": time(12)}
SAT, SUN = (DayOfWeek.SATURDAY,), (DayOfWeek.SUNDAY,)
LINTED = [
    (tariff(), []),
    (elements((ENERGY, MORNING), (ENERGY, {})), []),
    (elements((ENERGY, {"max_kwh": Decimal(5)}), (ENERGY, {"min_kwh": Decimal(5)}), (ENERGY, {})), []),
    (elements((ENERGY, {"day_of_week": SAT}), (ENERGY, {"day_of_week": SUN}), (ENERGY, {})), []),
    (elements((ENERGY, MORNING), (ENERGY, {"start_time": time(12), "end_time": time(0)}), (ENERGY, {})), []),
    (tariff(elements=(TariffElement(()),)), [("EMPTY", "elements")]),
    (elements((ENERGY, MORNING)), [("NO_DEFAULT", "elements")]),
    (elements((ENERGY, {}), (ENERGY, MORNING)), [("UNREACHABLE", "elements.1")]),
    (
        elements((ENERGY, MORNING), (ENERGY, {**MORNING, "day_of_week": SAT}), (ENERGY, {})),
        [("UNREACHABLE", "elements.1")],
    ),
    (
        elements((ENERGY, {"min_kwh": Decimal(2)}), (ENERGY, {"min_kwh": Decimal(3)}), (ENERGY, {})),
        [("UNREACHABLE", "elements.1")],
    ),
    (
        elements((ENERGY, {"max_kwh": Decimal(9)}), (ENERGY, {"max_kwh": Decimal(3)}), (ENERGY, {})),
        [("UNREACHABLE", "elements.1")],
    ),
    (
        elements((ENERGY, {"day_of_week": SAT}), (ENERGY, MORNING), (ENERGY, {})),
        [("OVERLAPPING", "elements.1")],
    ),
    (
        elements((ENERGY, MORNING), (ENERGY, {"start_time": time(22), "end_time": time(7)}), (ENERGY, {})),
        [("OVERLAPPING", "elements.1")],
    ),
    (
        elements((ENERGY, {"min_kwh": Decimal(5), "max_kwh": Decimal(5)}), (ENERGY, {})),
        [("IMPOSSIBLE", "elements.0.restrictions.max_kwh")],
    ),
    (
        elements((ENERGY, {"start_date": date(2026, 1, 2), "end_date": date(2026, 1, 1)}), (ENERGY, {})),
        [("IMPOSSIBLE", "elements.0.restrictions.end_date")],
    ),
    (
        elements((ENERGY, {"end_time": time(23, 59)}), (ENERGY, {})),
        [("END_OF_DAY", "elements.0.restrictions.end_time")],
    ),
    (
        elements((ENERGY, {"start_time": time(22), "end_time": time(6), "day_of_week": SAT}), (ENERGY, {})),
        [("WRAPPED_WEEKDAY", "elements.0.restrictions.day_of_week")],
    ),
    (elements((TIME, {}), step=900), [("STEP_SIZE", "elements.0.price_components.0.step_size")]),
    (elements((TIME, {}), step=0), [("STEP_SIZE", "elements.0.price_components.0.step_size")]),
    (elements((FLAT, {}), step=0), []),
    (elements((FLAT, MORNING), (FLAT, {})), [("SEVERAL_FLAT", "elements.1")]),
    (elements((FLAT, {"reservation": ReservationRule.RESERVATION}), (FLAT, {})), []),
    (
        tariff(component(ENERGY, "1"), component(ENERGY, "2")),
        [("REPEATED_COMPONENT", "elements.0.price_components.1.type")],
    ),
    (
        elements((PARKING, {"max_duration_s": 600}), (PARKING, {})),
        [("GRACE_TIME", "elements.0.restrictions.max_duration")],
    ),
    (
        elements((ENERGY, {"reservation": ReservationRule.RESERVATION})),
        [("RESERVATION_DIMENSION", "elements.0.price_components.0.type")],
    ),
    (
        tariff(min_price=Price(Decimal(5), Decimal(6)), max_price=Price(Decimal(1), Decimal(2))),
        [("LIMITS", "max_price")],
    ),
    (tariff(max_price=Price(Decimal(1))), [("LIMITS", "max_price")]),
    (tariff(component(ENERGY, "1", vat=None), max_price=Price(Decimal(1))), []),
]


@pytest.mark.parametrize(("subject", "found"), LINTED)
def test_lint(subject, found) -> None:  # type: ignore[no-untyped-def]
    """Issue "Money" 7: what cannot work or surprises, each with where and why."""
    findings = lint(subject)
    assert [(f.rule.value, f.where) for f in findings] == found
    assert all(f.message for f in findings)


def test_every_lint_rule_is_tried() -> None:
    assert {rule for _, found in LINTED for rule, _ in found} == {rule.value for rule in LintRule}


def test_explanation_names_the_rule_that_did_not_hold() -> None:
    """One table: the element that priced, those passed over and why, the step, the limit and the totals."""
    night: Json = {
        "price_components": [{"type": "ENERGY", "price": 1, "step_size": 1}],
        "restrictions": {"start_time": "22:00", "end_time": "06:00"},
    }
    strong: Json = {
        "price_components": [{"type": "TIME", "price": 9, "step_size": 1}],
        "restrictions": {"min_power": 50},
    }
    rest: Json = {"price_components": [
        {"type": "FLAT", "price": 1, "vat": 21, "step_size": 1},
        {"type": "ENERGY", "price": 0.5, "vat": 21, "step_size": 1000},
        {"type": "TIME", "price": 2, "step_size": 1},
    ]}  # fmt: skip
    case: Json = {
        "tariffs": [{"id": "t", "elements": [night, strong, rest], "max_price": {"excl_vat": 3}}],
        "cdr": {
            "start_date_time": "2026-03-02T10:00:00Z",
            "end_date_time": "2026-03-02T11:00:00Z",
            "charging_periods": [
                {
                    "start_date_time": "2026-03-02T10:00:00Z",
                    "tariff_id": "t",
                    "dimensions": [
                        {"type": "ENERGY", "volume": Decimal("2.5")},
                        {"type": "TIME", "volume": 1},
                        {"type": "MAX_POWER", "volume": 11},
                    ],
                }
            ],
        },
    }
    for element in (night, strong, rest):
        for part in element["price_components"]:
            part["price"] = Decimal(str(part["price"]))
            part["vat"] = Decimal(part["vat"]) if "vat" in part else None
    rows = {row.what: row for row in explain(bill_of(case))}
    assert "not element 1 (from 22:00 to 06:00)" in rows["energy"].why
    assert "11 kW" in rows["charging time"].why
    assert "not element 2 (from 50 kW)" in rows["charging time"].why
    assert (rows["energy"].volume, rows["energy"].billed, rows["energy"].amount) == (
        "2.5000 kWh",
        "3.0000 kWh",
        "1.5000",
    )
    assert "steps of 1000 Wh" in rows["step_size of energy"].why
    assert "4.5000 becomes 3.0000" in rows["max_price of tariff t"].why
    assert (rows["total"].amount, rows["total"].why) == ("3.0000 EUR", "5.0250 EUR after taxes")


def test_prepared_tariffs_are_remembered_but_not_for_ever() -> None:
    first = tariff(last_updated=at(0))
    assert rules_of(first) is rules_of(first)
    for number in range(600):
        rules_of(tariff(last_updated=at(0) + timedelta(days=number)))
    assert rules_of(first).candidates
