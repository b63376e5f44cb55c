"""Objects that several modules of OCPI 2.2.1 share. Spec: OCPI 2.2.1 types, transport_and_format."""

from typing import Annotated, Literal

from ocpi.wire import (
    CiString36,
    CountryCode,
    Id36,
    Number,
    PartyId,
    Wire,
    open_enum,
)

TokenType = Annotated[str, open_enum("AD_HOC_USER", "APP_USER", "OTHER", "RFID")]
AuthMethod = Literal["AUTH_REQUEST", "COMMAND", "WHITELIST"]
ProfileType = Literal["CHEAP", "FAST", "GREEN", "REGULAR"]
Role = Literal["CPO", "EMSP", "HUB", "NAP", "NSP", "OTHER", "SCSP"]


class Owned(Wire):
    """An object that belongs to a party."""

    country_code: CountryCode
    party_id: PartyId


class Price(Wire):
    """Spec: OCPI 2.2.1 types "Price class". `incl_vat` absent: VAT not known."""

    excl_vat: Number
    incl_vat: Number | None = None


class CdrToken(Owned):
    """Spec: OCPI 2.2.1 mod_cdrs "CdrToken class"."""

    uid: Id36
    type: TokenType
    contract_id: CiString36
