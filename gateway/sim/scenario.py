"""A simulated charger's day as a file: steps one after another, in the charger's time.

```yaml
speed: 60            # how much faster than the wall clock; the day then ends shortly before now
steps:
  - charge: {card: 04A2B3C4, kwh: 3}
  - wait_minutes: 5
  - offline: {minutes: 10}
  - report: {connector: 1, status: Faulted}
  - together:
      - {card: 04A2B3C4, connector: 1, minutes: 20, power_kw: 22}
      - {card: 04D5E6F7, connector: 2, minutes: 10, misbehave: [duplicate-frames]}
```
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.domain.errors import InvalidInput
from gateway.sim.charger import SimulatedCharger
from gateway.sim.errors import CardRefused
from gateway.sim.script import ChargePlan, Misbehaviour, plug_in, take_energy

_LARGEST_FILE = 256 * 1024
_SPARE = timedelta(seconds=10)
"""Wall time for what happens between the steps; a clock that reached the present hurries no more."""
Minutes = Annotated[Decimal, Field(ge=0, le=7 * 24 * 60)]
Tell = Callable[[str], None]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Charge(_Part):
    """One charge. `kwh`, if given, decides how long it takes; `pause_minutes`: plugged in without power."""

    card: str = Field(min_length=1, max_length=36)
    connector: int = Field(default=1, ge=1, le=32)
    power_kw: Decimal = Field(default=Decimal(11), gt=0, le=2000)
    minutes: Minutes = Decimal(10)
    kwh: Decimal | None = Field(default=None, gt=0, le=100_000)
    pause_minutes: Minutes = Decimal(0)
    misbehave: list[Misbehaviour] = []

    def plan(self) -> ChargePlan:
        """The same as a plan; the clock is the scenario's."""
        return ChargePlan(
            card=self.card,
            connector=self.connector,
            power_kw=self.power_kw,
            duration=timedelta(minutes=float(self.minutes)),
            kwh=self.kwh,
            pause=timedelta(minutes=float(self.pause_minutes)),
            misbehaviours=frozenset(self.misbehave),
        )


class Report(_Part):
    """A status of a plug, as in StatusNotification of OCPP 1.6."""

    connector: int = Field(default=1, ge=0, le=32)
    status: str = Field(min_length=1, max_length=20)
    error_code: str = Field(default="NoError", max_length=50)


class Away(_Part):
    """How long the charger has no connection."""

    minutes: Minutes


class Step(_Part):
    """Exactly one of these."""

    charge: Charge | None = None
    together: list[Charge] = []
    wait_minutes: Minutes | None = None
    offline: Away | None = None
    report: Report | None = None

    def model_post_init(self, _: object) -> None:
        """Refuse a step that is nothing or two things."""
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step is one of {', '.join(type(self).model_fields)}")

    @property
    def span(self) -> timedelta:
        """How long it takes, charger time."""
        plans = [charge.plan() for charge in self.charges]
        longest = max((plan.span for plan in plans), default=timedelta())
        away = self.offline.minutes if self.offline else self.wait_minutes or Decimal(0)
        return longest + timedelta(minutes=float(away))

    @property
    def charges(self) -> list[Charge]:
        """The charges of this step."""
        return [self.charge] if self.charge else self.together


class Scenario(_Part):
    """What a charger goes through."""

    speed: float = Field(default=1.0, ge=1, le=10_000)
    steps: list[Step] = Field(min_length=1, max_length=1000)

    @property
    def connectors(self) -> int:
        """How many plugs are needed."""
        used = [charge.connector for step in self.steps for charge in step.charges]
        return max([1, *used, *(step.report.connector for step in self.steps if step.report)])


def read_scenario(file: Path) -> Scenario:
    """A scenario from a YAML or JSON file. Raises InvalidInput naming the step, the field and the rule."""
    try:
        text = file.read_text("utf-8") if file.stat().st_size <= _LARGEST_FILE else None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}") from error
    if text is None:
        raise InvalidInput(f"{file} is larger than {_LARGEST_FILE // 1024} KiB")
    try:
        return Scenario.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is no YAML: {error}") from error
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise InvalidInput(f"{file}: {'; '.join(faults)}") from error


async def play(charger: SimulatedCharger, scenario: Scenario, tell: Tell) -> int:
    """Go through all steps; returns how many cards were refused. Raises NotSeenInTime."""
    day = sum((step.span for step in scenario.steps), _SPARE * scenario.speed)
    charger.clock.rewind(day, scenario.speed)
    charger.clock.hurry(scenario.speed)
    refused = 0
    for step in scenario.steps:
        if step.wait_minutes is not None:
            await charger.clock.sleep(timedelta(minutes=float(step.wait_minutes)))
        if step.offline is not None:
            await charger.lose_connection()
            await charger.clock.sleep(timedelta(minutes=float(step.offline.minutes)))
            await charger.come_back()
        if step.report is not None:
            await charger.report(step.report.connector, step.report.status, step.report.error_code)
            tell(f"connector {step.report.connector}: {step.report.status}")
        refused += sum(await asyncio.gather(*(_charge(charger, each.plan(), tell) for each in step.charges)))
    return refused


async def _charge(charger: SimulatedCharger, plan: ChargePlan, tell: Tell) -> bool:
    """Whether the card was refused."""
    try:
        await plug_in(charger, plan)
    except CardRefused as refusal:
        tell(f"connector {plan.connector}: card {plan.card} refused: {refusal}")
        return True
    done = await take_energy(charger, plan)
    tell(f"connector {plan.connector}: transaction {done.transaction_id}: {done.energy_wh} Wh")
    return False
