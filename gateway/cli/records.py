"""`gateway session|delivery|set-aside|authorization …`: what happened, and what waits for a person."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Limit, Offset, PartnerFilter, Url

if TYPE_CHECKING:
    from gateway.api.models import Session

sessions = typer.Typer(no_args_is_help=True)
deliveries = typer.Typer(no_args_is_help=True)
aside = typer.Typer(no_args_is_help=True)
authorizations = typer.Typer(no_args_is_help=True)

Open = Annotated[bool, typer.Option("--open", help="Only those that are running.")]
Flagged = Annotated[bool, typer.Option("--flagged", help="Only those that wait for a person, and why.")]
Accept = Annotated[
    list[str] | None, typer.Option("--accept", help="A flag you looked at and accept: METER_JUMP.")
]
Note = Annotated[str, typer.Option("--note", help="What you found out; it is kept with the session.")]
Failed = Annotated[bool, typer.Option("--failed", help="Only those that need a person.")]
Everything = Annotated[bool, typer.Option("--all", help="Settled ones too.")]
AllLike = Annotated[bool, typer.Option("--all-like", help="All that failed there for the same reason.")]
Kind = Annotated[str, typer.Argument(help="LOCATION, EVSE, TARIFF, SESSION, CDR, …")]


@sessions.command("list")
def list_sessions(
    *,
    open_: Open = False,
    flagged: Flagged = False,
    partner: PartnerFilter = None,
    limit: Limit = 50,
    offset: Offset = 0,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """List sessions, newest first."""
    from gateway.api.models import SessionList
    from gateway.cli.client import call
    from gateway.cli.output import print_json

    query: dict[str, str | int | bool | None] = {"limit": limit, "offset": offset, "partner": partner}
    query |= {"open": open_, "flagged": flagged}
    found = call(SessionList, "GET", "/sessions", url=url, query=query, config=config)
    if json:
        print_json(found.items)
        return
    if flagged:
        _print_waiting(found.items)
    else:
        _print_sessions(found.items)


def _print_waiting(found: "list[Session]") -> None:
    from gateway.cli.output import print_table

    rows = [(s.id, s.charger_id, s.ended_at, f"{s.kwh:.3f}", s.partner, _reasons(s)) for s in found]
    titles = ["id", "charger", "ended", "kWh", "partner", "waits because"]
    print_table(titles, rows, empty="No session waits for a person.")


def _print_sessions(found: "list[Session]") -> None:
    from gateway.cli.output import print_table

    rows = [
        (
            s.id,
            s.status,
            s.charger_id,
            s.number,
            s.started_at,
            s.ended_at,
            f"{s.kwh:.3f}",
            s.token_uid,
            s.partner,
            ", ".join(dict.fromkeys(flag.reason for flag in s.flags)),
        )
        for s in found
    ]
    titles = ["id", "status", "charger", "plug", "started", "ended", "kWh", "card", "partner", "flags"]
    print_table(titles, rows, empty="No sessions.")


@sessions.command("show")
def show_session(session_id: str, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Show one session."""
    from gateway.api.models import Session
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_facts, print_json

    it = call(Session, "GET", f"/sessions/{segment(session_id)}", url=url, config=config)
    if json:
        print_json(it)
        return
    print_facts(
        [
            ("id", it.id),
            ("status", it.status),
            ("charger", f"{it.charger_id}, plug {it.number}"),
            ("where", f"{it.location_id} / {it.evse_uid} / {it.connector_id}"),
            ("transaction", it.transaction),
            ("started", it.started_at),
            ("ended", it.ended_at),
            ("energy", f"{it.kwh:.3f} kWh"),
            ("card", it.token_uid or it.presented),
            ("contract", it.contract_id),
            ("partner", it.partner),
            ("authorized by", it.auth_method),
            ("reference", it.authorization_reference),
            ("tariff", it.tariff_id),
            ("stop reason", it.stop_reason),
            ("CDRs", ", ".join(it.cdrs)),
            ("last updated", it.last_updated),
            ("waits for a person", it.waits or None),
            *((f"flag {flag.reason}", flag.detail or "yes") for flag in it.flags),
            *(("accepted", name) for name in it.accepted_flags),
            *(("note", text) for text in it.notes),
        ]
    )


