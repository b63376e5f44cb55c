"""openapi/admin.yaml says what the API does."""

from typing import Any

import jsonschema
import pytest
import yaml
from jsonschema import Draft202012Validator

from gateway.api.openapi import FILE, document, rendered
from gateway.api.server import PREFIX
from gateway.api.table import OPERATIONS
from tests.api.conftest import Operator


def test_the_file_is_not_stale() -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(), "run `make openapi`"


def test_every_reference_leads_somewhere() -> None:
    text = rendered()
    said: dict[str, Any] = yaml.safe_load(text)
    references = {line.split("'")[1] for line in text.splitlines() if "$ref:" in line}
    assert len(references) > 50
    assert sorted(reference for reference in references if not _leads_somewhere(said, reference)) == []


def _leads_somewhere(said: Any, reference: str) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        said = said.get(part) if isinstance(said, dict) else None
    return isinstance(said, dict)


def test_operations_have_one_name_each() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "path", ["/status", "/chargers", "/partners", "/sessions", "/cdrs", "/deliveries", "/authorizations"]
)
async def test_answers_fit_their_schema(operator: Operator, path: str) -> None:
    await operator.charged()
    said = document()
    content = said["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema = {**content["schema"], "components": said["components"]}
    body = await operator.get(path)
    jsonschema.validate(body, schema, cls=Draft202012Validator)
    assert said["servers"][0]["url"] == PREFIX
