"""JSON and YAML text to values that know where they stood. One reader for both: JSON is read as YAML.

Scalars follow JSON's rules (so `NO` is a country and `1.10` keeps its digits), numbers are int or `Decimal`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import yaml

from gateway.app.network_plan import NetworkRefused, Path, Problem

Value = None | bool | int | Decimal | str | list["Value"] | dict[str, "Value"]

_LONGEST_TEXT = 16 * 1024 * 1024
_MOST_NODES = 2_000_000
_DEEPEST = 40
_LONG_NUMBER = 20
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?")
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file and the (line, column) of every value in it, counting from 1."""

    name: str
    value: Value
    marks: Mapping[Path, tuple[int, int]]

    def problem(self, path: Path, reason: str) -> Problem:
        """A problem at a path, placed at the deepest part of it that exists in the file."""
        known = path
        while known not in self.marks:
            known = known[:-1]
        line, column = self.marks[known]
        return Problem(self.name, line, column, dotted(path), reason)


def dotted(path: Path) -> str:
    """A path for people: locations[0].evses[1].uid."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def parse(name: str, text: str) -> Document:
    """Read JSON or YAML. Raises NetworkRefused with the position of what cannot be read."""
    if len(text) > _LONGEST_TEXT:
        raise NetworkRefused([Problem(name, 1, 1, "", f"longer than {_LONGEST_TEXT // 2**20} MiB")])
    plain = text.removeprefix("\ufeff")
    if plain.lstrip()[:1] in ("{", "["):
        # JSON allows tabs between tokens and nowhere else; YAML does not. Columns stay the same.
        plain = _PAIR.sub(_joined, plain.replace("\t", " "))
    node = _compose(name, plain)
    if node is None:
        raise NetworkRefused([Problem(name, 1, 1, "", "the file is empty")])
    reading = _Reading(name)
    value = reading.value(node, ())
    if reading.problems:
        raise NetworkRefused(reading.problems)
    return Document(name, value, reading.marks)


def _compose(name: str, text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        parts = [str(part) for part in (error.context, error.problem) if part]
        raise NetworkRefused([Problem(name, line, column, "", ", ".join(parts))]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise NetworkRefused([Problem(name, line, column, "", f"unreadable: {error.reason}")]) from error
    except RecursionError as error:
        raise NetworkRefused([Problem(name, 1, 1, "", "nested too deeply")]) from error
    return node


@dataclass(slots=True)
class _Reading:
    name: str
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def value(self, node: yaml.Node, path: Path) -> Value:
        """The value of a node; problems are collected, positions noted."""
        self.marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if len(path) > _DEEPEST:
            self._stop(node, "nested too deeply")
        if len(self.marks) > _MOST_NODES:
            self._stop(node, "too many values, or aliases that multiply")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> Value:
        result: dict[str, Value] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._add(key, path, "a key must be a text")
                continue
            if key.value in result:
                self._add(key, (*path, key.value), f"{key.value!r} is given twice")
                continue
            result[key.value] = self.value(item, (*path, key.value))
        return result

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Value:
        text: str = node.value
        if node.style:
            return self._text(node, path)
        match text.lower():
            case "true":
                return True
            case "false":
                return False
            case "null" | "~" | "":
                return None
        return _number(text) if _NUMBER.fullmatch(text) else self._text(node, path)

    def _text(self, node: yaml.ScalarNode, path: Path) -> str:
        text: str = node.value
        if "\x00" in text:
            self._add(node, path, "the character NUL is not allowed")
        return text

    def _add(self, node: yaml.Node, path: Path, reason: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.problems.append(Problem(self.name, line, column, dotted(path), reason))

    def _stop(self, node: yaml.Node, reason: str) -> None:
        self._add(node, (), reason)
        raise NetworkRefused(self.problems)


def _number(text: str) -> int | Decimal:
    digits = text.lstrip("-")
    return int(text) if digits.isdigit() and len(digits) < _LONG_NUMBER else Decimal(text)


def _joined(pair: re.Match[str]) -> str:
    """JSON writes some characters as two escapes, which YAML spells as one."""
    joined = bytes.fromhex(pair.group(1) + pair.group(2)).decode("utf-16-be")
    return f"\\U{ord(joined):08x}"
