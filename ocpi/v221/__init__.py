"""OCPI 2.2.1 as a dialect: this module satisfies `ocpi.dialect.Dialect`.

Spec: OCPI 2.2.1, with the corrections of its bugfix branch.
"""

from collections.abc import Mapping
from typing import Final

from gateway.domain.partners import InterfaceRole
from ocpi.v221.commands import COMMANDS
from ocpi.v221.read_locations import read_location
from ocpi.v221.read_partners import (
    patch_token,
    read_authorization,
    read_credentials,
    read_token,
    read_version_details,
)
from ocpi.v221.read_tariffs import read_tariff
from ocpi.v221.requests import request_for
from ocpi.v221.write_locations import write_connector, write_evse, write_evse_status, write_location
from ocpi.v221.write_partners import (
    VERSION,
    write_credentials,
    write_place,
    write_token,
    write_token_type,
    write_version_details,
)
from ocpi.v221.write_sessions import write_cdr, write_session
from ocpi.v221.write_tariffs import write_tariff
from ocpi.wire import write_datetime

TOKEN_BASE64: Final = True
ROUTING_HEADERS: Final = True
TOKEN_TYPES: Final = ("RFID",)
INVOICES: Final = None
STATUS_CODES: Final[Mapping[int, int]] = {}
MODULES: Final = (
    ("credentials", InterfaceRole.SENDER),
    ("locations", InterfaceRole.SENDER),
    ("sessions", InterfaceRole.SENDER),
    ("cdrs", InterfaceRole.SENDER),
    ("tariffs", InterfaceRole.SENDER),
    ("tokens", InterfaceRole.RECEIVER),
    ("commands", InterfaceRole.RECEIVER),
    ("chargingprofiles", InterfaceRole.RECEIVER),
    ("hubclientinfo", InterfaceRole.RECEIVER),
)
"""What is served today; a module appears here when it works (VER-04)."""

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
