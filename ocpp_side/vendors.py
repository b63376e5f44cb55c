"""DataTransfer: vendors' own messages, as plug-ins by vendor id (C28).

A package adds one with an entry point of the group `ocpp_ocpi_gateway.data_transfer`: its name is the vendor
id, its value an `async def (Transfer) -> Answer`. Raising `NotKnown` answers UnknownMessageId.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import entry_points

from gateway.app.authorize import Authorizing
from gateway.domain.ids import ChargerId

log = logging.getLogger(__name__)
GROUP = "ocpp_ocpi_gateway.data_transfer"


class NotKnown(Exception):
    """This vendor's plug-in does not know the message."""


class TransferStatus(StrEnum):
    """Spec: OCPP 1.6 section 7.17 "DataTransferStatus"."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE = "UnknownMessageId"
    UNKNOWN_VENDOR = "UnknownVendorId"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A vendor's message; `data` as text, also where it came as an object."""

    charger_id: ChargerId
    message_id: str
    data: str
    authorizing: Authorizing


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer; `data` is text of the vendor's own making."""

    status: TransferStatus
    data: str | None = None


VendorHandler = Callable[[Transfer], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Vendors:
    """Plug-ins by vendor id; ids compare without case."""

    handlers: Mapping[str, VendorHandler] = field(default_factory=dict)

    async def answer(self, vendor: str, transfer: Transfer) -> Answer:
        """Have the vendor's plug-in answer. A plug-in that fails rejects the message, and is logged."""
        handler = self.handlers.get(vendor.strip().casefold())
        if handler is None:
            return Answer(TransferStatus.UNKNOWN_VENDOR)
        try:
            return await handler(transfer)
        except NotKnown:
            return Answer(TransferStatus.UNKNOWN_MESSAGE)
        except Exception:
            # The edge to foreign code: its defects must not cost the charger its connection.
            log.exception("the plug-in for %r failed on %r", vendor, transfer.message_id)
            return Answer(TransferStatus.REJECTED)


@cache
def installed_vendors() -> Mapping[str, VendorHandler]:
    """Plug-ins of installed packages. One that cannot be loaded is logged and left out."""
    found: dict[str, VendorHandler] = {}
    for point in entry_points(group=GROUP):
        try:
            found[point.name.casefold()] = point.load()
        except Exception:
            log.exception("the plug-in %s cannot be loaded", point.value)
    return found
