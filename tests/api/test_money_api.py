"""Prices through the operator API: corrections, releases, explanations, signed meter data."""

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.domain.readings import ReadingContext, Sample, SignedReading
from tests import builders as b
from tests.api.conftest import Operator

OCMF = 'OCMF|{"FV":"1.0","RD":[{"TX":"B","RV":1,"RI":"1-b:1.8.0","RU":"kWh"}]}|{"SD":"00<&>"}'
KEY = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"


async def jumped(operator: Operator) -> str:
    """A session that waits, because its meter jumped; returns its id."""
    started = await operator.world.start(meter=1000)
    await operator.world.stop(started.transaction, 1200, 900_000)
    operator.world.clock.move(minutes=21)
    await operator.world.closing.close_due()
    return (await operator.world.session()).id


async def signed(operator: Operator, *readings: SignedReading) -> str:
    """A CDR of a session with these datasets; returns its id."""
    started = await operator.world.start(meter=1000)
    await operator.world.values(started.transaction, Sample(b.at(0), (), readings))
    await operator.world.stop(started.transaction, 1200, 6000)
    operator.world.clock.move(minutes=21)
    await operator.world.closing.close_due()
    return (await operator.world.cdrs())[0].id


async def test_credit_shows_both_records(operator: Operator) -> None:
    """CDR-03: and the chain can be followed from every record."""
    await operator.charged()
    first = (await operator.world.cdrs())[0].id
    done = await operator.post(f"/cdrs/{first}/credit", json={"reason": "wrong meter"})
    assert (done["credit"]["credit_of"], done["replacement"]["replaces"]) == (first, first)
    assert done["credit"]["remark"] == "credit: wrong meter"
    assert (await operator.get(f"/cdrs/{first}"))["credited_by"] == done["credit"]["id"]
    listed = {c["id"]: c["credited_by"] for c in (await operator.get("/cdrs"))["items"]}
    assert listed == {
        first: done["credit"]["id"],
        done["credit"]["id"]: None,
        done["replacement"]["id"]: None,
    }


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/cdrs/nobody/credit", {"reason": "x"}, 404, "unknown_object"),
        ("/cdrs/{cdr}/credit", {"reason": ""}, 400, "invalid_input"),
        ("/cdrs/{cdr}/credit", {}, 400, "invalid_input"),
        ("/sessions/{session}/release", {"note": "x"}, 400, "invalid_input"),
        ("/sessions/{session}/release", {"accept": ["ESTIMATED"], "note": "x"}, 400, "invalid_input"),
        ("/sessions/nobody/release", {"note": "x"}, 404, "unknown_object"),
    ],
)
async def test_refusals(operator: Operator, path: str, body: dict[str, Any], status: int, error: str) -> None:
    """CDR-03, M51."""
    session = await operator.charged()
    cdr = (await operator.world.cdrs())[0].id
    path = path.format(cdr=cdr, session=session)
    said, answer = await operator.call("POST", f"/api/v1{path}", json=body)
    assert (said, answer["error"]) == (status, error)
    assert len(await operator.world.cdrs()) == 1


async def test_a_second_credit_is_refused(operator: Operator) -> None:
    """CDR-03."""
    await operator.charged()
    first = (await operator.world.cdrs())[0].id
    await operator.post(f"/cdrs/{first}/credit", json={"reason": "x", "replacement": False})
    status, answer = await operator.call("POST", f"/api/v1/cdrs/{first}/credit", json={"reason": "x"})
    assert (status, "was credited already" in answer["message"]) == (400, True)


async def test_what_waits_is_listed_with_its_reason_and_released(operator: Operator) -> None:
    """M45, M51."""
    session = await jumped(operator)
    listed = await operator.get("/sessions?flagged=true")
    assert [(s["id"], s["waits"]) for s in listed["items"]] == [(session, True)]
    assert listed["items"][0]["flags"][0]["reason"] == "METER_JUMP"
    path = f"/api/v1/sessions/{session}/release"
    status, answer = await operator.call("POST", path, json={"note": "x"})
    assert (status, answer["error"]) == (409, "cannot_price")
    assert "accept it with METER_JUMP" in answer["message"]
    body = {"accept": ["METER_JUMP"], "note": "looked at the meter"}
    released = await operator.post(f"/sessions/{session}/release", json=body)
    assert (released["status"], released["waits"], released["notes"]) == (
        "COMPLETED",
        False,
        ["looked at the meter"],
    )
    assert (await operator.get("/sessions?flagged=true"))["total"] == 0


async def test_open_and_flagged_exclude_each_other(operator: Operator) -> None:
    status, answer = await operator.call("GET", "/api/v1/sessions?flagged=true&open=true")
    assert (status, answer["error"]) == (400, "invalid_input")


async def test_the_explanation_adds_up_to_the_cdr(operator: Operator) -> None:
    """Item 4: one price everywhere."""
    await operator.charged()
    cdr = (await operator.world.cdrs())[0]
    said = await operator.get(f"/cdrs/{cdr.id}/explanation")
    assert Decimal(str(said["total_cost"]["excl_vat"])) == cdr.bill.total.before_taxes
    lines = [row for row in said["rows"] if row["why"].startswith("tariff standard")]
    assert sum(Decimal(row["amount"]) for row in lines) == cdr.bill.total.before_taxes
    assert said["rows"][-1]["what"] == "total"


async def test_signed_data_leaves_byte_for_byte(operator: Operator) -> None:
    """CDR-12, M53: through XML, with every character that XML has a meaning for."""
    begin = SignedReading(OCMF, ReadingContext.BEGIN, "OCMF", public_key=KEY)
    strange = SignedReading("line\r\nother\x01", ReadingContext.END, "EDL40", public_key="k<y")
    cdr = await signed(operator, begin, begin, strange)
    headers = {"Authorization": "Bearer an-admin-token-of-the-tests"}
    url = f"{operator.url}/api/v1/cdrs/{cdr}/transparency"
    async with operator.session.get(url, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "application/xml")
        values = ET.fromstring(await response.read())
    assert [v.get("context") for v in values] == ["Transaction.Begin", "Transaction.End"]
    assert {v.get("transactionId") for v in values} == {"1"}
    first, second = (v.find("signedData") for v in values)
    assert first is not None
    assert (first.text, first.get("format"), first.get("encoding")) == (OCMF, "OCMF", "plain")
    assert second is not None
    assert (second.text, second.get("encoding")) == ("bGluZQ0Kb3RoZXIB", "base64")
    keys = [(k.text, k.get("encoding")) for k in values.iter("publicKey")]
    assert keys == [(KEY, "hex"), ("k<y", "plain")]


async def test_signatures_are_checked_for_people(operator: Operator) -> None:
    """Item 6: information only; a key that cannot be read is no wrong signature."""
    cdr = await signed(operator, SignedReading(OCMF, ReadingContext.BEGIN, "OCMF"))
    (dataset,) = (await operator.get(f"/cdrs/{cdr}/signed-data"))["datasets"]
    assert (dataset["data"], dataset["signature"]) == (OCMF, "NOT_CHECKED")
    assert dataset["reason"] == "the public key is not known"


async def test_a_cdr_without_signatures_has_no_file(operator: Operator) -> None:
    """CDR-12."""
    await operator.charged()
    cdr = (await operator.world.cdrs())[0].id
    assert (await operator.get(f"/cdrs/{cdr}/signed-data"))["datasets"] == []
    status, answer = await operator.call("GET", f"/api/v1/cdrs/{cdr}/transparency")
    assert (status, answer["message"]) == (404, f"CDR {cdr} has no signed meter data")
