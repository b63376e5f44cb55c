"""Spec: OCPI 2.2.1 version_information_endpoint and credentials."""

from typing import Annotated, Any, Literal

from pydantic import model_validator

from ocpi.v221.wire.common import Owned, Role
from ocpi.v221.wire.locations import BusinessDetails
from ocpi.wire import AtLeastOne, CredentialsToken, Url, Wire, open_enum

InterfaceRole = Literal["SENDER", "RECEIVER"]
VersionNumber = Annotated[str, open_enum("2.0", "2.1", "2.1.1", "2.2", "2.2.1")]
ModuleID = Annotated[
    str,
    open_enum(
        "cdrs",
        "chargingprofiles",
        "commands",
        "credentials",
        "hubclientinfo",
        "locations",
        "sessions",
        "tariffs",
        "tokens",
    ),
]


class Version(Wire):
    """Spec: version_information_endpoint "Version class"."""

    version: VersionNumber
    url: Url


class Endpoint(Wire):
    """Spec: version_information_endpoint "Endpoint class"."""

    identifier: ModuleID
    role: InterfaceRole
    url: Url

    @model_validator(mode="before")
    @classmethod
    def _credentials_have_no_role(cls, value: Any) -> Any:
        """The role of the credentials endpoint means nothing, so its absence does not either (VER-03)."""
        if isinstance(value, dict) and value.get("identifier") == "credentials":
            return {**value, "role": "SENDER"}
        return value


class VersionDetails(Wire):
    """Spec: version_information_endpoint "Version details endpoint"."""

    version: VersionNumber
    endpoints: AtLeastOne[Endpoint]


class CredentialsRole(Owned):
    """Spec: credentials "CredentialsRole class"."""

    role: Role
    business_details: BusinessDetails


class Credentials(Wire):
    """Spec: credentials "Credentials object" (CRED-11). `token` in clear, not encoded (TR-08)."""

    token: CredentialsToken
    url: Url
    roles: AtLeastOne[CredentialsRole]
