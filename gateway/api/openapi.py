"""openapi/admin.yaml from the table of operations. `python -m gateway.api.openapi` writes it anew."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api import models
from gateway.api.operations import Operation
from gateway.api.server import PREFIX
from gateway.api.table import OPERATIONS

Json = dict[str, Any]
FILE = Path(__file__).parents[2] / "openapi" / "admin.yaml"
_REFERENCE = "#/components/schemas/{model}"
_REFUSALS = {
    "400": "The request is not valid",
    "401": "The bearer token is missing or wrong",
    "404": "There is no such thing",
    "409": "Not possible in this state",
    "413": "The body is too large",
    "422": "Refused; nothing was changed",
    "429": "Too many wrong bearer tokens from this address",
    "502": "A charger or partner refused or failed",
    "503": "The database cannot be written; nothing was changed",
    "504": "The charger did not answer in time",
}


def document() -> Json:
    """The OpenAPI 3.1 document of the operator API."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Operator API of the roaming gateway",
            "version": "1",
            "description": "What the command line does, for scripts. Errors have a stable name in `error`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"bearer": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "GATEWAY_ADMIN_TOKEN"}
            },
            "schemas": _schemas(),
            "responses": {f"Refused{code}": _refused(text) for code, text in _REFUSALS.items()},
        },
    }


def rendered() -> str:
    """The document as YAML."""
    text: str = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=110)
    return text


def _paths() -> Json:
    paths: Json = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> Json:
    said: Json = {"operationId": operation.name, "summary": operation.summary}
    parameters = [*_path_parameters(operation.path), *_query_parameters(operation.query)]
    if parameters:
        said["parameters"] = parameters
    if operation.body is not None:
        said["requestBody"] = {"required": True, "content": _content(operation.body)}
    elif operation.text_body:
        schema = {"schema": {"type": "string", "description": "The network file as it is"}}
        said["requestBody"] = {"required": True, "content": {"application/yaml": schema}}
    refusals = {code: {"$ref": f"#/components/responses/Refused{code}"} for code in _REFUSALS}
    said["responses"] = {
        "200": {"description": _sentence(operation.answer), "content": _content(operation.answer)}
        if operation.answer is not None
        else {"description": "The file", "content": {operation.download: {"schema": {"type": "string"}}}}
    }
    said["responses"] |= refusals
    return said


def _path_parameters(path: str) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: type[BaseModel] | None) -> Iterator[Json]:
    if query is None:
        return
    for name, schema in query.model_json_schema()["properties"].items():
        plain = {key: value for key, value in schema.items() if key != "title"}
        yield {"name": name, "in": "query", "required": False, "schema": plain}


def _content(model: type[BaseModel]) -> Json:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}


def _refused(text: str) -> Json:
    return {"description": text, "content": _content(models.Error)}


def _sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or model.__name__).splitlines()[0]


def _schemas() -> Json:
    used = {operation.answer for operation in OPERATIONS if operation.answer is not None} | {models.Error}
    bodies = {operation.body for operation in OPERATIONS if operation.body is not None}
    _, answers = models_json_schema(
        sorted(((m, "serialization") for m in used), key=lambda m: m[0].__name__),
        ref_template=_REFERENCE,
    )
    _, requests = models_json_schema(
        sorted(((m, "validation") for m in bodies), key=lambda m: m[0].__name__),
        ref_template=_REFERENCE,
    )
    schemas: Mapping[str, Any] = answers["$defs"] | requests["$defs"]
    return {name: _untitled(schemas[name]) for name in sorted(schemas)}


def _untitled(value: Any) -> Any:
    """Without the titles that only repeat names."""
    if isinstance(value, list):
        return [_untitled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: _untitled(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(rendered(), encoding="utf-8")
    sys.stdout.write(f"wrote {FILE.name}: {len(OPERATIONS)} operations\n")
