"""`gateway backup`, `restore`, `verify`, `reconcile`: keeping what was promised, and proving it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Url

if TYPE_CHECKING:
    from gateway.api.keeping_models import Reconciled, Verified

Offline = Annotated[
    bool, typer.Option("--offline", help="Read the database itself, while no gateway runs on it.")
]
BackupFile = Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)]


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it.", dir_okay=False)],
    *,
    config: Config = None,
) -> None:
    """Copy the database, in use or not, and check the copy."""
    from gateway.store.backup import back_up

    facts = back_up(_database(config), file)
    print(f"{facts.path}: {facts.size} bytes, {facts.sessions} sessions, {facts.cdrs} CDRs, checked")
    print("Keep the secret key with it: without the key the partners' tokens in it cannot be read.")


def restore(file: BackupFile, *, config: Config = None) -> None:
    """Put a backup in the place of the database; the gateway must not run."""
    from gateway.domain.delivery import Owed
    from gateway.store.backup import restore as put_back
    from gateway.store.rules import RANK

    kept = put_back(file, _database(config), RANK[Owed.CDR])
    print(f"{file} is in place{f'; what was there is kept as {kept.name}' if kept else ''}")
    print(
        "CDRs that may have been delivered since the backup are looked up at partners before they are sent."
    )


def verify(*, offline: Offline = False, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Check the invariants I1 to I8 on everything stored; exit code 1 if one does not hold."""
    from gateway.api.keeping_models import Verified
    from gateway.cli.client import call
    from gateway.cli.output import print_json, print_table

    report = _offline(config) if offline else call(Verified, "POST", "/verify", url=url, config=config)
    if json:
        print_json(report)
    else:
        rows = [(f.invariant, f.subject, f.detail) for f in report.findings]
        holds = f"I1 to I8 hold: {report.sessions} sessions, {report.cdrs} CDRs, {report.debts} deliveries."
        print_table(["invariant", "what", "detail"], rows, empty=holds)
    if report.findings:
        raise typer.Exit(1)


def reconcile(
    partner: Annotated[str | None, typer.Argument(help="Its name; with --last, none: all of them.")] = None,
    *,
    last: Annotated[
        bool, typer.Option("--last", help="Show what the last comparison found, by night or on request.")
    ] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Send again what is missing or differs.")] = False,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask the partner for each object, or trust its answers.")
    ] = True,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Compare sessions, CDRs, locations and tariffs with what a partner has; exit code 1 if they differ."""
    from gateway.api.keeping_models import Reconciled, ReconcileRequest
    from gateway.cli.client import call, segment

    if partner is None:
        _last_of_all(last=last, json=json, url=url, config=config)
        return
    base = f"/partners/{segment(partner)}"
    if last:
        done = call(Reconciled, "GET", f"{base}/reconciliation", url=url, config=config)
    else:
        wish = ReconcileRequest(ask=ask, repair=repair)
        done = call(Reconciled, "POST", f"{base}/reconcile", url=url, body=wish, config=config)
    _tell_differences(done, json=json)


def _tell_differences(done: "Reconciled", *, json: bool) -> None:
    from gateway.cli.output import print_json, print_table

    if json:
        print_json(done)
    else:
        rows = [
            (d.difference, d.kind, d.key, d.detail, "sent again" if d.repaired else "")
            for d in done.discrepancies
        ]
        same = f"{done.compared} objects compared, {done.asked} asked for: no difference."
        print_table(["difference", "kind", "key", "detail", "repair"], rows, empty=same)
        print(f"Compared {done.at:%F %TZ}: {done.compared} objects, {done.asked} asked for.")
        if done.further:
            print(f"{done.further} more are not listed.")
    if done.further or any(not d.repaired for d in done.discrepancies):
        raise typer.Exit(1)


def _last_of_all(*, last: bool, json: bool, url: str | None, config: Path | None) -> None:
    from gateway.api.keeping_models import BooksOfPartners
    from gateway.cli.client import call
    from gateway.cli.output import print_json, print_table

    if not last:
        raise typer.BadParameter("name a partner, or say --last for what was found at all of them")
    found = call(BooksOfPartners, "GET", "/reconciliations", url=url, config=config)
    if json:
        print_json(found)
    else:
        rows = [
            (b.partner, f"{b.at:%F %TZ}", str(b.compared), str(b.asked), str(b.unanswered), str(b.differ))
            for b in found.items
        ]
        header = ["partner", "when", "compared", "asked for", "unanswered", "differ"]
        print_table(header, rows, empty="No partner's books were compared yet; that happens each night.")
    if any(b.differ for b in found.items):
        raise typer.Exit(1)


def _database(config: Path | None) -> Path:
    from gateway.config import load_settings
    from gateway.store.engine import database_path

    return database_path(load_settings(config).database_url)


def _offline(config: Path | None) -> "Verified":
    """Verify without a server. Raises AlreadyRunning while there is one."""
    import asyncio

    from gateway.api.keeping_models import BrokenInvariant, Verified
    from gateway.bootstrap import verify_offline
    from gateway.config import load_settings

    report = asyncio.run(verify_offline(load_settings(config)))
    findings = [
        BrokenInvariant(invariant=f.invariant, subject=f.subject, detail=f.detail) for f in report.findings
    ]
    return Verified(
        at=report.at, sessions=report.sessions, cdrs=report.cdrs, debts=report.debts, findings=findings
    )
