"""Cards the simulated partner issued to its drivers, and what it answers when asked about them."""

import uuid
from dataclasses import dataclass, field

from gateway.sim.editions import USUAL, Edition
from gateway.sim.ocpi_wire import JsonObject, utc_now


@dataclass(frozen=True, slots=True)
class Card:
    """A token of OCPI. `verdict` is the answer to a real-time authorization (AllowedType)."""

    uid: str
    type: str = "RFID"
    contract_id: str = "NL-EMS-C00000001-X"
    issuer: str = "Simulated eMSP"
    valid: bool = True
    whitelist: str = "NEVER"
    verdict: str = "ALLOWED"
    visual_number: str | None = None
    group_id: str | None = None
    last_updated: str = field(default_factory=utc_now)


def token_object(card: Card, country_code: str, party_id: str, edition: Edition = USUAL) -> JsonObject:
    """Spec: mod_tokens "Token Object"."""
    owner = {} if edition.platform else {"country_code": country_code, "party_id": party_id}
    token: JsonObject = {
        **owner,
        "uid": card.uid,
        "type": card.type,
        "auth_id" if edition.platform else "contract_id": card.contract_id,
        "issuer": card.issuer,
        "valid": card.valid,
        "whitelist": card.whitelist,
        "last_updated": card.last_updated,
    }
    return token | {name: value for name, value in _more(card, edition).items() if value is not None}


def _more(card: Card, edition: Edition) -> dict[str, str | None]:
    """2.1.1 knows no groups."""
    more = {"visual_number": card.visual_number}
    return more if edition.platform else {**more, "group_id": card.group_id}


def authorization_info(
    card: Card, token: JsonObject, place: JsonObject | None, edition: Edition = USUAL
) -> JsonObject:
    """Spec: mod_tokens "AuthorizationInfo Object" (TOK-08)."""
    info: JsonObject = {"allowed": card.verdict}
    if not edition.platform:
        info["token"] = token
    if card.verdict == "ALLOWED":
        if not edition.platform:
            info["authorization_reference"] = f"AUTH-{uuid.uuid4().hex[:24]}"
        if place is not None:
            info["location"] = place
    return info
