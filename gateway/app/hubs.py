"""Hubs: which parties are behind them, and whether those can be reached (HCI-01 to HCI-05)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.ports import Clock, Partners, Store, Tx
from gateway.domain.delivery import Debt, DebtState, Owed
from gateway.domain.errors import NotYours, UnknownObject
from gateway.domain.hubs import ConnectionStatus, HubClient
from gateway.domain.ids import CdrId, PartnerId, Party, SessionId, TariffId
from gateway.domain.partners import Partner, Role

_UNDATED_YEAR = 1970
"""What a hub left out is read as 1970 (HCI-02)."""

log = logging.getLogger(__name__)


class Hubs:
    """Keeps what hubs say about the parties behind them."""

    def __init__(self, store: Store, partners: Partners, clock: Clock, on_change: Callable[[], None]) -> None:
        self._store = store
        self._partners = partners
        self._clock = clock
        self._on_change = on_change

    async def get(self, hub: Partner, party: Party) -> HubClient:
        """A party behind a hub; of several roles its eMSP role. Raises NotYours or UnknownObject."""
        _check_hub(hub)
        found = await self._store.read(lambda tx: clients(tx, hub.id, party))
        if not found:
            raise UnknownObject(f"{party} is not known to be behind this hub")
        return found[0]

    async def put(self, hub: Partner, client: HubClient) -> bool:
        """Take what a hub says about a party; whether it is new (HCI-01). Raises NotYours."""
        _check_hub(hub)
        now = self._clock.now()
        new = await self._store.write(lambda tx: _take_one(tx, hub, client, now))
        self._on_change()
        return new

    async def pull(self, hub: Partner) -> None:
        """Read the hub's whole list (HCI-04); a bad entry costs only itself. Raises PartnerUnreachable."""
        taken = 0
        async for page in self._partners.clients(hub):
            taken += await self._keep(hub, page)
        log.info("%d parties behind %s", taken, hub.name)
        self._on_change()

    async def _keep(self, hub: Partner, page: Sequence[HubClient]) -> int:
        now = self._clock.now()
        return await self._store.write(lambda tx: _take_all(tx, hub, page, now))


def clients(tx: Tx, hub_id: PartnerId, party: Party) -> list[HubClient]:
    """What a hub said about a party, the eMSP role first."""
    found = tx.hub_clients.about(hub_id, party)
    return sorted(found, key=lambda client: (client.role is not Role.EMSP, client.role))


def asking_through(partner: Partner, sender: Party | None) -> Party | None:
    """The party behind a hub that asks: others' sessions are none of its business (CMD-10, T20).

    None where the platform asks for itself.
    """
    return sender if partner.hub is not None and sender != partner.hub else None


def speaks_as_emsp(tx: Tx, partner: Partner, party: Party) -> bool:
    """Whether a party's tokens may come over this connection: its own, or one behind the hub (TR-26)."""
    if party in partner.parties(Role.EMSP):
        return True
    behind = clients(tx, partner.id, party) if partner.hub else []
    return any(client.role is Role.EMSP for client in behind)


def status_of(tx: Tx, partner: Partner, party: Party | None) -> ConnectionStatus:
    """Whether a party can be reached over this connection. Who was never announced is given a chance."""
    if partner.hub is None or party is None or party == partner.hub:
        return ConnectionStatus.CONNECTED
    found = clients(tx, partner.id, party)
    return found[0].status if found else ConnectionStatus.CONNECTED


def _check_hub(partner: Partner) -> None:
    if partner.hub is None:
        raise NotYours("only a hub tells about the parties behind it")


def _take_one(tx: Tx, hub: Partner, client: HubClient, now: datetime) -> bool:
    came_back = _is_back(tx, hub, client)
    new = _take(tx, hub, client, now)
    if came_back:
        _take_back(tx, hub.id, now)
    return new


