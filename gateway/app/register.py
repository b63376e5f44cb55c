"""Becoming partners, staying partners, ceasing to be partners. Spec: OCPI 2.2.1 credentials; CRED-01 to -16.

Every step is stored before the next begins, so that an interrupted handshake can be taken up again, and a
token is only ended when its successor has arrived: at no point are both tokens dead (T15).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin

from gateway.app.policy import Policy
from gateway.app.ports import Agreement, Clock, Credentials, Ids, Partners, Secrets, Store, Tx
from gateway.app.registered import (
    agreed,
    check_claims,
    check_endpoints,
    demand,
    newcomer,
    noted,
    our_roles,
    overlap,
    owe_everything,
    registered,
)
from gateway.domain.errors import (
    AlreadyRegistered,
    ForbiddenUrl,
    GatewayError,
    NotRegistered,
    PartnerRefused,
    PartnerUnreachable,
    StoreUnavailable,
)
from gateway.domain.ids import PartnerId, Party
from gateway.domain.partners import AccessKey, KeyPurpose, Partner, PartnerState

log = logging.getLogger(__name__)

_HOW_TO_TEST = "GATEWAY_ALLOW_PRIVATE_PARTNERS=true opens http and private addresses, for tests"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a partner needs to register with us; the token is shown once and stored as a hash."""

    name: str
    token: str
    versions_url: str


