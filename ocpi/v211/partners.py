"""OCPI 2.1.1 version details, credentials, tokens, places and authorizations, both ways.

One connection is one party in one role: a platform that speaks 2.1.1 with a CPO is an eMSP. What later
versions say with roles, 2.1.1 leaves to be known.
"""

from collections.abc import Sequence
from typing import Final

from gateway.app.ports import Credentials
from gateway.domain.authorization import PartnerVerdict, Place, Verdict
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import EvseUid, Party, TokenUid
from gateway.domain.partners import Endpoint, InterfaceRole, PartnerRole, Role
from gateway.domain.tokens import Token, Whitelist
from ocpi import wire as types
from ocpi.dialect import Json, JsonObject
from ocpi.shared.tokens import patched
from ocpi.v211 import wire
from ocpi.v211.text import plain, plain_or_none
from ocpi.v211.words import TOKEN_TYPES
from ocpi.wire import present, write_datetime

VERSION: Final = "2.1.1"
_IDENTITY = ("uid", "type")
_RECEIVED_BY_EMSP = frozenset({"cdrs", "locations", "sessions", "tariffs"})
"""Modules whose endpoint at an eMSP takes what a CPO pushes; its other endpoints are asked."""


def read_version_details(value: Json) -> tuple[Endpoint, ...]:
    """Endpoints of an eMSP, with the roles they have without saying so (VER-02). Raises InvalidInput."""
    details = types.read(wire.VersionDetails, value)
    return tuple(Endpoint(e.identifier, _role_of(e.identifier), e.url) for e in details.endpoints)


def _role_of(module: str) -> InterfaceRole:
    return InterfaceRole.RECEIVER if module in _RECEIVED_BY_EMSP else InterfaceRole.SENDER


def write_version_details(endpoints: Sequence[Endpoint]) -> Json:
    """VersionDetails, without roles (VER-02)."""
    listed = [{"identifier": endpoint.module, "url": endpoint.url} for endpoint in endpoints]
    return {"version": VERSION, "endpoints": listed}


def read_credentials(value: Json) -> Credentials:
    """A Credentials object: one party, the eMSP (CRED-11). Raises InvalidInput."""
    found = types.read(wire.Credentials, value)
    party = Party(found.country_code, found.party_id)
    role = PartnerRole(Role.EMSP, party, found.business_details.name, found.business_details.website)
    return Credentials(found.token, found.url, (role,))


def write_credentials(credentials: Credentials) -> Json:
    """A Credentials object; of several parties of ours the first speaks for the connection (CRED-11)."""
    role = credentials.roles[0]
    return {
        "token": credentials.token,
        "url": credentials.versions_url,
        "business_details": present(name=plain(role.name, 100), website=role.website),
        "party_id": role.party.party_id,
        "country_code": role.party.country_code,
    }


def read_token(value: Json, owner: Party | None = None) -> Token:
    """A Token object; whose it is, only the connection or the URL says (TOK-01). Raises InvalidInput."""
    if owner is None:
        raise InvalidInput("whose token this is cannot be told: OCPI 2.1.1 tokens do not name their owner")
    found = types.read(wire.Token, value)
    return Token(
        party=owner,
        uid=TokenUid(found.uid),
        type=found.type,
        contract_id=found.auth_id,
        issuer=found.issuer,
        valid=found.valid,
        whitelist=Whitelist(found.whitelist),
        last_updated=found.last_updated,
        visual_number=found.visual_number,
        language=found.language,
    )


def write_token(token: Token) -> dict[str, Json]:
    """A Token object. Spec: mod_tokens "Token Object"."""
    return present(
        uid=token.uid,
        type=write_token_type(token.type),
        auth_id=token.contract_id,
        visual_number=plain_or_none(token.visual_number, 64),
        issuer=plain(token.issuer, 64),
        valid=token.valid,
        whitelist=token.whitelist.value,
        language=token.language,
        last_updated=write_datetime(token.last_updated),
    )


def patch_token(token: Token, patch: JsonObject) -> Token:
    """The token with the given fields changed; this version does not ask for last_updated (TOK-02).

    Raises InvalidInput.
    """
    return patched(write_token(token), patch, _IDENTITY, lambda value: read_token(value, token.party))


def write_token_type(type_: str) -> str:
    """A TokenType: RFID, or OTHER for all that came later."""
    return type_ if type_ in TOKEN_TYPES else "OTHER"


def write_place(place: Place) -> Json:
    """LocationReferences."""
    return present(location_id=place.location_id, evse_uids=list(place.evse_uids))


def read_authorization(value: Json) -> PartnerVerdict:
    """An AuthorizationInfo; it describes no token and has no reference (TOK-08). Raises InvalidInput."""
    found = types.read(wire.AuthorizationInfo, value)
    evses = found.location.evse_uids if found.location else ()
    return PartnerVerdict(
        verdict=Verdict(found.allowed),
        message=found.info.text if found.info else None,
        language=found.info.language if found.info else None,
        allowed_evse_uids=frozenset(EvseUid(uid) for uid in evses) or None,
    )
