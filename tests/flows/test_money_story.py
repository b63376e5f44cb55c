"""Money over real sockets: one price everywhere, and a CDR that was too early is put right (item 4, C17c)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ocpp.v16 import call
from ocpp.v16.enums import Reason

from gateway.sim.cards import Card
from gateway.sim.ledger import Held
from gateway.sim.partner import SimulatedPartner
from tests.flows.stage import CHARGER, network, stage
from tests.flows.test_first_session import CARD, charge, completed, only, operator_knows
from tests.ocpp_side.test_session_of_the_library import dial

LOCAL = ZoneInfo("Europe/Amsterdam")


def by_the_clock() -> dict[str, Any]:
    """A network whose price doubles in the middle of a session that ends now, in steps, and capped."""
    edge = datetime.now(LOCAL) - timedelta(minutes=15)
    dear = {"start_time": f"{edge:%H:%M}", "end_time": f"{edge + timedelta(hours=6):%H:%M}"}
    plan = network(
        elements=[
            {
                "price_components": [{"type": "ENERGY", "price": 0.60, "vat": 21.0, "step_size": 700}],
                "restrictions": dear,
            },
            {"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 21.0, "step_size": 700}]},
        ]
    )
    plan["tariffs"][0]["max_price"] = {"excl_vat": 2.00, "incl_vat": 2.42}
    return plan


async def test_session_cdr_and_explanation_say_the_same(tmp_path: Path) -> None:
    """Item 4: with a time of day, step_size and a maximum; the live price never exceeds the last one."""
    async with (
        stage(tmp_path, plan=by_the_clock()) as (gateway, operator),
        SimulatedPartner("NL", "EMS") as partner,
    ):
        partner.sender.issue(Card(CARD))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        async with dial(gateway.url, CHARGER) as box:
            await charge(box, CARD)
            session = await partner.ledger.until(lambda: completed(partner), "session COMPLETED")
            await partner.ledger.until(lambda: partner.ledger.cdrs or None, "CDR accepted")
        cdr = only(partner.ledger.cdrs).body
        explained = await operator("GET", f"/cdrs/{cdr['id']}/explanation")
    assert session.body["total_cost"] == cdr["total_cost"]
    assert cdr["total_cost"] == {"excl_vat": Decimal(2), "incl_vat": Decimal("2.42")}
    assert explained["total_cost"] == {"excl_vat": 2, "incl_vat": 2.42}
    said = " ".join(row["why"] for row in explained["rows"])
    what = {row["what"] for row in explained["rows"]}
    assert "tariff standard, element 1" in said
    assert "tariff standard, element 2" in said
    assert "step_size of energy" in what
    lines = [Decimal(r["amount"]) for r in explained["rows"] if r["why"].startswith("tariff standard")]
    limits = [Decimal(r["amount"]) for r in explained["rows"] if "becomes" in r["why"]]
    assert sum(lines) > 2
    # Each shown amount is rounded to four decimals by itself; the total was rounded once.
    assert abs(sum(lines) + sum(limits) - 2) <= Decimal("0.00005") * len(lines + limits)
    costs = [Decimal(str(b["total_cost"]["excl_vat"])) for b in session.history if "total_cost" in b]
    assert costs == sorted(costs)


def cdr_of(partner: SimulatedPartner, *, credit: bool, after: str | None = None) -> Held | None:
    return next(
        (
            held
            for held in partner.ledger.cdrs.values()
            if held.body.get("credit", False) is credit and held.body["id"] != after
        ),
        None,
    )


async def test_a_late_stop_is_credited_and_billed_anew(tmp_path: Path) -> None:
    """C17c: start, values, another start, the CDR, and only then the end of the first."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)

    def at(minutes: int) -> str:
        return (start + timedelta(minutes=minutes)).isoformat()

    async with stage(tmp_path) as (gateway, operator), SimulatedPartner("NL", "EMS") as partner:
        partner.sender.issue(Card(CARD, whitelist="ALLOWED"))
        await partner.register(*await operator.invite("Great eMSP", "NL-EMS"))
        await operator_knows(operator, "Great eMSP")
        async with dial(gateway.url, CHARGER) as box:
            await box.call(call.BootNotification("Model", "Vendor"), suppress=False)
            begun = await box.call(call.StartTransaction(1, CARD, 1000, at(0)), suppress=False)
            value = [{"timestamp": at(7), "sampledValue": [{"value": "3000"}]}]
            await box.call(call.MeterValues(1, value, begun.transaction_id), suppress=False)
            await box.call(call.StartTransaction(1, "FFFFFFFF", 5000, at(20)), suppress=False)
            first = await partner.ledger.until(lambda: cdr_of(partner, credit=False), "first CDR")
            stop = call.StopTransaction(5000, at(15), begun.transaction_id, Reason.local)
            await box.call(stop, suppress=False)
            credit = await partner.ledger.until(lambda: cdr_of(partner, credit=True), "credit CDR")
            new = await partner.ledger.until(
                lambda: cdr_of(partner, credit=False, after=first.body["id"]), "new CDR"
            )
            await box.call(stop, suppress=False)
        listed = await operator("GET", "/cdrs")
    assert first.body["total_cost"]["excl_vat"] == Decimal("1.20")
    assert credit.body["credit_reference_id"] == first.body["id"]
    assert credit.body["total_cost"]["excl_vat"] == Decimal("-1.20")
    assert new.body["total_cost"]["excl_vat"] == Decimal("1.90")
    assert new.body["session_id"] == first.body["session_id"]
    assert listed["total"] == 3
    assert [c["replaces"] for c in listed["items"] if c["id"] == new.body["id"]] == [first.body["id"]]
