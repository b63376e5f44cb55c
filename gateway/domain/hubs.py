"""Parties that are reached through a hub. Spec: OCPI 2.2.1 mod_hub_client_info (HCI-01 to HCI-06)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import PartnerId, Party
from gateway.domain.partners import Role


class ConnectionStatus(StrEnum):
    """Whether a party can be reached. Spec: mod_hub_client_info "ConnectionStatus enum" (HCI-03)."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True)
class HubClient:
    """A party behind a hub, in one role. A party may have several (HCI-05)."""

    hub_id: PartnerId
    party: Party
    role: Role
    status: ConnectionStatus
    last_updated: datetime

    @property
    def reachable(self) -> bool:
        """Whether messages may be sent to the party now."""
        return self.status is ConnectionStatus.CONNECTED
