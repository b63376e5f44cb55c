"""The command line: `gateway serve`, and commands that talk to the running gateway over its operator API."""

import os
import sys

import typer

from gateway.cli import cdrs, charger, keeping, network, partner, pricing, records, serving, sim
from gateway.domain.errors import AlreadyRunning, GatewayError, InvalidInput

app = typer.Typer(
    name="gateway",
    help="Roaming gateway: OCPP chargers on one side, OCPI partners on the other.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serving.serve)
app.command("demo")(serving.demo)
app.command("apply")(network.apply)
app.command("price")(pricing.price)
app.command("doctor")(serving.doctor)
app.command("version")(serving.version)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("verify")(keeping.verify)
app.command("reconcile")(keeping.reconcile)
app.add_typer(partner.app, name="partner", help="Partners: invite, connect, list, show, rotate, remove.")
app.add_typer(charger.app, name="charger", help="Chargers: list, show, and commands to them.")
app.add_typer(records.sessions, name="session", help="Charging sessions.")
app.add_typer(cdrs.cdrs, name="cdr", help="Charge detail records.")
app.add_typer(pricing.tariffs, name="tariff", help="Tariffs in files.")
app.add_typer(records.deliveries, name="delivery", help="What is owed to partners.")
app.add_typer(records.aside, name="set-aside", help="What chargers said and could not be attributed.")
app.add_typer(records.authorizations, name="authorization", help="Decisions about cards.")
app.add_typer(sim.app, name="sim", help="Simulated chargers and partners.")

FAILED = 1
MISUSED = 2


def main() -> None:
    """Run a command. Exit code 0: done; 1: it failed; 2: it was asked wrongly."""
    try:
        app()
    except (InvalidInput, AlreadyRunning) as error:
        sys.exit(_complain(str(error), MISUSED))
    except GatewayError as error:
        sys.exit(_complain(str(error), FAILED))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe went away; what it did not read is of no interest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)


def _complain(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
