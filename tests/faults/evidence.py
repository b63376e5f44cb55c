"""Numbers the fault tests measured, for docs/reliability.md: a row per scenario in FAULTS_EVIDENCE."""

import os
from pathlib import Path


def measured(scenario: str, result: str) -> None:
    """Print a result, and keep it where asked for."""
    print(f"{scenario}: {result}")
    file = os.environ.get("FAULTS_EVIDENCE")
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(f"| {scenario} | {result} |\n")
