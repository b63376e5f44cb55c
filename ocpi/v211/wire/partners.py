"""Spec: OCPI 2.1.1 version_information_endpoint, credentials, mod_tokens."""

from typing import Annotated

from ocpi.shared.wire import AllowedType, BusinessDetails, WhitelistType
from ocpi.wire import (
    AtLeastOne,
    CountryCode,
    CredentialsToken,
    DateTime,
    DisplayText,
    Flag,
    Language,
    Many,
    PartyId,
    String64,
    Url,
    Wire,
    ci_string,
    open_enum,
)

VersionNumber = Annotated[str, open_enum("2.0", "2.1", "2.1.1")]
ModuleID = Annotated[
    str, open_enum("cdrs", "commands", "credentials", "locations", "sessions", "tariffs", "tokens")
]


class Version(Wire):
    """Spec: version_information_endpoint "Version class"."""

    version: VersionNumber
    url: Url


class Endpoint(Wire):
    """Spec: version_information_endpoint "Endpoint class"."""

    identifier: ModuleID
    url: Url


class VersionDetails(Wire):
    """Spec: version_information_endpoint "Version details endpoint"."""

    version: VersionNumber
    endpoints: AtLeastOne[Endpoint]


class Credentials(Wire):
    """Spec: credentials "Credentials object": one party (CRED-11)."""

    token: CredentialsToken
    url: Url
    business_details: BusinessDetails
    party_id: PartyId
    country_code: CountryCode


class Token(Wire):
    """Spec: mod_tokens "Token Object"; its owner is not in it (TOK-01)."""

    uid: Annotated[str, ci_string(36, at_least=1)]
    type: Annotated[str, open_enum("OTHER", "RFID")]
    auth_id: Annotated[str, ci_string(36)]
    visual_number: String64 | None = None
    issuer: String64
    valid: Flag
    whitelist: WhitelistType
    language: Language | None = None
    last_updated: DateTime


class LocationReferences(Wire):
    """Spec: mod_tokens "LocationReferences class"."""

    location_id: Annotated[str, ci_string(39, at_least=1)]
    evse_uids: Many[Annotated[str, ci_string(39)]] = ()
    connector_ids: Many[Annotated[str, ci_string(36)]] = ()


class AuthorizationInfo(Wire):
    """Spec: mod_tokens "AuthorizationInfo Object" (TOK-08)."""

    allowed: AllowedType
    location: LocationReferences | None = None
    info: DisplayText | None = None
