"""Rules of being registered: whom a platform may claim to be, what it must offer, what it is owed."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.app.entitlement import has_to_hear
from gateway.app.ports import Agreement, Tx
from gateway.app.visibility import Sight
from gateway.domain.delivery import DebtState, Owed
from gateway.domain.errors import (
    AlreadyRegistered,
    GatewayError,
    InvalidInput,
    MissingEndpoints,
    NotRegistered,
)
from gateway.domain.ids import PartnerId, Party
from gateway.domain.partners import AccessKey, InterfaceRole, Partner, PartnerRole, PartnerState, Role

_REGISTERED = frozenset({PartnerState.REGISTERED, PartnerState.AUTH_FAILED, PartnerState.PAUSED})
_ALL = 1_000_000
_USEFUL = (
    ("tokens", InterfaceRole.SENDER),
    ("cdrs", InterfaceRole.RECEIVER),
    ("sessions", InterfaceRole.RECEIVER),
    ("locations", InterfaceRole.RECEIVER),
    ("tariffs", InterfaceRole.RECEIVER),
)


def registered(partner: Partner) -> bool:
    """Whether credentials were exchanged and are in force."""
    return partner.state in _REGISTERED


def newcomer(
    tx: Tx, name: str, parties: Sequence[Party], now: datetime, new_id: Callable[[], str]
) -> Partner:
    """The partner of this name before its registration, made where there is none.

    One that was removed starts afresh, with its history. Raises AlreadyRegistered.
    """
    known = tx.partners.by_name(name)
    if known is None:
        return Partner(PartnerId(new_id()), name, PartnerState.INVITED, now, now, tuple(parties))
    if registered(known):
        raise AlreadyRegistered(f"{name} is registered already; remove it, or rotate its tokens")
    again = known.state is PartnerState.REMOVED
    allowed = tuple(parties) or (() if again else known.allowed_parties)
    roles = () if again else known.roles
    return replace(known, state=PartnerState.INVITED, allowed_parties=allowed, roles=roles, last_updated=now)


def agreed(
    partner: Partner,
    agreement: Agreement,
    roles: tuple[PartnerRole, ...],
    versions_url: str,
    sealed_token: str,
    now: datetime,
) -> Partner:
    """The partner with what a handshake agreed on. An operator's pause outlives it."""
    profile = partner.profile
    if agreement.token_base64 is not None:
        profile = replace(profile, token_base64=agreement.token_base64)
    return replace(
        partner,
        state=PartnerState.PAUSED if partner.state is PartnerState.PAUSED else PartnerState.REGISTERED,
        version=agreement.version,
        endpoints=agreement.endpoints,
        versions_url=versions_url,
        outbound_token=sealed_token,
        roles=roles,
        allowed_parties=partner.allowed_parties or tuple(r.party for r in roles),
        profile=profile,
        problem=None,
        last_success_at=now,
        last_updated=now,
    )


def overlap(tx: Tx, key: AccessKey, now: datetime, life: timedelta, *, keep: bool) -> None:
    """Let a superseded key live on for a while (CRED-08), or end it."""
    if not keep:
        tx.partners.remove_key(key.hash)
        return
    end = now + life
    ends = min(key.expires_at, end) if key.expires_at else end
    tx.partners.save_key(replace(key, expires_at=ends, first_used_at=key.first_used_at or now))


def demand(tx: Tx, partner_id: PartnerId) -> Partner:
    """The partner as stored now. Raises NotRegistered if it is gone or was removed."""
    partner = tx.partners.get(partner_id)
    if partner is None or partner.state is PartnerState.REMOVED:
        raise NotRegistered
    return partner


def noted(tx: Tx, partner_id: PartnerId, problem: str, now: datetime) -> None:
    """Keep with the partner what went wrong."""
    partner = tx.partners.get(partner_id)
    if partner is not None:
        tx.partners.save(replace(partner, problem=problem, last_updated=now))


