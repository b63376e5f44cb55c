"""Scenario files: what is refused says which step, which field and why; the clock ends at the present."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import InvalidInput
from gateway.sim.scenario import read_scenario

DAY = """
speed: 60
steps:
  - charge: {card: A, kwh: 11, power_kw: 22}
  - wait_minutes: 5
  - offline: {minutes: 10}
  - together:
      - {card: A, connector: 1, minutes: 20}
      - {card: B, connector: 3, minutes: 10, pause_minutes: 15, misbehave: [duplicate-frames]}
"""


def test_a_day(tmp_path: Path) -> None:
    file = tmp_path / "day.yaml"
    file.write_text(DAY)
    day = read_scenario(file)
    assert [step.span for step in day.steps] == [timedelta(minutes=m) for m in (30, 5, 10, 25)]
    assert day.connectors == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("steps: []", "steps: List should have at least 1 item"),
        ("steps: [{}]", r"steps\.0: .*a step is one of charge, together, wait_minutes, offline, report"),
        ("steps: [{wait_minutes: 1, report: {status: Faulted}}]", r"steps\.0: .*a step is one of"),
        ("steps: [{charge: {kwh: 3}}]", r"steps\.0\.charge\.card: Field required"),
        ("steps: [{charge: {card: A, kwh: -1}}]", r"steps\.0\.charge\.kwh: .*greater than 0"),
        ("steps: [{charge: {card: A, misbehave: [sulk]}}]", r"misbehave\.0: .*'duplicate-frames'"),
        ("steps: [{wait_minutes: 1}]\nspeed: 0", "speed: .*greater than or equal to 1"),
        ("steps: [{dance: 1}]", r"steps\.0\.dance: Extra inputs"),
        ("steps: [", "is no YAML"),
        ("- 1", "file: Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "day.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=reason):
        read_scenario(file)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_scenario(tmp_path / "none.yaml")
