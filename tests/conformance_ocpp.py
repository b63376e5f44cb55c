"""The conformance page of the charger side: which line of the OCPP checklist is shown by which test.

`python -m tests.conformance_ocpp [REPORT...]` writes `docs/conformance-ocpp.md` from `checklists/ocpp.csv`
and the ids that tests cite in their names and docstrings, with the verdicts of the JUnit reports named.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path

from tests import checklist
from tests.checklist import DOCS, TESTS, Line

CHECKLIST = TESTS / "checklists" / "ocpp.csv"
DOCUMENT = DOCS / "conformance-ocpp.md"
NOT_DONE: dict[str, str] = {}
"""Lines without a test, and why."""
_ID = re.compile(r"\b([A-EMQ]\d\d|F0[1-7])(?:(?: to |-)([A-FMQ]?)(\d\d)\b)?")
_NAMED = re.compile(r"(?:^|_)([a-emq]\d\d|f0[1-7])(?=_|$)")


def requirements() -> list[Line]:
    """The checklist in its order."""
    return list(checklist.read(CHECKLIST))


def cited(name: str, text: str) -> Iterator[str]:
    """The ids in a test's name and docstring, those inside ranges such as "C01 to C12" included."""
    for id_ in _NAMED.findall(name):
        yield id_.upper()
    for first, letter, last in _ID.findall(text):
        yield first
        if last and letter in ("", first[0]):
            yield from (f"{first[0]}{number:02}" for number in range(int(first[1:]) + 1, int(last) + 1))


@cache
def citations() -> dict[str, list[str]]:
    """Tests by the ids they cite; those of the charger side come first."""
    found = checklist.citations(cited)
    return {id_: sorted(names, key=_nearness) for id_, names in found.items()}


def _nearness(test: str) -> int:
    return 0 if test.startswith("ocpp_side/") else 1 if test.startswith("flows/") else 2


def untested() -> list[str]:
    """Lines that no test cites and that are not excused."""
    return [line.id for line in requirements() if line.id not in citations() and line.id not in NOT_DONE]


def document(results: Mapping[str, str]) -> str:
    """The page."""
    lines = [
        "# Conformance: OCPP 1.6, 2.0.1, 2.1",
        "",
        "Made by `make conformance` from [the checklist](../tests/checklists/ocpp.csv) and the ids that",
        "tests cite; do not edit. Level R: roaming depends on it, authorization or money; T: what real",
        "chargers do.",
        "What chargers and checkers written by others say of the gateway is in",
        "[foreign-chargers.md](foreign-chargers.md).",
    ]
    for title, section in groupby(requirements(), key=lambda line: line.section):
        rows = checklist.table(section, citations(), results, DOCUMENT, NOT_DONE)
        lines += ["", f"## {title}", "", *rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, with the verdicts of the reports named."""
    DOCUMENT.write_text(document(checklist.verdicts(Path(r) for r in sys.argv[1:])), encoding="utf-8")


if __name__ == "__main__":
    main()
