"""Names of things. Opaque everywhere: only the module that mints an id may look inside it."""

from dataclasses import dataclass
from typing import NewType

ChargerId = NewType("ChargerId", str)
"""The OCPP identity of a charger: the last segment of its WebSocket URL. Never leaves through OCPI."""
LocationId = NewType("LocationId", str)
EvseUid = NewType("EvseUid", str)
ConnectorId = NewType("ConnectorId", str)
TariffId = NewType("TariffId", str)
SessionId = NewType("SessionId", str)
CdrId = NewType("CdrId", str)
TokenUid = NewType("TokenUid", str)
RunId = NewType("RunId", str)
"""Our own id of a partner's command."""
PartnerId = NewType("PartnerId", str)
"""Our own id of a partner platform; not an OCPI party."""
TransactionRef = NewType("TransactionRef", str)
"""What a charger calls a transaction: the decimal integer of OCPP 1.6, the transactionId of 2.x."""


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """A business in a market: ISO 3166-1 alpha-2 country and a three-character id, upper case.

    Spec: OCPI 2.2.1 credentials "CredentialsRole class"; both are CiString (TR-32).
    """

    country_code: str
    party_id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "country_code", self.country_code.upper())
        object.__setattr__(self, "party_id", self.party_id.upper())

    def __str__(self) -> str:
        return f"{self.country_code}-{self.party_id}"

    @classmethod
    def parse(cls, text: str) -> "Party":
        """Read "NL-EMS" (or "NL*EMS", "NLEMS"); raises ValueError for anything else."""
        plain = text.strip().replace("-", "").replace("*", "")
        if len(plain) != 5 or not plain.isalnum() or not plain[:2].isalpha():
            raise ValueError(f"{text!r} is not a party: expected a country code and a party id, like NL-EMS")
        return cls(plain[:2], plain[2:])


@dataclass(frozen=True, slots=True, order=True)
class ConnectorNumber:
    """A plug as the charger counts it.

    OCPP 1.6: `evse` is the connectorId and `connector` is 1 (M01). OCPP 2.x: evse id and connector id (M02).
    `evse` 0 is the charger itself.
    """

    evse: int
    connector: int = 1


@dataclass(frozen=True, slots=True, order=True)
class ConnectorKey:
    """A plug as partners know it."""

    location_id: LocationId
    evse_uid: EvseUid
    connector_id: ConnectorId
