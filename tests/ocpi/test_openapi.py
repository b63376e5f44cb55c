"""The OpenAPI documents in the repository are what the code serves, in every version."""

from typing import Any

import pytest
import yaml

from ocpi import openapi

VERSIONS = sorted(openapi.EDITIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_current(version: str) -> None:
    message = "run: python -m ocpi.openapi"
    assert openapi.target(version).read_text(encoding="utf-8") == openapi.render(version), message


@pytest.mark.parametrize("version", VERSIONS)
def test_it_describes_every_operation_with_known_schemas(version: str) -> None:
    dialect, models = openapi.EDITIONS[version]
    document = yaml.safe_load(openapi.render(version))
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    operations = openapi.operations_of(dialect)
    assert described == {(o.method, o.path.replace("{version}", version)) for o in operations}
    assert {(o.module, o.role) for o in operations if o.module != "versions"} == set(dialect.MODULES)
    assert set(document["components"]["schemas"]) >= set(models)
    for reference in _references(document):
        kind, name = reference.removeprefix("#/components/").split("/")
        assert name in document["components"][kind], reference


def test_2_1_1_has_no_routing_headers_and_no_roles() -> None:
    """TR-36, TR-37, VER-02."""
    document = openapi.document("2.1.1")
    names = {
        parameter["name"]
        for item in document["paths"].values()
        for operation in item.values()
        for parameter in operation["parameters"]
    }
    assert not {name for name in names if name.startswith(("OCPI-", "X-"))}
    assert "role" not in document["components"]["schemas"]["Endpoint"]["properties"]


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in _references(item)]
    if not isinstance(value, dict):
        return []
    here = [value["$ref"]] if "$ref" in value else []
    return here + [found for item in value.values() for found in _references(item)]
