"""The OpenAPI documents of what partners may call, made from wire models and the table of operations.

`python -m ocpi.openapi` writes them, one per version; a test fails when a file and the code differ.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic.json_schema import models_json_schema

from ocpi import v22, v211, v221, v230
from ocpi.dialect import Dialect
from ocpi.operations import OPERATIONS, Operation, offered
from ocpi.v22.wire import MODELS as MODELS_22
from ocpi.v211.wire import MODELS as MODELS_211
from ocpi.v221 import wire as wire221
from ocpi.v230.wire import MODELS as MODELS_230
from ocpi.wire import Wire

EDITIONS: Final[Mapping[str, tuple[Dialect, Mapping[str, type[Wire]]]]] = {
    v211.VERSION: (v211, MODELS_211),
    v22.VERSION: (v22, MODELS_22),
    v221.VERSION: (v221, {name: getattr(wire221, name) for name in wire221.__all__}),
    v230.VERSION: (v230, MODELS_230),
}
"""Every version with its objects."""

_SCHEMAS = "#/components/schemas/"
_MESSAGE_IDS = ("X-Request-ID", "X-Correlation-ID")
_ROUTING = ("OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id")
_PAGING: dict[str, tuple[dict[str, Any], str]] = {
    "date_from": ({"type": "string", "format": "date-time"}, "Only objects updated at or after this time."),
    "date_to": ({"type": "string", "format": "date-time"}, "Only objects updated before this time."),
    "offset": ({"type": "integer", "minimum": 0, "default": 0}, "Number of objects to skip."),
    "limit": ({"type": "integer", "minimum": 1}, "Most objects to return; the gateway may return fewer."),
}
_PAGE_HEADERS = {
    "Link": ("string", 'The next page, as <url>; rel="next"; absent on the last page.'),
    "X-Total-Count": ("integer", "All objects that match, on all pages."),
    "X-Limit": ("integer", "The most objects the gateway returns at once."),
}


def target(version: str) -> Path:
    """Where the document of a version lies."""
    return Path(__file__).parents[1] / "openapi" / f"ocpi-{version}.yaml"


def operations_of(dialect: Dialect) -> list[Operation]:
    """The operations that a version has."""
    return [operation for operation in OPERATIONS if offered(operation, dialect)]


def document(version: str) -> dict[str, Any]:
    """The whole document as plain values. Spec: OpenAPI 3.1; OCPI transport_and_format."""
    dialect, models = EDITIONS[version]
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations_of(dialect):
        path = operation.path.replace("{version}", version)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, path, dialect)
    form = "the Base64 form of the credentials token" if dialect.TOKEN_BASE64 else "the credentials token"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"OCPI {version}",
            "version": version,
            "summary": "What roaming partners may call at this gateway, in the role of a CPO.",
            "description": (
                "Every answer is the OCPI envelope. A request that is understood but breaks a rule is "
                "answered with HTTP 200 and a status_code of 2000 or more."
            ),
        },
        "servers": [
            {
                "url": "{public_url}/ocpi",
                "variables": {"public_url": {"default": "https://gateway.example"}},
            }
        ],
        "security": [{"credentials_token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "credentials_token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": f"`Token ` and {form}.",
                }
            },
            "responses": _refusals(),
            "schemas": _schemas(dialect, models),
        },
    }


def render(version: str) -> str:
    """The document as YAML, the same for the same code."""
    return yaml.dump(document(version), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.SafeDumper):
    """YAML without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _operation(operation: Operation, path: str, dialect: Dialect) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.module],
        "summary": operation.summary,
        "parameters": _parameters(operation, path, dialect),
    }
    if operation.request:
        model = f"{operation.request}Patch" if operation.method == "PATCH" else operation.request
        described["requestBody"] = {"required": True, "content": _json({"$ref": _SCHEMAS + model})}
    described["responses"] = _responses(operation, path)
    return described


