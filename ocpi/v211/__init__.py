"""OCPI 2.1.1 as a dialect. It stands alone: nothing of it is a difference from another version.

Spec: OCPI 2.1.1-d2, with the corrections of its bugfix branch.
"""

from collections.abc import Mapping
from typing import Final

from gateway.domain.partners import InterfaceRole
from ocpi.v211.commands import COMMANDS
from ocpi.v211.partners import (
    VERSION,
    patch_token,
    read_authorization,
    read_credentials,
    read_token,
    read_version_details,
    write_credentials,
    write_place,
    write_token,
    write_token_type,
    write_version_details,
)
from ocpi.v211.requests import request_for
from ocpi.v211.write_locations import write_connector, write_evse, write_evse_status, write_location
from ocpi.v211.write_sessions import write_cdr, write_session
from ocpi.v211.write_tariffs import write_tariff
from ocpi.wire import write_datetime

TOKEN_BASE64: Final = False
ROUTING_HEADERS: Final = False
TOKEN_TYPES: Final = ("RFID", "OTHER")
INVOICES: Final = None
STATUS_CODES: Final[Mapping[int, int]] = {2004: 2001}
MODULES: Final = (
    ("credentials", InterfaceRole.SENDER),
    ("locations", InterfaceRole.SENDER),
    ("sessions", InterfaceRole.SENDER),
    ("cdrs", InterfaceRole.SENDER),
    ("tariffs", InterfaceRole.SENDER),
    ("tokens", InterfaceRole.RECEIVER),
    ("commands", InterfaceRole.RECEIVER),
)
"""Our side of each module; 2.1.1 itself has no roles, only platforms with one."""

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
