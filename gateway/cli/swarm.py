"""`gateway sim swarm`: many simulated chargers at once."""

from typing import Annotated

import typer


def swarm(
    *,
    stations: Annotated[int, typer.Option("--stations", min=1, max=20_000, help="How many.")] = 10,
    prefix: Annotated[str, typer.Option("--prefix", help="Ids are PREFIX-1, PREFIX-2, …")] = "SIM",
    url: Annotated[
        str, typer.Option("--url", help="The gateway's OCPP address.")
    ] = "ws://127.0.0.1:8080/ocpp",
    password: Annotated[str | None, typer.Option("--password", help="Their password.")] = None,
    card: Annotated[str, typer.Option("--card", help="Card each charges for.")] = "CARD-1",
    kwh: Annotated[float, typer.Option("--kwh", min=0.001, help="How much each charges.")] = 1.0,
    speed: Annotated[float, typer.Option("--speed", min=1, max=10_000, help="Times real time.")] = 600.0,
    ramp: Annotated[float, typer.Option("--ramp", min=0, help="Seconds in which they connect.")] = 10.0,
    version: Annotated[str, typer.Option("--version", help="OCPP version: 1.6, 2.0.1 or 2.1.")] = "1.6",
) -> None:
    """Simulate many chargers; exit code 1 if one could not charge."""
    import asyncio
    from decimal import Decimal

    from gateway.sim.script import ChargePlan
    from gateway.sim.swarm import swarm as run

    plan = ChargePlan(card=card, kwh=Decimal(str(kwh)), speed=speed)
    done = asyncio.run(run(url, stations, prefix, password, plan, ramp, version))
    print(f"{done.charged} of {stations} charged, {done.energy_wh} Wh")
    for reason, times in done.failures.most_common():
        print(f"{reason}: {times}")
    if done.failures:
        raise typer.Exit(1)
