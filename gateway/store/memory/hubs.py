from collections.abc import Sequence

from gateway.domain.hubs import HubClient
from gateway.domain.ids import PartnerId, Party
from gateway.store.memory.shelves import Journal, Shelf


class MemoryHubClients:
    """Parties behind hubs."""

    def __init__(self, journal: Journal) -> None:
        self._rows: Shelf[tuple[PartnerId, Party, str], HubClient] = Shelf(journal)

    def of(self, hub_id: PartnerId) -> Sequence[HubClient]:
        found = [client for client in self._rows if client.hub_id == hub_id]
        return sorted(found, key=lambda client: (client.party, client.role))

    def about(self, hub_id: PartnerId, party: Party) -> Sequence[HubClient]:
        return [client for client in self.of(hub_id) if client.party == party]

    def save(self, client: HubClient) -> None:
        self._rows.put((client.hub_id, client.party, client.role), client)
