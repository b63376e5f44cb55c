"""Prices on the command line: files without a gateway, records of a running one."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.app.closing import close_session
from gateway.app.ports import Tx
from gateway.domain.ids import CdrId
from gateway.domain.readings import ReadingContext, SignedReading
from gateway.domain.sessions import Session
from tests import builders as b
from tests.cli.conftest import Shell, run
from tests.network.material import dumped, good
from tests.store.stories import session

Json = dict[str, Any]
VECTORS = Path(__file__).parents[2].parent / "shared" / "ocpi" / "pricing-vectors"
FILES = sorted(VECTORS.glob("vectors-*.json"))
OCMF = 'OCMF|{"FV":"1.0","RD":[]}|{"SD":"00"}'

DOCUMENT: Json = {
    "time_zone": "Europe/Amsterdam",
    "tariffs": [
        {
            "country_code": "NL",
            "party_id": "GWY",
            "id": "T1",
            "currency": "EUR",
            "elements": [
                {"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 21, "step_size": 1000}]}
            ],
            "last_updated": "2026-01-01T00:00:00Z",
        }
    ],
    "cdr": {
        "start_date_time": "2026-11-22T12:00:00Z",
        "end_date_time": "2026-11-22T13:00:00Z",
        "currency": "EUR",
        "charging_periods": [
            {
                "start_date_time": "2026-11-22T12:00:00Z",
                "dimensions": [{"type": "ENERGY", "volume": 9.0001}, {"type": "TIME", "volume": 1}],
            }
        ],
    },
}


def changed(*path: Any) -> str:
    """The document with the value at a path (all but the last argument) replaced, as text."""
    document = json.loads(json.dumps(DOCUMENT))
    at = document
    for part in path[:-2]:
        at = at[part]
    at[path[-2]] = path[-1]
    return json.dumps(document)


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def test_price_in_the_words_of_2_2_1() -> None:
    """CDR-08, CDR-15: totals by kind of cost; 10 steps of 1 kWh."""
    said = run("price", "-", stdin=json.dumps(DOCUMENT))
    assert said.code == 0, said.err
    assert exact(said.out) == {
        "ocpi_version": "2.2.1",
        "currency": "EUR",
        "total_cost": {"excl_vat": Decimal(3), "incl_vat": Decimal("3.63")},
        "total_energy": Decimal("9.0001"),
        "total_energy_cost": {"excl_vat": Decimal(3), "incl_vat": Decimal("3.63")},
        "total_time": Decimal(1),
        "total_parking_time": Decimal(0),
    }


def test_price_in_the_words_of_2_3_0() -> None:
    """Item 7: the version is the one whose fields the document has."""
    said = run("price", "-", stdin=changed("tariffs", 0, "tax_included", "NO"))
    total = exact(said.out)["total_cost"]
    assert (total["before_taxes"], total["after_taxes"], total["taxes_amount"]) == (
        Decimal(3),
        Decimal("3.63"),
        Decimal("0.63"),
    )
    assert [tax["amount"] for tax in total["taxes"]] == [Decimal("0.63")]


def test_price_explained() -> None:
    """Item 7: a table a person can follow, or the same rows for a script."""
    table = run("price", "-", "--explain", stdin=json.dumps(DOCUMENT)).out
    assert "step_size of energy" in table
    assert "tariff T1, element 1" in table
    said = exact(run("price", "-", "--explain", "--json", stdin=json.dumps(DOCUMENT)).out)
    assert said["total_cost"]["excl_vat"] == 3
    assert said["explanation"][-1]["what"] == "total"


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("{", 2, "standard input: "),
        ("[]", 2, "must be a JSON object"),
        (changed("time_zone", "Mars/Olympus"), 1, "time zone 'Mars/Olympus' is not known"),
        (
            changed("tariffs", 0, "elements", 0, "price_components", 0, "price", "much"),
            2,
            "tariffs[0].elements[0].price_components[0].price: must be a number",
        ),
        (changed("tariffs", 0, "elements", []), 2, "tariffs[0].elements: "),
        (
            changed("cdr", "charging_periods", 0, "dimensions", 0, "type", "HEAT"),
            2,
            "cdr.charging_periods[0].dimensions[0].type: ",
        ),
        (changed("cdr", "charging_periods", 0, "tariff_id", "T9"), 1, "period 0 names tariff T9"),
        (changed("tariffs", 0, "currency", "SEK"), 1, "tariff T1 is in SEK, the session in EUR"),
    ],
)
def test_what_cannot_be_priced_is_named(text: str, code: int, reason: str) -> None:
    """Bad input: element and field."""
    said = run("price", "-", stdin=text)
    assert (said.code, said.out) == (code, "")
    assert reason in said.err


def test_versions_that_have_no_prices_of_their_own() -> None:
    assert "--ocpi is one of 2.2.1, 2.3.0" in run("price", "-", "--ocpi", "2.0", stdin="{}").err


@pytest.mark.skipif(not FILES, reason="the shared pricing vectors are not beside this checkout")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shared_vector_through_the_command_line(path: Path, tmp_path: Path) -> None:
    """CDR-15: reading, pricing and writing, in both versions."""
    for case in exact(path.read_text(encoding="utf-8")):
        file = tmp_path / "document.json"
        file.write_text(json.dumps(case, default=float), encoding="utf-8")
        said = run("price", str(file))
        assert said.code == 0, (case["id"], said.err)
        found = exact(said.out)["total_cost"]
        for name, amount in case["expected"]["total_cost"].items():
            assert abs(found[name] - amount) <= Decimal(case["tolerance"]), (case["id"], name)


def test_lint_of_one_tariff_a_list_and_a_network_file(tmp_path: Path) -> None:
    """TAR-04: every finding with its line and reason."""
    tariff = DOCUMENT["tariffs"][0]
    network = good()
    network["tariffs"] = [tariff]
    for name, text, where in (
        ("tariff", dumped(tariff), "elements[0].price_components[0].step_size"),
        ("list", dumped([tariff]), "[0].elements[0].price_components[0].step_size"),  # type: ignore[arg-type]
        ("network", dumped(network), "tariffs[0].elements[0].price_components[0].step_size"),
    ):
        file = tmp_path / f"{name}.json"
        file.write_text(text, encoding="utf-8")
        said = run("tariff", "lint", str(file), "--json")
        assert said.code == 0, said.err
        (finding,) = said.json
        assert (finding["rule"], finding["where"]) == ("STEP_SIZE", where)
        assert '"step_size": 1000' in text.splitlines()[finding["line"] - 1]
        assert run("tariff", "lint", str(file), "--strict").code == 1
        assert "step_size 1000" in run("tariff", "lint", str(file)).out


def test_lint_says_what_cannot_be_read_and_goes_on() -> None:
    """TAR-05: 24:00 is no time; a broken tariff does not hide the next one."""
    broken = json.loads(json.dumps(DOCUMENT["tariffs"][0]))
    broken["elements"][0]["restrictions"] = {"start_time": "20:00", "end_time": "24:00"}
    said = run("tariff", "lint", "-", "--json", stdin=json.dumps([broken, 5, DOCUMENT["tariffs"][0]]))
    assert said.code == 1
    assert [(f["rule"], f["where"]) for f in said.json] == [
        ("INVALID", "[0].elements[0].restrictions.end_time"),
        ("INVALID", "[1]"),
        ("STEP_SIZE", "[2].elements[0].price_components[0].step_size"),
    ]
    assert "write 00:00" in said.json[0]["message"]


def test_lint_is_content_with_a_plain_tariff_and_refuses_what_is_none() -> None:
    assert "Nothing to complain about" in run("tariff", "lint", "-", stdin=dumped(good())).out
    said = run("tariff", "lint", "-", stdin="parties: []")
    assert (said.code, "no tariff" in said.err) == (2, True)


async def stored(shell: Shell, made: Session) -> None:
    """A session that ended at 5 kWh, closed as the gateway closes it; its partner takes no deliveries."""

    def work(tx: Tx) -> None:
        tx.partners.save(b.partner(endpoints=()))
        tx.sessions.save(made)
        tx.sessions.save(replace(made, ended_at=b.at(1200), closes_at=b.at(1200)))
        close_session(tx, made.id, b.at(1200))

    await shell.gateway.store.write(work)


async def test_cdr_credit_explain_and_chain(shell: Shell) -> None:
    """CDR-03, item 4: `gateway cdr credit`, `explain`, and the chain in `show`."""
    await stored(shell, session("S1", meter_start_wh=Decimal(1000), meter_stop_wh=Decimal(6000)))
    explained = await shell("cdr", "explain", "S1", "--json")
    assert exact(explained.out)["total_cost"]["excl_vat"] == Decimal("2.25")
    assert "tariff standard, element 1" in (await shell("cdr", "explain", "S1")).out
    refused = await shell("cdr", "credit", "S1", "--reason", "")
    assert (refused.code, "reason" in refused.err) == (2, True)
    done = await shell("cdr", "credit", "S1", "--reason", "wrong meter")
    assert done.code == 0, done.err
    assert "2.25 EUR excl. VAT" in done.out
    again = await shell("cdr", "credit", "S1", "--reason", "again", "--no-replacement")
    assert (again.code, "was credited already" in again.err) == (1, True)
    records = await shell.gateway.store.read(lambda tx: tx.cdrs.of_session(session("S1").id))
    assert [(c.credit_of, c.replaces) for c in records] == [(None, None), ("S1", None), (None, "S1")]
    assert f"credited by             {records[1].id}".split() == next(
        line.split() for line in (await shell("cdr", "show", "S1")).out.splitlines() if "credited by" in line
    )
    alone = await shell("cdr", "credit", records[2].id, "--reason", "x", "--no-replacement", "--json")
    assert alone.json["replacement"] is None


async def test_a_flagged_session_is_listed_and_released(shell: Shell) -> None:
    """M45, M51: `gateway session list --flagged`, `gateway session release`."""
    assert "No session waits" in (await shell("session", "list", "--flagged")).out
    await stored(shell, session("S2", meter_start_wh=Decimal(0), meter_stop_wh=Decimal(900_000)))
    assert "METER_JUMP: " in (await shell("session", "list", "--flagged")).out
    refused = await shell("session", "release", "S2", "--note", "x")
    assert (refused.code, "accept it with METER_JUMP" in refused.err) == (1, True)
    unknown = await shell("session", "release", "S2", "--note", "x", "--accept", "JUMP")
    assert (unknown.code, "METER_JUMP" in unknown.err) == (2, True)
    done = await shell("session", "release", "S2", "--note", "truck depot", "--accept", "METER_JUMP")
    assert (done.code, done.out.startswith("released S2: COMPLETED, CDR S2")) == (0, True)
    shown = (await shell("session", "show", "S2")).out
    assert "truck depot" in shown
    assert "METER_JUMP" in shown


async def test_the_transparency_file(shell: Shell) -> None:
    """CDR-12: the file holds the meter's own bytes; the signature's worth is shown beside the CDR."""
    reading = SignedReading(OCMF, ReadingContext.END, "OCMF")
    made = session("S3", meter_start_wh=Decimal(0), meter_stop_wh=Decimal(5000), signed=(reading,))
    await stored(shell, made)
    assert await shell.gateway.store.read(lambda tx: tx.cdrs.get(CdrId("S3"))) is not None
    done = await shell("cdr", "transparency", "S3", "--output", "S3.xml")
    assert done.code == 0, done.err
    assert OCMF in (shell.directory / "S3.xml").read_text(encoding="utf-8").replace("&quot;", '"')
    shown = (await shell("cdr", "show", "S3")).out
    assert "NOT_CHECKED" in shown
    assert "the public key is not known" in shown
    missing = await shell("cdr", "transparency", "nobody")
    assert (missing.code, "there is no CDR nobody" in missing.err) == (1, True)
    unwritable = await shell("cdr", "transparency", "S3", "--output", "no/such/folder.xml")
    assert (unwritable.code, "cannot be written" in unwritable.err) == (2, True)
