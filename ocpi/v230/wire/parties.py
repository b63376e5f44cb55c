"""Spec: OCPI 2.3.0 version_information_endpoint, credentials, mod_hub_client_info, reconciliation."""

from typing import Annotated, Literal

from ocpi.shared.wire import BusinessDetails
from ocpi.v221.wire import credentials as earlier
from ocpi.v221.wire.common import Owned
from ocpi.v221.wire.hub_client_info import ConnectionStatus
from ocpi.wire import AtLeastOne, CredentialsToken, DateTime, Id36, Url, Wire, ci_string, matching

Role = Literal["CPO", "EMSP", "NAP", "NSP", "OTHER", "SCSP"]
"""There is no role HUB any more; a hub names itself in `hub_party_id` (CRED-12)."""
HubPartyId = Annotated[str, matching(r"^[A-Za-z]{2}[A-Za-z0-9]{3}$", 5)]

Version = earlier.Version
VersionDetails = earlier.VersionDetails
Endpoint = earlier.Endpoint


class CredentialsRole(Owned):
    """Spec: credentials "CredentialsRole class"."""

    role: Role
    business_details: BusinessDetails


class Credentials(Wire):
    """Spec: credentials "Credentials object" (CRED-11, CRED-12)."""

    token: CredentialsToken
    url: Url
    hub_party_id: HubPartyId | None = None
    roles: AtLeastOne[CredentialsRole]


class ClientInfo(Owned):
    """Spec: mod_hub_client_info "ClientInfo Object" (HCI-02, HCI-06)."""

    role: Role
    status: ConnectionStatus
    last_updated: DateTime | None = None


class InvoiceReconciliationRecord(Owned):
    """Spec: mod_invoice_reconciliation "InvoiceReconciliationRecord Object" (CDR-16)."""

    id: Id36
    invoice_id: Annotated[str, ci_string(255, at_least=1)]
    cdrs: AtLeastOne[Id36]
    last_updated: DateTime
