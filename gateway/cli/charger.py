"""`gateway charger …`: what chargers are and do, and commands to them."""

from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import certificates, network_profiles, tasks
from gateway.cli.options import Config, Json, Url

if TYPE_CHECKING:
    from gateway.api.models import Charger
    from gateway.api.requests import AnyCommand
    from gateway.api.station_models import Care

app = typer.Typer(no_args_is_help=True)
tasks.app.command("install-certificate")(certificates.install)
tasks.app.command("delete-certificate")(certificates.delete)
tasks.app.command("installed-certificates")(certificates.installed)
tasks.app.command("network-profile")(network_profiles.set_profile)
app.add_typer(tasks.app, name="task")

Id = Annotated[str, typer.Argument(help="The charger's id.")]
Number = Annotated[
    int | None, typer.Option("--connector", help="Number of the plug; none means the charger.")
]


@app.command("list")
def list_(*, json: Json = False, url: Url = None, config: Config = None) -> None:
    """List chargers, those that knock without being configured included."""
    from gateway.api.models import ChargerList
    from gateway.cli.client import call_all
    from gateway.cli.output import print_json, print_table

    found = call_all(ChargerList, "/chargers", url=url, config=config)
    if json:
        print_json(found)
        return
    rows = [
        (
            c.id,
            c.state,
            c.protocol,
            f"{c.vendor} {c.model}".strip(),
            " ".join(f"{p.number}:{p.status or '-'}" for p in c.connectors),
            len(c.open_sessions),
            c.last_seen_at,
            c.knocks[-1].reason if c.knocks and not c.online else "",
        )
        for c in found
    ]
    titles = ["id", "state", "protocol", "model", "connectors", "sessions", "last seen", "turned away"]
    print_table(titles, rows, empty="No chargers yet. Apply a network file: gateway apply FILE")


