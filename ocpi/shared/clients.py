"""ClientInfo objects, which look the same in every version that has hubs (HCI-02).

Spec: OCPI 2.2.1 mod_hub_client_info "ClientInfo Object".
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from gateway.domain import hubs
from gateway.domain.errors import InvalidInput
from gateway.domain.hubs import HubClient
from gateway.domain.ids import PartnerId, Party
from gateway.domain.partners import Role
from ocpi import wire as types
from ocpi.dialect import Json
from ocpi.wire import DateTime, Wire, matching, write_datetime

log = logging.getLogger(__name__)

_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


ConnectionStatus = Literal["CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"]


class ClientInfo(Wire):
    """A party behind a hub. `last_updated` is required, and missing in the specification's own example."""

    country_code: Annotated[str, matching(r"^[A-Za-z]{2}$", 2)]
    party_id: Annotated[str, matching(r"^[A-Za-z0-9]{3}$", 3)]
    role: Literal["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"]
    status: ConnectionStatus
    last_updated: DateTime | None = None


def read_client(value: Json, hub_id: PartnerId) -> HubClient:
    """A party behind a hub. Raises InvalidInput."""
    found = types.read(ClientInfo, value)
    return HubClient(
        hub_id,
        Party(found.country_code, found.party_id),
        Role(found.role),
        hubs.ConnectionStatus(found.status),
        found.last_updated or _UNDATED,
    )


def read_clients(values: Iterable[Json], hub_id: PartnerId) -> Sequence[HubClient]:
    """Those of a page that can be read; the others cost a line in the log (TR-24)."""
    clients: list[HubClient] = []
    for value in values:
        try:
            clients.append(read_client(value, hub_id))
        except InvalidInput as error:
            log.warning("a party listed by a hub cannot be read: %s", error)
    return clients


def write_client(client: HubClient) -> Json:
    """A ClientInfo object."""
    return {
        "country_code": client.party.country_code,
        "party_id": client.party.party_id,
        "role": client.role.value,
        "status": client.status.value,
        "last_updated": write_datetime(client.last_updated),
    }
