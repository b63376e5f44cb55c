"""Contract ids of e-mobility (EMAID). Spec: OCPI 2.3.0 mod_tokens "TokenType enum" (TOK-12, TOK-13)."""

import re

from gateway.domain.ids import Party

_EMAID = re.compile(r"([A-Z]{2})-?([A-Z0-9]{3})-?C?[A-Z0-9]{8}(-?[A-Z0-9])?", re.ASCII)


def issuer_of(contract_id: str) -> Party | None:
    """The party that issued a contract, named by its first five characters; None if this is no EMAID."""
    found = _EMAID.fullmatch(contract_id.strip().upper())
    return Party(found[1], found[2]) if found else None