def _parameters(operation: Operation, path: str, dialect: Dialect) -> list[dict[str, Any]]:
    text = {"type": "string"}
    found = [_parameter(name, "path", text, required=True) for name in re.findall(r"{(\w+)}", path)]
    if operation.module == "tokens":
        kind = {"type": "string", "default": "RFID"}
        found.append(_parameter("type", "query", kind, about="Type of the token."))
    if operation.name in ("profile_get", "profile_delete"):
        about = "Where the result is sent, percent-encoded."
        found.append(_parameter("response_url", "query", text, about=about, required=True))
    if operation.name == "profile_get":
        seconds = {"type": "integer", "minimum": 1}
        found.append(_parameter("duration", "query", seconds, about="Seconds to look ahead.", required=True))
    if operation.paged:
        found += [
            _parameter(name, "query", schema, about=about, required=operation.by_date and name == "date_from")
            for name, (schema, about) in _PAGING.items()
        ]
    if not dialect.ROUTING_HEADERS:
        return found
    names = _MESSAGE_IDS + _ROUTING if operation.routed else _MESSAGE_IDS
    return found + [_parameter(name, "header", text) for name in names]


def _parameter(
    name: str, place: str, schema: dict[str, Any], *, about: str = "", required: bool = False
) -> dict[str, Any]:
    description = {"description": about} if about else {}
    return {"name": name, "in": place, **description, "required": required, "schema": schema}


def _responses(operation: Operation, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "Done (status_code 1000), or refused (status_code 2000 or more).",
        "content": _json(_enveloped(operation.response)),
    }
    if operation.paged:
        answer["headers"] = {
            name: {"description": about, "schema": {"type": kind}}
            for name, (kind, about) in _PAGE_HEADERS.items()
        }
    responses = {"200": answer}
    if operation.name == "token_put":
        responses["201"] = {**answer, "description": "The token is new here."}
    refusals = ["401", "429"] + ["400"] * bool(operation.request) + ["404"] * ("{" in path)
    return responses | {code: {"$ref": f"#/components/responses/{code}"} for code in sorted(refusals)}


def _enveloped(response: str | None) -> dict[str, Any]:
    envelope = {"$ref": _SCHEMAS + "Envelope"}
    if response is None:
        return envelope
    item = {"$ref": _SCHEMAS + response.removesuffix("[]")}
    data = {"type": "array", "items": item} if response.endswith("[]") else item
    return {"allOf": [envelope, {"type": "object", "properties": {"data": data}}]}


def _refusals() -> dict[str, Any]:
    reasons = {
        "400": "The body is not JSON.",
        "401": "The credentials token is missing, unknown or not for this endpoint.",
        "404": "There is no such object.",
        "429": "Too many requests.",
    }
    content = _json({"$ref": _SCHEMAS + "Envelope"})
    return {code: {"description": reason, "content": content} for code, reason in reasons.items()}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _schemas(dialect: Dialect, models: Mapping[str, type[Wire]]) -> dict[str, Any]:
    described = [(models[name], "validation") for name in sorted(models)]
    _, found = models_json_schema(described, ref_template=_SCHEMAS + "{model}")  # type: ignore[arg-type]
    schemas: dict[str, Any] = _without_noise(found["$defs"])
    required = [] if dialect is v211 else ["last_updated"]
    token_patch = {**schemas["Token"], "required": required}
    if not required:
        del token_patch["required"]
    token_patch["description"] = "Any fields of a Token; null changes nothing."
    return dict(sorted({**schemas, "TokenPatch": token_patch}.items()))


def _without_noise(schema: Any) -> Any:
    """A schema without the titles and empty defaults that the models' generator adds."""
    if isinstance(schema, list):
        return [_without_noise(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_noise(value)
        for name, value in schema.items()
        if not (name == "title" and isinstance(value, str))
        and not (name == "default" and value in (None, []))
    }


def main(folder: Path | None = None) -> None:
    """Write the documents, into another folder if one is given."""
    for version in EDITIONS:
        path = target(version)
        (folder / path.name if folder else path).write_text(render(version), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
