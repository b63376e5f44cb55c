"""OCPI 2.3.0 version details, credentials and tokens, ours to wire, where they differ from 2.2.1."""

from collections.abc import Sequence
from typing import Final

from gateway.app.ports import Credentials
from gateway.domain.partners import Endpoint, Role
from gateway.domain.tokens import SessionToken, Token
from ocpi import json, v221
from ocpi.dialect import Json
from ocpi.v221.write_partners import write_session_token as earlier_session_token

VERSION: Final = "2.3.0"


def write_version_details(endpoints: Sequence[Endpoint]) -> Json:
    """VersionDetails."""
    return v221.write_version_details(endpoints, VERSION)


def write_credentials(credentials: Credentials) -> Json:
    """A Credentials object; a party in the role of hub is named in `hub_party_id` (CRED-12)."""
    hub = next((role.party for role in credentials.roles if role.role is Role.HUB), None)
    others = tuple(role for role in credentials.roles if role.role is not Role.HUB)
    written = v221.write_credentials(Credentials(credentials.token, credentials.versions_url, others))
    return written if hub is None else {**written, "hub_party_id": f"{hub.country_code}{hub.party_id}"}


def write_token(token: Token) -> Json:
    """A Token, with the fields that only its owner knows (TR-19)."""
    extra = {name: json.parse(text.encode()) for name, text in token.extra}
    return {**extra, **v221.write_token(token)}


def write_token_type(type_: str) -> str:
    """A TokenType, an open enum: every type has its own name."""
    return type_


def write_session_token(token: SessionToken) -> Json:
    """A CdrToken."""
    return {**earlier_session_token(token), "type": token.type}
