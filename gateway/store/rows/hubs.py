from collections.abc import Sequence
from typing import Final

from gateway.domain.hubs import HubClient
from gateway.domain.ids import PartnerId, Party
from gateway.store.codec import Codec
from gateway.store.sqlite import upsert
from gateway.store.statements import Runner, documents
from gateway.store.tables import HubClients, table

_CLIENTS = table(HubClients)
_CLIENT: Final = Codec(HubClient, memory=1024)
_OF_HUB = documents(_CLIENTS, "hub_id").order_by(_CLIENTS.c.party, _CLIENTS.c.role)
_ABOUT = documents(_CLIENTS, "hub_id", "party").order_by(_CLIENTS.c.role)
_SAVE = upsert(_CLIENTS, ["hub_id", "party", "role"])


class SqlHubClients:
    """Parties behind hubs."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def of(self, hub_id: PartnerId) -> Sequence[HubClient]:
        return [_CLIENT.decode(row[0]) for row in self._runner.rows(_OF_HUB, {"hub_id": hub_id})]

    def about(self, hub_id: PartnerId, party: Party) -> Sequence[HubClient]:
        rows = self._runner.rows(_ABOUT, {"hub_id": hub_id, "party": str(party)})
        return [_CLIENT.decode(row[0]) for row in rows]

    def save(self, client: HubClient) -> None:
        key = {"hub_id": client.hub_id, "party": str(client.party), "role": client.role.value}
        self._runner.run(_SAVE, {**key, "document": _CLIENT.encode(client)})
