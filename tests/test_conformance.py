"""The conformance pages can be trusted: ids are those of the checklist, tests named exist and cite them."""

import re
from pathlib import Path

import pytest

from tests import checklist, conformance

NOTES = Path(__file__).parents[1] / ".." / "shared" / "ocpi" / "requirements.md"
_NOTED = re.compile(r"^- \*\*([A-Z]+-\d\d)\*\*(?: \[([MSOT])\b)?", re.MULTILINE)


def test_every_cited_id_exists() -> None:
    known = {line.id for line in conformance.requirements()}
    assert {id_: tests for id_, tests in conformance.citations().items() if id_ not in known} == {}


@pytest.mark.skipif(
    not NOTES.exists(), reason="the notes the checklist was made from are not beside the project"
)
def test_the_checklist_has_every_line_of_the_notes_it_was_made_from() -> None:
    found = _NOTED.findall(NOTES.read_text(encoding="utf-8"))
    ours = {line.id: line.level for line in conformance.requirements()}
    assert [id_ for id_, _ in found] == list(ours)
    assert [(id_, level) for id_, level in found if level and ours[id_] != level] == []


@pytest.mark.parametrize("version", conformance.VERSIONS)
def test_every_line_that_must_hold_is_cited_by_a_test(version: str) -> None:
    """Levels M and T: what the specification demands, and what implementations break on."""
    assert conformance.untested(version) == []


@pytest.mark.parametrize("version", conformance.VERSIONS)
def test_the_page_of_a_version_is_not_stale(version: str) -> None:
    """`make conformance` writes it anew; `python -m tests.conformance` does without new verdicts."""
    page, lines = conformance.target(version), conformance.requirements(version)
    assert checklist.stale(page, lines, conformance.citations()) == []
    assert {row.verdict for row in checklist.rows(page)} <= {"passed", "skipped", "open", "not run"}


def test_a_stale_page_is_found_out(tmp_path: Path) -> None:
    """Another wording, a test that is gone, a test that was added, a line that is missing."""
    line = conformance.requirements()[0]
    cited = {line.id: ["ocpi/test_a.py::test_one"]}
    page = tmp_path / "page.md"

    def sentences(*lines: checklist.Line, tests: dict[str, list[str]] = cited) -> list[str]:
        page.write_text("\n".join(checklist.table([line], cited, {}, page)), encoding="utf-8")
        return checklist.stale(page, lines, tests)

    assert sentences(line) == []
    assert sentences(line, tests={line.id: ["ocpi/test_a.py::test_two"]}) == [
        "TR-01 is not cited by ocpi/test_a.py::test_one"
    ]
    assert "TR-01 is open" in sentences(line, tests={})
    assert sentences(line, conformance.requirements()[1]) == ["the ids are not the checklist's"]


def test_a_report_gives_each_line_its_worst_verdict(tmp_path: Path) -> None:
    """A line whose test failed or was skipped never looks as if it had passed."""
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuite>"
        '<testcase classname="tests.ocpi.test_a" name="test_one[x]"/>'
        '<testcase classname="tests.ocpi.test_a" name="test_one[y]"><failure/></testcase>'
        '<testcase classname="tests.ocpi.test_a" name="test_two"><skipped/></testcase>'
        '<testcase classname="tests.ocpi.test_b" name="test_three"/>'
        "</testsuite>",
        encoding="utf-8",
    )
    found = checklist.verdicts([report])
    one, two, three = "ocpi/test_a.py::test_one", "ocpi/test_a.py::test_two", "ocpi/test_b.py::test_three"
    assert checklist.verdict([one, three], found) == "failed"
    assert checklist.verdict([two, three], found) == "skipped"
    assert checklist.verdict([three], found) == "passed"
    assert checklist.verdict(["ocpi/test_c.py::test_four"], found) == "not run"
    assert checklist.verdict([], found) == "open"


def test_verdicts_stay_until_a_report_tells_otherwise(tmp_path: Path) -> None:
    line, tests = conformance.requirements()[0], {"TR-01": ["ocpi/test_a.py::test_one"]}
    page = tmp_path / "page.md"

    def written(results: dict[str, str], tests: dict[str, list[str]] = tests) -> str:
        page.write_text("\n".join(checklist.table([line], tests, results, page)), encoding="utf-8")
        return next(checklist.rows(page)).verdict

    assert written({}, {}) == "open"
    assert written({}) == "not run"
    assert written({"ocpi/test_a.py::test_one": "passed"}) == "passed"
    assert written({}) == "passed"
    assert written({"ocpi/test_b.py::test_two": "failed"}) == "passed"
    assert written({"ocpi/test_a.py::test_one": "skipped"}) == "skipped"
    assert written({}, {}) == "open"
    assert written({}) == "not run"
