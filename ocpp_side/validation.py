"""The official JSON schemas, as the `ocpp` package ships them, compiled once.

Formats are not enforced: timestamps are read leniently later (section 1.2 of the OCPP notes). What real
chargers get wrong is repaired, see `repairs`; the rest becomes the CALLERROR of the specification (A12).
"""

import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jsonschema_rs
import orjson

from ocpp_side.translate.lenient import Payload

_LONGEST_DESCRIPTION = 200


@dataclass(frozen=True, slots=True)
class Codes:
    """How one OCPP version spells its CALLERROR codes."""

    formation: str
    occurrence: str
    protocol: str = "ProtocolError"
    property: str = "PropertyConstraintViolation"
    type: str = "TypeConstraintViolation"

    def of(self, rule: str) -> str:
        """The code for a broken rule of JSON schema."""
        match rule:
            case "required":
                return self.protocol
            case "type" | "maxLength":
                return self.type
            case "enum" | "const" | "minimum" | "maximum" | "pattern" | "multipleOf" | "minLength":
                return self.property
            case "minItems" | "maxItems":
                return self.occurrence
            case _:
                return self.formation


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule as the charger is told."""

    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken rule: where, which, and what is answered if nobody mends it.

    `limit`: what the rule allows, or the field that is missing.
    """

    path: tuple[str | int, ...]
    rule: str
    limit: object
    violation: Violation

    @property
    def where(self) -> str:
        """The path with dots."""
        return ".".join(str(step) for step in self.path) or "payload"

    @property
    def field(self) -> str:
        """The last name on the path."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


class Schemas:
    """Request schemas of one OCPP version."""

    def __init__(self, package: str, codes: Codes) -> None:
        self.codes = codes
        self._validators = _compiled(package)

    @property
    def actions(self) -> frozenset[str]:
        """Every action the version knows, in either direction."""
        return frozenset(self._validators)

    def valid(self, action: str, payload: Payload) -> bool:
        """Whether a payload keeps every rule; an action without schema has none."""
        validator = self._validators.get(action)
        return validator is None or validator.is_valid(payload)

    def broken(self, action: str, payload: Payload) -> Sequence[Broken]:
        """Every broken rule of a payload, in the order of the schema."""
        validator = self._validators.get(action)
        return () if validator is None else [self._broken(error) for error in validator.iter_errors(payload)]

    def _broken(self, error: jsonschema_rs.ValidationError) -> Broken:
        rule, path = str(error.schema_path[-1]), tuple(error.instance_path)
        violation = Violation(self.codes.of(rule), _description(".".join(map(str, path)), rule, error))
        limit = getattr(error.kind, "property" if rule == "required" else "limit", None)
        return Broken(path, rule, limit, violation)


def _description(field: str, rule: str, error: jsonschema_rs.ValidationError) -> str:
    """Name field and rule, without repeating what was sent."""
    kind = error.kind
    detail = f" ({kind.property})" if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required) else ""
    return f"{field or 'payload'}: {rule}{detail}"[:_LONGEST_DESCRIPTION]


def _compiled(package: str) -> Mapping[str, jsonschema_rs.Validator]:
    folder = importlib.resources.files(package) / "schemas"
    found: dict[str, jsonschema_rs.Validator] = {}
    for entry in folder.iterdir():
        action = entry.name.removesuffix(".json")
        if action == entry.name or action.endswith("Response"):
            continue
        schema = orjson.loads(entry.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        found[action.removesuffix("Request")] = jsonschema_rs.validator_for(schema, validate_formats=False)
    return found
