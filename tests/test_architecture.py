"""The shape of the code: sizes, and words that do not belong. Who imports whom is import-linter's."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for package in ("gateway", "ocpi", "ocpp_side") for path in (ROOT / package).rglob("*.py")
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
VAGUE = re.compile(r"(manager|helper|utils?)$", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|tmp|root|home)/")


def trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES]


def where(path: Path, line: int = 0) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_files_are_small() -> None:
    lengths = {where(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_are_small() -> None:
    long = {
        where(path, node.lineno): node.name
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def test_no_vague_names() -> None:
    """A Manager, Helper or Utils says nothing about what it is."""
    classes = {
        where(path, node.lineno): node.name
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and VAGUE.search(node.name)
    }
    files = [where(path) for path in SOURCES if VAGUE.search(path.stem)]
    assert (classes, files) == ({}, [])


def test_no_version_checks_outside_the_dialects() -> None:
    """What differs between versions is a function of the dialect, not a branch."""
    branches = [
        where(path, node.lineno)
        for path, tree in trees()
        if not re.search(r"ocpi/v\d|ocpp_side/(v\d|translate)", path.as_posix())
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(
            isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and re.fullmatch(r"\d\.\d(\.\d)?", part.value)
            for part in (node.left, *node.comparators)
        )
    ]
    assert branches == []


@pytest.mark.parametrize(
    ("rule", "pattern"), [("unfinished", UNFINISHED), ("a machine's path", MACHINE_PATH)]
)
def test_no_traces(rule: str, pattern: re.Pattern[str]) -> None:
    found = [
        where(path, number)
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == [], rule


def test_secrets_are_never_compared_with_equals() -> None:
    """T13: constant time, or looked up by keyed hash."""
    suspicious = re.compile(
        r"\b(token|password|secret|api_key|admin_token)\s*==|==\s*(token|password|secret|admin_token)\b"
    )
    found = [
        where(path, number)
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if suspicious.search(line)
    ]
    assert found == []
