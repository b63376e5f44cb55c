"""`gateway partner …`."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Url

if TYPE_CHECKING:
    from gateway.api.models import Partner

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Our name for the partner.")]
Parties = Annotated[
    list[str] | None,
    typer.Option("--party", help="Party the partner may claim, like NL-EMS; may be repeated."),
]


Preset = Annotated[
    str | None, typer.Option("--profile", help="Preset of how it differs; see: gateway partner profile.")
]


@app.command("invite")
def invite(
    name: Name,
    *,
    party: Parties = None,
    profile: Preset = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Make a token with which the partner registers here."""
    from gateway.api.models import Invitation
    from gateway.api.requests import InviteRequest
    from gateway.cli.client import call
    from gateway.cli.output import note, print_facts, print_json

    body = InviteRequest.model_construct(name=name, parties=party or [], profile=profile)
    made = call(Invitation, "POST", "/partners/invite", url=url, body=body, config=config)
    if json:
        print_json(made)
        return
    print_facts([("name", made.name), ("token", made.token), ("versions URL", made.versions_url)])
    note("Give token and URL to the partner over a safe channel. The token is not shown again.")


@app.command("connect", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
def connect(
    name: Name,
    versions_url: Annotated[str, typer.Argument(help="The partner's versions URL.")],
    token: Annotated[str, typer.Argument(help="The token the partner gave you.")],
    *,
    party: Parties = None,
    profile: Preset = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Register at a partner that invited us."""
    # A partner's token may begin with a hyphen, so this command has no options of one letter, and what is
    # none of its options is the token.
    import json as codec

    from gateway.api.models import Partner
    from gateway.api.requests import ConnectRequest
    from gateway.cli.client import call

    body = ConnectRequest.model_construct(
        name=name, versions_url=versions_url, token=token, parties=party or [], profile=profile
    )
    partner = call(Partner, "POST", "/partners/connect", url=url, body=body, config=config)
    if json:
        print(
            codec.dumps(
                partner.model_dump(mode="json") | {"token": token, "versions_url": versions_url}, indent=2
            )
        )
        return
    _show(partner)


@app.command("list")
def list_(*, json: Json = False, url: Url = None, config: Config = None) -> None:
    """List partners."""
    from gateway.api.models import PartnerList
    from gateway.cli.client import call_all
    from gateway.cli.output import print_json, print_table

    found = call_all(PartnerList, "/partners", url=url, config=config)
    if json:
        print_json(found)
        return
    print_table(
        [
            "name",
            "state",
            "reach",
            "next attempt",
            "version",
            "parties",
            "waiting",
            "parked",
            "last success",
            "problem",
        ],
        [
            (
                p.name,
                p.state,
                p.reach,
                p.next_attempt_at,
                p.version,
                ", ".join(p.parties or p.allowed_parties),
                p.deliveries_waiting,
                p.deliveries_parked,
                p.last_success_at,
                p.problem,
            )
            for p in found
        ],
        empty="No partners yet. Invite one: gateway partner invite NAME",
    )


@app.command("show")
def show(name: Name, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Show one partner."""
    _one("GET", name, "", as_json=json, url=url, config=config)


@app.command("check")
def check(name: Name, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Look at the partner's endpoints and report what differs from the specification; it only reads."""
    from gateway.api.models import CheckReport
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json, print_table

    report = call(CheckReport, "POST", f"/partners/{segment(name)}/check", url=url, config=config)
    if json:
        print_json(report)
    else:
        rows = [(f.mark, f.subject, f.sentence, f.path) for f in report.items]
        print_table(["", "subject", "finding", "field"], rows, empty="Nothing was looked at.")
    if any(finding.mark == "WRONG" for finding in report.items):
        raise typer.Exit(1)


@app.command("profile")
def profile(
    name: Annotated[str | None, typer.Argument(help="Our name for the partner; none lists presets.")] = None,
    *,
    preset: Annotated[str | None, typer.Option("--preset", help="Start from this preset.")] = None,
    setting: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE to change; may be repeated.")
    ] = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Show or change how a partner differs from the specification."""
    from gateway.cli.profile import change, show_presets

    if name is None:
        show_presets(as_json=json, url=url, config=config)
    else:
        change(name, preset, setting or [], as_json=json, url=url, config=config)


@app.command("rotate")
def rotate(name: Name, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Replace both tokens; the old ones work until the new ones were used."""
    _one("POST", name, "/rotate", as_json=json, url=url, config=config)


@app.command("remove")
def remove(
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """End a partnership: both tokens die, sessions and CDRs stay."""
    import sys

    if not yes and sys.stdin.isatty():
        typer.confirm(f"End the partnership with {name}?", abort=True)
    _one("DELETE", name, "", as_json=json, url=url, config=config)


def _one(method: str, name: str, action: str, *, as_json: bool, url: Url, config: Config) -> None:
    from gateway.api.models import Partner
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json

    partner = call(Partner, method, f"/partners/{segment(name)}{action}", url=url, config=config)
    if as_json:
        print_json(partner)
    else:
        _show(partner)


def _show(partner: "Partner") -> None:
    from gateway.cli.output import print_facts, print_table

    print_facts(
        [
            ("name", partner.name),
            ("state", partner.state),
            ("reach", partner.reach),
            ("next attempt", partner.next_attempt_at),
            ("problem", partner.problem),
            ("version", partner.version),
            ("versions URL", partner.versions_url),
            ("parties", ", ".join(partner.parties)),
            ("may claim", ", ".join(partner.allowed_parties)),
            ("invited until", partner.invited_until),
            ("last success", partner.last_success_at),
            ("tokens pulled", partner.tokens_pulled_at),
            ("profile", partner.profile),
            ("deliveries waiting", partner.deliveries_waiting),
            ("deliveries parked", partner.deliveries_parked),
        ]
    )
    if partner.endpoints:
        print()
        rows = [(e.module, e.role, e.url) for e in partner.endpoints]
        print_table(["module", "role", "URL"], rows, empty="")
