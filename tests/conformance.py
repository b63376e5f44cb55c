"""Conformance pages of OCPI: which requirement of a version is shown by which test.

`python -m tests.conformance [REPORT...]` writes `docs/conformance-*.md` from `checklists/ocpi.csv` and the
ids that tests cite in their names and docstrings, with the verdicts of the JUnit reports named.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tests import checklist
from tests.checklist import DOCS, TESTS, Line

CHECKLIST = TESTS / "checklists" / "ocpi.csv"
VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
_PREFIXES = "TR|PAG|VER|CRED|HUB|HCI|LOC|SES|CDR|TAR|TOK|CMD|CP"
_ID = re.compile(rf"\b({_PREFIXES})-(\d\d)(?: to (?:{_PREFIXES})?-?(\d\d))?")
_NAMED = re.compile(rf"(?:^|_)({_PREFIXES.lower()})_(\d\d)(?=_|$)")


def requirements(version: str | None = None) -> list[Line]:
    """The checklist in its order, of one version or whole."""
    return [line for line in checklist.read(CHECKLIST) if version is None or version in line.versions]


def cited(name: str, text: str) -> Iterator[str]:
    """The ids in a test's name and docstring, those inside ranges such as "CMD-01 to CMD-06" included."""
    for prefix, number in _NAMED.findall(name):
        yield f"{prefix.upper()}-{number}"
    for prefix, first, last in _ID.findall(text):
        for number in range(int(first), int(last or first) + 1):
            yield f"{prefix}-{number:02}"


@cache
def citations() -> dict[str, list[str]]:
    """Tests by the ids they cite."""
    return checklist.citations(cited)


def untested(version: str) -> list[str]:
    """Lines of level M or T that no test cites."""
    tests = citations()
    return [line.id for line in requirements(version) if line.level in ("M", "T") and line.id not in tests]


def page(version: str, results: Mapping[str, str]) -> str:
    """The page of one version; tests of this version come first."""
    own = f"v{version.replace('.', '')}_"
    tests = {id_: sorted(names, key=lambda test: own not in test) for id_, names in citations().items()}
    lines = [
        f"# Conformance: OCPI {version}",
        "",
        "Made by `make conformance` from [the checklist](../tests/checklists/ocpi.csv) and the ids that",
        "tests cite; do not edit. Level: M must, S should, O may, T a trap that breaks implementations.",
        "What a version says differently is in [versions.md](versions.md).",
        "",
        *checklist.table(requirements(version), tests, results, target(version)),
    ]
    return "\n".join(lines) + "\n"


def target(version: str) -> Path:
    """Where the page lies."""
    return DOCS / f"conformance-{version}.md"


def main() -> None:
    """Write the pages, with the verdicts of the reports named."""
    results = checklist.verdicts(Path(report) for report in sys.argv[1:])
    for version in VERSIONS:
        target(version).write_text(page(version, results), encoding="utf-8")


if __name__ == "__main__":
    main()
