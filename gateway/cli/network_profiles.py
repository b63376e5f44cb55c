"""`gateway charger task network-profile`: how chargers of OCPP 2.x find the gateway."""

from typing import Annotated

import typer

from gateway.cli.options import Config, Json, Url
from gateway.cli.tasks import Chargers, Everywhere, begin, named


def set_profile(
    csms_url: Annotated[str, typer.Argument(help="URL of this gateway, such as wss://HOST/ocpp.")],
    chargers: Chargers = None,
    *,
    slot: Annotated[int, typer.Option(help="Number of the slot that keeps it.")],
    security_profile: Annotated[int, typer.Option(help="1, 2 or 3; never lower than a charger has.")] = 2,
    interface: Annotated[
        str, typer.Option(help="Wired0 to Wired3, Wireless0 to Wireless3, or Any.")
    ] = "Wired0",
    message_timeout: Annotated[int, typer.Option(help="Seconds a charger waits for an answer.")] = 30,
    new_key: Annotated[bool, typer.Option("--new-key", help="With a fresh password (OCPP 2.1).")] = False,
    everywhere: Everywhere = False,
    json: Json = False,
    url: Url = None,
    config: Config = None,
) -> None:
    """Have chargers keep a network profile; NetworkConfigurationPriority says which slots they use."""
    given = {
        "slot": slot,
        "url": csms_url,
        "security_profile": security_profile,
        "interface": interface,
        "message_timeout_s": message_timeout,
        "new_key": new_key,
    }
    at = {"operation": "network-profile", "chargers": named(chargers, everywhere=everywhere)}
    begin({**at, "network_profile": given}, json=json, url=url, config=config)
