"""Checklists as data, and which tests show their lines: what the conformance pages are made of.

A checklist is a CSV file in `tests/checklists`: section, id, level, versions (separated by spaces) and the
requirement in our own words. A page has a row for each line: id, level, requirement, tests, verdict. Verdicts
come from JUnit reports (`pytest --junitxml=FILE`); a line of whose tests none is in a report keeps the one it
has on the page as it stands.
"""

import ast
import csv
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
NOT_RUN, OPEN = "not run", "open"
_WORSE = ("passed", "skipped", "failed").index
_SHOWN = 3
_BAR = re.compile(r"(?<!\\)\|")
_TEST = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a checklist. `level`: M must, S should, O may, T a trap; empty where there are none."""

    section: str
    id: str
    level: str
    versions: frozenset[str]
    requirement: str


def read(path: Path) -> tuple[Line, ...]:
    """The checklist in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Line(
                row["section"],
                row["id"],
                row["level"],
                frozenset(row["versions"].split()),
                row["requirement"],
            )
            for row in csv.DictReader(file)
        )


def citations(cited: Callable[[str, str], Iterable[str]]) -> dict[str, list[str]]:
    """Tests by the ids they cite. `cited`: the ids in a test's name and docstring."""
    found: dict[str, list[str]] = defaultdict(list)
    for label, name, text in _tests():
        for id_ in sorted(set(cited(name, text))):
            found[id_].append(label)
    return dict(found)


def _tests() -> Iterator[tuple[str, str, str]]:
    """Every test as path::name below `tests`, its name and its docstring."""
    for path in sorted(TESTS.rglob("test_*.py")):
        where = path.relative_to(TESTS).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield f"{where}::{node.name}", node.name, ast.get_docstring(node) or ""


def verdicts(reports: Iterable[Path]) -> dict[str, str]:
    """What became of each test, the worst of its cases: passed, failed, skipped. The later report counts."""
    found: dict[str, str] = {}
    for report in reports:
        found |= _verdicts(report)
    return found


def _verdicts(report: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for case in ET.parse(report).iter("testcase"):
        where = case.get("classname", "").removeprefix("tests.").replace(".", "/")
        name = f"{where}.py::{case.get('name', '').partition('[')[0]}"
        failed = case.find("failure") is not None or case.find("error") is not None
        verdict = "failed" if failed else "skipped" if case.find("skipped") is not None else "passed"
        found[name] = max(verdict, found.get(name, verdict), key=_WORSE)
    return found


def verdict(tests: Sequence[str], results: Mapping[str, str]) -> str:
    """The verdict on a line: the worst of the tests that cite it."""
    if not tests:
        return OPEN
    found = [results[test] for test in tests if test in results]
    return max(found, key=_WORSE) if found else NOT_RUN


def table(
    lines: Iterable[Line],
    tests: Mapping[str, Sequence[str]],
    results: Mapping[str, str],
    page: Path,
    excuses: Mapping[str, str] | None = None,
) -> list[str]:
    """The rows of a page with their head. `excuses`: why a line has no test. `page`: as it stands so far."""
    before = {row.id: row.verdict for row in rows(page) if row.verdict != OPEN}
    shown = ["| Id | Level | Requirement | Shown by | Verdict |", "|---|---|---|---|---|"]
    for line in lines:
        cited = tests.get(line.id, ())
        names = "<br>".join(f"`{test}`" for test in cited[:_SHOWN]) or (excuses or {}).get(line.id, OPEN)
        more = f"<br>and {len(cited) - _SHOWN} more" if len(cited) > _SHOWN else ""
        said = verdict(cited, results)
        said = before.get(line.id, said) if said == NOT_RUN else said
        text = line.requirement.replace("|", "\\|")
        shown.append(f"| {line.id} | {line.level} | {text} | {names}{more} | {said} |")
    return shown


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a page."""

    id: str
    requirement: str
    tests: tuple[str, ...]
    verdict: str


def rows(page: Path) -> Iterator[Row]:
    """The rows of a page, of all its tables."""
    if page.exists():
        for text in page.read_text(encoding="utf-8").splitlines():
            cells = [cell.strip() for cell in _BAR.split(text)[1:-1]]
            if len(cells) == 5 and cells[0] != "Id" and not cells[0].startswith("---"):
                yield Row(cells[0], cells[2].replace("\\|", "|"), tuple(_TEST.findall(cells[3])), cells[4])


def stale(page: Path, lines: Iterable[Line], tests: Mapping[str, Sequence[str]]) -> list[str]:
    """What a page says that is not so: a sentence each. A test that it does not name yet is no lie."""
    written, lines = list(rows(page)), list(lines)
    found = (
        [] if [r.id for r in written] == [line.id for line in lines] else ["the ids are not the checklist's"]
    )
    required = {line.id: line.requirement for line in lines}
    for row in written:
        cited = tests.get(row.id, ())
        if row.requirement != required.get(row.id, row.requirement):
            found.append(f"{row.id} is worded otherwise in the checklist")
        found += [f"{row.id} is not cited by {test}" for test in row.tests if test not in cited]
        if bool(cited) != bool(row.tests):
            found.append(f"{row.id} is {'shown by ' + cited[0] if cited else 'open'}")
    return found
