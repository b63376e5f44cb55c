"""`gateway cdr …`: what partners are asked to pay, why, and what was corrected."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Limit, Offset, PartnerFilter, Url
from gateway.domain.errors import InvalidInput

if TYPE_CHECKING:
    from gateway.api.cdr_models import Cdr, Money
    from gateway.cli.output import Cell

cdrs = typer.Typer(no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="Why it is taken back; the partner reads it.")]
Replacement = Annotated[
    bool, typer.Option("--replacement/--no-replacement", help="Price the session again, or not.")
]
Transparency = Annotated[
    bool, typer.Option("--transparency", help="Write the transparency file to standard output instead.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Where to write it. Default: standard output.")
]


@cdrs.command("list")
def list_cdrs(
    *,
    partner: PartnerFilter = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """List CDRs, newest first."""
    from gateway.api.cdr_models import CdrList
    from gateway.cli.client import call
    from gateway.cli.output import print_json, print_table

    query: dict[str, str | int | bool | None] = {"limit": limit, "offset": offset, "partner": partner}
    found = call(CdrList, "GET", "/cdrs", url=url, query=query, config=config)
    if json:
        print_json(found.items)
        return
    rows = [
        (
            c.id,
            c.start_date_time,
            c.end_date_time,
            f"{c.total_energy:.3f}",
            f"{c.total_cost.excl_vat} {c.currency}",
            c.contract_id,
            c.partner,
            c.delivery,
        )
        for c in found.items
    ]
    titles = ["id", "started", "ended", "kWh", "excl. VAT", "contract", "partner", "delivery"]
    print_table(titles, rows, empty="No CDRs.")


@cdrs.command("show")
def show_cdr(
    cdr_id: str,
    *,
    transparency: Transparency = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Show one CDR."""
    from gateway.api.cdr_models import Cdr
    from gateway.api.money_models import SignedMeterData
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_facts, print_json, print_table

    if transparency:
        write_transparency(cdr_id, url=url, config=config)
        return
    it = call(Cdr, "GET", f"/cdrs/{segment(cdr_id)}", url=url, config=config)
    if json:
        print_json(it)
        return
    print_facts(_facts(it))
    print()
    rows = [
        (p.start_date_time, p.tariff_id, ", ".join(f"{v.type} {v.volume}" for v in p.dimensions))
        for p in it.charging_periods
    ]
    print_table(["from", "tariff", "volumes"], rows, empty="No charging periods.")
    signed = call(SignedMeterData, "GET", f"/cdrs/{segment(cdr_id)}/signed-data", url=url, config=config)
    if signed.datasets:
        print()
        titles = ["signed data", "encoding", "signature", "reason"]
        print_table(
            titles, [(d.context, d.encoding, d.signature, d.reason) for d in signed.datasets], empty=""
        )


def _facts(it: "Cdr") -> "list[tuple[str, Cell]]":
    def money(amount: "Money | None") -> str | None:
        if amount is None:
            return None
        with_tax = "" if amount.incl_vat is None else f" ({amount.incl_vat} incl. VAT)"
        return f"{amount.excl_vat} {it.currency}{with_tax}"

    return [
        ("id", it.id),
        ("session", it.session_id),
        ("partner", it.partner),
        ("delivery", it.delivery),
        ("because", it.delivery_reason),
        ("started", it.start_date_time),
        ("ended", it.end_date_time),
        ("where", f"{it.location_id} / {it.evse_uid} / {it.connector_id}"),
        ("card", it.token_uid),
        ("contract", it.contract_id),
        ("reference", it.authorization_reference),
        ("energy", f"{it.total_energy:.3f} kWh"),
        ("time", f"{it.total_time} h, of which not charging {it.total_parking_time} h"),
        ("total", money(it.total_cost)),
        ("fixed", money(it.total_fixed_cost)),
        ("for energy", money(it.total_energy_cost)),
        ("for time", money(it.total_time_cost)),
        ("for parking", money(it.total_parking_cost)),
        ("for reservation", money(it.total_reservation_cost)),
        ("credit for", it.credit_of),
        ("credited by", it.credited_by),
        ("in place of", it.replaces),
        ("remark", it.remark),
        *(("warning", text) for text in it.warnings),
    ]


@cdrs.command("credit")
def credit_cdr(
    cdr_id: str,
    reason: Reason,
    *,
    replacement: Replacement = True,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Take a CDR back with a credit CDR, and make a new one from all values of its session."""
    from gateway.api.money_models import Correction, CreditRequest
    from gateway.cli.client import asked, call, segment
    from gateway.cli.output import print_json

    body = asked(CreditRequest, {"reason": reason, "replacement": replacement})
    done = call(Correction, "POST", f"/cdrs/{segment(cdr_id)}/credit", url=url, body=body, config=config)
    if json:
        print_json(done)
        return
    print(f"credited {cdr_id} with {done.credit.id}")
    if done.replacement is not None:
        new = done.replacement
        cost = f"{new.total_cost.excl_vat} {new.currency} excl. VAT"
        print(f"new CDR {new.id}: {new.total_energy:.3f} kWh, {cost}")


@cdrs.command("explain")
def explain_cdr(cdr_id: str, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Show how a CDR's price came about, step by step."""
    from gateway.api.money_models import Explanation
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json, print_rows

    it = call(Explanation, "GET", f"/cdrs/{segment(cdr_id)}/explanation", url=url, config=config)
    if json:
        print_json(it)
    else:
        print_rows(it.rows)


@cdrs.command("transparency")
def transparency(cdr_id: str, *, output: Output = None, url: Url = None, config: Config = None) -> None:
    """Write the signed meter data as a file for transparency software."""
    write_transparency(cdr_id, output=output, url=url, config=config)


def write_transparency(cdr_id: str, *, output: Path | None = None, url: Url, config: Config) -> None:
    """The transparency file, byte for byte. Raises InvalidInput where it cannot be written."""
    from gateway.cli.client import fetch, segment
    from gateway.cli.output import note

    content = fetch(f"/cdrs/{segment(cdr_id)}/transparency", url=url, config=config)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{output} cannot be written: {error.strerror}") from error
    note(f"wrote {output}")
