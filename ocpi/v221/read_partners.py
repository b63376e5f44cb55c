"""OCPI 2.2.1 version details, credentials, tokens and authorizations, wire to ours."""

from gateway.app.ports import Credentials
from gateway.domain.authorization import PartnerVerdict, Verdict
from gateway.domain.ids import EvseUid, Party, TokenUid
from gateway.domain.partners import Endpoint, InterfaceRole, PartnerRole, Role
from gateway.domain.tokens import EnergyContract, Token, Whitelist
from ocpi import wire as types
from ocpi.dialect import Json, JsonObject
from ocpi.shared.tokens import demand_date, patched
from ocpi.v221 import wire
from ocpi.v221.write_partners import write_token

IDENTITY = ("country_code", "party_id", "uid", "type")


def read_version_details(value: Json) -> tuple[Endpoint, ...]:
    """Endpoints of a partner, unknown modules included (VER-05). Raises InvalidInput."""
    details = types.read(wire.VersionDetails, value)
    return tuple(Endpoint(e.identifier, InterfaceRole(e.role), e.url) for e in details.endpoints)


def read_credentials(value: Json) -> Credentials:
    """A Credentials object (CRED-11). Raises InvalidInput."""
    found = types.read(wire.Credentials, value)
    return Credentials(found.token, found.url, tuple(_role(role) for role in found.roles))


def _role(found: wire.CredentialsRole) -> PartnerRole:
    return PartnerRole(
        role=Role(found.role),
        party=Party(found.country_code, found.party_id),
        name=found.business_details.name,
        website=found.business_details.website,
    )


def read_token(value: Json, owner: Party | None = None) -> Token:
    """A Token object, which names its owner. Raises InvalidInput. Spec: mod_tokens "Token Object"."""
    del owner
    return token_from(types.read(wire.Token, value))


def token_from(found: wire.Token) -> Token:
    """The token in our words. An empty group id is none, or it would join strangers into one group."""
    contract = found.energy_contract
    return Token(
        party=Party(found.country_code, found.party_id),
        uid=TokenUid(found.uid),
        type=found.type,
        contract_id=found.contract_id,
        issuer=found.issuer,
        valid=found.valid,
        whitelist=Whitelist(found.whitelist),
        last_updated=found.last_updated,
        visual_number=found.visual_number,
        group_id=found.group_id or None,
        language=found.language,
        default_profile_type=found.default_profile_type,
        energy_contract=EnergyContract(contract.supplier_name, contract.contract_id) if contract else None,
    )


def patch_token(token: Token, patch: JsonObject) -> Token:
    """The token with the given fields changed. Raises InvalidInput, also without last_updated (TOK-02)."""
    demand_date(patch)
    return patched(write_token(token), patch, IDENTITY, read_token)


def read_authorization(value: Json) -> PartnerVerdict:
    """An AuthorizationInfo (TOK-08). Without EVSEs it allows every EVSE. Raises InvalidInput."""
    found = types.read(wire.AuthorizationInfo, value)
    evses = found.location.evse_uids if found.location else ()
    return PartnerVerdict(
        verdict=Verdict(found.allowed),
        token=token_from(found.token) if found.token else None,
        reference=found.authorization_reference or None,
        message=found.info.text if found.info else None,
        language=found.info.language if found.info else None,
        allowed_evse_uids=frozenset(EvseUid(uid) for uid in evses) or None,
    )
