"""May this driver charge? Decided from a token, a partner's answer, or the lack of one.

Spec: OCPI 2.2.1 mod_tokens "Real-time authorization" and "WhitelistType enum" (TOK-05 to TOK-10).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import EvseUid, LocationId, PartnerId, Party
from gateway.domain.tokens import SessionToken, Token, Whitelist


class Verdict(StrEnum):
    """The answer a driver gets. Spec: OCPI 2.2.1 mod_tokens "AllowedType enum", and UNKNOWN."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNKNOWN = "UNKNOWN"


class AuthMethod(StrEnum):
    """How a session was authorized. Spec: OCPI 2.2.1 mod_cdrs "AuthMethod enum"."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


@dataclass(frozen=True, slots=True)
class Authorization:
    """A decision about one card at one charger, and whom it binds.

    `only_at`: the EVSEs of the charger, by its own numbers, where it holds; empty: all of them (TOK-08).
    """

    verdict: Verdict
    reason: str
    method: AuthMethod = AuthMethod.WHITELIST
    token: SessionToken | None = None
    partner_id: PartnerId | None = None
    reference: str | None = None
    group_id: str | None = None
    language: str | None = None
    message: str | None = None
    expires_at: datetime | None = None
    only_at: tuple[int, ...] = ()

    def holds_at(self, evse: int) -> bool:
        """Whether it is about this EVSE; 0 is one that is not known yet."""
        return not evse or not self.only_at or evse in self.only_at

    @property
    def accepted(self) -> bool:
        """Whether the driver may charge."""
        return self.verdict is Verdict.ALLOWED


@dataclass(frozen=True, slots=True)
class Place:
    """Where a driver stands, in OCPI's words (LocationReferences); `party`: whose place it is."""

    location_id: LocationId
    evse_uids: tuple[EvseUid, ...] = ()
    party: Party | None = None


@dataclass(frozen=True, slots=True)
class PartnerVerdict:
    """A partner's answer to a real-time authorization (TOK-08). `allowed_evse_uids` None: no restriction."""

    verdict: Verdict
    token: Token | None = None
    reference: str | None = None
    message: str | None = None
    language: str | None = None
    allowed_evse_uids: frozenset[EvseUid] | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """Decided here: the driver may charge."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Decided here: the driver may not charge."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class AskPartner:
    """The token's owner must be asked; `unreachable` is the answer if it cannot be reached."""

    unreachable: Accept | Refuse


Decision = Accept | Refuse | AskPartner


def decide(token: Token) -> Decision:
    """What the whitelist of a known token says (TOK-05).

    ALLOWED leaves the choice to us: decided here. `valid=False` does not suppress a required request,
    because the state may have changed since.
    """
    here = Accept() if token.valid else Refuse(Verdict.BLOCKED)
    match token.whitelist:
        case Whitelist.ALWAYS | Whitelist.ALLOWED:
            return here
        case Whitelist.ALLOWED_OFFLINE:
            return AskPartner(unreachable=here)
        case Whitelist.NEVER:
            return AskPartner(unreachable=Refuse(Verdict.NOT_ALLOWED))


def at_this_place(answer: PartnerVerdict, place: Place | None) -> Verdict:
    """A partner's verdict for the EVSE the driver stands at: ALLOWED only if that EVSE is listed (TOK-08)."""
    if answer.verdict is not Verdict.ALLOWED or answer.allowed_evse_uids is None or place is None:
        return answer.verdict
    allowed = {uid.casefold() for uid in answer.allowed_evse_uids}
    here = {uid.casefold() for uid in place.evse_uids}
    return Verdict.ALLOWED if not here or here & allowed else Verdict.NOT_ALLOWED
