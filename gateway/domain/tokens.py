"""Tokens of partners' drivers. Spec: OCPI 2.2.1 mod_tokens."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.ids import Party, TokenUid

EMAID = "EMAID"
"""The type of a contract's own id, which is not pushed but asked for at its issuer (TOK-12)."""


class Whitelist(StrEnum):
    """Whether a token may be judged locally. Spec: OCPI 2.2.1 mod_tokens "WhitelistType enum" (TOK-05)."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


@dataclass(frozen=True, slots=True)
class EnergyContract:
    """The driver's own energy contract."""

    supplier_name: str
    contract_id: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A card, app user or contract of a partner's driver. `type` is an open enum (TR-20).

    `extra`: fields we have no word for, with their values as JSON text, to be given back (TR-19).
    """

    party: Party
    uid: TokenUid
    type: str
    contract_id: str
    issuer: str
    valid: bool
    whitelist: Whitelist
    last_updated: datetime
    visual_number: str | None = None
    group_id: str | None = None
    language: str | None = None
    default_profile_type: str | None = None
    energy_contract: EnergyContract | None = None
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> str | None:
        """The group in words of no other party: two eMSPs may give different groups the same id (M11)."""
        party = self.party
        return f"{party.country_code}{party.party_id}{self.group_id}" if self.group_id else None


@dataclass(frozen=True, slots=True)
class SessionToken:
    """The part of a token that a session and its CDR show (OCPI CdrToken, SES-06)."""

    party: Party
    uid: TokenUid
    type: str
    contract_id: str


def session_token(token: Token) -> SessionToken:
    """What a session remembers of the token that started it."""
    return SessionToken(token.party, token.uid, token.type, token.contract_id)
