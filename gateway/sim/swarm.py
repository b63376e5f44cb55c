"""Many simulated chargers at once, each charging for its card."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from gateway.domain.errors import GatewayError
from gateway.sim.charger_v2x import simulated_charger
from gateway.sim.script import ChargePlan, charge
from gateway.sim.station import Identity


@dataclass(slots=True)
class Swarmed:
    """What became of a swarm: chargers that charged, energy they delivered, and why others did not."""

    charged: int = 0
    energy_wh: int = 0
    failures: Counter[str] = field(default_factory=Counter)


async def swarm(
    url: str,
    stations: int,
    prefix: str,
    password: str | None,
    plan: ChargePlan,
    ramp_s: float,
    version: str = "1.6",
) -> Swarmed:
    """Connect chargers PREFIX-1 to PREFIX-n within `ramp_s` seconds; each charges once and leaves.

    Raises InvalidInput for a version that is not spoken.
    """
    simulated_charger(url, Identity(prefix), version)
    result = Swarmed()

    async def one(number: int) -> None:
        await asyncio.sleep(ramp_s * (number - 1) / stations)
        identity = Identity(f"{prefix}-{number}", password)
        try:
            async with simulated_charger(url, identity, version) as charger:
                charged = await charge(charger, plan)
        except GatewayError as failure:
            result.failures[type(failure).__name__] += 1
        else:
            result.charged += 1
            result.energy_wh += charged.energy_wh

    async with asyncio.TaskGroup() as group:
        for number in range(1, stations + 1):
            group.create_task(one(number), name=f"{prefix}-{number}")
    return result
