"""Partners' token lists: what they put here, and what we pull from them. Spec: OCPI 2.2.1 mod_tokens."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.hubs import speaks_as_emsp
from gateway.app.ports import Clock, Partners, Store, Tx
from gateway.app.wake import Wake
from gateway.domain.errors import InvalidInput, NotYours, UnknownObject, UnknownToken
from gateway.domain.ids import PartnerId, Party, TokenUid
from gateway.domain.partners import Partner, PartnerState
from gateway.domain.tokens import Token

_CLOCK_MARGIN = timedelta(minutes=15)
"""How much pulls overlap, because the partner's clock is not ours (F36)."""

log = logging.getLogger(__name__)


class Tokens:
    """Keeps partners' tokens. A partner sees and changes tokens of its own eMSP parties only (T20, T21)."""

    def __init__(self, store: Store, partners: Partners, clock: Clock, wake: Wake | None = None) -> None:
        self._store = store
        self._partners = partners
        self._clock = clock
        self._wake = wake or Wake()

    async def get(self, partner: Partner, party: Party, uid: TokenUid, type_: str) -> Token:
        """A token as stored. Raises NotYours or UnknownToken."""

        def work(tx: Tx) -> Token:
            _own(tx, partner, party)
            return _stored(tx, partner.id, party, uid, type_)

        return await self._store.read(work)

    async def put(self, partner: Partner, token: Token) -> bool:
        """Add or replace a token; whether it is new (TOK-01).

        An older token than the stored one is ignored with success (T36). Raises NotYours.
        """

        def work(tx: Tx) -> bool:
            _own(tx, partner, token.party)
            return _put(tx, partner, token)

        new = await self._store.write(work)
        self._wake.tokens(partner.id)
        return new

    async def patch(
        self, partner: Partner, party: Party, uid: TokenUid, type_: str, change: Callable[[Token], Token]
    ) -> None:
        """Change a token; what names it cannot change. Raises NotYours, UnknownToken or InvalidInput."""

        def work(tx: Tx) -> None:
            _own(tx, partner, party)
            before = _stored(tx, partner.id, party, uid, type_)
            after = change(before)
            if _identity(after) != _identity(before):
                raise InvalidInput("what names a token (country_code, party_id, uid, type) cannot be changed")
            _put(tx, partner, after)

        await self._store.write(work)
        self._wake.tokens(partner.id)

    async def pull(self, partner: Partner) -> None:
        """Fetch what changed at the partner since the last complete pull.

        One commit per page; a bad object costs only itself (TR-24); nothing is deleted (TOK-04). Raises
        PartnerUnreachable, after which the next pull starts from the same date.
        """
        started = self._clock.now()
        taken = 0
        since = partner.tokens_pulled_at
        since = since - _CLOCK_MARGIN if since is not None else None
        async for page in self._partners.tokens(partner, since):
            taken += await self._take(partner, page)
        await self._store.write(lambda tx: _pulled(tx, partner.id, started))
        self._wake.tokens(partner.id)
        log.info("%d tokens taken from %s", taken, partner.name)

    async def _take(self, partner: Partner, page: Sequence[Token]) -> int:
        return await self._store.write(lambda tx: _take(tx, partner, page))


def _own(tx: Tx, partner: Partner, party: Party) -> None:
    if not speaks_as_emsp(tx, partner, party):
        raise NotYours(f"{party} is not one of your eMSP parties")


def _identity(token: Token) -> tuple[Party, str, str]:
    return token.party, token.uid.casefold(), token.type.casefold()


def _stored(tx: Tx, partner_id: PartnerId, party: Party, uid: TokenUid, type_: str) -> Token:
    owned = tx.tokens.get(party, uid, type_)
    if owned is None or owned.partner_id != partner_id:
        raise UnknownToken(f"token {uid} of type {type_} is not known here")
    return owned.token


def _put(tx: Tx, partner: Partner, token: Token) -> bool:
    partner_id = partner.id
    stored = tx.tokens.get(token.party, token.uid, token.type)
    if stored is None or stored.partner_id == partner_id:
        by_time = partner.profile.ordered_by_time
        if stored is None or not by_time or stored.token.last_updated <= token.last_updated:
            tx.tokens.save(partner_id, token)
        return stored is None
    owner = tx.partners.get(stored.partner_id)
    if owner is not None and owner.state is not PartnerState.REMOVED and owner.speaks_for(token.party):
        raise NotYours(f"{token.party} belongs to another platform")
    # The party moved here from a platform that no longer speaks for it.
    tx.tokens.save(partner_id, token)
    return False


def _take(tx: Tx, partner: Partner, page: Sequence[Token]) -> int:
    own = {party: speaks_as_emsp(tx, partner, party) for party in {token.party for token in page}}
    taken = 0
    for token in page:
        if not own[token.party]:
            log.warning("%s listed a token of %s, which it does not speak for", partner.name, token.party)
            continue
        try:
            _put(tx, partner, token)
        except NotYours as error:
            log.warning("a token of %s was not taken: %s", partner.name, error)
            continue
        taken += 1
    return taken


def _pulled(tx: Tx, partner_id: PartnerId, started: datetime) -> None:
    partner = tx.partners.get(partner_id)
    if partner is None:
        raise UnknownObject(f"partner {partner_id} is gone")
    tx.partners.save(replace(partner, tokens_pulled_at=started, last_success_at=started))
