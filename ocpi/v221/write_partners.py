"""OCPI 2.2.1 version details, credentials, tokens and places, ours to wire."""

from collections.abc import Sequence

from gateway.app.ports import Credentials
from gateway.domain.authorization import Place
from gateway.domain.partners import Endpoint, InterfaceRole, PartnerRole
from gateway.domain.tokens import EMAID, SessionToken, Token
from ocpi.dialect import Json
from ocpi.wire import present, write_datetime

VERSION = "2.2.1"


def write_version_details(endpoints: Sequence[Endpoint], version: str = VERSION) -> Json:
    """VersionDetails. The credentials endpoint always says SENDER (VER-03)."""
    return {"version": version, "endpoints": [_endpoint(endpoint) for endpoint in endpoints]}


def _endpoint(endpoint: Endpoint) -> Json:
    role = InterfaceRole.SENDER if endpoint.module == "credentials" else endpoint.role
    return {"identifier": endpoint.module, "role": role.value, "url": endpoint.url}


def write_credentials(credentials: Credentials) -> Json:
    """A Credentials object (CRED-11)."""
    return {
        "token": credentials.token,
        "url": credentials.versions_url,
        "roles": [_role(role) for role in credentials.roles],
    }


def _role(role: PartnerRole) -> Json:
    return {
        "role": role.role.value,
        "business_details": present(name=role.name, website=role.website),
        "party_id": role.party.party_id,
        "country_code": role.party.country_code,
    }


def write_token(token: Token) -> Json:
    """A Token object. Spec: OCPI 2.2.1 mod_tokens "Token Object"."""
    contract = token.energy_contract
    return present(
        country_code=token.party.country_code,
        party_id=token.party.party_id,
        uid=token.uid,
        type=token.type,
        contract_id=token.contract_id,
        visual_number=token.visual_number,
        issuer=token.issuer,
        group_id=token.group_id,
        valid=token.valid,
        whitelist=token.whitelist.value,
        language=token.language,
        default_profile_type=token.default_profile_type,
        energy_contract=contract
        and present(supplier_name=contract.supplier_name, contract_id=contract.contract_id),
        last_updated=write_datetime(token.last_updated),
    )


def write_token_type(type_: str) -> str:
    """A TokenType; contract ids of 2.3.0 are OTHER in the versions before it."""
    return "OTHER" if type_ == EMAID else type_


def write_session_token(token: SessionToken) -> dict[str, Json]:
    """A CdrToken (SES-06)."""
    return {
        "country_code": token.party.country_code,
        "party_id": token.party.party_id,
        "uid": token.uid,
        "type": write_token_type(token.type),
        "contract_id": token.contract_id,
    }


def write_place(place: Place) -> Json:
    """LocationReferences. Spec: OCPI 2.2.1 mod_tokens "LocationReferences class"."""
    return present(location_id=place.location_id, evse_uids=list(place.evse_uids))