@sessions.command("release")
def release_session(
    session_id: str,
    note: Note,
    *,
    accept: Accept = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Let a session go on that waits: its tariff is looked up again, and its CDR made."""
    from gateway.api.models import Session
    from gateway.api.money_models import ReleaseRequest
    from gateway.cli.client import asked, call, segment
    from gateway.cli.output import print_json

    body = asked(ReleaseRequest, {"accept": accept or [], "note": note})
    path = f"/sessions/{segment(session_id)}/release"
    it = call(Session, "POST", path, url=url, body=body, config=config)
    if json:
        print_json(it)
    else:
        print(f"released {it.id}: {it.status}, CDR {', '.join(it.cdrs) or 'none'}")


@sessions.command("withdraw")
def withdraw_reservation(
    session_id: str, *, json: Json = False, url: Url = None, config: Config = None
) -> None:
    """Cancel a reservation: its partner is told, its charger frees the plug, nothing is billed."""
    from gateway.api.models import Session
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json

    it = call(Session, "POST", f"/sessions/{segment(session_id)}/withdraw", url=url, config=config)
    if json:
        print_json(it)
    else:
        print(f"withdrew {it.id}: {it.partner} is told, charger {it.charger_id} frees plug {it.number}")


def _reasons(session: "Session") -> str:
    return "; ".join(f"{flag.reason}: {flag.detail}" for flag in session.flags)


@deliveries.command("list")
def list_deliveries(
    *,
    failed: Failed = False,
    everything: Everything = False,
    partner: PartnerFilter = None,
    limit: Limit = 200,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """List what is owed to partners."""
    from gateway.api.models import DeliveryList
    from gateway.cli.client import call
    from gateway.cli.output import note, print_json, print_table

    state = "PARKED" if failed else None if everything else "WAITING"
    query: dict[str, str | int | bool | None] = {"limit": limit, "partner": partner, "state": state}
    found = call(DeliveryList, "GET", "/deliveries", url=url, query=query, config=config)
    if json:
        print_json(found.items)
        return
    rows = [
        (d.partner, d.kind, d.key, d.state, d.attempts, d.next_attempt_at, d.reason or d.answer)
        for d in found.items
    ]
    titles = ["partner", "kind", "key", "state", "attempts", "next attempt", "last answer"]
    print_table(titles, rows, empty="Nothing failed." if failed else "Nothing waits to be sent.")
    if state == "WAITING":
        query |= {"limit": 1, "state": "PARKED"}
        parked = call(DeliveryList, "GET", "/deliveries", url=url, query=query, config=config).total
        if parked:
            note(f"{parked} more need a person: gateway delivery list --failed")


@deliveries.command("show")
def show_delivery(
    partner: str, kind: Kind, key: str, *, json: Json = False, url: Url = None, config: Config = None
) -> None:
    """Show a delivery with its last request and answer."""
    _delivery("GET", partner, kind, key, as_json=json, url=url, config=config)


@deliveries.command("retry")
def retry_delivery(
    partner: str,
    kind: Kind,
    key: str,
    *,
    all_like: AllLike = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Try a delivery again now, or all that failed for the same reason."""
    if not all_like:
        _delivery("POST", partner, kind, key, as_json=json, url=url, config=config)
        return
    from gateway.api.keeping_models import Retried
    from gateway.cli.client import call, segment

    path = f"/retries/{segment(partner)}/{segment(kind)}/{segment(key)}"
    print(f"{call(Retried, 'POST', path, url=url, config=config).retried} deliveries are tried again")


@deliveries.command("drop")
def drop_delivery(
    partner: str,
    kind: Kind,
    key: str,
    *,
    note: Annotated[str, typer.Option("--note", help="Why it is given up.")],
    url: Url = None,
    config: Config = None,
) -> None:
    """Give a failed delivery up; what it was about stays."""
    from gateway.api.keeping_models import DropRequest
    from gateway.api.models import Delivery
    from gateway.cli.client import call, segment

    path = f"/drops/{segment(partner)}/{segment(kind)}/{segment(key)}"
    dropped = call(Delivery, "POST", path, url=url, body=DropRequest(note=note), config=config)
    print(f"{dropped.kind} {dropped.key} to {dropped.partner}: {dropped.state}, {dropped.reason}")


def _delivery(
    method: str, partner: str, kind: str, key: str, *, as_json: bool, url: Url, config: Config
) -> None:
    from gateway.api.models import Delivery
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_facts, print_json

    path = f"/deliveries/{segment(partner)}/{segment(kind)}/{segment(key)}"
    it = call(Delivery, method, path, url=url, config=config)
    if as_json:
        print_json(it)
        return
    print_facts(
        [
            ("partner", it.partner),
            ("what", f"{it.kind} {it.key}"),
            ("state", it.state),
            ("revision", f"{it.revision}, the partner has {it.settled}"),
            ("reason", it.reason),
            ("attempts", it.attempts),
            ("last attempt", it.last_attempt_at),
            ("next attempt", it.next_attempt_at),
            ("may have arrived", it.ambiguous),
            ("address", it.partner_url),
            ("request", it.request),
            ("answer", it.answer),
        ]
    )


@aside.command("list")
def list_aside(*, json: Json = False, url: Url = None, config: Config = None) -> None:
    """List what was set aside and waits for a person."""
    from gateway.api.models import SetAsideList
    from gateway.cli.client import call_all
    from gateway.cli.output import print_json, print_table

    found = call_all(SetAsideList, "/set-aside", url=url, config=config)
    if json:
        print_json(found)
        return
    rows = [(i.id, i.charger_id, i.at, i.action, i.reason) for i in found]
    print_table(["id", "charger", "at", "message", "reason"], rows, empty="Nothing was set aside.")


@aside.command("resolve")
def resolve_aside(
    item_id: str,
    note: Annotated[str, typer.Option("--note", help="Why it needs no more attention.")],
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Close an item with a note."""
    from gateway.api.models import SetAside
    from gateway.api.requests import ResolveRequest
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json

    path = f"/set-aside/{segment(item_id)}/resolve"
    item = call(SetAside, "POST", path, url=url, body=ResolveRequest(note=note), config=config)
    if json:
        print_json(item)
    else:
        print(f"resolved {item.id}: {item.note}")


@authorizations.command("list")
def list_authorizations(
    *, limit: Limit = 50, json: Json = False, url: Url = None, config: Config = None
) -> None:
    """List decisions about cards, newest first."""
    from gateway.api.models import AuthorizationList
    from gateway.cli.client import call
    from gateway.cli.output import print_json, print_table

    found = call(AuthorizationList, "GET", "/authorizations", url=url, query={"limit": limit}, config=config)
    if json:
        print_json(found.items)
        return
    rows = [(a.at, a.charger_id, a.presented, a.verdict, a.method, a.party, a.reason) for a in found.items]
    titles = ["at", "charger", "card", "verdict", "method", "party", "reason"]
    print_table(titles, rows, empty="No card was presented yet.")
