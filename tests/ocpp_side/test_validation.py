"""Which CALLERROR a broken rule earns, in the spelling of OCPP 1.6 (A12)."""

import pytest

from ocpp_side.v16 import V16


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("required", "ProtocolError"),
        ("type", "TypeConstraintViolation"),
        ("maxLength", "TypeConstraintViolation"),
        ("enum", "PropertyConstraintViolation"),
        ("minimum", "PropertyConstraintViolation"),
        ("pattern", "PropertyConstraintViolation"),
        ("minItems", "OccurenceConstraintViolation"),
        ("maxItems", "OccurenceConstraintViolation"),
        ("additionalProperties", "FormationViolation"),
        ("something new", "FormationViolation"),
    ],
)
def test_codes(rule: str, code: str) -> None:
    assert V16.schemas.codes.of(rule) == code


def test_every_action_of_1_6_has_its_schema() -> None:
    """28 core actions and 11 of the security white paper; every handler has a schema."""
    assert len(V16.schemas.actions) == 39
    assert set(V16.handlers) <= V16.schemas.actions
    assert set(V16.handlers) >= V16.transactional | {V16.boot}


def test_what_is_sent_is_not_repeated() -> None:
    """T9: field and rule are named, the value is not."""
    broken = V16.schemas.broken("Authorize", {"idTag": 12345, "extra": 1})
    assert {b.rule for b in broken} == {"additionalProperties", "type"}
    assert not any("12345" in b.violation.description for b in broken)