def our_roles(tx: Tx) -> tuple[PartnerRole, ...]:
    """Our parties, for credentials. Raises GatewayError without any: roles are 1 or more (CRED-11)."""
    roles = tuple(tx.parties.all())
    if not roles:
        raise GatewayError("this gateway has no party yet; apply a network file first")
    return roles


def check_endpoints(agreement: Agreement) -> None:
    """Refuse a platform we could do nothing with (CRED-03). Raises MissingEndpoints."""
    offered = {(e.module, e.role) for e in agreement.endpoints}
    if not any(e.module == "credentials" for e in agreement.endpoints):
        raise MissingEndpoints("the version details list no credentials endpoint")
    if not offered.intersection(_USEFUL):
        wanted = ", ".join(f"{module} {role}" for module, role in _USEFUL)
        raise MissingEndpoints(f"the version details list none of: {wanted}")


def check_claims(tx: Tx, partner: Partner, roles: Sequence[PartnerRole]) -> None:
    """Whether a platform may speak for these parties (CRED-11, CRED-13, T16). Raises InvalidInput."""
    if not roles:
        raise InvalidInput("at least one role is required", field="roles")
    for (role, party), count in Counter((r.role, r.party) for r in roles).items():
        if count > 1:
            raise InvalidInput(f"{role} {party} is listed more than once", field="roles")
    for index, claim in enumerate(roles):
        _check_claim(tx, partner, claim, f"roles[{index}]")


def _check_claim(tx: Tx, partner: Partner, claim: PartnerRole, field: str) -> None:
    party = claim.party
    if partner.allowed_parties and party not in partner.allowed_parties:
        raise InvalidInput(f"{party} is not one of the parties agreed for this registration", field=field)
    had = {r.role for r in partner.roles if r.party == party}
    if registered(partner) and had and claim.role not in had:
        raise InvalidInput(f"the role of {party} is fixed since registration", field=field)
    if any(own.party == party for own in tx.parties.all()):
        raise InvalidInput(f"{party} is a party of this gateway", field=field)
    for other in tx.partners.all():
        if other.id != partner.id and other.state is not PartnerState.REMOVED and other.speaks_for(party):
            raise InvalidInput(f"{party} is registered by another platform", field=field)


def owe_everything(tx: Tx, partner_id: PartnerId, now: datetime) -> None:
    """Owe a newly registered partner all it may see, and a look at its tokens and the parties behind it.

    What already waits for it was held up by how things were before: it is tried at once.
    """
    partner = demand(tx, partner_id)
    for debt in tx.debts.list(partner_id=partner_id, state=DebtState.WAITING, limit=_ALL):
        tx.debts.save(replace(debt, attempts=0, next_attempt_at=now))
    sight = Sight(tx, partner)
    for kind, key in (*_shown(tx, partner, sight), *_pulled(partner)):
        tx.debts.owe(partner_id, kind, key, now, now)


def _shown(tx: Tx, partner: Partner, sight: Sight) -> Iterator[tuple[Owed, str]]:
    if partner.endpoint("tariffs", InterfaceRole.RECEIVER):
        yield from ((Owed.TARIFF, f"{t.party}/{t.id}") for t in tx.tariffs.all() if sight.tariff(t))
    if partner.endpoint("locations", InterfaceRole.RECEIVER):
        for location in tx.locations.all():
            if has_to_hear(tx, sight, partner, location):
                yield Owed.LOCATION, location.id


def _pulled(partner: Partner) -> Iterator[tuple[Owed, str]]:
    if partner.endpoint("hubclientinfo", InterfaceRole.SENDER) and partner.hub:
        yield Owed.PULL_CLIENTS, "clients"
    if partner.endpoint("tokens", InterfaceRole.SENDER) and (partner.parties(Role.EMSP) or partner.hub):
        yield Owed.PULL_TOKENS, "tokens"
