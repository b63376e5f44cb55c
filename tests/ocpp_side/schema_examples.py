"""Payloads made from the JSON schemas of the `ocpp` package: the smallest one, and one with everything."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import jsonschema_rs

WHEN = "2026-11-22T11:00:00Z"


@cache
def schema(package: str, name: str) -> Any:
    text = (resources.files(package) / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig")
    return json.loads(text)


def fits(package: str, action: str, answer: object) -> bool:
    """Whether an answer keeps every rule of its schema."""
    name = f"{action}Response"
    return jsonschema_rs.validator_for(schema(package, name), validate_formats=False).is_valid(answer)


def example(package: str, action: str, *, everything: bool) -> dict[str, Any]:
    """A request. The one with everything has each optional field once."""
    try:
        whole = schema(package, f"{action}Request")
    except FileNotFoundError:
        whole = schema(package, action)
    made = _made(whole, whole.get("definitions", {}), everything=everything)
    assert isinstance(made, dict)
    return made


def _made(part: Mapping[str, Any], known: Mapping[str, Any], *, everything: bool) -> Any:
    if "$ref" in part:
        return _made(known[part["$ref"].rpartition("/")[2]], known, everything=everything)
    if "enum" in part:
        return part["enum"][0]
    match part.get("type"):
        case "object":
            wanted = part.get("properties", {}) if everything else part.get("required", ())
            return {
                name: _made(part["properties"][name], known, everything=everything)
                for name in wanted
                if name != "customData"
            }
        case "array":
            return [_made(part["items"], known, everything=everything)]
        case "integer" | "number":
            return min(max(int(part.get("minimum", 1)), 1), int(part.get("maximum", 1)))
        case "boolean":
            return False
        case "string":
            return WHEN if part.get("format") == "date-time" else "x"
        case _:
            return "x"
