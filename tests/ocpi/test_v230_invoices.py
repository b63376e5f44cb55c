"""Invoice reconciliation over HTTP: ours to read, theirs to keep, in 2.3.0 only (CDR-16)."""

from typing import Any

import pytest

from gateway.app.invoices import Invoices
from gateway.domain.cdrs import Cdr
from gateway.domain.errors import NotRepresentable
from gateway.domain.ids import CdrId
from gateway.domain.invoices import InvoiceRecord, InvoiceSide
from ocpi import v230
from tests.builders import CPO, at
from tests.ocpi.fake_partner import FakePartner
from tests.ocpi.test_v221_sessions import cdr
from tests.ocpi.versions_material import assert_valid
from tests.ocpi.world import Gateway, RandomIds

STAMP = "2026-11-22T12:00:00Z"


def record(**changes: Any) -> dict[str, Any]:
    made = {
        "country_code": "NL",
        "party_id": "EMS",
        "id": "R-1",
        "invoice_id": "INV-9",
        "cdrs": ["cdr-1"],
        "last_updated": STAMP,
    }
    return {**made, **changes}


@pytest.fixture
async def billed(gateway: Gateway, partner: FakePartner) -> Cdr:
    """A CDR of the registered platform's driver."""
    stored = await gateway.partner()
    made = cdr(partner_id=stored.id)
    await gateway.store.write(lambda tx: tx.cdrs.add(made))
    return made


@pytest.fixture
def url(gateway: Gateway) -> str:
    return f"{gateway.public_url}/ocpi/2.3.0/invoicereconciliation"


async def test_our_records_are_listed(gateway: Gateway, partner: FakePartner, billed: Cdr, url: str) -> None:
    invoices = Invoices(gateway.store, gateway.clock, RandomIds())
    made = await invoices.publish("fake", "INV-1", [billed.id])
    status, answer, headers = await partner.call_full("GET", url)
    assert (status, answer["status_code"], headers["X-Total-Count"]) == (200, 1000, "1")
    (listed,) = answer["data"]
    assert_valid("2.3.0", "InvoiceReconciliationRecord", listed)
    assert (listed["id"], listed["party_id"], listed["cdrs"]) == (made.id, "GWY", ["cdr-1"])


async def test_the_life_of_a_partners_record(partner: FakePartner, billed: Cdr, url: str) -> None:
    one = f"{url}/NL/EMS/R-1"
    assert (await partner.call("GET", one))[0] == 404
    assert (await partner.call("PUT", one, record()))[0] == 404
    assert (await partner.call("POST", url, record()))[0] == 201
    _, again = await partner.call("POST", url, record())
    assert (again["status_code"], "in use already" in again["status_message"]) == (2001, True)
    status, changed = await partner.call("PUT", one, record(invoice_id="INV-10"))
    assert (status, changed["status_code"]) == (200, 1000)
    _, shown = await partner.call("GET", one)
    assert shown["data"] == record(invoice_id="INV-10")
    assert (await partner.call("DELETE", one))[0] == 200
    assert (await partner.call("DELETE", one))[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (record(cdrs=[]), "cdrs: must have at least 1 element"),
        (record(cdrs=["cdr-1", "strange"]), "cdrs[1]: there is no CDR strange between us"),
        (record(party_id="OTH"), "OTH"),
        (record(invoice_id=""), "invoice_id"),
        ([], "must be a JSON object"),
    ],
)
async def test_broken_records_are_refused_by_field(
    partner: FakePartner, billed: Cdr, url: str, body: Any, field: str
) -> None:
    status, answer = await partner.call("POST", url, body)
    assert answer["status_code"] >= 2000
    assert field in answer["status_message"], status


async def test_tr_27_body_and_url_name_the_same_record(partner: FakePartner, billed: Cdr, url: str) -> None:
    await partner.call("POST", url, record())
    _, answer = await partner.call("PUT", f"{url}/NL/EMS/R-1", record(id="R-2"))
    assert (answer["status_code"], "as in the URL" in answer["status_message"]) == (2001, True)


async def test_versions_without_the_module_do_not_have_it(
    gateway: Gateway, partner: FakePartner, url: str
) -> None:
    """VER-04, VER-08."""
    for version in ("2.1.1", "2.2", "2.2.1"):
        earlier = url.replace("2.3.0", version)
        assert (await partner.call("GET", earlier))[0] == 404
        assert (await partner.call("POST", earlier, record()))[0] == 404
        _, details = await partner.call("GET", f"{gateway.public_url}/ocpi/{version}")
        assert "invoicereconciliation" not in {e["identifier"] for e in details["data"]["endpoints"]}
    _, details = await partner.call("GET", f"{gateway.public_url}/ocpi/2.3.0")
    roles = {e["role"] for e in details["data"]["endpoints"] if e["identifier"] == "invoicereconciliation"}
    assert roles == {"SENDER", "RECEIVER"}


def test_the_id_of_a_credit_cdr_can_be_too_long() -> None:
    """CDR-16: records have CDR ids of 36 characters, credit CDRs of 39."""
    made = InvoiceRecord(CPO, "R", cdr().partner_id, InvoiceSide.OURS, "I", (CdrId("x" * 39),), at(0))
    with pytest.raises(NotRepresentable, match="too long"):
        v230.INVOICES.write(made)
