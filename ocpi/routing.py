"""Routing headers and message ids (TR-36 to TR-40).

Spec: OCPI 2.2.1 transport_and_format "Message Routing".
"""

from collections.abc import Mapping, Sequence

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Party
from gateway.domain.partners import Partner, Role
from ocpi.services import Route

MESSAGE_IDS = ("X-Request-ID", "X-Correlation-ID")
_LONGEST_ID = 128


def echoed_ids(headers: Mapping[str, str]) -> dict[str, str]:
    """Message ids to send back; absent ones stay absent, since old versions know none."""
    return {name: headers[name][:_LONGEST_ID] for name in MESSAGE_IDS if name in headers}


def read_route(headers: Mapping[str, str], partner: Partner, ours: Sequence[Party]) -> Route:
    """Between whom a request goes. Raises InvalidInput for a party that is not there.

    A platform with one party may leave out its own; with several it has to say which one asks (TR-39).
    """
    sender, receiver = _named(headers, "from"), _named(headers, "to")
    parties = {role.party for role in partner.roles}
    hub = any(role.role is Role.HUB for role in partner.roles)
    if sender is None and len(parties) > 1 and not hub:
        raise InvalidInput("is required from a platform with several parties", field="OCPI-from-party-id")
    if sender is not None and sender not in parties and not hub:
        raise InvalidInput(f"{sender} is not one of your parties", field="OCPI-from-party-id")
    if receiver is not None and receiver not in ours:
        raise InvalidInput(f"{receiver} is not a party of this platform", field="OCPI-to-party-id")
    return Route(
        sender or (next(iter(parties)) if len(parties) == 1 else None),
        receiver or (ours[0] if len(ours) == 1 else None),
        named=receiver is not None,
    )


def write_route(sender: Party | None, receiver: Party | None) -> dict[str, str]:
    """The headers of a message from one party to another; what is not known is left out."""
    headers: dict[str, str] = {}
    for direction, party in (("from", sender), ("to", receiver)):
        if party is not None:
            headers[f"OCPI-{direction}-country-code"] = party.country_code
            headers[f"OCPI-{direction}-party-id"] = party.party_id
    return headers


def _named(headers: Mapping[str, str], direction: str) -> Party | None:
    names = (f"OCPI-{direction}-country-code", f"OCPI-{direction}-party-id")
    country, party = (headers.get(name, "").strip() for name in names)
    if not country and not party:
        return None
    if not country or not party:
        missing = names[0] if not country else names[1]
        raise InvalidInput("is missing beside its other half", field=missing)
    return read_party(country, party, names[0], names[1])


def read_party(country: str, party: str, country_field: str, party_field: str) -> Party:
    """A party from its two halves. Raises InvalidInput."""
    if not (len(country) == 2 and country.isascii() and country.isalpha()):  # noqa: PLR2004 - ISO alpha-2
        raise InvalidInput("must be a two-letter country code", field=country_field)
    if not (len(party) == 3 and party.isascii() and party.isalnum()):  # noqa: PLR2004 - CiString(3)
        raise InvalidInput("must be a party id of three characters", field=party_field)
    return Party(country, party)
