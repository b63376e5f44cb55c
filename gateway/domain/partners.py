"""Partner platforms: who they are, what was agreed with them, what they may see."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import PartnerId, Party
from gateway.domain.partner_profiles import Profile


class Role(StrEnum):
    """Spec: OCPI 2.2.1 types "Role enum"."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class InterfaceRole(StrEnum):
    """Which side of a module an endpoint is. Spec: OCPI 2.2.1 versions "InterfaceRole enum"."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class PartnerState(StrEnum):
    """Where a partner stands in its life."""

    INVITED = "INVITED"
    REGISTERED = "REGISTERED"
    AUTH_FAILED = "AUTH_FAILED"
    PAUSED = "PAUSED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class PartnerRole:
    """A role a platform plays for a party (OCPI CredentialsRole)."""

    role: Role
    party: Party
    name: str
    website: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a module of the partner lives. `module` is an open enum (TR-20)."""

    module: str
    role: InterfaceRole
    url: str


class ReachState(StrEnum):
    """Whether a partner's API answers: `DOWN` partners are probed with one request at a time."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"


FAILURES_UNTIL_DOWN = 3


@dataclass(frozen=True, slots=True)
class Reach:
    """How calls to a partner went lately: unusable answers in a row, and until when nothing is sent."""

    failures: int = 0
    hold_until: datetime | None = None

    @property
    def state(self) -> ReachState:
        """In a word."""
        if self.failures >= FAILURES_UNTIL_DOWN:
            return ReachState.DOWN
        return ReachState.DEGRADED if self.failures else ReachState.UP


@dataclass(frozen=True, slots=True)
class Partner:
    """A platform we roam with. Its secrets are sealed: `outbound_token` opens only with the gateway's key.

    `allowed_parties`: the parties it may claim (CRED-13); empty means the first registration fixes them.
    """

    id: PartnerId
    name: str
    state: PartnerState
    created_at: datetime
    last_updated: datetime
    allowed_parties: tuple[Party, ...] = ()
    roles: tuple[PartnerRole, ...] = ()
    version: str | None = None
    versions_url: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    outbound_token: str | None = None
    profile: Profile = field(default_factory=Profile)
    last_success_at: datetime | None = None
    problem: str | None = None
    tokens_pulled_at: datetime | None = None
    reach: Reach = field(default_factory=Reach)

    def parties(self, role: Role) -> tuple[Party, ...]:
        """Parties for which the platform plays this role."""
        return tuple(r.party for r in self.roles if r.role is role)

    def speaks_for(self, party: Party) -> bool:
        """Whether the platform is registered for this party, in any role."""
        return any(r.party == party for r in self.roles)

    @property
    def hub(self) -> Party | None:
        """The party of a hub, which others are reached through (CRED-12); None for a platform of its own."""
        return next((r.party for r in self.roles if r.role is Role.HUB), None)

    def endpoint(self, module: str, role: InterfaceRole) -> Endpoint | None:
        """The partner's endpoint for a module, or None if it has none or the module is not agreed on."""
        if not self.profile.agreed_on(module):
            return None
        return next((e for e in self.endpoints if e.module == module and e.role is role), None)

    @property
    def active(self) -> bool:
        """Whether the partner is registered and may be called."""
        return self.state is PartnerState.REGISTERED


class KeyPurpose(StrEnum):
    """What a token presented to us opens: token A only versions and credentials (TR-07)."""

    REGISTRATION = "REGISTRATION"
    CREDENTIALS = "CREDENTIALS"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A token a partner presents, known only by its keyed hash.

    `expires_at` ends an overlap or an invitation.
    """

    hash: str
    partner_id: PartnerId
    purpose: KeyPurpose
    created_at: datetime
    expires_at: datetime | None = None
    first_used_at: datetime | None = None
