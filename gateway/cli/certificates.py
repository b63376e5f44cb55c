"""`gateway charger task …-certificate`: the certificates that chargers trust, and those they have."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import Config, Json, Url
from gateway.cli.tasks import Chargers, Everywhere, begin, named

_USES = "csms-root, manufacturer-root, v2g-root, mo-root or oem-root"
Use = Annotated[str | None, typer.Option("--use", help=f"Only those for this: {_USES}, or v2g-chain.")]


def install(
    file: Annotated[Path, typer.Argument(help="PEM file with one root certificate.", exists=True)],
    chargers: Chargers = None,
    *,
    use: Annotated[str, typer.Option("--use", help=f"What it is for: {_USES}.")],
    everywhere: Everywhere = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Make chargers trust a root certificate; OCPP 1.6 knows csms-root and manufacturer-root."""
    given = {"use": use, "pem": file.read_text(encoding="ascii", errors="replace")}
    at = {"operation": "install-certificate", "chargers": named(chargers, everywhere=everywhere)}
    begin({**at, **given}, json=json, url=url, config=config)


def delete(
    serial_number: Annotated[str, typer.Argument(help="Serial number of the certificate, hexadecimal.")],
    chargers: Chargers = None,
    *,
    use: Use = None,
    everywhere: Everywhere = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Have chargers forget a certificate."""
    given = {"use": use, "serial_number": serial_number}
    at = {"operation": "delete-certificate", "chargers": named(chargers, everywhere=everywhere)}
    begin({**at, **given}, json=json, url=url, config=config)


def installed(
    chargers: Chargers = None,
    *,
    use: Use = None,
    everywhere: Everywhere = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Ask which certificates chargers have installed."""
    at = {"operation": "installed-certificates", "chargers": named(chargers, everywhere=everywhere)}
    begin({**at, "use": use}, json=json, url=url, config=config)
