"""`gateway sim …`: a charger and a partner to try the gateway with."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import swarm
from gateway.cli.options import Json
from gateway.domain.errors import InvalidInput

if TYPE_CHECKING:
    from gateway.sim.ledger import Exchange
    from gateway.sim.partner import SimulatedPartner
    from gateway.sim.scenario import Scenario
    from gateway.sim.script import ChargePlan
    from gateway.sim.station import Identity

_LOOK_EVERY_S = 0.3
_OCPP_URL = "ws://127.0.0.1:8080/ocpp"
app = typer.Typer(no_args_is_help=True)
app.command("swarm")(swarm.swarm)

Card = Annotated[
    str | None,
    typer.Option(
        "--card",
        help="Charge for this card (or contract, as NL-EMS-C12345678-X) and leave; else wait for starts.",
    ),
]
Mode = Annotated[
    str,
    typer.Option("--mode", help="How it misbehaves: slow, html, random-500, drop-answer …; x lists them."),
]
Misbehave = Annotated[
    list[str] | None,
    typer.Option(
        "--misbehave", help="offline-replay, power-loss, lost-message, Q31 …; --list-habits shows all."
    ),
]
ListHabits = Annotated[bool, typer.Option("--list-habits", help="Show what --misbehave knows, and leave.")]
Script = Annotated[
    Path | None,
    typer.Option("--script", help="A file with steps (charge, together, wait_minutes, offline, report)."),
]


@app.command("charger")
def charger(
    charger_id: Annotated[str, typer.Argument(help="The charger's id, as in the network file.")] = "",
    *,
    url: Annotated[str, typer.Option("--url", help="The gateway's OCPP address.")] = _OCPP_URL,
    password: Annotated[str | None, typer.Option("--password", help="The charger's password.")] = None,
    card: Card = None,
    connector: Annotated[int, typer.Option("--connector", min=1, help="Plug to use.")] = 1,
    connectors: Annotated[int, typer.Option("--connectors", min=1, max=32, help="Plugs it has.")] = 1,
    power_kw: Annotated[float, typer.Option("--power-kw", min=0.1, max=2000, help="Power, kW.")] = 11.0,
    minutes: Annotated[float, typer.Option("--minutes", min=0.01, help="How long to charge.")] = 10.0,
    kwh: Annotated[float | None, typer.Option("--kwh", min=0.001, help="How much to charge.")] = None,
    speed: Annotated[float, typer.Option("--speed", min=0.1, max=10_000, help="Times real time.")] = 1.0,
    misbehave: Misbehave = None,
    script: Script = None,
    version: Annotated[str, typer.Option("--version", help="OCPP version: 1.6, 2.0.1 or 2.1.")] = "1.6",
    list_habits: ListHabits = False,
    json: Json = False,
) -> None:
    """Simulate a charger of OCPP 1.6, 2.0.1 or 2.1."""
    import asyncio

    from gateway.sim.scenario import read_scenario
    from gateway.sim.station import Identity

    if list_habits:
        from gateway.cli import habits

        habits.show(as_json=json)
        raise typer.Exit
    if not charger_id:
        raise InvalidInput("which charger? Its id in the network file comes first")
    if script is not None and card is not None:
        raise InvalidInput("--card and --script exclude each other: the script names its cards")
    scenario = None if script is None else read_scenario(script)
    plan = replace(_energy(power_kw, minutes, kwh), card=card or "", connector=connector, speed=speed)
    plan = _misbehaving(plan, misbehave or [], version)
    plugs = max(connectors, connector, scenario.connectors if scenario else 1)
    asyncio.run(_charger(url, Identity(charger_id, password, connectors=plugs), plan, version, scenario))


def _energy(power_kw: float, minutes: float, kwh: float | None) -> "ChargePlan":
    """A plan for nobody yet: how fast and how much."""
    from gateway.sim.script import ChargePlan

    return ChargePlan(
        card="",
        power_kw=Decimal(str(power_kw)),
        duration=timedelta(minutes=minutes),
        kwh=None if kwh is None else Decimal(str(kwh)),
    )


def _misbehaving(plan: "ChargePlan", names: list[str], version: str) -> "ChargePlan":
    """The plan with misbehaviours and habits by name. Raises InvalidInput for a name that is none."""
    from gateway.sim.habits import character_of
    from gateway.sim.script import VERSIONS_OF, Misbehaviour

    known = {m.value: m for m in Misbehaviour if version in VERSIONS_OF.get(m, (version,))}
    quirks = tuple(name for name in names if name not in known)
    character_of(quirks, version, beside=known)
    return replace(plan, misbehaviours=frozenset(known[n] for n in names if n in known), habits=quirks)


async def _charger(
    url: str, identity: "Identity", plan: "ChargePlan", version: str, scenario: "Scenario | None"
) -> None:
    import asyncio
    from functools import partial

    from gateway.sim.charger_v2x import simulated_charger
    from gateway.sim.scenario import play
    from gateway.sim.script import charge, charge_on_remote_start

    handler = None if plan.card else charge_on_remote_start(plan)
    station = simulated_charger(url, identity, version, on_remote_start=handler, habits=plan.habits)
    async with station:
        print(f"{identity.id} is connected to {url}", flush=True)
        if scenario is not None:
            if await play(station, scenario, partial(print, flush=True)):
                raise typer.Exit(1)
            return
        if not plan.card:
            print("waiting for remote starts; Ctrl-C ends it", flush=True)
            await asyncio.Event().wait()
        charged = await charge(station, plan)
        print(f"transaction {charged.transaction_id}: {charged.energy_wh} Wh")


@app.command("partner")
def partner(
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 picks a free one.")] = 8090,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Address the gateway is told.")
    ] = None,
    party: Annotated[str, typer.Option("--party", help="The eMSP's party.")] = "NL-EMS",
    card: Annotated[list[str] | None, typer.Option("--card", help="Card it knows; may be repeated.")] = None,
    versions_url: Annotated[
        str | None, typer.Option("--versions-url", help="The gateway's versions URL, to register there.")
    ] = None,
    token: Annotated[str | None, typer.Option("--token", help="The token the gateway gave.")] = None,
    mode: Mode = "normal",
    ocpi: Annotated[str, typer.Option("--ocpi", help="OCPI version it speaks.")] = "2.2.1",
) -> None:
    """Simulate an eMSP. With --versions-url and --token it registers; else it prints an invitation."""
    import asyncio

    from gateway.domain.ids import Party
    from gateway.sim import faults
    from gateway.sim.editions import EDITIONS
    from gateway.sim.partner import SimulatedPartner

    try:
        who, fault = Party.parse(party), faults.Mode(mode)
    except ValueError as error:
        raise InvalidInput(f"{error}; modes are {', '.join(faults.Mode)}") from error
    if (versions_url is None) != (token is None):
        raise InvalidInput("--versions-url and --token belong together")
    if ocpi not in EDITIONS:
        raise InvalidInput(f"{ocpi} is not spoken here; OCPI versions are {', '.join(EDITIONS)}")
    platform = SimulatedPartner(
        who.country_code, who.party_id, host=host, port=port, public_url=public_url, version=ocpi
    )
    platform.mode = fault
    asyncio.run(_partner(platform, card or [], versions_url, token))


@app.command("hub")
def hub(
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 picks a free one.")] = 8091,
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="Address the gateway is told.")
    ] = None,
    party: Annotated[
        list[str] | None, typer.Option("--party", help="eMSP behind the hub; may be repeated.")
    ] = None,
    card: Annotated[
        list[str] | None, typer.Option("--card", help="Card of the first eMSP; may be repeated.")
    ] = None,
    versions_url: Annotated[
        str | None, typer.Option("--versions-url", help="The gateway's versions URL, to register there.")
    ] = None,
    token: Annotated[str | None, typer.Option("--token", help="The token the gateway gave.")] = None,
    mode: Mode = "normal",
) -> None:
    """Simulate a hub with eMSPs behind it."""
    import asyncio

    from gateway.domain.ids import Party
    from gateway.sim import faults
    from gateway.sim.cards import Card
    from gateway.sim.hub import SimulatedHub

    try:
        names, fault = [str(Party.parse(p)) for p in party or ["NL-EMS", "DE-EMS"]], faults.Mode(mode)
    except ValueError as error:
        raise InvalidInput(f"{error}; modes are {', '.join(faults.Mode)}") from error
    if (versions_url is None) != (token is None):
        raise InvalidInput("--versions-url and --token belong together")
    platform = SimulatedHub(*names, host=host, port=port, public_url=public_url)
    platform.mode = fault
    for uid in card or []:
        platform.parties[names[0]].sender.issue(Card(uid))
    asyncio.run(_partner(platform, [], versions_url, token))


async def _partner(
    platform: "SimulatedPartner", cards: list[str], versions_url: str | None, token: str | None
) -> None:
    import asyncio

    from gateway.sim.cards import Card

    for uid in cards:
        platform.sender.issue(Card(uid))
    async with platform:
        print(f"versions URL: {platform.versions_url}", flush=True)
        if versions_url is not None and token is not None:
            await platform.register(versions_url, token)
            print("registered at the gateway", flush=True)
        else:
            token = platform.invite()
            print(f"token: {token}", flush=True)
            print(f"register with: gateway partner connect NAME {platform.versions_url} {token}", flush=True)
        print("Ctrl-C ends it", flush=True)
        last: Exchange | None = None
        while True:
            for exchange in _after(last, list(platform.ledger.exchanges)):
                answer = exchange.status if exchange.status is not None else f"HTTP {exchange.http}"
                print(f"{exchange.method} {exchange.path} -> {answer}", flush=True)
                last = exchange
            await asyncio.sleep(_LOOK_EVERY_S)


def _after(last: "Exchange | None", exchanges: "list[Exchange]") -> "list[Exchange]":
    """What came after the last one that was shown; the list forgets its oldest entries."""
    at = next((i for i in range(len(exchanges) - 1, -1, -1) if exchanges[i] is last), -1)
    return exchanges[at + 1 :]
