"""Who is calling: the token a request presents, turned into a partner.

A token is looked up by its keyed hash, so that no comparison depends on how much of it was right (T13).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.app.ports import Clock, Secrets, Store, Tx
from gateway.domain.partners import AccessKey, KeyPurpose, Partner, PartnerState


@dataclass(frozen=True, slots=True)
class Caller:
    """A recognised platform, and the token it presented (CRED-10 echoes it)."""

    partner: Partner
    key: AccessKey
    token: str

    @property
    def may_use_modules(self) -> bool:
        """Whether anything but versions and credentials is open to it (TR-07)."""
        return self.key.purpose is KeyPurpose.CREDENTIALS and self.partner.state in _KNOWN_STATES


_KNOWN_STATES = frozenset({PartnerState.REGISTERED, PartnerState.AUTH_FAILED, PartnerState.PAUSED})


class Callers:
    """Recognises platforms by the token they present."""

    def __init__(self, store: Store, secrets: Secrets, clock: Clock) -> None:
        self._store = store
        self._secrets = secrets
        self._clock = clock
        self._spent: set[str] = set()

    async def recognise(self, presented: Sequence[str]) -> Caller | None:
        """The platform behind any of the readings of a presented token; None if there is none.

        The first use of a new token ends its predecessors (CRED-08). Raises StoreUnavailable.
        """
        hashes = [self._secrets.fingerprint(token.encode()) for token in presented]
        now = self._clock.now()
        found = await self._store.read(lambda tx: [_live(tx, hash_, now) for hash_ in hashes])
        for token, key_and_partner in zip(presented, found, strict=True):
            if key_and_partner is None or key_and_partner[0].hash in self._spent:
                continue
            key, partner = key_and_partner
            if key.first_used_at is None:
                await self._note_first_use(key, now)
            return Caller(partner, key, token)
        return None

    async def _note_first_use(self, key: AccessKey, now: datetime) -> None:
        await self._store.write(lambda tx: first_use(tx, key, now))

    def spend(self, key: AccessKey) -> None:
        """Refuse a key at once, while the answer that replaces it is on its way."""
        self._spent.add(key.hash)

    def restore(self, key: AccessKey) -> None:
        """Accept a key again: its replacement never reached the partner."""
        self._spent.discard(key.hash)

    async def forget(self, key: AccessKey) -> None:
        """End a key for good: its replacement reached the partner (CRED-06)."""
        await self._store.write(lambda tx: tx.partners.remove_key(key.hash))
        self._spent.discard(key.hash)


def first_use(tx: Tx, key: AccessKey, now: datetime) -> None:
    """Note a key's first use. A credentials key that works makes the older ones superfluous."""
    stored = tx.partners.key(key.hash)
    if stored is None or stored.first_used_at is not None:
        return
    if stored.purpose is not KeyPurpose.CREDENTIALS:
        tx.partners.save_key(replace(stored, first_used_at=now))
        return
    for other in tx.partners.keys_of(stored.partner_id):
        if other.hash != stored.hash and other.created_at <= stored.created_at:
            tx.partners.remove_key(other.hash)
    tx.partners.save_key(replace(stored, first_used_at=now, expires_at=None))


def _live(tx: Tx, hash_: str, now: datetime) -> tuple[AccessKey, Partner] | None:
    key = tx.partners.key(hash_)
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        return None
    partner = tx.partners.get(key.partner_id)
    return None if partner is None or partner.state is PartnerState.REMOVED else (key, partner)