class Registration:
    """The handshake in both directions, rotation and removal."""

    def __init__(
        self,
        store: Store,
        partners: Partners,
        secrets: Secrets,
        clock: Clock,
        ids: Ids,
        policy: Policy,
        public_url: str,
        on_registered: Callable[[PartnerId], None],
    ) -> None:
        self._store = store
        self._partners = partners
        self._secrets = secrets
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._versions_url = urljoin(public_url.rstrip("/") + "/", "ocpi/versions")
        self._on_registered = on_registered
        self._turns: dict[PartnerId, asyncio.Lock] = {}

    async def invite(self, name: str, parties: Sequence[Party] = ()) -> Invitation:
        """Create token A for a platform that will register with us; a second invitation replaces the first.

        Raises AlreadyRegistered.
        """
        now, token = self._clock.now(), self._secrets.new_token()

        def work(tx: Tx) -> None:
            partner = newcomer(tx, name, parties, now, self._ids.new)
            for key in tx.partners.keys_of(partner.id):
                tx.partners.remove_key(key.hash)
            tx.partners.save(replace(partner, outbound_token=None, problem=None))
            key = self._key(partner.id, token, KeyPurpose.REGISTRATION, now, self._policy.invitation_life)
            tx.partners.save_key(key)

        await self._store.write(work)
        return Invitation(name, token, self._versions_url)

    async def connect(
        self, name: str, versions_url: str, token: str, parties: Sequence[Party] = ()
    ) -> Partner:
        """Register with a platform that invited us. Can be called again with the same token after a failure.

        Raises AlreadyRegistered, PartnerUnreachable, PartnerRefused, NoCommonVersion, MissingEndpoints,
        ForbiddenUrl or InvalidInput; the reason is kept with the partner.
        """
        now = self._clock.now()

        def begin(tx: Tx) -> Partner:
            known = newcomer(tx, name, parties, now, self._ids.new)
            sealed = self._secrets.seal(token)
            partner = replace(known, versions_url=versions_url, outbound_token=sealed, problem=None)
            tx.partners.save(partner)
            return partner

        partner = await self._store.write(begin)
        async with self._turn(partner.id):
            try:
                return await self._register_at(partner, versions_url, token)
            except GatewayError as error:
                await self._note(partner.id, str(error))
                raise

    async def accept(
        self, key: AccessKey, version: str, credentials: Credentials, presented_token: str
    ) -> Credentials:
        """POST credentials: a platform registers with us, while its request stays open (CRED-03).

        Token A is not ended here but when the answer has arrived; see `Callers`. Raises AlreadyRegistered,
        InvalidInput, PartnerUnreachable, NoCommonVersion or MissingEndpoints, after which A still works.
        """
        del presented_token
        async with self._turn(key.partner_id):
            partner = await self._store.read(lambda tx: demand(tx, key.partner_id))
            if key.purpose is not KeyPurpose.REGISTRATION:
                raise AlreadyRegistered
            return await self._exchange(partner, key, version, credentials)

    async def renew(
        self, key: AccessKey, version: str, credentials: Credentials, presented_token: str
    ) -> Credentials:
        """PUT credentials: new token and endpoints of a registered platform (CRED-07).

        The old token works until the first use of the new one, or a day (CRED-08). Raises NotRegistered and
        what `accept` raises; then nothing has changed.
        """
        del presented_token
        async with self._turn(key.partner_id):
            partner = await self._store.read(lambda tx: demand(tx, key.partner_id))
            if not registered(partner) or key.purpose is not KeyPurpose.CREDENTIALS:
                raise NotRegistered
            return await self._exchange(partner, key, version, credentials)

    async def credentials_for(self, partner: Partner, presented_token: str) -> Credentials:
        """GET credentials: ours, with the token the caller uses (CRED-10)."""
        del partner
        roles = await self._store.read(our_roles)
        return Credentials(presented_token, self._versions_url, roles)

    async def unregister(self, key: AccessKey) -> None:
        """DELETE credentials: both tokens die; sessions and CDRs stay (CRED-09). Raises NotRegistered."""
        async with self._turn(key.partner_id):
            partner = await self._store.read(lambda tx: demand(tx, key.partner_id))
            if not registered(partner) or key.purpose is not KeyPurpose.CREDENTIALS:
                raise NotRegistered
            await self._store.write(lambda tx: self._end(tx, partner.id, "the partner unregistered"))
        self._on_registered(key.partner_id)

    async def remove(self, name: str) -> None:
        """The operator ends a partnership. The partner is told, but its answer changes nothing."""
        partner = await self._named(name)
        async with self._turn(partner.id):
            farewell = ""
            if registered(partner):
                try:
                    await self._partners.delete_credentials(partner)
                except GatewayError as error:
                    farewell = f"; the partner could not be told: {error}"
            await self._store.write(lambda tx: self._end(tx, partner.id, f"removed here{farewell}"))
        self._on_registered(partner.id)

    async def rotate(self, name: str) -> Partner:
        """Replace both tokens by a PUT at the partner (CRED-14). Raises NotRegistered and what a PUT raises.

        The partner may use its old token until it first uses the new one, or for a day.
        """
        partner = await self._named(name)
        async with self._turn(partner.id):
            partner = await self._store.read(lambda tx: demand(tx, partner.id))
            if not registered(partner):
                raise NotRegistered(f"{name} is not registered; there is no token to rotate")
            try:
                return await self._renew_at(partner)
            except GatewayError as error:
                await self._note(partner.id, f"rotation failed: {error}")
                raise

    # What the two directions are made of.

    async def _register_at(self, partner: Partner, versions_url: str, token_a: str) -> Partner:
        agreement = await self._partners.discover(versions_url, token_a)
        check_endpoints(agreement)
        roles = await self._store.read(our_roles)
        token_b = self._secrets.new_token()
        # B must work before we ask: the partner calls back while our request is open (CRED-04).
        key_b = await self._store.write(lambda tx: self._prepare_b(tx, partner.id, token_b))
        ours = Credentials(token_b, self._versions_url, roles)
        try:
            theirs = await self._partners.post_credentials(agreement, token_a, ours)
        except PartnerRefused:
            await self._store.write(lambda tx: tx.partners.remove_key(key_b.hash))
            raise
        except PartnerUnreachable as error:
            raise PartnerUnreachable(await self._after_silence(versions_url, token_a, error)) from error
        try:
            stored = await self._store.write(
                lambda tx: self._conclude(tx, partner.id, key_b, agreement, theirs)
            )
        except GatewayError:
            await self._take_back(partner, agreement, theirs)
            await self._store.write(lambda tx: tx.partners.remove_key(key_b.hash))
            raise
        self._on_registered(stored.id)
        return stored

    async def _after_silence(self, versions_url: str, token_a: str, error: PartnerUnreachable) -> str:
        """Whether an unanswered POST was carried out: if token A still works, it was not (CRED-06)."""
        try:
            await self._partners.discover(versions_url, token_a)
        except GatewayError:
            return (
                f"{error}. The partner may have registered us without our getting its answer: its token no "
                "longer works. Ask the partner for a new token, or to POST credentials with the one it got"
            )
        return f"{error}. The token still works, so nothing was registered: connect again with the same token"

    async def _take_back(self, partner: Partner, agreement: Agreement, theirs: Credentials) -> None:
        sealed = self._secrets.seal(theirs.token)
        there = replace(
            partner, version=agreement.version, endpoints=agreement.endpoints, outbound_token=sealed
        )
        try:
            await self._partners.delete_credentials(there)
        except GatewayError as error:
            log.warning("%s keeps a registration that was refused here: %s", partner.name, error)

    async def _exchange(
        self, partner: Partner, key: AccessKey, version: str, theirs: Credentials
    ) -> Credentials:
        """Exchange credentials; what goes wrong is kept with the partner, for the people on our side."""
        try:
            return await self._exchanged(partner, key, version, theirs)
        except StoreUnavailable:
            raise
        except GatewayError as error:
            log.warning("%s could not register: %s", partner.name, error, extra={"partner": partner.name})
            hint = f" ({_HOW_TO_TEST})" if isinstance(error, ForbiddenUrl) else ""
            problem, now = f"tried to register: {error}{hint}", self._clock.now()
            await self._store.write(lambda tx: noted(tx, partner.id, problem, now))
            raise

    async def _exchanged(
        self, partner: Partner, key: AccessKey, version: str, theirs: Credentials
    ) -> Credentials:
        """Check the claims, call the partner back, store, answer: the same for POST and PUT."""
        await self._store.read(lambda tx: check_claims(tx, partner, theirs.roles))
        roles = await self._store.read(our_roles)
        agreement = await self._partners.discover(theirs.versions_url, theirs.token, version)
        check_endpoints(agreement)
        token_c, now = self._secrets.new_token(), self._clock.now()

        def work(tx: Tx) -> None:
            current = demand(tx, partner.id)
            check_claims(tx, current, theirs.roles)
            tx.partners.save(self._agreed(current, agreement, theirs, theirs.versions_url, now))
            for old in tx.partners.keys_of(partner.id):
                overlap(tx, old, now, self._policy.token_overlap, keep=old.hash == key.hash)
            tx.partners.save_key(self._key(partner.id, token_c, KeyPurpose.CREDENTIALS, now, None))
            owe_everything(tx, partner.id, now)

        await self._store.write(work)
        self._on_registered(partner.id)
        return Credentials(token_c, self._versions_url, roles)

    async def _renew_at(self, partner: Partner) -> Partner:
        token = self._secrets.open(partner.outbound_token or "")
        agreement = await self._partners.discover(partner.versions_url or "", token)
        check_endpoints(agreement)
        roles = await self._store.read(our_roles)
        new_token, now = self._secrets.new_token(), self._clock.now()
        new_key = self._key(partner.id, new_token, KeyPurpose.CREDENTIALS, now, self._policy.token_overlap)

        def prepare(tx: Tx) -> None:
            # Seen as used, so that a use of the old token never ends the new one.
            for old in tx.partners.keys_of(partner.id):
                tx.partners.save_key(replace(old, first_used_at=old.first_used_at or now))
            tx.partners.save_key(new_key)

        await self._store.write(prepare)
        ours = Credentials(new_token, self._versions_url, roles)
        try:
            theirs = await self._partners.put_credentials(agreement, token, ours)
        except PartnerRefused:
            await self._store.write(lambda tx: tx.partners.remove_key(new_key.hash))
            raise

        def conclude(tx: Tx) -> Partner:
            current = demand(tx, partner.id)
            check_claims(tx, current, theirs.roles)
            renewed = self._agreed(current, agreement, theirs, partner.versions_url or "", now)
            tx.partners.save(renewed)
            for old in tx.partners.keys_of(partner.id):
                if old.hash != new_key.hash:
                    overlap(tx, old, now, self._policy.token_overlap, keep=True)
            stored = tx.partners.key(new_key.hash) or new_key
            tx.partners.save_key(replace(stored, expires_at=None))
            return renewed

        renewed = await self._store.write(conclude)
        self._on_registered(partner.id)
        return renewed

    def _prepare_b(self, tx: Tx, partner_id: PartnerId, token: str) -> AccessKey:
        now = self._clock.now()
        key = self._key(partner_id, token, KeyPurpose.REGISTRATION, now, self._policy.invitation_life)
        tx.partners.save_key(key)
        return key

    def _conclude(
        self, tx: Tx, partner_id: PartnerId, key_b: AccessKey, agreement: Agreement, theirs: Credentials
    ) -> Partner:
        current, now = demand(tx, partner_id), self._clock.now()
        check_claims(tx, current, theirs.roles)
        partner = self._agreed(current, agreement, theirs, current.versions_url or theirs.versions_url, now)
        tx.partners.save(partner)
        for key in tx.partners.keys_of(partner_id):
            if key.hash != key_b.hash:
                tx.partners.remove_key(key.hash)
        tx.partners.save_key(replace(key_b, purpose=KeyPurpose.CREDENTIALS, expires_at=None))
        owe_everything(tx, partner_id, now)
        return partner

    def _agreed(
        self, partner: Partner, agreement: Agreement, theirs: Credentials, versions_url: str, now: datetime
    ) -> Partner:
        sealed = self._secrets.seal(theirs.token)
        return agreed(partner, agreement, theirs.roles, versions_url, sealed, now)

    def _key(
        self, partner_id: PartnerId, token: str, purpose: KeyPurpose, now: datetime, life: timedelta | None
    ) -> AccessKey:
        hash_ = self._secrets.fingerprint(token.encode())
        return AccessKey(hash_, partner_id, purpose, now, now + life if life else None)

    def _end(self, tx: Tx, partner_id: PartnerId, why: str) -> None:
        partner, now = demand(tx, partner_id), self._clock.now()
        for key in tx.partners.keys_of(partner_id):
            tx.partners.remove_key(key.hash)
        tx.partners.save(
            replace(
                partner,
                state=PartnerState.REMOVED,
                outbound_token=None,
                endpoints=(),
                problem=why,
                last_updated=now,
            )
        )

    async def _named(self, name: str) -> Partner:
        partner = await self._store.read(lambda tx: tx.partners.by_name(name))
        if partner is None:
            raise NotRegistered(f"there is no partner named {name}")
        return partner

    async def _note(self, partner_id: PartnerId, problem: str) -> None:
        await self._store.write(lambda tx: noted(tx, partner_id, problem, self._clock.now()))

    def _turn(self, partner_id: PartnerId) -> asyncio.Lock:
        """One handshake per partner at a time."""
        return self._turns.setdefault(partner_id, asyncio.Lock())
