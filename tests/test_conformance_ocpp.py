"""The conformance page of the charger side can be trusted: lines have tests, and tests named cite them."""

import re
from pathlib import Path

import pytest

from tests import checklist
from tests import conformance_ocpp as conformance

NOTES = Path(__file__).parents[1] / ".." / "shared" / "ocpp" / "requirements-quirks-mapping.md"
_NOTED = re.compile(r"^([A-FMQ]\d\d)\b( R\b)?", re.MULTILINE)


def test_every_line_has_a_test() -> None:
    assert conformance.untested() == []


def test_what_is_excused_has_no_test() -> None:
    """A line with a test is not excused, and an excuse is about a line."""
    lines = {line.id for line in conformance.requirements()}
    assert set(conformance.NOT_DONE) <= lines - set(conformance.citations())


def test_every_cited_id_exists() -> None:
    lines = {line.id for line in conformance.requirements()}
    assert {id_: tests for id_, tests in conformance.citations().items() if id_ not in lines} == {}


def test_the_page_is_not_stale() -> None:
    """`make conformance` writes it anew; `python -m tests.conformance_ocpp` does without new verdicts."""
    page, lines = conformance.DOCUMENT, conformance.requirements()
    assert checklist.stale(page, lines, conformance.citations()) == []
    assert {row.verdict for row in checklist.rows(page)} <= {"passed", "skipped", "not run"}


@pytest.mark.skipif(
    not NOTES.exists(), reason="the notes the checklist was made from are not beside the project"
)
def test_the_checklist_has_every_line_of_the_notes_it_was_made_from() -> None:
    found = {id_: bool(roaming) for id_, roaming in _NOTED.findall(NOTES.read_text(encoding="utf-8"))}
    ours = {line.id: line.level == "R" for line in conformance.requirements()}
    assert found == ours


def test_ids_inside_ranges_count() -> None:
    """ "C01 to C03", "C01-C03" and names; a range across letters is two ids."""
    assert list(conformance.cited("test_q09_x", "C01 to C03")) == ["Q09", "C01", "C02", "C03"]
    assert list(conformance.cited("", "C01-03, F05")) == ["C01", "C02", "C03", "F05"]
    assert list(conformance.cited("", "C12 to D02, F27")) == ["C12"]
