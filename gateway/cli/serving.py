"""`gateway serve`, `demo`, `doctor` and `version`."""

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import Config, Json, Url
from gateway.domain.errors import GatewayError

if TYPE_CHECKING:
    from gateway.config import Settings

NetworkFile = Annotated[
    Path | None, typer.Option("--network", help="Network file to apply at start.", dir_okay=False)
]


class CannotListen(GatewayError):
    """The address or port cannot be used."""


def serve(
    *,
    network: NetworkFile = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on.")] = None,
    config: Config = None,
) -> None:
    """Run the gateway until it is told to stop (Ctrl-C, SIGTERM)."""
    import logging
    import os

    from gateway.app import crashpoints
    from gateway.cli.network import read_text
    from gateway.config import CRASH_VARIABLE, load_settings, unknown_variables
    from gateway.logs import configure_logging
    from gateway.secret_files import provide_secrets

    settings = load_settings(config, host=host, port=port)
    if network is not None:
        read_text(network)
    provided = provide_secrets(settings)
    settings = provided.settings
    secrets = (settings.admin_token, settings.metrics_token, settings.secret_key)
    known = [secret.get_secret_value() for secret in secrets if secret]
    configure_logging(settings.log_level, settings.log_format, secrets=known)
    log = logging.getLogger(__name__)
    for sentence in provided.notices:
        log.info(sentence)
    for sentence in unknown_variables(os.environ):
        log.warning(sentence)
    crashpoints.arm(os.environ.get(CRASH_VARIABLE, ""))
    _serve(settings, network)


def _serve(settings: "Settings", network: Path | None) -> None:
    from gateway import bootstrap

    try:
        bootstrap.serve(settings, network)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        reason = f"cannot listen on {settings.host}:{settings.port} ({error.strerror})"
        raise CannotListen(f"{reason}. Choose another with GATEWAY_HOST and GATEWAY_PORT.") from error


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Once, then exit: 0 if all of it happened.")] = False,
) -> None:
    """Tell the whole story: a gateway, a charger and a partner on this machine."""
    from gateway.demo import run_demo

    raise typer.Exit(run_demo(once=once))


def doctor(*, json: Json = False, url: Url = None, config: Config = None) -> None:
    """Check settings, database, server, addresses, clock and partners; say what to do."""
    from gateway.cli.checkup import examine
    from gateway.cli.output import print_json, print_table

    findings = examine(url=url, config=config)
    if json:
        print_json(findings)
    else:
        print_table(
            ["verdict", "what", "detail"], [(f.verdict, f.what, f.detail) for f in findings], empty=""
        )
        for finding in findings:
            if finding.advice:
                print(f"{finding.what}: {finding.advice}")
    if any(finding.verdict == "problem" for finding in findings):
        raise typer.Exit(1)


def version(*, json: Json = False) -> None:
    """Say which version this is."""
    import json as codec
    import platform
    from importlib.metadata import version as installed

    number = installed("ocpp-ocpi-gateway")
    if json:
        print(codec.dumps({"version": number, "python": platform.python_version()}))
    else:
        print(f"gateway {number}, Python {platform.python_version()} on {sys.platform}")