def _take_all(tx: Tx, hub: Partner, page: Sequence[HubClient], now: datetime) -> int:
    taken, back = 0, False
    for client in page:
        came_back = _is_back(tx, hub, client)
        try:
            _take(tx, hub, client, now)
        except NotYours as error:
            log.warning("%s listed a party that was not taken: %s", hub.name, error)
            continue
        taken, back = taken + 1, back or came_back
    if back:
        _take_back(tx, hub.id, now)
    return taken


def _take(tx: Tx, hub: Partner, client: HubClient, now: datetime) -> bool:
    """Raises NotYours for a party of our own or of another connection (CRED-13)."""
    party = client.party
    if any(own.party == party for own in tx.parties.all()):
        raise NotYours(f"{party} is a party of this gateway")
    before = next((c for c in clients(tx, hub.id, party) if c.role is client.role), None)
    undated = client.last_updated.year == _UNDATED_YEAR
    client = replace(client, hub_id=hub.id, last_updated=now if undated else client.last_updated)
    if before is not None and client.last_updated < before.last_updated and hub.profile.ordered_by_time:
        return False
    tx.hub_clients.save(client)
    if client.reachable and (before is None or not before.reachable):
        _hurry(tx, hub.id, party, now)
    return before is None


def _is_back(tx: Tx, hub: Partner, client: HubClient) -> bool:
    """Whether an eMSP that could not be reached, or was not known, can be reached now."""
    known = [c for c in clients(tx, hub.id, client.party) if c.role is Role.EMSP]
    return client.role is Role.EMSP and client.reachable and not any(c.reachable for c in known)


def _take_back(tx: Tx, hub_id: PartnerId, now: datetime) -> None:
    """A party that was away may hold tariffs that were removed meanwhile; who knows none of them says so."""
    for debt in tx.debts.list(partner_id=hub_id, state=DebtState.SETTLED, limit=100_000):
        party, _, tariff_id = debt.key.partition("/")
        if debt.kind is Owed.TARIFF and tx.tariffs.get(Party.parse(party), TariffId(tariff_id)) is None:
            tx.debts.owe(hub_id, Owed.TARIFF, debt.key, now, now)


def _hurry(tx: Tx, hub_id: PartnerId, party: Party, now: datetime) -> None:
    """A party came back: what waited for it, or could not be handed on to it, is due now."""
    for debt in tx.debts.list(partner_id=hub_id, state=DebtState.WAITING, limit=100_000):
        if debt.next_attempt_at > now and _receiver(tx, debt) == party:
            tx.debts.save(replace(debt, next_attempt_at=now, reason=None))


def hold_back(tx: Tx, partner: Partner, now: datetime, limit: int) -> None:
    """Let what is due wait while its receiver behind the hub is not connected (HCI-03).

    When the waiting is over for now, it is looked at again. A suspended party gets nothing any more: its
    debts wait for a person.
    """
    for debt in tx.debts.due(partner.id, now, limit):
        status = status_of(tx, partner, _receiver(tx, debt))
        if status is ConnectionStatus.SUSPENDED:
            reason = "the hub has suspended the party behind it; nothing is sent to it any more"
            tx.debts.save(replace(debt, state=DebtState.PARKED, reason=reason))
        elif status is not ConnectionStatus.CONNECTED:
            tx.debts.save(replace(debt, next_attempt_at=now + LOOK_AGAIN, reason=WAITS_FOR_PARTY))
        elif debt.reason == WAITS_FOR_PARTY:
            tx.debts.save(replace(debt, reason=None))


def _receiver(tx: Tx, debt: Debt) -> Party | None:
    """The party a document is for; None for what is broadcast."""
    token = None
    if debt.kind is Owed.SESSION:
        session = tx.sessions.get(SessionId(debt.key))
        token = session.token if session else None
    elif debt.kind is Owed.CDR:
        cdr = tx.cdrs.get(CdrId(debt.key))
        token = cdr.token if cdr else None
    return token.party if token else None


LOOK_AGAIN = timedelta(minutes=15)
WAITS_FOR_PARTY = "the party behind the hub is not connected"
"""The reason of a debt whose receiver the hub reports as not connected (HCI-03)."""
