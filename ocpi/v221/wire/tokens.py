"""Spec: OCPI 2.2.1 mod_tokens."""

from ocpi.shared.wire import AllowedType, WhitelistType
from ocpi.v221.wire.common import Owned, ProfileType, TokenType
from ocpi.wire import CiString36, DateTime, DisplayText, Flag, Id36, Language, Many, String64, Wire


class EnergyContract(Wire):
    """Spec: "EnergyContract class"."""

    supplier_name: String64
    contract_id: String64 | None = None


class Token(Owned):
    """Spec: "Token Object"; `uid` with `type` and owner is its identity (TOK-01)."""

    uid: Id36
    type: TokenType
    contract_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    group_id: CiString36 | None = None
    valid: Flag
    whitelist: WhitelistType
    language: Language | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class LocationReferences(Wire):
    """Spec: "LocationReferences class"."""

    location_id: Id36
    evse_uids: Many[Id36] = ()


class AuthorizationInfo(Wire):
    """Spec: "AuthorizationInfo Object" (TOK-08). Some partners leave `token` out, as 2.1.1 did."""

    allowed: AllowedType
    token: Token | None = None
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