@app.command("show")
def show(charger_id: Id, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Show one charger."""
    from gateway.api.models import Charger
    from gateway.api.station_models import Care
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json

    path = f"/chargers/{segment(charger_id)}"
    found = call(Charger, "GET", path, url=url, config=config)
    if json:
        print_json(found)
    else:
        _show(found)
        _show_care(call(Care, "GET", f"{path}/care", url=url, config=config))


def _show_care(it: "Care") -> None:
    from gateway.cli.output import print_facts, print_table

    print()
    print_facts(
        [
            ("least security profile", it.least_profile),
            ("recipe applied", it.configured_at),
            ("cards on its list", it.cards_listed),
            ("certificate ends", it.certificate_ends_at),
            *((p.kind.lower(), f"{p.status} at {p.at:%Y-%m-%d %H:%M:%S}") for p in it.progress),
        ]
    )
    if it.repairs:
        print()
        rows = [(r.id, r.times, r.last_at, r.example) for r in it.repairs]
        print_table(["repair", "times", "last", "example"], rows, empty="")


def _show(it: "Charger") -> None:
    from gateway.cli.output import print_facts, print_table

    print_facts(
        [
            ("id", it.id),
            ("state", it.state),
            ("configured", it.configured),
            ("authentication", it.authentication),
            ("security profile", it.security_profile),
            ("protocol", it.protocol),
            ("vendor", it.vendor),
            ("model", it.model),
            ("serial number", it.serial_number),
            ("meter", it.meter_serial_number),
            ("firmware", it.firmware),
            ("booted", it.booted_at),
            ("last seen", it.last_seen_at),
            ("open sessions", ", ".join(it.open_sessions)),
        ]
    )
    print()
    rows = [
        (f"{p.number}/{p.connector}", p.evse_uid, p.connector_id, p.status, p.status_at, p.error_code, p.info)
        for p in it.connectors
    ]
    titles = ["plug", "EVSE", "connector", "status", "since", "error", "info"]
    print_table(titles, rows, empty="No connectors.")
    if it.knocks:
        print()
        tried = [(k.reason, k.remote, k.count, k.first_at, k.last_at) for k in it.knocks]
        print_table(["turned away", "from", "times", "first", "last"], tried, empty="")


@app.command("messages")
def messages(charger_id: Id, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Show the last frames of a charger, as they came and as they were sent; passwords are masked."""
    from gateway.api.station_models import MessageList
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json

    found = call(MessageList, "GET", f"/chargers/{segment(charger_id)}/messages", url=url, config=config)
    if json:
        print_json(found.items)
        return
    for message in found.items:
        print(f"{message.at:%Y-%m-%d %H:%M:%S} {message.direction:3} {message.text}")
    if not found.items:
        print("No messages since the gateway was started.")


@app.command("variables")
def variables(
    charger_id: Id,
    like: Annotated[str, typer.Argument(help="Part of a name; none means all.")] = "",
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Show the device model a charger of OCPP 2.x reported; `charger task start report` asks for it."""
    from gateway.api.station_models import VariableList
    from gateway.cli.client import call_all, segment
    from gateway.cli.output import print_json, print_table

    path = f"/chargers/{segment(charger_id)}/variables"
    found = call_all(VariableList, path, {"like": like}, url=url, config=config)
    if json:
        print_json(found)
        return
    rows = [
        (v.path, v.attribute, v.value, "" if v.max_limit is None else str(v.max_limit), v.unit, v.readonly)
        for v in found
    ]
    empty = "Nothing is known. Ask for it: gateway charger task start report " + charger_id
    print_table(["variable", "attribute", "value", "most", "unit", "read only"], rows, empty=empty)


@app.command("reset")
def reset(
    charger_id: Id,
    *,
    hard: Annotated[bool, typer.Option("--hard", help="Do not wait for transactions to end.")] = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Restart a charger."""
    from gateway.api.requests import ResetRequest

    _command(charger_id, ResetRequest(command="reset", hard=hard), as_json=json, url=url, config=config)


@app.command("unlock")
def unlock(
    charger_id: Id,
    connector: Annotated[int, typer.Argument(min=1, help="Number of the plug.")],
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Release a cable."""
    from gateway.api.requests import UnlockRequest

    request = UnlockRequest(command="unlock", number=connector)
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("trigger")
def trigger(
    charger_id: Id,
    message: Annotated[str, typer.Argument(help="Message to send, such as StatusNotification.")],
    *,
    connector: Number = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Ask a charger to send a message."""
    from gateway.api.requests import TriggerRequest

    request = TriggerRequest(command="trigger", message=message, number=connector)
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("availability")
def availability(
    charger_id: Id,
    state: Annotated[str, typer.Argument(help="on or off.", metavar="on|off")],
    *,
    connector: Number = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Take a plug, or the whole charger, in or out of service."""
    from gateway.api.requests import AvailabilityRequest

    if state not in ("on", "off"):
        raise typer.BadParameter("say on or off")
    request = AvailabilityRequest(command="availability", operative=state == "on", number=connector)
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("get-config")
def get_config(
    charger_id: Id,
    keys: Annotated[list[str] | None, typer.Argument(help="Keys; none means all.")] = None,
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Read a charger's configuration."""
    from gateway.api.requests import GetConfigurationRequest

    request = GetConfigurationRequest(command="get-configuration", keys=keys or [])
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("change-config")
def change_config(
    charger_id: Id, key: str, value: str, *, json: Json = False, url: Url = None, config: Config = None
) -> None:
    """Set one configuration key."""
    from gateway.api.requests import ChangeConfigurationRequest

    request = ChangeConfigurationRequest(command="change-configuration", key=key, value=value)
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("clear-cache")
def clear_cache(charger_id: Id, *, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Make a charger forget cached authorizations."""
    from gateway.api.requests import ClearCacheRequest

    _command(charger_id, ClearCacheRequest(command="clear-cache"), as_json=json, url=url, config=config)


@app.command("start")
def start(
    charger_id: Id,
    card: Annotated[str, typer.Argument(help="Token to charge for.")],
    *,
    connector: Number = None,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Start charging for a card."""
    from gateway.api.requests import RemoteStartRequest

    request = RemoteStartRequest(command="remote-start", card=card, number=connector)
    _command(charger_id, request, as_json=json, url=url, config=config)


@app.command("stop")
def stop(
    charger_id: Id,
    transaction: Annotated[str, typer.Argument(help="Transaction, as `gateway session show` names it.")],
    *,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """End a transaction."""
    from gateway.api.requests import RemoteStopRequest

    request = RemoteStopRequest(command="remote-stop", transaction=transaction)
    _command(charger_id, request, as_json=json, url=url, config=config)


def _command(charger_id: str, request: "AnyCommand", *, as_json: bool, url: Url, config: Config) -> None:
    """Send a command, print the answer; exit code 1 if the charger did not accept it."""
    from gateway.api.models import CommandAnswer
    from gateway.api.requests import CommandRequest
    from gateway.cli.client import call, segment
    from gateway.cli.output import print_json, print_table

    path = f"/chargers/{segment(charger_id)}/commands"
    answer = call(CommandAnswer, "POST", path, url=url, body=CommandRequest(request), config=config)
    if as_json:
        print_json(answer)
    else:
        print(answer.outcome + (f" ({answer.detail})" if answer.detail else ""))
        if answer.configuration:
            rows = [(k.key, k.value, k.readonly) for k in answer.configuration]
            print_table(["key", "value", "read only"], rows, empty="")
        if answer.unknown_keys:
            print("unknown to the charger: " + ", ".join(answer.unknown_keys))
    if answer.outcome not in ("ACCEPTED", "SCHEDULED", "REBOOT_REQUIRED"):
        raise typer.Exit(1)
