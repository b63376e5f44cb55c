"""OCPI 2.3.0 as a dialect: what it shares with 2.2.1 is 2.2.1's, the rest is here.

Spec: OCPI 2.3.0, second edition. Editions have no version number of their own on the wire.
"""

from typing import Final

from gateway.domain.partners import InterfaceRole
from ocpi import v221
from ocpi.dialect import InvoiceWords
from ocpi.v221 import (
    COMMANDS,
    ROUTING_HEADERS,
    STATUS_CODES,
    TOKEN_BASE64,
    TOKEN_TYPES,
    read_authorization,
    read_version_details,
    write_datetime,
    write_place,
)
from ocpi.v230.invoices import read_invoice, write_invoice
from ocpi.v230.read import patch_token, read_credentials, read_location, read_tariff, read_token
from ocpi.v230.write import (
    request_for,
    write_cdr,
    write_connector,
    write_evse,
    write_evse_status,
    write_location,
    write_session,
    write_tariff,
)
from ocpi.v230.write_partners import (
    VERSION,
    write_credentials,
    write_token,
    write_token_type,
    write_version_details,
)

MODULES: Final = (
    *v221.MODULES,
    ("invoicereconciliation", InterfaceRole.SENDER),
    ("invoicereconciliation", InterfaceRole.RECEIVER),
)
INVOICES: Final = InvoiceWords(read_invoice, write_invoice)

__all__ = [
    "COMMANDS",
    "INVOICES",
    "MODULES",
    "ROUTING_HEADERS",
    "STATUS_CODES",
    "TOKEN_BASE64",
    "TOKEN_TYPES",
    "VERSION",
    "patch_token",
    "read_authorization",
    "read_credentials",
    "read_location",
    "read_tariff",
    "read_token",
    "read_version_details",
    "request_for",
    "write_cdr",
    "write_connector",
    "write_credentials",
    "write_datetime",
    "write_evse",
    "write_evse_status",
    "write_location",
    "write_place",
    "write_session",
    "write_tariff",
    "write_token",
    "write_token_type",
    "write_version_details",
]
